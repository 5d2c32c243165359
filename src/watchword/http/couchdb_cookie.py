"""`Set-Cookie: AuthSession=…` as CouchDB writes it, with what our own cookies have besides (RFC 6265bis)."""

from __future__ import annotations

from typing import Final

from watchword.http.cookies import set_cookie
from watchword.http.fields import http_date

NAME: Final = "AuthSession"


def auth_session(
    value: str, *, max_age: int, expires: float, domain: str | None = None, secure: bool = True, same_site: str = "Lax"
) -> bytes:
    """The value of the Set-Cookie line. `max_age` in seconds; `expires` is the same as an instant, for clients that
    know no Max-Age, as `Version` is for those that go by RFC 2109.

    Raises:
        ValueError: where a user agent would refuse the cookie.
    """
    line = set_cookie(NAME, value, max_age=max_age, domain=domain, secure=secure, same_site=same_site)
    pair, rest = line.split(b"; ", 1)
    return b"; ".join((pair, b"Version=1", b"Expires=" + http_date(expires).encode("ascii"), rest))
