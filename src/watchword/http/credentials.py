"""The credentials in a request's Authorization field, parsed once per request (RFC 9110 section 11.6.2)."""

from __future__ import annotations

from typing import cast

from watchword.http.authentication import Authorization, Unreadable, read_authorization, read_basic
from watchword.http.message import Request


def authorization(request: Request) -> Authorization | Unreadable | None:
    """What the Authorization field says; None where there is none, Unreadable where there are several."""
    memo = request.memo
    if memo is None:
        memo = request.memo = {}
    elif "authorization" in memo:
        return cast("Authorization | Unreadable | None", memo["authorization"])
    lines = request.lines(b"authorization")
    found: Authorization | Unreadable | None = None
    if lines:
        found = read_authorization(lines[0]) if len(lines) == 1 else Unreadable("sent-twice")
    memo["authorization"] = found
    return found


def user_pass(request: Request) -> tuple[str, str] | Unreadable | None:
    """User name and password by the Basic scheme (RFC 7617); None where the request does not use it."""
    field = authorization(request)
    if field is None or isinstance(field, Unreadable) or field.scheme != "basic":
        return None
    memo = cast("dict[str, object]", request.memo)
    if "user-pass" not in memo:
        memo["user-pass"] = read_basic(field.raw)
    return cast("tuple[str, str] | Unreadable", memo["user-pass"])
