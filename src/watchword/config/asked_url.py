"""URLs that the server itself asks, with passwords in what it asks."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

from watchword.config.problems import shown
from watchword.config.values import Read, Unfit
from watchword.http.forwarded import is_loopback

# Without query and fragment, and without user information, which is looked for first.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[!-\"$->@-~]*)?"
)


def read_asked_url(value: object) -> str:
    """The URL. Raises ValueError where it is none, or would have passwords travel in cleartext."""
    if not isinstance(value, str):
        raise Unfit
    if re.match(r"https?://[^/]*@", value):  # they are not shown
        raise ValueError("holds credentials, which a URL is no place for; write them into a file of their own")
    match = _URL.fullmatch(value)
    if match is None or not _has_port(value):
        raise ValueError(
            f"{shown(value)} is no URL to ask (scheme, host and path, without a query); "
            'write one such as "https://accounts.example.com/check"'
        )
    host = match["host"].strip("[]")
    if match["scheme"] == "http" and host != "localhost" and not is_loopback(host):
        secure = "https" + value.removeprefix("http")
        raise ValueError(
            f"would have passwords travel in cleartext, for everybody on the way to read; write {shown(secure)}"
        )
    return value


def _has_port(value: str) -> bool:
    """Whether the port, if there is one, is one that could be connected to."""
    try:
        return urlsplit(value).port != 0
    except ValueError:
        return False


AskedUrl: TypeAlias = Annotated[str, Read("a URL that begins with https://", read_asked_url)]
