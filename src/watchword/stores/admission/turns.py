"""How often something may be done that is no failure: counted in the storage, for every process."""

from __future__ import annotations

from watchword.core.policy import Counter
from watchword.core.questions.mail import SpendTurn
from watchword.stores.admission.throttle import FailureRecords


class Turns:
    """Answers `SpendTurn`. A turn that is refused is not counted, so that asking again moves nothing."""

    def __init__(self, records: FailureRecords) -> None:
        self._records = records

    def spend(self, question: SpendTurn) -> int:
        """Seconds to wait; 0 where the turn was taken."""
        counter = Counter(question.key, question.rule)
        wait = counter.wait(self._records.failures(question.key), question.now)
        if wait:
            return wait
        taken = self._records.note_failure(question.key, question.now, question.rule.window)
        # Others may have come between.
        return 0 if taken.count <= question.rule.limit else max(1, counter.wait(taken, question.now))
