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
    line = request.field(b"authorization")
    found: Authorization | Unreadable | None = None
    if line is not None:
        found = read_authorization(line)
    elif b"authorization" in request:
        found = Unreadable("sent-twice")
    memo["authorization"] = found
    return found


def user_pass(request: Request) -> tuple[str, str] | Unreadable | None:
    """User name and password by the Basic scheme (RFC 7617); None where the request does not use it."""
    memo = request.memo
    if memo is not None and "user-pass" in memo:
        return cast("tuple[str, str] | Unreadable | None", memo["user-pass"])
    field = authorization(request)
    is_basic = field is not None and not isinstance(field, Unreadable) and field.scheme == "basic"
    found = read_basic(cast("Authorization", field).raw) if is_basic else None
    cast("dict[str, object]", request.memo)["user-pass"] = found
    return found
