"""One-time passwords from a secret and a counter or the time: HOTP (RFC 4226) and TOTP (RFC 6238)."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from watchword.crypto.secret import Secret

Algorithm: TypeAlias = Literal["SHA1", "SHA256", "SHA512"]

SEED_LENGTH: Final = 20
"""In bytes: the 160 bits that RFC 4226 section 4 recommends (R6)."""
PERIOD: Final = 30
"""The time step X of RFC 6238 section 4.1, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """What an authenticator and the server both compute codes with. `seed` is the shared secret, 16 bytes at least."""

    seed: Secret
    algorithm: Algorithm = "SHA1"
    digits: int = 6

    def code(self, counter: int) -> str:
        """The code of this counter, or of this time step; both count from 0."""
        made = HOTP(self.seed.reveal(), self.digits, _HASHES[self.algorithm]()).generate(counter)
        return made.decode("ascii")

    @property
    def seed_text(self) -> str:
        """The seed as people type it into an authenticator: base32 (RFC 4648 section 6), without padding."""
        return b32encode(self.seed.reveal()).rstrip(b"=").decode("ascii")

    def uri(self, *, issuer: str, account: str) -> str:
        """The otpauth URI that authenticators read, from a QR code for instance.

        Nobody's standard: written as Google Authenticator's documentation has it, which all of them follow.
        """
        label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
        parameters = f"secret={self.seed_text}&issuer={quote(issuer, safe='')}"
        return f"otpauth://totp/{label}?{parameters}&algorithm={self.algorithm}&digits={self.digits}&period={PERIOD}"


def step_at(now: float) -> int:
    """The time step T of RFC 6238 section 4.2 at this instant."""
    return max(0, int(now // PERIOD))


# RFC 6238 section 1.2 takes HMAC-SHA-1 first, and it is what every authenticator knows. HMAC does not depend on the
# hash function's resistance to collisions, which is what SHA-1 has lost.
_HASHES: Mapping[Algorithm, type[SHA1 | SHA256 | SHA512]] = {"SHA1": SHA1, "SHA256": SHA256, "SHA512": SHA512}
