"""URLs that the server itself asks, with passwords in what it asks."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from watchword.config.problems import shown
from watchword.config.values import Read, Unfit
from watchword.http.forwarded import is_loopback
from watchword.http.syntax import Unreadable
from watchword.outgoing.destination import read_destination


def read_asked_url(value: object) -> str:
    """The URL. Raises ValueError where it is none, or would have passwords travel in cleartext."""
    if not isinstance(value, str):
        raise Unfit
    if re.match(r"(?i)https?://[^/]*@", value):  # they are not shown
        raise ValueError("holds credentials, which a URL is no place for; write them into a file of their own")
    destination = read_destination(value)
    if isinstance(destination, Unreadable) or "?" in value:
        raise ValueError(
            f"{shown(value)} is no URL to ask (scheme, host and path, without a query); "
            'write one such as "https://accounts.example.com/check"'
        )
    host = str(destination.host)
    if not destination.secure and host != "localhost" and not is_loopback(host):
        secure = "https" + value[len("http") :]
        raise ValueError(
            f"would have passwords travel in cleartext, for everybody on the way to read; write {shown(secure)}"
        )
    return value


AskedUrl: TypeAlias = Annotated[str, Read("a URL that begins with https://", read_asked_url)]
