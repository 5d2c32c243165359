"""What makes the mechanisms `digest` and `digest-md5`: nonces, and what is kept of passwords."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from watchword.config.digest.settings import ALGORITHMS, DigestSettings
from watchword.config.keys.purposes import CREDENTIALS, NONCES
from watchword.config.mechanisms.makings import Makings
from watchword.config.spaces.resolved import ResolvedSpace
from watchword.crypto.sealing import Sealing
from watchword.http.digest import Algorithm
from watchword.mechanisms.digest import Digest
from watchword.tokens.digest_nonce import Nonces
from watchword.tokens.digest_secret import DigestSecrets
from watchword.tokens.keys import KeyRing


def digest(space: ResolvedSpace, makings: Makings) -> Digest:
    """Digest with SHA-256."""
    return Digest(space.realm, nonces_of(makings.settings.digest, makings.ring, makings.clock))


def digest_md5(space: ResolvedSpace, makings: Makings) -> Digest:
    """Digest with MD5, for clients that know nothing else."""
    nonces = nonces_of(makings.settings.digest, makings.ring, makings.clock)
    return Digest(space.realm, nonces, ALGORITHMS["digest-md5"], name="digest-md5")


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
