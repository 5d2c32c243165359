"""What can prove an account beside its password: the seed of an authenticator, a recovery code, a Digest secret."""

from __future__ import annotations

from dataclasses import dataclass, field

from watchword.core.principal import Instant

TOTP = "totp"
RECOVERY_CODE = "recovery-code"
DIGEST = "digest"
KINDS = (TOTP, RECOVERY_CODE, DIGEST)

SECOND_FACTORS = frozenset({TOTP})
"""The kinds that count as a second factor, once they are confirmed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One of an account's credentials.

    - `kind` is one of the constants of this module. `id` is public and unique.
    - `label` tells it from others of its kind: what its owner calls an authenticator, the realm and algorithm of a
      Digest secret.
    - `secret` is sealed under the server's key where it has to be known again (a TOTP seed, a Digest secret), and a
      fingerprint where it has only to be recognised (a recovery code).
    - `confirmed` is False until its owner has shown to hold it; only then does it count as a second factor.
    """

    id: str
    subject: str
    kind: str
    secret: bytes = field(repr=False)
    label: str = ""
    created_at: Instant = 0.0
    confirmed: bool = True
