"""Cross-origin resource sharing (Fetch section 3.2): which other origins' pages may call, with credentials.

The caller answers preflights without asking for credentials, and sends Vary with every answer.
"""

from __future__ import annotations

from collections.abc import Iterable

from watchword.http.message import Fields, Request
from watchword.http.origin import OPAQUE, request_origin
from watchword.http.syntax import is_token

REQUEST_FIELDS = ("Auth-Key", "Authorization", "Content-Type", "No-Auth-Challenge", "X-API-Key")
"""What pages may send beyond the fields that need no permission."""

EXPOSED_FIELDS = (
    "Auth-Token",
    "Auth-Token-Location",
    "Auth-Token-Valid-Until",
    "Auth-Decision",
    "Authentication-Info",
    "Integration-Provider",
    "Integration-Status",
    "WWW-Authenticate",
    "Retry-After",
)
"""What pages may read of an answer beyond its body."""


def preflight(request: Request) -> bool:
    """Is this a browser asking whether it may ask?"""
    return request.method == "OPTIONS" and b"origin" in request and b"access-control-request-method" in request


def preflight_fields(
    request: Request,
    allowed: frozenset[str],
    *,
    methods: Iterable[str],
    headers: Iterable[str] = REQUEST_FIELDS,
    max_age: int,
) -> Fields:
    """The fields of a preflight's answer; none for an origin that is not allowed. `max_age` in seconds."""
    origin = _granted(request, allowed)
    if not origin:
        return ()
    return (
        *origin,
        (b"access-control-allow-methods", _names(methods)),
        (b"access-control-allow-headers", _names(headers)),
        (b"access-control-max-age", b"%d" % max_age),
    )


def actual_fields(request: Request, allowed: frozenset[str], expose: Iterable[str] = EXPOSED_FIELDS) -> Fields:
    """The fields of any other answer; none for an origin that is not allowed."""
    origin = _granted(request, allowed)
    return (*origin, (b"access-control-expose-headers", _names(expose))) if origin else ()


def _granted(request: Request, allowed: frozenset[str]) -> Fields:
    """The one origin that asked, by name: `*` never goes with credentials, nor does `null`, which anybody can be."""
    origin = request_origin(request)
    if origin is None or origin == OPAQUE or origin not in allowed:
        return ()
    return (
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
    )


def _names(names: Iterable[str]) -> bytes:
    listed = tuple(names)
    if "*" in listed or not all(map(is_token, listed)):
        raise ValueError("Methods and fields must be named one by one, as tokens.")
    return ", ".join(listed).encode("ascii")
