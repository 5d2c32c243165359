"""Recovery codes: secrets on paper that stand in, each once, for an authenticator that is lost (ASVS 6.5.1, 6.5.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from watchword.core.credentials import RECOVERY_CODE, Credential
from watchword.core.principal import Instant
from watchword.crypto.secret import fingerprint
from watchword.tokens.format import base62

HOW_MANY: Final = 10
"""Codes of one set."""

_LENGTH = 15  # bytes, so 120 bits: with 112 or more ASVS 6.5.2 asks for no password hash
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: without I, L, O and U
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)} | {"I": 1, "L": 1, "O": 0}
_LETTERS = 24
_GROUP = 4
_BETWEEN = re.compile(r"[\s-]+")


def new_recovery_codes(entropy: Callable[[int], bytes]) -> tuple[str, ...]:
    """A set of codes, as they are shown: 24 letters and digits in groups of four."""
    return tuple(_written(entropy(_LENGTH)) for _ in range(HOW_MANY))


def read_recovery_code(text: str) -> bytes | None:
    """The bytes that were typed, in whatever case and grouping, with O for 0 and I or L for 1; else None. Total."""
    letters = _BETWEEN.sub("", text).upper() if text.isascii() else ""
    if len(letters) != _LETTERS or not all(letter in _VALUES for letter in letters):
        return None
    number = 0
    for letter in letters:
        number = number * 32 + _VALUES[letter]
    return number.to_bytes(_LENGTH, "big")


def kept_secret(code: bytes) -> bytes:
    """What is kept of a code: a fingerprint, because nobody can try 120 bits."""
    return fingerprint(b"watchword recovery code v1" + code)


def recovery_credential(text: str, subject: str, now: Instant) -> Credential:
    """The record of a code that `new_recovery_codes` gave."""
    code = read_recovery_code(text)
    assert code is not None, "it was just written"
    public = sha256(b"watchword recovery code id v1" + code).digest()[:16]
    return Credential(id=base62(public), subject=subject, kind=RECOVERY_CODE, secret=kept_secret(code), created_at=now)


def _written(code: bytes) -> str:
    number, letters = int.from_bytes(code, "big"), ""
    for _ in range(_LETTERS):
        number, value = divmod(number, 32)
        letters = _ALPHABET[value] + letters
    return "-".join(letters[at : at + _GROUP] for at in range(0, _LETTERS, _GROUP))
