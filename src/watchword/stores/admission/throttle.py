"""Who is held up: the storage's counts of failures, and what this process last saw of them."""

from __future__ import annotations

import threading
import time
from collections import Counter as Multiset
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from watchword.core.ask import NOT_YET, AnswerFailed, NotYet
from watchword.core.policy import Counter, Tally
from watchword.core.principal import Instant
from watchword.stores.asking.bounded import Bounded

FRESH = 1.0
"""For how many seconds an answer that must not wait trusts what was read."""

UNNOTED_PAUSE = 1.0


class FailureRecords(Protocol):
    """What is needed of a storage: counts that every process on it shares."""

    def failures(self, key: str) -> Tally | None: ...

    def note_failure(self, key: str, now: Instant, window: float) -> Tally: ...

    def forget_failures(self, key: str) -> None: ...


class Throttle:
    """Judges counters by the storage's counts.

    Before anything is evaluated the storage itself is read (`wait`, `guess`), so a hold that any process noted holds
    in all of them. Only `wait_now`, which guards passwords that are remembered, goes by what this process has seen:
    of a key with failures it asks for another reading after `FRESH` seconds; of a key without any it learns with
    the first guess here that is evaluated or held.

    Guesses are counted while they are evaluated (`guess`), so guessing in parallel gains nothing within a process:
    of a key at its limit one guess is evaluated at a time. Each further process lets at most as many more through
    as it has slots, and then one for each delay.

    While failures cannot be noted, no more than one batch of slots a second is evaluated.
    """

    def __init__(
        self, records: FailureRecords, *, most: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._records = records
        self._clock = clock
        self._seen: Bounded[str, _Seen] = Bounded(most)
        self._lock = threading.Lock()
        self._guesses: Multiset[str] = Multiset()
        self._paused_until = -1.0

    def wait_now(self, counters: Sequence[Counter], now: Instant) -> int | NotYet:
        """Whole seconds until a guess is evaluated, by what was last seen; NOT_YET where that should be read again."""
        longest, old = 0, False
        for counter in counters:
            seen = self._seen.get(counter.key)
            if seen is None:
                continue
            if seen.at + FRESH <= self._clock():
                seen.at = self._clock()  # this caller has it read again; others go on with what there is
                old = True
            longest = max(longest, counter.wait(seen.tally, now))
        return NOT_YET if old else longest

    def wait(self, counters: Sequence[Counter], now: Instant) -> int:
        """Whole seconds until a guess is evaluated, by the storage."""
        return max(counter.wait(self._read(counter, now), now) for counter in counters)

    @contextmanager
    def guess(self, counters: Sequence[Counter], now: Instant) -> Iterator[int]:
        """Around the evaluation of one guess: gives the seconds to wait, and only at 0 may it be evaluated.

        Raises:
            AnswerFailed: where failures could not be noted just now.
        """
        if self._clock() < self._paused_until:
            raise AnswerFailed("failures cannot be noted")
        with self._lock:
            others = [self._guesses[counter.key] for counter in counters]
            self._guesses.update(counter.key for counter in counters)
        try:
            # Read after it was counted here: a guess that ends meanwhile is seen in one place or the other.
            tallies = [self._read(counter, now) for counter in counters]
            longest = 0
            for counter, tally, beside in zip(counters, tallies, others, strict=True):
                failed = 0 if tally is None else tally.count
                crowded = beside > 0 and failed + beside >= counter.rule.limit
                longest = max(longest, counter.wait(tally, now), int(crowded))
            yield longest
        finally:
            with self._lock:
                for counter in counters:
                    self._guesses[counter.key] -= 1
                    if not self._guesses[counter.key]:
                        del self._guesses[counter.key]

    def note(self, counters: Sequence[Counter], now: Instant) -> None:
        """A guess was wrong. When this returns, every process knows."""
        try:
            for counter in counters:
                tally = self._records.note_failure(counter.key, now, counter.rule.window)
                self._seen.put(counter.key, _Seen(tally, self._clock()))
        except AnswerFailed:
            self._paused_until = self._clock() + UNNOTED_PAUSE
            raise

    def forget(self, counter: Counter) -> None:
        """Begin this count anew."""
        if self._records.failures(counter.key) is not None:
            self._records.forget_failures(counter.key)
        self._seen.drop(counter.key)

    def _read(self, counter: Counter, now: Instant) -> Tally | None:
        tally = self._records.failures(counter.key)
        if tally is None or counter.is_over(tally, now):
            self._seen.drop(counter.key)
            return None
        self._seen.put(counter.key, _Seen(tally, self._clock()))
        return tally


class _Seen:
    __slots__ = ("at", "tally")

    def __init__(self, tally: Tally, at: float) -> None:
        self.tally = tally
        self.at = at
