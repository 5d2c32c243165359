"""How many codes of a second factor are looked at: the storage's counts, which every process shares.

| counted                                                      | held                                                |
|--------------------------------------------------------------|-----------------------------------------------------|
| attempts at one account's codes since the last right one     | from the 5th on: for 1 s, 2, 4, ... at most 300     |
| wrong codes of one account in 30 days                        | from the 100th on, until the 30 days are over       |
| attempts of one half-finished log-in                         | after the 5th it has to begin anew                  |

An attempt is counted before it is looked at, in one step, so that trying many at once gains nothing. Whoever gets so
far knows the password, so places do not count: they could be had by the thousand. The second row bounds what patience
gains (NIST SP 800-63B section 5.2.2): at six digits, of which three are good at a time, 0.03 percent in 30 days. It
never keeps an owner out for good: a recovery code passes, and begins all counts anew.
"""

from __future__ import annotations

from typing import Final

from watchword.core.policy import Ceiling, Counter, GrowingDelay
from watchword.core.principal import Instant
from watchword.core.questions import (
    AttemptAnswer,
    AttemptHeld,
    AttemptTaken,
    LogInExhausted,
    SettleAttempt,
    SpendAttempt,
)
from watchword.crypto.secret import fingerprint
from watchword.stores.admission.throttle import FailureRecords

TRIES: Final = 5
"""Of one half-finished log-in."""
_TRIES_WINDOW: Final = 3600.0
"""In seconds: longer than such a log-in lives."""
IN_ALL: Final = Ceiling(limit=100, window=30 * 86400.0)
_DAY: Final = 86400.0


class Attempts:
    """Answers `SpendAttempt` and `SettleAttempt`. `limit` and `max_delay` (seconds) are those of the first row."""

    def __init__(self, records: FailureRecords, *, limit: int, max_delay: float) -> None:
        self._records = records
        self._rule = GrowingDelay(limit=limit, max_delay=max_delay, window=_DAY)

    def spend(self, question: SpendAttempt) -> AttemptAnswer:
        """May the code be looked at? It is counted then."""
        now, recent = question.now, self._recent(question.subject)
        tally = self._records.failures(recent.key)
        in_all = _in_all(question.subject)
        wait = max(recent.wait(tally, now), in_all.wait(self._records.failures(in_all.key), now))
        if wait:
            return AttemptHeld(wait)
        if question.log_in is not None and self._tries(question.log_in, now) > TRIES:
            return LogInExhausted()
        before = 0 if tally is None or recent.is_over(tally, now) else tally.count
        count = self._records.note_failure(recent.key, now, self._rule.window).count
        if count > max(before + 1, self._rule.limit):
            return AttemptHeld(1)  # others came between, and there were too many of them
        return AttemptTaken()

    def settle(self, question: SettleAttempt) -> None:
        """Note what came of it."""
        in_all = _in_all(question.subject)
        if not question.right:
            self._records.note_failure(in_all.key, question.now, in_all.rule.window)
            return
        self._records.forget_failures(self._recent(question.subject).key)
        if question.recovered:
            self._records.forget_failures(in_all.key)

    def _recent(self, subject: str) -> Counter:
        return Counter(f"second-factor:{_digest(subject)}", self._rule)

    def _tries(self, log_in: bytes, now: Instant) -> int:
        return self._records.note_failure(f"log-in:{fingerprint(log_in).hex()[:32]}", now, _TRIES_WINDOW).count


def _in_all(subject: str) -> Counter:
    return Counter(f"second-factor-in-all:{_digest(subject)}", IN_ALL)


def _digest(subject: str) -> str:
    return fingerprint(subject.encode("utf-8", "surrogatepass")).hex()[:32]
