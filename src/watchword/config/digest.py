"""`[digest]`: what HTTP Digest needs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Final

from pydantic import Field

from watchword.config.key_file import CREDENTIALS, NONCES
from watchword.config.section import Section
from watchword.config.spaces import ResolvedSpace
from watchword.config.values import Duration, Switch
from watchword.crypto.sealing import Sealing
from watchword.http.digest import Algorithm
from watchword.tokens.digest_nonce import Nonces
from watchword.tokens.digest_secret import DigestSecrets
from watchword.tokens.keys import KeyRing


class DigestSettings(Section):
    """HTTP Digest (RFC 7616), for the mechanisms `digest` (SHA-256) and `digest-md5`."""

    keep_secrets: Switch = Field(default=False, examples=[True])
    """For each account the secret that Digest needs is kept, sealed under the server's keys, whenever its password is
    set or proves right; without it nobody can log in by Digest. Whoever has both the database and `keys.json` can then
    log in as anybody, which password hashes alone would not let them. It belongs to one realm: where that is renamed,
    people have to log in by password once."""

    nonce_ttl: Duration = Field(default="5m", validate_default=True, examples=["1m"])
    """How long a nonce lives. A client that has the right password is handed another then, without asking its user."""


ALGORITHMS: Final[dict[str, Algorithm]] = {"digest": "SHA-256", "digest-md5": "MD5"}
"""Of the mechanisms of Digest."""


def nonces_of(settings: DigestSettings, ring: KeyRing, clock: Callable[[], float]) -> Nonces:
    """What makes nonces and knows them again."""
    keys = [key.secret for key in ring.all(NONCES)]
    return Nonces(keys=keys, ttl=settings.nonce_ttl, clock=clock, entropy=os.urandom)


def digest_secrets(settings: DigestSettings, spaces: Iterable[ResolvedSpace], ring: KeyRing) -> DigestSecrets:
    """What is kept of passwords for Digest: a secret for each algorithm and realm that it has."""
    used: dict[tuple[Algorithm, str], None] = {}
    for space in spaces:
        used |= {(ALGORITHMS[name], space.realm): None for name in space.mechanisms if name in ALGORITHMS}
    return DigestSecrets(
        sealing=Sealing([(key.id, key.secret) for key in ring.all(CREDENTIALS)]),
        kept=tuple(used) if settings.keep_secrets else (),
        entropy=os.urandom,
    )
