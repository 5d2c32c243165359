"""Access keys, with which programs sign their requests (S2.7): an id that is shown, and a secret that is kept nowhere.

A pair is an API key whose text is never sent. Its record has the access key id as its id, and a fingerprint of that;
the secret access key is an HMAC, under one of the server's keys, of what the record says. So whoever steals the
database can sign nothing, and expiry, scopes, rotation and revocation are those of API keys.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from watchword.core.grants import ApiKey, Scopes
from watchword.core.principal import Instant
from watchword.crypto import secret
from watchword.crypto.secret import Secret

ID_LENGTH: Final = 10
"""In bytes: 80 random bits tell access keys apart. They prove nothing."""

VERSION = "watchword secret access key v1"

_PREFIX = "WWAK"
_ID = re.compile(rf"{_PREFIX}[A-Z2-7]{{16}}")

# The first byte stands in no text and no field that is taken for a key, so that the fingerprint of an access key is
# that of no API key, whatever anybody sends as one.
_FINGERPRINTED = b"\xffwatchword access key id v1:"


@dataclass(frozen=True, slots=True)
class AccessKeys:
    """Derives secret access keys. `keys` are the server's, oldest first: the newest makes, all of them verify."""

    keys: Sequence[Secret]

    def new(
        self,
        entropy: bytes,
        now: Instant,
        *,
        subject: str,
        name: str,
        scopes: Scopes | None = None,
        expires_at: Instant | None = None,
    ) -> tuple[ApiKey, str]:
        """An access key of this account, and its secret, which is kept nowhere. `entropy` is random, of 10 bytes."""
        access_key_id = _PREFIX + b32encode(entropy[:ID_LENGTH]).decode("ascii")
        key = ApiKey(
            id=access_key_id,
            fingerprint=fingerprint_of(access_key_id),
            subject=subject,
            name=name,
            hint=access_key_id[-4:],
            created_at=now,
            expires_at=expires_at,
            scopes=scopes,
        )
        return key, _secret(self.keys[-1], access_key_id, subject)

    def secrets_of(self, access_key_id: str, subject: str) -> list[bytes]:
        """What the secret may be: one for each of the server's keys."""
        return [_secret(key, access_key_id, subject).encode("ascii") for key in self.keys]


def is_access_key_id(text: str) -> bool:
    """Whether the text can be the id of an access key of ours."""
    return _ID.fullmatch(text) is not None


def fingerprint_of(access_key_id: str) -> bytes:
    """Under which the record of an access key is found."""
    return secret.fingerprint(_FINGERPRINTED + access_key_id.encode("utf-8", "surrogatepass"))


def _secret(key: Secret, access_key_id: str, subject: str) -> str:
    parts = (part.encode("utf-8", "surrogatepass") for part in (VERSION, access_key_id, subject))
    message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return b64encode(hmac.digest(key.reveal(), message, "sha256")).decode("ascii")
