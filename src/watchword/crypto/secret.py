"""Secrets that do not show themselves, and the only ways to compare and store them."""

from __future__ import annotations

import hashlib
import hmac
from typing import NoReturn

FULLY_MASKED_BELOW = 16
"""Shorter texts show nothing: four characters of a short secret are too much of it."""


class Secret:
    """Bytes that no log line, traceback, pickle or JSON document shows.

    Text is held as UTF-8. Lone surrogates, which JSON can carry, are kept as they are, so that any `str` is a
    secret and two different ones never become the same.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str | bytes) -> None:
        self._value = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else bytes(value)

    def reveal(self) -> bytes:
        """The secret itself, for the one computation that needs it."""
        return self._value

    def reveal_text(self) -> str:
        """The secret as text.

        Raises:
            UnicodeDecodeError: where it was made of bytes that are not UTF-8.
        """
        return self._value.decode("utf-8", "surrogatepass")

    def __eq__(self, other: object) -> bool:
        return equal(self._value, other._value) if isinstance(other, Secret) else NotImplemented

    # Equal secrets must not be findable by hash, and a dict's own comparison is not constant-time.
    __hash__ = None  # type: ignore[assignment]  # object's is a method; None is how a class says that it has none

    def __repr__(self) -> str:
        return "Secret('****')"

    def __format__(self, format_spec: str) -> str:
        return repr(self)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied")


def equal(a: bytes, b: bytes) -> bool:
    """Whether two byte strings are the same, in a time that tells nothing of where or how they differ (F31).

    Digests are compared, so the lengths do not show either.
    """
    return hmac.compare_digest(fingerprint(a), fingerprint(b))


def fingerprint(secret: bytes) -> bytes:
    """SHA-256, under which a secret of full entropy (never a password) is stored and looked up."""
    return hashlib.sha256(secret).digest()


def mask(text: str) -> str:
    """What a log may show of a credential (S4.8): at most its last four characters."""
    return "****" if len(text) < FULLY_MASKED_BELOW else f"****{text[-4:]}"
