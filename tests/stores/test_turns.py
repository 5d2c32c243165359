"""Turns: so many in so long, for all who share the records, however many ask at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from watchword.core.policy import Ceiling
from watchword.core.questions.mail import SpendTurn
from watchword.storage.memory import MemoryStorage
from watchword.stores.admission.turns import Turns

RULE = Ceiling(limit=5, window=60.0)


def test_turns_are_taken_until_there_are_none_and_come_back() -> None:
    turns = Turns(MemoryStorage())
    assert [turns.spend(SpendTurn("a", RULE, 1000.0 + n)) for n in range(7)] == [0] * 5 + [55, 54]
    assert turns.spend(SpendTurn("b", RULE, 1006.0)) == 0
    assert turns.spend(SpendTurn("a", RULE, 1060.0)) == 0


def test_asking_while_there_are_none_moves_nothing() -> None:
    turns = Turns(MemoryStorage())
    waits = [turns.spend(SpendTurn("a", RULE, 1000.0)) for _ in range(100)]
    assert waits == [0] * 5 + [60] * 95
    assert turns.spend(SpendTurn("a", RULE, 1060.0)) == 0


def test_no_more_are_taken_by_asking_all_at_once__F14() -> None:
    storage, go = MemoryStorage(), Barrier(32)

    def ask(_: int) -> int:
        go.wait(60)
        return Turns(storage).spend(SpendTurn("a", RULE, 1000.0))

    with ThreadPoolExecutor(32) as pool:
        waits = list(pool.map(ask, range(32)))
    assert sorted(waits)[:6] == [0] * 5 + [60]


def test_clock_that_was_set_back_holds_nobody_up_for_good__F8() -> None:
    turns = Turns(MemoryStorage())
    for _ in range(5):
        turns.spend(SpendTurn("a", RULE, 1_000_000.0))
    assert turns.spend(SpendTurn("a", RULE, 1000.0)) <= 60
    assert turns.spend(SpendTurn("a", RULE, 1061.0)) == 0
