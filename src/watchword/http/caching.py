"""What keeps one client's answer from another (RFC 9110 section 12.5.5, RFC 9111 section 5.2)."""

from __future__ import annotations

from collections.abc import Iterable

NO_STORE: tuple[bytes, bytes] = (b"cache-control", b"no-store")

# Read for every answer, whatever the mechanisms: they choose the face, the challenges and the veto.
_ALWAYS = ("accept", "no-auth-challenge", "origin", "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site")


def vary(fields: Iterable[str]) -> bytes:
    """The value of Vary for a space whose mechanisms read these request fields."""
    return ", ".join(sorted({*_ALWAYS, *(name.lower() for name in fields)})).encode()
