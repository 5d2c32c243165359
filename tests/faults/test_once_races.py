"""What may succeed once succeeds once, however many ask at the same moment, and stays used whatever is killed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.contract.storages import ANN, credential_of, fingerprint, sqlite_file
from tests.faults.sqlite_worker import use_up
from tests.faults.test_sqlite_processes import Process, integrity
from watchword.core.credentials import RECOVERY_CODE
from watchword.core.questions import AddAccount, FindAccount, FindCredentials
from watchword.storage import Storage
from watchword.storage.memory import MemoryStorage
from watchword.storage.sql.sqlite import SqliteStorage

KINDS = ["value", "code", "factor"]
CLIENTS = 100
ROUNDS = 5


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = sqlite_file(tmp_path / "data")
    with closing(SqliteStorage(file)) as storage:
        storage.add_account(AddAccount(ANN))
    return file


@pytest.fixture(params=["memory", "sqlite"])
def doors(request: pytest.FixtureRequest, file: Path) -> Iterator[list[Storage]]:
    """Two ways into the same records."""
    if request.param == "memory":
        storage = MemoryStorage()
        storage.add_account(AddAccount(ANN))
        yield [storage, storage]
        return
    with ExitStack() as opened:
        yield [opened.enter_context(closing(SqliteStorage(file))) for _ in range(2)]


@pytest.fixture
def spawn(file: Path) -> Iterator[Callable[[], Process]]:
    """Starts workers on the file; they are gone after the test."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(Process(file)))


def prepare(storage: Storage, kind: str, name: str) -> None:
    """There is one that can be used up."""
    if kind == "code":
        code = credential_of(ANN, name, kind=RECOVERY_CODE, secret=fingerprint(name), confirmed=True)
        assert storage.put_credentials([code]).created == 1
    elif kind == "factor":
        assert storage.put_credentials([credential_of(ANN, name)]).created == 1


def check_used(storage: Storage, kind: str, name: str) -> None:
    """It was used up, exactly once."""
    account, kept = storage.find_account(FindAccount("ann")), storage.find_credentials(FindCredentials("ann"))
    assert account is not None
    if kind == "code":
        assert all(credential.secret != fingerprint(name) for credential in kept)
    elif kind == "factor":
        assert [credential.confirmed for credential in kept if credential.id == f"credential-{name}"] == [True]
        assert (account.stamp, account.second_factor) == (f"stamp-{name}", True)
    assert not use_up(storage, kind, name)


@pytest.mark.parametrize("kind", KINDS, ids="F3-{}".format)
def test_raced_by_a_hundred_threads_it_succeeds_once(doors: list[Storage], kind: str) -> None:
    def work(storage: Storage, name: str) -> None:
        barrier.wait()
        answers.append(use_up(storage, kind, name))

    for number in range(ROUNDS):
        name = f"{kind}{number}"
        prepare(doors[0], kind, name)
        barrier, answers = threading.Barrier(CLIENTS), list[bool]()
        threads = [threading.Thread(target=work, args=(doors[each % 2], name)) for each in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [False] * (CLIENTS - 1) + [True]
        check_used(doors[1], kind, name)


@pytest.mark.parametrize("kind", KINDS, ids="F3-{}".format)
def test_raced_by_two_processes_it_succeeds_once(file: Path, spawn: Callable[[], Process], kind: str) -> None:
    processes = [spawn(), spawn()]
    with closing(SqliteStorage(file)) as storage:
        for number in range(ROUNDS):
            name = f"{kind}{number}"
            prepare(storage, kind, name)
            for process in processes:
                process.tell(f"once {kind} {name} {CLIENTS // 2}")
            said = [process.lines() for process in processes]
            for lines in said:
                assert [next(lines) for _ in range(CLIENTS // 2)] == ["ready"] * (CLIENTS // 2)
            for process in processes:
                process.tell("go")
            answers = [answer for lines in said for answer in lines if answer != "done"]
            assert sorted(answers) == ["False"] * (CLIENTS - 1) + ["True"]
            check_used(storage, kind, name)


def test_what_was_answered_is_used_after_reopening__F3__F1(file: Path) -> None:
    for kind in KINDS:
        with closing(SqliteStorage(file)) as storage:
            prepare(storage, kind, "one")
            assert use_up(storage, kind, "one")
        with closing(SqliteStorage(file)) as storage:
            check_used(storage, kind, "one")


def test_killed_process_forgets_nothing_that_it_answered__F3__F1(file: Path, spawn: Callable[[], Process]) -> None:
    """Killed at any moment: every value that was said to be used is, and at most one more."""
    for kill in range(5):
        process = spawn()
        process.tell(f"spend k{kill} 1000000")
        lines = process.lines()
        answered = [next(lines) for _ in range(1 + 13 * kill)]
        process.signal(signal.SIGKILL)
        answered += lines
        assert answered == [f"k{kill}-{number} True" for number in range(len(answered))]
        with closing(SqliteStorage(file)) as storage:
            for number in range(len(answered)):
                assert not use_up(storage, "value", f"k{kill}-{number}")
            assert use_up(storage, "value", f"k{kill}-{len(answered) + 1}")
        assert integrity(file) == "ok"
