"""Several worker processes on one SQLite file: what one of them counted holds in all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.stores.door import ELSEWHERE, HOME, Clock, Door
from watchword.core.policy import account_key
from watchword.core.questions import PasswordHeld, PasswordRight, PasswordWrong
from watchword.storage import open_storage

RIGHT = "correct horse"
WRONG = PasswordWrong("wrong-password")


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[tuple[Door, Door]]:
    """Two doors, each with a storage and a memory of its own, on one file and one clock."""
    clock = Clock()
    storages = [open_storage("sqlite:///watchword.db", tmp_path) for _ in range(2)]
    one, other = (Door(storage, clock) for storage in storages)
    one.add("ann", RIGHT)
    yield one, other
    for storage in storages:
        storage.close()


def test_a_hold_is_seen_by_the_next_guess_at_another_worker__F13(workers: tuple[Door, Door]) -> None:
    one, other = workers
    assert [one.knock("ann", f"guess {n}", ELSEWHERE) for n in range(10)] == [WRONG] * 10
    assert other.knock("ann", RIGHT, ELSEWHERE) == PasswordHeld(1)
    assert other.store.judged == []


def test_turns_at_two_workers_gain_no_guess__F13(workers: tuple[Door, Door]) -> None:
    answers = [workers[n % 2].knock("ann", f"guess {n}", ELSEWHERE) for n in range(40)]
    assert answers == [WRONG] * 10 + [PasswordHeld(1)] * 30


def test_parallel_guesses_at_a_second_worker_gain_no_more_than_its_slots__F13(workers: tuple[Door, Door]) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: workers[n % 2].knock("ann", f"guess {n}", ELSEWHERE), range(64), timeout=60))
    assert answers.count(WRONG) <= 10 + 2
    assert workers[0].failures(account_key("ann", "", known_place=False)) == answers.count(WRONG)


def test_a_place_that_one_worker_knows_is_known_to_all__F13(workers: tuple[Door, Door]) -> None:
    one, other = workers
    assert isinstance(one.knock("ann", RIGHT, HOME), PasswordRight)
    for n in range(11):
        one.knock("ann", f"guess {n}", ELSEWHERE)
    assert isinstance(other.knock("ann", RIGHT, HOME), PasswordRight)
    assert other.knock("ann", RIGHT, ELSEWHERE) == PasswordHeld(1)


def test_a_worker_that_remembers_learns_of_a_hold_with_its_first_wrong_guess__F13(workers: tuple[Door, Door]) -> None:
    one, other = workers
    assert isinstance(other.knock("ann", RIGHT, HOME), PasswordRight)
    assert [one.knock("ann", f"guess {n}", HOME) for n in range(10)] == [WRONG] * 10
    assert other.knock("ann", "guess", HOME) == PasswordHeld(1)
    assert other.knock_inline("ann", RIGHT, HOME) == PasswordHeld(1), "remembered or not"


def test_a_worker_that_has_seen_failures_learns_of_more_within_a_second__F13(workers: tuple[Door, Door]) -> None:
    one, other = workers
    assert isinstance(other.knock("ann", RIGHT, HOME), PasswordRight)
    assert other.knock("ann", "typo", HOME) == WRONG
    one.clock.pass_by(1)
    assert [one.knock("ann", f"guess {n}", HOME) for n in range(9)] == [WRONG] * 9
    assert other.knock("ann", RIGHT, HOME) == PasswordHeld(1)


def test_a_changed_password_is_refused_at_once_by_a_worker_that_remembers_the_old_one__S2_3_F36(
    workers: tuple[Door, Door],
) -> None:
    one, other = workers
    assert isinstance(other.knock("ann", RIGHT, HOME), PasswordRight)
    one.set_password("ann", "another horse")
    assert other.knock("ann", RIGHT, HOME) == WRONG
    assert isinstance(other.knock("ann", "another horse", HOME), PasswordRight)


GUESSER = """
import sys
from pathlib import Path
from tests.stores.door import ELSEWHERE, Door
from watchword.core.questions import PasswordWrong
from watchword.storage import open_storage
storage = open_storage("sqlite:///watchword.db", Path(sys.argv[1]))
door = Door(storage)
answers = [door.knock("ann", f"{sys.argv[2]} {n}", ELSEWHERE) for n in range(12)]
storage.close()
print(answers.count(PasswordWrong("wrong-password")))
"""


def test_real_processes_share_one_limit__F13(workers: tuple[Door, Door], tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    guessers = [
        subprocess.Popen(
            [sys.executable, "-c", GUESSER, str(tmp_path), f"process {n}"],
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": f"{root / 'src'}:{root}", "PATH": ""},
        )
        for n in range(3)
    ]
    evaluated = sum(int(guesser.communicate(timeout=60)[0]) for guesser in guessers)
    assert 10 <= evaluated <= 12
    assert workers[0].knock("ann", RIGHT, ELSEWHERE) == PasswordHeld(2 ** (evaluated - 10))
