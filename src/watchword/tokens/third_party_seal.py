"""How credentials for third parties are kept: sealed, for one account and one provider, under a key that changes.

A new key seals some time after it was made, and everything that is sealed with the one before is sealed anew then. The
one before goes once nothing is sealed with it any more, so a rotation loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from watchword.core.principal import Instant
from watchword.crypto.sealing import Sealing
from watchword.crypto.secret import FULLY_MASKED_BELOW, Secret, mask
from watchword.tokens.keys import Key, KeyRing

PURPOSE: Final = "third-party"
SETTLES: Final = 600.0
"""For how many seconds after a key took over the one before stays in any case: whoever was sealing is done by then."""


def sealing_at(keys: Sequence[Key], now: Instant) -> Sealing:
    """What seals with the newest of these keys whose time has come, and opens with any. There must be one at least."""
    due = [key for key in keys if _begins(key) <= now]
    early = [key for key in keys if _begins(key) > now]
    # Where the clock went back behind all of them, the oldest one seals.
    ordered = [*early, *due] if due else [*early[1:], early[0]]
    return Sealing([(key.id, key.secret) for key in ordered])


def sealed_for(
    credential: Secret, subject: str, provider: str, *, sealing: Sealing, entropy: Callable[[int], bytes]
) -> bytes:
    """The credential as it is kept."""
    return sealing.seal(credential.reveal(), _place(subject, provider), entropy)


def opened(sealed: bytes, subject: str, provider: str, *, sealing: Sealing) -> Secret | None:
    """The credential; None where it was kept for somebody or something else, was changed, or its key is gone."""
    plain = sealing.open(sealed, _place(subject, provider))
    return None if plain is None else Secret(plain)


def shown_end(credential: Secret) -> str:
    """What people are shown of it: four characters at most, fewer where that would be too much of it."""
    text = credential.reveal_text()
    if len(text) >= FULLY_MASKED_BELOW:
        return mask(text)
    return "****" + (text[-2:] if len(text) >= _SHOWS_TWO else "")


def with_new_third_party_key(ring: KeyRing, *, key_id: str, secret: Secret, now: Instant, lead: float) -> KeyRing:
    """The ring with one key more, which begins to seal `lead` seconds from now. `secret` is 32 random bytes."""
    return ring.with_key(Key(id=key_id, purpose=PURPOSE, secret=secret, created_at=now, use_from=now + lead))


def replaced_keys(ring: KeyRing, now: Instant) -> frozenset[str]:
    """The ids of those keys that another took over from: whatever is sealed with them is to be sealed anew."""
    keys = ring.all(PURPOSE)
    due = [index for index, key in enumerate(keys) if _begins(key) <= now]
    return frozenset(key.id for key in keys[: due[-1]]) if due else frozenset()


def droppable_keys(ring: KeyRing, now: Instant) -> frozenset[str]:
    """Those of them that may go, if nothing is sealed with them: another took over long enough ago."""
    return replaced_keys(ring, now - SETTLES)


def without_keys(ring: KeyRing, ids: Collection[str]) -> KeyRing:
    """The ring without these."""
    for key in ring.all(PURPOSE):
        if key.id in ids:
            ring = ring.without(key.id)
    return ring


_SHOWS_TWO: Final = 10


def _begins(key: Key) -> Instant:
    return key.created_at if key.use_from is None else key.use_from


def _place(subject: str, provider: str) -> bytes:
    """No provider's name has a bar in it, so no two places read alike."""
    return f"third-party|{subject}|{provider}".encode()
