"""The keys of sessions that are kept by the client: which one seals now, which ones open (F34).

A new key seals some time after it was made, so that every process knows it by then; the one before it opens for as
long as its sessions may live. So a rotation refuses no good session.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from watchword.core.principal import Instant
from watchword.core.questions import SessionKey, SessionKeys
from watchword.crypto.secret import Secret
from watchword.tokens.keys import Key, KeyRing, KeyRingRefused
from watchword.tokens.signing_keys import LEAD, OVERLAP

PURPOSE = "session"


@dataclass(frozen=True, slots=True)
class HeldSessionKey:
    """One key: `seals_from` is when it begins to seal, `opens_until` when its last session has ended; None: not yet
    known, because no other key takes over."""

    key: SessionKey
    seals_from: Instant
    opens_until: Instant | None


def held_session_keys(ring: KeyRing, *, lifetime: float) -> tuple[HeldSessionKey, ...]:
    """The keys for sessions in a ring, oldest first. `lifetime` is the longest that a session lives, in seconds."""
    keys = ring.all(PURPOSE)
    # The first one there is seals at once: nobody has anything older.
    starts = [key.created_at if key.use_from is None else key.use_from for key in keys]
    held: list[HeldSessionKey] = []
    for index, key in enumerate(keys):
        taken_over = min(starts[index + 1 :], default=None)
        until = None if taken_over is None else taken_over + lifetime + OVERLAP
        held.append(HeldSessionKey(SessionKey(key.id, key.secret), starts[index], until))
    return tuple(held)


def keys_at(held: tuple[HeldSessionKey, ...], now: Instant) -> SessionKeys:
    """The keys as they are to be used at `now`: the newest whose time has come seals. Where the clock went back behind
    all of them, the oldest does.

    Raises:
        KeyRingRefused: where there is none.
    """
    if not held:
        raise KeyRingRefused("there is no key for sessions")
    due = [each.key for each in held if each.seals_from <= now]
    opens = tuple(each.key for each in held if each.opens_until is None or now < each.opens_until)
    return SessionKeys(due[-1] if due else held[0].key, opens)


class SessionKeysOverTime:
    """The same for whoever asks at every check: made anew only where the time has come for another key."""

    def __init__(self, held: tuple[HeldSessionKey, ...]) -> None:
        self._held = held
        self._turns = sorted({each.seals_from for each in held} | {each.opens_until or inf for each in held})
        self._since, self._until = inf, -inf
        self._keys: SessionKeys | None = None

    def at(self, now: Instant) -> SessionKeys:
        """As `keys_at`."""
        if self._keys is None or not self._since <= now < self._until:
            self._keys = keys_at(self._held, now)
            self._since = max((turn for turn in self._turns if turn <= now), default=-inf)
            self._until = min((turn for turn in self._turns if turn > now), default=inf)
        return self._keys


def with_new_session_key(ring: KeyRing, *, key_id: str, secret: Secret, now: Instant, lead: float = LEAD) -> KeyRing:
    """The ring with one key more, which begins to seal `lead` seconds from now. `secret` is 32 random bytes."""
    return ring.with_key(Key(id=key_id, purpose=PURPOSE, secret=secret, created_at=now, use_from=now + lead))


def without_retired_session_keys(ring: KeyRing, *, now: Instant, lifetime: float) -> KeyRing:
    """The ring without those keys whose last session has ended."""
    for each in held_session_keys(ring, lifetime=lifetime):
        if each.opens_until is not None and each.opens_until <= now:
            ring = ring.without(each.key.id)
    return ring
