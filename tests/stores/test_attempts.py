"""How many codes are looked at: few, whatever is tried, and never so that the owner is kept out for good."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from watchword.core.questions import (
    AttemptAnswer,
    AttemptHeld,
    AttemptTaken,
    CleanUp,
    LogInExhausted,
    SettleAttempt,
    SpendAttempt,
)
from watchword.storage.memory import MemoryStorage
from watchword.storage.port import FailureCount
from watchword.stores.admission.attempts import IN_ALL, TRIES, Attempts

NOW = 1_790_000_000.0
DAY = 86400.0
TAKEN = AttemptTaken()


class Desk:
    """One account's attempts, each of which is wrong unless it is said to be right."""

    def __init__(self, *, limit: int = 5, max_delay: float = 300.0) -> None:
        self.storage = MemoryStorage()
        self.attempts = Attempts(self.storage, limit=limit, max_delay=max_delay)
        self.now = NOW

    def tries(self, log_in: bytes | None = None, subject: str = "ann") -> AttemptAnswer:
        answer = self.attempts.spend(SpendAttempt(subject, self.now, log_in))
        if answer == TAKEN:
            self.attempts.settle(SettleAttempt(subject, self.now, right=False))
        return answer

    def succeeds(self, *, recovered: bool = False) -> None:
        self.attempts.settle(SettleAttempt("ann", self.now, right=True, recovered=recovered))


def test_fifth_wrong_code_is_followed_by_a_delay_that_doubles__ASVS_6_3_1() -> None:
    desk = Desk()
    assert [desk.tries() for _ in range(5)] == [TAKEN] * 5
    waits = []
    for _ in range(12):
        answer = desk.tries()
        assert isinstance(answer, AttemptHeld)
        waits.append(answer.retry_after)
        desk.now += answer.retry_after
        assert desk.tries() == TAKEN
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_held_attempt_is_not_counted() -> None:
    desk = Desk()
    for _ in range(5):
        desk.tries()
    for _ in range(50):
        assert desk.tries() == AttemptHeld(1)
    desk.now += 1
    assert desk.tries() == TAKEN
    assert desk.tries() == AttemptHeld(2)


def test_right_code_begins_the_count_anew() -> None:
    desk = Desk()
    for _ in range(4):
        desk.tries()
    desk.succeeds()
    assert [desk.tries() for _ in range(5)] == [TAKEN] * 5


def test_accounts_are_counted_apart() -> None:
    desk = Desk()
    for _ in range(6):
        desk.tries()
    assert desk.tries(subject="bob") == TAKEN


def patient(desk: Desk, days: float) -> int:
    """How many codes somebody gets looked at who waits as long as is asked for."""
    end, tried = desk.now + days * DAY, 0
    while desk.now < end:
        answer = desk.tries()
        if isinstance(answer, AttemptHeld):
            desk.now = min(end, desk.now + answer.retry_after)
        else:
            tried += 1
            desk.now += 1
    return tried


def test_patience_gains_a_hundred_guesses_in_thirty_days() -> None:
    assert patient(Desk(), 29) == 100


def test_owner_who_logs_in_meanwhile_gives_a_guesser_no_more_guesses() -> None:
    desk, tried = Desk(), 0
    for _ in range(29):
        tried += patient(desk, 1)
        desk.succeeds()
    assert tried == 100


def test_recovery_code_begins_everything_anew() -> None:
    desk = Desk()
    patient(desk, 2)
    held = desk.tries()
    assert isinstance(held, AttemptHeld)
    assert held.retry_after > 20 * DAY
    desk.succeeds(recovered=True)
    assert desk.tries() == TAKEN


def test_after_thirty_days_the_count_begins_anew() -> None:
    desk = Desk()
    patient(desk, 2)
    desk.now = NOW + IN_ALL.window + 1
    assert desk.tries() == TAKEN


def test_half_finished_log_in_has_five_tries() -> None:
    desk = Desk(limit=20)
    assert [desk.tries(b"one") for _ in range(TRIES)] == [TAKEN] * TRIES
    assert desk.tries(b"one") == LogInExhausted()
    assert desk.tries(b"other") == TAKEN


@pytest.mark.parametrize("log_ins", [1, 40], ids=["one log-in", "forty log-ins"])
def test_trying_many_at_once_gains_nothing__F3(log_ins: int) -> None:
    desk = Desk()

    def attempt(number: int) -> AttemptAnswer:
        return desk.attempts.spend(SpendAttempt("ann", NOW, str(number % log_ins).encode()))

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(attempt, range(200)))
    assert answers.count(TAKEN) <= 5


class Overtaken(MemoryStorage):
    """Between looking at a count and adding to it, others add to it."""

    others = 0

    def failures(self, key: str) -> FailureCount | None:
        found = super().failures(key)
        for _ in range(self.others if key.startswith("second-factor:") else 0):
            super().note_failure(key, NOW, DAY)
        return found


@pytest.mark.parametrize(("others", "answer"), [(0, TAKEN), (4, TAKEN), (5, AttemptHeld(1)), (50, AttemptHeld(1))])
def test_attempts_that_come_between_count__F3(others: int, answer: AttemptAnswer) -> None:
    storage = Overtaken()
    storage.others = others
    assert Attempts(storage, limit=5, max_delay=300).spend(SpendAttempt("ann", NOW)) == answer


def test_clock_that_was_set_back_holds_nobody_up_for_longer__F8() -> None:
    desk = Desk()
    desk.now = NOW + DAY
    for _ in range(15):
        desk.tries()
        desk.now += 301
    desk.now = NOW
    assert desk.tries() == TAKEN


def test_counts_are_removed_when_they_are_over() -> None:
    desk = Desk()
    desk.tries(b"one")
    assert desk.storage.clean_up(CleanUp(NOW + IN_ALL.window + 1)) == 3


def test_keys_hold_neither_name_nor_token__F33() -> None:
    desk = Desk()
    desk.tries(b"CANARY-TOKEN", subject="CANARY-NAME")
    assert "CANARY" not in repr(desk.storage._state.failures)
    assert len(desk.storage._state.failures) == 3
