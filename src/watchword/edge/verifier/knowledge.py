"""What a verifier knows: the revocations and the keys that it was told of, and how old that is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from watchword.core.ask import AnswerFailed
from watchword.core.principal import Instant
from watchword.core.questions import FindStanding, FindVerifyingKey
from watchword.core.revocations import Knowledge, Standing
from watchword.crypto.jose.jwk_set import JwkSet
from watchword.crypto.jose.key import Key
from watchword.edge.verifier.hearing import Heard

NEVER = float("-inf")


def ticks() -> float:
    """Seconds of a clock that only goes forwards, whatever happens to the time of day (F8), also while the machine
    is suspended where the system has such a clock: what was heard before is old then."""
    return time.clock_gettime(_CLOCK)


_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeReport:
    """How things stand: `age_seconds` is None before the first contact, `connected` says that it is within the bound
    that the server promises."""

    age_seconds: float | None
    revocations: int
    keys: int
    connected: bool


class Known:
    """One process's knowledge. It is heard by one thread, and asked by any.

    `offline_ttl` is for how many seconds it may be relied on without hearing anything; what the server says where it is
    None.
    """

    def __init__(self, *, offline_ttl: float | None = None, ticks: Callable[[], float] = ticks) -> None:
        self._ticks = ticks
        self._own_offline_ttl = offline_ttl
        # Held for moments only: while an entry is looked up, or while news are put in.
        self._lock = threading.Lock()
        self._knowledge = Knowledge()
        self._keys = JwkSet(())
        self._epoch: str | None = None
        self._read_at = NEVER
        # How far the server's time of day is ahead of our ticks: until it tells, ours must do.
        self._time_ahead = time.time() - ticks()
        self._keep = 0.0
        self._staleness = 0.0
        self._offline_ttl = 0.0
        self._kids: frozenset[str] = frozenset()
        self._unknown_kid = False

    # --- asked by requests

    def find_standing(self, question: FindStanding) -> Standing:
        """Raises AnswerFailed where what is known is too old to tell."""
        with self._lock:
            self._require_young()
            token = question.token
            if token.issued_at + self._keep <= self._now():
                # Older than revocations are remembered: it may have been revoked, and a fresh one will tell.
                return Standing.OUTDATED
            return self._knowledge.standing(token)

    def find_verifying_key(self, question: FindVerifyingKey) -> Key | None:
        """The server says which keys there are, so an unknown name is refused without asking anybody (F34).

        Raises AnswerFailed where what is known is too old to tell.
        """
        with self._lock:
            self._require_young()
            key = self._keys.find(question.kid)
            if key is None:
                self._unknown_kid = True
                if question.kid in self._kids or not self._keys.keys:
                    raise AnswerFailed("the key is yet to be fetched")
            return key

    def now(self) -> Instant:
        """The time of day by the server's clock, as it said last: who issues tokens says when they expire (F8)."""
        with self._lock:
            return self._now()

    def has_heard(self) -> bool:
        """Whether there ever was a contact."""
        return self._read_at > NEVER

    def report(self) -> KnowledgeReport:
        """How things stand."""
        with self._lock:
            age = self._age()
            return KnowledgeReport(
                age_seconds=None if self._read_at == NEVER else round(age, 3),
                revocations=len(self._knowledge),
                keys=len(self._keys.keys),
                connected=age <= self._staleness,
            )

    def is_young(self) -> bool:
        """Whether what is known may be relied on."""
        with self._lock:
            return self._age() <= self._bound()

    # --- heard by the feed's thread

    @property
    def place(self) -> tuple[str, int] | None:
        """The epoch and the number up to which everything is known; None where everything has to be told anew."""
        with self._lock:
            return None if self._epoch is None else (self._epoch, self._knowledge.until)

    def lose_place(self) -> None:
        """Have everything told anew at the next chance. What is known stays in force until then."""
        with self._lock:
            self._epoch = None

    def hear(self, heard: Heard) -> bool:
        """Take in a statement. False, and nothing is taken in, where something before it was missed."""
        with self._lock:
            if not heard.revocations.whole and heard.epoch != self._epoch:
                return False
            if not self._knowledge.hear(heard.revocations):
                return False
            self._epoch = heard.epoch
            if heard.read_at > self._read_at:
                self._read_at = min(heard.read_at, self._ticks())
                self._time_ahead = heard.at - heard.read_at
                self._keep, self._staleness = heard.keep, heard.staleness
                self._offline_ttl, self._kids = heard.offline_ttl, heard.kids
                # A key that is withdrawn verifies nothing from now on. New ones are fetched by whoever heard this.
                self._keys = JwkSet(tuple(key for key in self._keys.keys if key.kid in heard.kids))
            return True

    @property
    def keep(self) -> float:
        """How long the server says that entries matter, in seconds."""
        return self._keep

    @property
    def keys(self) -> JwkSet:
        """The keys that verify the server's tokens, and its feed."""
        return self._keys

    def learn(self, keys: JwkSet) -> None:
        """These are the keys now."""
        with self._lock:
            self._keys = keys
            self._unknown_kid = False

    def lacks_keys(self) -> bool:
        """Whether the server has other keys than those that are known here."""
        return self._kids != {key.kid for key in self._keys.keys}

    def was_shown_unknown_key(self) -> bool:
        """Whether a token named a key that is not known, since keys were learned."""
        return self._unknown_kid

    # --- how, with the lock held

    def _now(self) -> Instant:
        return self._ticks() + self._time_ahead

    def _age(self) -> float:
        return self._ticks() - self._read_at

    def _bound(self) -> float:
        return self._offline_ttl if self._own_offline_ttl is None else self._own_offline_ttl

    def _require_young(self) -> None:
        age = self._age()
        if age > self._bound():
            told = (
                "nothing was heard of revocations yet" if self._read_at == NEVER else f"heard nothing for {age:.0f} s"
            )
            raise AnswerFailed(told)
