"""The keys that sign access tokens: which one signs now, which ones verify, which ones are published (RFC 7517).

A new key is published before it signs, so that whoever verifies knows it by then; the one before it verifies for as
long as its tokens may live. So a rotation refuses no good token (F34).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from watchword.core.principal import Instant
from watchword.crypto.jose.jwk import read_private
from watchword.crypto.jose.jwk_written import private_jwk, public_jwk
from watchword.crypto.jose.key import Key as VerifyingKey
from watchword.crypto.jose.key import SigningKey, generate
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.secret import Secret
from watchword.tokens.keys import Key, KeyRing, KeyRingRefused

PURPOSE = "access-token"

PUBLISHED_FOR = 300
"""How long, in seconds, who fetched the published keys may go on without fetching them again."""
LEAD = 2.0 * PUBLISHED_FOR
"""How long before its first use a new key is published, in seconds."""
OVERLAP = 120.0
"""For clocks that differ, and processes that learn of a new key late: tokens of the old one may come later, in
seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """One key: `signs_from` is when it begins to sign, `verifies_until` when its last token has died; None: not yet
    known, because no other key takes over."""

    key: SigningKey = field(repr=False)
    created_at: Instant
    signs_from: Instant
    verifies_until: Instant | None


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """All keys that sign access tokens, oldest first."""

    held: tuple[HeldKey, ...] = ()

    def signing(self, now: Instant) -> SigningKey | None:
        """The newest whose time has come. Where the clock went back behind all of them, the oldest."""
        due = [held.key for held in self.held if held.signs_from <= now]
        return due[-1] if due else self.held[0].key if self.held else None

    def verifying(self, kid: str | None, now: Instant) -> VerifyingKey | None:
        """The key of this name, from when it is known until its last token has died."""
        for held in self.held:
            if held.key.kid == kid and _is_alive(held, now):
                return held.key.key
        return None

    def published(self, now: Instant) -> list[dict[str, str]]:
        """The public keys as JWKs. A shared secret is never among them."""
        return [public_jwk(held.key.key) for held in self._alive(now) if not isinstance(held.key.material, Secret)]

    def names(self, now: Instant) -> tuple[str, ...]:
        """The names of all that verify now, of shared secrets too."""
        return tuple(held.key.kid for held in self._alive(now) if held.key.kid is not None)

    def shared(self, now: Instant) -> list[Secret]:
        """The shared secrets as JWKs, for verifiers that may make tokens up."""
        return [private_jwk(held.key) for held in self._alive(now) if isinstance(held.key.material, Secret)]

    def _alive(self, now: Instant) -> list[HeldKey]:
        return [held for held in self.held if _is_alive(held, now)]


def _is_alive(held: HeldKey, now: Instant) -> bool:
    return held.verifies_until is None or now < held.verifies_until


def signing_keys(ring: KeyRing, *, lifetime: float) -> SigningKeys:
    """The signing keys of a ring. `lifetime` is that of the longest token that is signed, in seconds.

    Raises:
        KeyRingRefused: where one of them is no key.
    """
    keys = ring.all(PURPOSE)
    starts = [key.created_at if key.use_from is None else key.use_from for key in keys]
    held: list[HeldKey] = []
    for index, key in enumerate(keys):
        try:
            signing = read_private(key.secret.reveal())
        except JoseRefused:
            raise KeyRingRefused("a key that signs access tokens is no private JWK") from None
        # Whichever of the later ones begins first takes over.
        taken_over = min(starts[index + 1 :], default=None)
        held.append(
            HeldKey(
                key=signing.named(key.id),
                created_at=key.created_at,
                signs_from=starts[index],
                verifies_until=None if taken_over is None else taken_over + lifetime + OVERLAP,
            )
        )
    return SigningKeys(tuple(held))


def with_algorithm(ring: KeyRing, alg: str, *, key_id: str, now: Instant) -> KeyRing:
    """The ring, with a key of this algorithm as the newest where it has none: the first one signs at once."""
    newest = ring.newest(PURPOSE)
    if newest is None:
        return ring.with_key(_made(alg, key_id, now, use_from=now))
    return ring if _algorithm(newest) == alg else rotated(ring, alg, key_id=key_id, now=now)


def rotated(ring: KeyRing, alg: str, *, key_id: str, now: Instant, lead: float = LEAD) -> KeyRing:
    """The ring with one key more, which begins to sign `lead` seconds from now."""
    return ring.with_key(_made(alg, key_id, now, use_from=now + lead))


def without_retired(ring: KeyRing, *, now: Instant, lifetime: float) -> KeyRing:
    """The ring without those keys whose last token has died."""
    for held in signing_keys(ring, lifetime=lifetime).held:
        if held.verifies_until is not None and held.verifies_until <= now and held.key.kid is not None:
            ring = ring.without(held.key.kid)
    return ring


def _made(alg: str, key_id: str, now: Instant, *, use_from: Instant) -> Key:
    secret = private_jwk(generate(alg, key_id))
    return Key(id=key_id, purpose=PURPOSE, secret=secret, created_at=now, use_from=use_from)


def _algorithm(key: Key) -> str:
    try:
        return read_private(key.secret.reveal()).alg
    except JoseRefused:
        raise KeyRingRefused("a key that signs access tokens is no private JWK") from None
