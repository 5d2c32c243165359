"""The host and port of a request, in one spelling (RFC 9110 sections 4.2.3 and 7.2)."""

from __future__ import annotations

import re
from functools import lru_cache

# uri-host = IP-literal / IPv4address / reg-name, port = *DIGIT
# Host names and addresses only: of reg-name's other characters none is left in a serialized origin.
_AUTHORITY = re.compile(rb"([A-Za-z0-9][A-Za-z0-9._-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{0,5}))?")

_LONGEST = 260
"""Bytes of a host name and a port; nothing longer is remembered."""


def read_authority(value: bytes, *, secure: bool) -> str | None:
    """Host and port in lower case, without the scheme's default port; None where it is no authority.

    User information is none of it: `a@b` is refused, like everything that could be read in two ways.
    """
    return _read(value, secure) if len(value) <= _LONGEST else None


@lru_cache(maxsize=1024)
def _read(value: bytes, secure: bool) -> str | None:
    match = _AUTHORITY.fullmatch(value)
    if match is None:
        return None
    host = match[1].decode("ascii").lower()
    default = 443 if secure else 80
    port = int(match[2] or default)
    if not 0 < port <= 65535:
        return None
    return host if port == default else f"{host}:{port}"
