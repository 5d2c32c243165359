"""Secrets of OAuth clients: those we make have full entropy, and are kept as a digest (RFC 6749 section 2.3.1).

Imported ones may be as short as a password, so they are kept as one: as a PHC string, which is slow to check.
"""

from __future__ import annotations

from watchword.crypto.secret import Secret, equal, fingerprint
from watchword.tokens.format import CLIENT_SECRET, new_token

_DIGEST = "sha256:"


def new_client_secret(entropy: bytes) -> tuple[str, str]:
    """A new secret, and what is kept of it. `entropy` is 32 random bytes."""
    text = new_token(CLIENT_SECRET, entropy)
    return text, _DIGEST + fingerprint(text.encode("ascii")).hex()


def is_digest(kept: str) -> bool:
    """Whether this is kept of a secret of full entropy, which nobody guesses."""
    return kept.startswith(_DIGEST)


def has_digest(secret: Secret, kept: str) -> bool:
    """Whether this digest was kept of this secret."""
    return is_digest(kept) and equal(fingerprint(secret.reveal()).hex().encode(), kept.removeprefix(_DIGEST).encode())
