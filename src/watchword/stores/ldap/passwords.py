"""Which passwords are sent to a directory at all."""

from __future__ import annotations

from typing import Final

from watchword.crypto.secret import Secret

LONGEST: Final = 4096
"""In octets. Servers end the connection at a question that is too long, which would look like a failure of theirs."""


def sendable(password: Secret) -> bytes | None:
    """The octets to send; None for what can be nobody's password, and must not be tried.

    - An empty one succeeds at many servers, and proves nobody (unauthenticated bind, RFC 4513 section 5.1.2).
    - Behind a NUL some servers, or what they hash with, do not read on.
    - Text that is no UTF-8 is none (RFC 4513 section 5.1.3).
    """
    octets = password.reveal()
    if not octets or b"\x00" in octets or len(octets) > LONGEST:
        return None
    try:
        octets.decode()
    except UnicodeDecodeError:
        return None
    return octets
