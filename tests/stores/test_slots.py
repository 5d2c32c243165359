"""Slots, lines and shared flights, with real threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from tests.stores.door import QUICK
from watchword.core.ask import AnswerFailed
from watchword.core.questions import HashPassword
from watchword.crypto.password import check_password, needs_rehash
from watchword.crypto.secret import Secret
from watchword.stores.admission.hashing import PasswordHashing
from watchword.stores.asking.flights import Flights
from watchword.stores.asking.slots import Slots

PATIENCE = 30.0


def until(condition: Callable[[], bool]) -> None:
    """Wait for other threads to have come so far."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def waiting(slots: Slots) -> int:
    return sum(map(len, slots._waiting.values()))


def _as_many_wait(slots: Slots, number: int) -> bool:
    return waiting(slots) == number


def test_no_more_run_at_once_than_there_are_slots__F13() -> None:
    slots, lock, running, most = Slots(3, patience=60), threading.Lock(), 0, 0

    def work(n: int) -> None:
        nonlocal running, most
        with slots.one(first=n % 2 == 0):
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.001)
            with lock:
                running -= 1

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(200)))
    assert most == 3


def test_known_places_go_first_each_line_in_its_order__F13() -> None:
    slots, order = Slots(1, patience=60), list[str]()

    def work(label: str, first: bool) -> None:
        with slots.one(first=first):
            order.append(label)

    labels = [("stranger 1", False), ("stranger 2", False), ("known 1", True), ("stranger 3", False), ("known 2", True)]
    with ThreadPoolExecutor(8) as pool, slots.one(first=False):
        for arrived, (label, first) in enumerate(labels, start=1):
            pool.submit(work, label, first)
            until(partial(_as_many_wait, slots, arrived))
        assert order == []
    assert order == ["known 1", "known 2", "stranger 1", "stranger 2", "stranger 3"]


def test_a_full_line_is_told_at_once_and_the_other_line_is_not_affected__F13_C17() -> None:
    slots = Slots(1, line=2, patience=60)
    with slots.admitted(first=False), slots.admitted(first=False):
        began = time.monotonic()
        with pytest.raises(AnswerFailed, match="saturated"), slots.admitted(first=False):
            pass
        assert time.monotonic() - began < 10, "nobody waits for a place"
        with slots.admitted(first=True):
            pass
    with slots.admitted(first=False):
        pass


def test_nobody_waits_for_ever_and_the_slot_is_not_lost() -> None:
    slots = Slots(1, patience=0.05)
    with slots.one(first=True), pytest.raises(AnswerFailed, match="saturated"), slots.one(first=True):
        pass
    assert waiting(slots) == 0
    with slots.one(first=False):
        pass


def test_a_slot_comes_back_from_work_that_fails() -> None:
    slots = Slots(1, line=1, patience=0.05)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), slots.admitted(first=False), slots.one(first=False):
            _ = 1 / 0
    with slots.admitted(first=False), slots.one(first=False):
        pass


def test_giving_up_and_being_given_at_the_same_moment_loses_no_slot() -> None:
    slots = Slots(1, patience=0.0005)

    def work(_: int) -> None:
        try:
            with slots.one(first=False):
                time.sleep(0.0005)
        except AnswerFailed:
            pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(400)))
    assert slots._free == 1
    assert waiting(slots) == 0


@pytest.mark.parametrize(("count", "line"), [(0, 8), (4, 3)])
def test_slots_that_could_serve_nobody_are_refused(count: int, line: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        Slots(count, line=line)


def test_new_passwords_are_hashed_in_the_slots__S2_34() -> None:
    slots = Slots(1, line=1)
    hashing = PasswordHashing(QUICK, slots)
    stored = hashing.threaded(HashPassword(Secret("correct horse")))
    assert check_password(Secret("correct horse"), stored)
    assert not needs_rehash(stored, QUICK)
    assert stored != hashing.threaded(HashPassword(Secret("correct horse"))), "each has its own salt"
    with slots.admitted(first=False), pytest.raises(AnswerFailed, match="saturated"):
        hashing.threaded(HashPassword(Secret("correct horse")))


# --- flights


def joined(flights: Flights[Any]) -> int:
    """How many threads wait for what another works out."""
    # Nothing public tells how many wait.
    return sum(len(running._condition._waiters) for running in flights._running.values())  # type: ignore[attr-defined, misc]


def test_the_same_work_wanted_by_many_is_done_once__S2_3() -> None:
    flights: Flights[int] = Flights()
    begun, go, done = threading.Event(), threading.Event(), list[int]()

    def work() -> int:
        begun.set()
        assert go.wait(PATIENCE)
        done.append(1)
        return 42

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(flights.share, "k", work)
        assert begun.wait(PATIENCE)
        others = [pool.submit(flights.share, "k", work) for _ in range(7)]
        until(lambda: joined(flights) == 7)
        go.set()
        assert [flight.result() for flight in (first, *others)] == [42] * 8
    assert len(done) == 1
    assert flights.share("k", lambda: 43) == 43, "nothing is kept of it"
    assert flights.share("other", lambda: 44) == 44


def test_whoever_joined_a_flight_that_failed_has_no_answer__S2_3() -> None:
    flights: Flights[int] = Flights()
    begun, go = threading.Event(), threading.Event()

    def work() -> int:
        begun.set()
        assert go.wait(PATIENCE)
        raise ZeroDivisionError

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(flights.share, "k", work)
        assert begun.wait(PATIENCE)
        second = pool.submit(flights.share, "k", work)
        until(lambda: joined(flights) == 1)
        go.set()
        with pytest.raises(ZeroDivisionError):
            first.result()
        with pytest.raises(AnswerFailed):
            second.result()
    assert flights.share("k", lambda: 1) == 1


def test_whoever_joined_gives_up_in_time__S2_3() -> None:
    flights: Flights[int] = Flights(patience=0.05)
    begun, go = threading.Event(), threading.Event()

    def work() -> int:
        begun.set()
        assert go.wait(PATIENCE)
        return 1

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(flights.share, "k", work)
        assert begun.wait(PATIENCE)
        with pytest.raises(AnswerFailed):
            flights.share("k", work)
        go.set()
        assert first.result() == 1
