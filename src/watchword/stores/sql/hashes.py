"""What an application's column of password hashes holds, and how a password is checked against it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from watchword.crypto.password import check_password, is_known_format, normalise
from watchword.crypto.secret import Secret, equal

Format: TypeAlias = Literal["auto", "hex-md5", "hex-sha1", "hex-sha256", "hex-sha512"]
Salting: TypeAlias = Literal["before", "after"]
Check: TypeAlias = Callable[[Secret], bool]

FORMATS: tuple[Format, ...] = ("auto", "hex-md5", "hex-sha1", "hex-sha256", "hex-sha512")
_LENGTHS = {"hex-md5": 32, "hex-sha1": 40, "hex-sha256": 64, "hex-sha512": 128}
_HEX = re.compile(r"[0-9A-Fa-f]+")


@dataclass(frozen=True, slots=True)
class HashColumn:
    """Hashes that name their own format, and beside them bare digests of `format`, which do not. The salt of these,
    in a column of its own, was put `salting` the password."""

    format: Format = "auto"
    salting: Salting = "before"

    def check(self, stored: str, salt: str | None) -> Check | None:
        """How a password is checked against it; None where no password can be.

        Raises:
            ValueError: where there is a salt that this format has no use for.
        """
        if salt is not None and self.format == "auto":
            raise ValueError("the query gives a column salt, but format says that each hash tells its own")
        if is_known_format(stored):
            return lambda password: any(check_password(form, stored) for form in _forms(password))
        if self.format == "auto" or len(stored) != _LENGTHS[self.format] or not _HEX.fullmatch(stored):
            return None
        algorithm, expected, salted = self.format.removeprefix("hex-"), bytes.fromhex(stored), (salt or "").encode()
        return lambda password: any(
            equal(hashlib.new(algorithm, self._salted(form, salted)).digest(), expected) for form in _forms(password)
        )

    def _salted(self, password: Secret, salt: bytes) -> bytes:
        return salt + password.reveal() if self.salting == "before" else password.reveal() + salt


def _forms(password: Secret) -> tuple[Secret, ...]:
    """As it was typed, which is what most applications hash, and in NFC, where that is another."""
    try:
        text = password.reveal_text()
    except UnicodeDecodeError:
        return (password,)
    normal = normalise(text)
    return (password,) if normal == text else (password, Secret(normal))
