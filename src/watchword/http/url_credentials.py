"""Credentials in the URL or in a form (S2.8; RFC 6750 sections 2.2 and 2.3; RFC 3986 section 3.3 on path parameters).

| what is sent                                             | becomes                                          |
|----------------------------------------------------------|--------------------------------------------------|
| `?sid=x`, `?SID=x`, `?%73id=x`                            | `x`: case does not matter, names may be encoded  |
| `/a;jsessionid=x`, `/a;jsessionid=x/b`                    | `x`                                              |
| `sid=x` as the content, where that is at hand             | `x`                                              |
| the same value in several of these places                 | that value                                       |
| one name twice in one place, be it with the same value    | sent-twice                                       |
| different values                                          | different-values                                 |
| a path parameter with `%`, or what no path may hold       | unreadable-path-parameter                        |
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from watchword.http.message import Request
from watchword.http.syntax import Unreadable

_FORM = b"application/x-www-form-urlencoded"

_LONGEST_FORM = 65_536
"""In bytes: a longer one is not looked into."""

# pchar of RFC 3986 without "%" and ";": what every server takes for the same characters.
_PATH_VALUE = rb"[A-Za-z0-9._~!$&'()*+,=:@-]*"


@dataclass(frozen=True, slots=True)
class Places:
    """Under which names a credential may come: parameters of the query or of a form, and one of the path.

    All are in lower case; `path_parameter` is empty where there is none.
    """

    parameters: tuple[bytes, ...]
    path_parameter: bytes = b""


def read_url_credential(request: Request, places: Places) -> bytes | Unreadable | None:
    """The one credential that stands in these places; None where there is none. It may be empty."""
    # Nearly every request has none, and is seen to have none at once.
    if request.body is None and b"?" not in request.target and b";" not in request.target:
        return None
    seen: set[tuple[str, bytes]] = set()
    values: set[bytes] = set()
    for place, name, value in _sent(request, places):
        if value is None:
            return Unreadable("unreadable-path-parameter")
        if (place, name) in seen:
            return Unreadable("sent-twice")
        seen.add((place, name))
        values.add(value)
    if len(values) > 1:
        # Whichever of them decided, somebody would take the request for the other's (F20).
        return Unreadable("different-values")
    return values.pop() if values else None


def form_wanted(request: Request) -> int:
    """How many bytes of content are to be read, because it is a form that may hold a credential; 0 where it is none.

    Where the client waits to be told to go on, it is not: whoever is refused is refused before (C27).
    """
    return _LONGEST_FORM if is_form(request) and b"expect" not in request else 0


def without_path_parameter(path: bytes, name: bytes) -> bytes:
    """The path as it would be without the parameter of this name, in lower case, wherever it can be read."""
    return _readable(name).sub(b"", path) if name and b";" in path else path


def without_parameters(pairs: bytes, names: Collection[bytes]) -> bytes:
    """A query or a form without the parameters of these names, which are in lower case."""
    if not names:
        return pairs
    parts = pairs.split(b"&")
    return b"&".join(part for part in parts if _decoded(part.partition(b"=")[0]).lower() not in names)


def is_form(request: Request) -> bool:
    """Does the request say that its content is a form?"""
    return (request.field(b"content-type") or b"").partition(b";")[0].strip().lower() == _FORM


def _sent(request: Request, places: Places) -> Iterator[tuple[str, bytes, bytes | None]]:
    """Every place, name and value; None for a value that cannot be read."""
    pairs = [("query", request.query)]
    if request.body is not None and is_form(request):
        pairs.append(("form", request.body))
    for place, text in pairs:
        for part in text.split(b"&") if text else ():
            written, _, value = part.partition(b"=")
            name = _decoded(written).lower()
            if name in places.parameters:
                yield place, name, _decoded(value)
    if places.path_parameter and b";" in request.path:
        for match in _any(places.path_parameter).finditer(request.path):
            value = match[1]
            yield "path", places.path_parameter, value if re.fullmatch(_PATH_VALUE, value) else None


def _decoded(text: bytes) -> bytes:
    """As a form is decoded (the URL standard, section 5.1)."""
    return unquote_to_bytes(text.replace(b"+", b" "))


@lru_cache(maxsize=64)
def _any(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb";%s=([^/;]*+)" % re.escape(name), re.IGNORECASE)


@lru_cache(maxsize=64)
def _readable(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb";%s=%s(?=[/;]|\Z)" % (re.escape(name), _PATH_VALUE), re.IGNORECASE)
