"""Where a request was sent from: the Origin veto and navigations (RFC 6454, Fetch, Fetch Metadata)."""

from __future__ import annotations

import re

from watchword.http.authority import read_authority
from watchword.http.fields import accepts_html
from watchword.http.message import Request

OPAQUE = "null"
"""The origin that is nobody's (RFC 6454 section 7): sandboxed frames, and what we could not read."""

_URL = re.compile(r"(https?)://([^/?#]*+)(?:[/?#].*+)?", re.IGNORECASE | re.DOTALL)


def is_foreign(request: Request, own: frozenset[str]) -> bool:
    """The Origin veto: does a browser say that somebody else's page sent this request?

    `own` holds serialized origins, such as `https://auth.example.com`: those of the server itself (`own_origin`
    where no public URL is set) and those that the CORS list allows. An Origin that came decides alone: where it is
    in `own`, `Sec-Fetch-Site` may well say cross-site, because an allowed page of another site is just that.
    Where none came, `Sec-Fetch-Site` decides: only `same-origin` and `none` (the person's own doing, such as a
    bookmark) are no veto. Where neither came it was no browser, and there is none either.
    """
    origin = request_origin(request)
    if origin is not None:
        return origin == OPAQUE or origin not in own
    if b"sec-fetch-site" not in request:
        return False
    return request.field(b"sec-fetch-site") not in (b"same-origin", b"none")


def request_origin(request: Request) -> str | None:
    """What Origin says; None where none came. One that came twice is `null`: it is nobody's."""
    lines = request.lines(b"origin")
    if not lines:
        return None
    return lines[0].decode("latin-1") if len(lines) == 1 else OPAQUE


def own_origin(request: Request) -> str | None:
    """The origin that the request was sent to, from its scheme and Host; None where Host is missing or unreadable."""
    host = request.field(b"host")
    authority = None if host is None else read_authority(host, secure=request.peer.secure)
    if authority is None:
        return None
    return f"https://{authority}" if request.peer.secure else f"http://{authority}"


def origin_of(url: str) -> str | None:
    """The serialized origin of an http or https URL, as browsers send it; None where it has none."""
    match = _URL.fullmatch(url)
    if match is None or not match[2].isascii():
        return None
    scheme = match[1].lower()
    authority = read_authority(match[2].encode("ascii"), secure=scheme == "https")
    return None if authority is None else f"{scheme}://{authority}"


def from_browser(request: Request) -> bool:
    """Did a browser send this? Then it may have added credentials that nobody meant to send."""
    return b"origin" in request or b"sec-fetch-site" in request


def is_navigation(request: Request) -> bool:
    """Does somebody look at a page with a browser, rather than a program at data?

    Browsers that send Fetch Metadata say so; of the others we believe an Accept that prefers HTML, unless a script
    marked the request as its own.
    """
    if request.method not in ("GET", "HEAD"):
        return False
    if any(name in request for name in (b"sec-fetch-mode", b"sec-fetch-site", b"sec-fetch-dest")):
        return request.field(b"sec-fetch-mode") == b"navigate"
    return accepts_html(request) and b"x-requested-with" not in request
