"""A storm of wrong passwords (F13), and what the time of an answer tells (F30)."""

from __future__ import annotations

import threading
import time
import tracemalloc
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import pytest

from tests.stores.door import Door
from watchword.core.ask import AnswerFailed
from watchword.core.policy import Ceiling, GrowingDelay, Limits
from watchword.core.questions import CleanUp, PasswordHeld, PasswordRight, PasswordWrong
from watchword.crypto.password import Hashing
from watchword.storage.memory import MemoryStorage
from watchword.stores.asking.slots import Slots

RIGHT = "correct horse"
HOME = "192.0.2.7"


def test_a_storm_is_bounded_and_its_victim_still_gets_in_from_home__F13() -> None:
    """2,000 wrong passwords for 500 names (ann's above all) from 50 addresses, in 32 threads, within one minute."""
    door = Door(MemoryStorage(), hashing=Hashing(t=1, m=256), slots=Slots(2, line=8, patience=60), most=200)
    door.add("ann", RIGHT)
    door.add("bob", RIGHT)
    for name in ("ann", "bob"):
        assert isinstance(door.knock(name, RIGHT, HOME), PasswordRight)
    door.clock.pass_by(601)  # ann is no longer remembered: each time she costs a hash
    assert isinstance(door.knock("bob", RIGHT, HOME), PasswordRight)
    before = len(door.store.judged)
    over, refused = threading.Event(), list[str]()

    def attack(n: int) -> str:
        name = "ann" if n % 4 == 0 else f"user {n % 500}"
        while True:
            try:
                return type(door.knock(name, f"guess {n}", f"198.51.100.{n % 50}")).__name__
            except AnswerFailed as failure:
                refused.append(str(failure))
                time.sleep(0.01)

    def knock_as_victim() -> list[object]:
        answers: list[object] = []
        while not over.is_set():
            answers.append(door.knock("ann", RIGHT, HOME))
            answers.append(door.knock("bob", RIGHT, HOME))
            door.clock.monotonic += 601  # forget what is remembered; the wall clock stands still
            time.sleep(0.01)
        return answers

    with ThreadPoolExecutor(33) as pool:
        victim = pool.submit(knock_as_victim)
        answers = Counter(pool.map(attack, range(2000), timeout=120))
        over.set()
        assert victim.result()
        assert {type(answer) for answer in victim.result()} == {PasswordRight}
    assert set(refused) == {"password checks are saturated"}
    # The overall limit; a guess that would perhaps go beyond it has to wait, too.
    assert 990 <= answers["PasswordWrong"] <= 1000
    assert answers["PasswordHeld"] == 2000 - answers["PasswordWrong"]
    judged = Counter(door.store.judged[before:])
    assert judged["ann"] <= 10 + len(victim.result())
    assert sum(judged.values()) <= answers["PasswordWrong"] + len(victim.result())


def test_a_storm_takes_no_memory__F13() -> None:
    storage = MemoryStorage()
    door = Door(storage, limits=Limits(address=Ceiling(limit=10**6), overall=Ceiling(limit=10**6)), most=200)
    tracemalloc.start()
    try:
        for n in range(1000):
            door.knock(f"{n} {'x' * 5000}", "wrong", f"2001:db8:{n:x}::1")
            door.knock(f"user {n}", "wrong", f"2001:db8:{n:x}::1")
        # What the storage and the test themselves keep is not what is measured.
        storage.clean_up(CleanUp(door.clock.now + 86_400, limit=10**6))
        door.store.judged.clear()
        places = ("watchword/stores/*", "watchword/core/policy.py", "tests/stores/test_storm.py")
        files = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, f"*/{place}") for place in places])
    finally:
        tracemalloc.stop()
    total = sum(trace.size for trace in files.traces)
    assert total < 600_000, "a megabyte more where the long names were kept"


@pytest.mark.timed
def test_no_name_is_told_by_its_time__S0_14_F30() -> None:
    """The CPU time of the answering thread, which other programs on the machine do not change much."""
    limits = Limits(account=GrowingDelay(limit=10**6), address=Ceiling(limit=10**6), overall=Ceiling(limit=10**6))
    door = Door(MemoryStorage(), limits=limits, hashing=Hashing(t=1, m=2048))
    rounds = 150
    door.add("known", RIGHT)
    door.add("disabled", RIGHT, disabled=True)
    door.add("keyless", None)
    door.add("legacy", None, stored="{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=")
    times: dict[str, list[float]] = {name: [] for name in ("known", "disabled", "keyless", "legacy", "unknown")}
    for n in range(rounds):
        for name, taken in times.items():
            began = time.thread_time()
            answer = door.knock(name, f"guess {n}", f"198.51.100.{n % 50}")
            taken.append(time.thread_time() - began)
            assert isinstance(answer, PasswordWrong)
    medians = {name: median(taken) for name, taken in times.items()}
    base = medians["unknown"]
    assert base > 1e-3, "a hash was computed"
    for name, middle in medians.items():
        assert abs(middle - base) < 0.2 * base, (name, medians)


def test_held_names_are_not_told_apart_either__F30() -> None:
    door = Door(MemoryStorage())
    door.add("known", RIGHT)
    for name in ("known", "unknown"):
        for n in range(10):
            door.knock(name, f"guess {n}", "198.51.100.1")
    assert door.knock("known", RIGHT, "198.51.100.2") == door.knock("unknown", RIGHT, "198.51.100.2")
    assert door.knock("known", RIGHT, "198.51.100.2") == PasswordHeld(1)
