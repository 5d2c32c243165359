"""Cookies on the wire (RFC 6265bis): reading Cookie lines, writing Set-Cookie lines."""

from __future__ import annotations

import re
from collections.abc import Iterable

from watchword.http.syntax import is_token

MAX_NAME_AND_VALUE = 4096
"""Octets of name and value together; user agents drop a longer cookie (section 5.6)."""

MAX_ATTRIBUTE = 1024
"""Octets of an attribute's value; user agents ignore a longer one, and the cookie would be valid elsewhere."""

# cookie-value = *cookie-octet / ( DQUOTE *cookie-octet DQUOTE )
# cookie-octet = %x21 / %x23-2B / %x2D-3A / %x3C-5B / %x5D-7E
_OCTETS = r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*+"
_VALUE = re.compile(rf'{_OCTETS}|"{_OCTETS}"')

# path-value = *av-octet, av-octet = %x20-3A / %x3C-7E
_PATH = re.compile(r"/[\x20-\x3a\x3c-\x7e]*+")

# domain-value = <subdomain> of RFC 1034 section 3.5, as RFC 1123 section 2.1 enhances it
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.IGNORECASE)

_SAME_SITE = ("Strict", "Lax", "None")


def find_cookie(lines: tuple[bytes, ...], name: bytes) -> tuple[bytes, ...]:
    """Every value that came under exactly this name: more than one where it was sent twice."""
    values: list[bytes] = []
    for line in lines:
        if name not in line:
            continue
        for pair in line.split(b";"):
            if name in pair:
                key, equals, value = pair.partition(b"=")
                if equals and key.strip(b" \t") == name:
                    values.append(value.strip(b" \t"))
    return tuple(values)


def read_cookies(lines: Iterable[bytes]) -> dict[str, tuple[str, ...]]:
    """All cookies: every value of every name, in order. Quotes belong to a value; a pair without `=` has no name."""
    cookies: dict[str, list[str]] = {}
    for line in lines:
        for pair in line.decode("latin-1").split(";"):
            before, equals, after = pair.partition("=")
            name, value = (before, after) if equals else ("", before)
            if equals or value.strip(" \t"):
                cookies.setdefault(name.strip(" \t"), []).append(value.strip(" \t"))
    return {name: tuple(values) for name, values in cookies.items()}


def set_cookie(
    name: str,
    value: str,
    *,
    max_age: int | None,
    path: str = "/",
    domain: str | None = None,
    secure: bool = True,
    http_only: bool = True,
    same_site: str = "Lax",
) -> bytes:
    """The value of a Set-Cookie line. `max_age` in seconds; None for a cookie that ends with the browser's session.

    Raises:
        ValueError: where a user agent would refuse the cookie or read it otherwise than meant.
    """
    if max_age is not None and max_age <= 0:
        raise ValueError("A cookie's Max-Age must be positive; to remove a cookie, clear it.")
    lifetime = () if max_age is None else (f"Max-Age={max_age}",)
    return _line(name, value, lifetime, path, domain, secure, http_only, same_site)


def clear_cookie(
    name: str, *, path: str = "/", domain: str | None = None, secure: bool = True, same_site: str = "Lax"
) -> bytes:
    """The value of a Set-Cookie line that removes the cookie: path, domain and secure as it was set with."""
    gone = ("Max-Age=0", "Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    return _line(name, "", gone, path, domain, secure, True, same_site)


def _line(
    name: str,
    value: str,
    lifetime: tuple[str, ...],
    path: str,
    domain: str | None,
    secure: bool,
    http_only: bool,
    same_site: str,
) -> bytes:
    if not is_token(name):
        raise ValueError("A cookie's name must be a token of RFC 9110.")
    if not _VALUE.fullmatch(value):
        raise ValueError("A cookie's value cannot hold white space, quotes, commas, semicolons or backslashes.")
    if len(name) + len(value) > MAX_NAME_AND_VALUE:
        raise ValueError(f"A cookie's name and value must not be longer than {MAX_NAME_AND_VALUE} bytes together.")
    if not _PATH.fullmatch(path):
        raise ValueError("A cookie's path must begin with / and hold neither semicolons nor control characters.")
    if len(path) > MAX_ATTRIBUTE:
        raise ValueError(f"A cookie's path must not be longer than {MAX_ATTRIBUTE} bytes.")
    if domain is not None and (len(domain) > 253 or not _DOMAIN.fullmatch(domain)):
        raise ValueError("A cookie's domain must be a host name such as example.com, without a leading dot.")
    if same_site not in _SAME_SITE:
        raise ValueError("A cookie's SameSite must be Strict, Lax or None.")
    if same_site == "None" and not secure:
        raise ValueError("A cookie with SameSite=None must be Secure.")
    prefix = name.lower()  # user agents match the prefixes without regard to case (section 5.7)
    if prefix.startswith(("__host-", "__secure-")) and not secure:
        raise ValueError("A cookie whose name begins with __Host- or __Secure- must be Secure.")
    if prefix.startswith("__host-") and (domain is not None or path != "/"):
        raise ValueError("A cookie whose name begins with __Host- must have Path=/ and no Domain.")
    parts = [f"{name}={value}", *lifetime, f"Path={path}"]
    if domain is not None:
        parts.append(f"Domain={domain.lower()}")
    if secure:
        parts.append("Secure")
    if http_only:
        parts.append("HttpOnly")
    parts.append(f"SameSite={same_site}")
    return "; ".join(parts).encode("ascii")
