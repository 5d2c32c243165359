"""Several processes on one SQLite file: each answers truthfully, whatever the others do, and when they are killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.contract.storages import ANN, NOW, family_of, fingerprint, session_of, spend_of, sqlite_file
from tests.faults.sqlite_worker import checked
from watchword.core.questions import (
    AddAccount,
    ChangeAccount,
    EndFamilies,
    EndKeys,
    EndSession,
    FamilyStart,
    FindFamily,
    FindSession,
    FoundSession,
    Repeated,
    Rotated,
    StartFamily,
    StartSession,
)
from watchword.storage import Cached
from watchword.storage.sql.sqlite import SqliteStorage
from watchword.storage.standings import Standings

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}


class Process:
    """A worker, and the conversation with it."""

    def __init__(self, file: Path) -> None:
        script = Path(__file__).with_name("sqlite_worker.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script), str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )

    def tell(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()

    def lines(self) -> Iterator[str]:
        """What it says to one command. It ends early where the process was killed."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line == "\n":
                return
            yield line.removesuffix("\n")

    def ask(self, command: str) -> list[str]:
        self.tell(command)
        return list(self.lines())

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def close(self) -> None:
        with self._process as process:
            if process.stdin is not None:
                process.stdin.close()
            process.wait(timeout=20)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = sqlite_file(tmp_path / "data")
    with closing(SqliteStorage(file)) as storage:
        storage.add_account(AddAccount(ANN))
    return file


@pytest.fixture
def storage(file: Path) -> Iterator[SqliteStorage]:
    with closing(SqliteStorage(file)) as storage:
        yield storage


@pytest.fixture
def spawn(file: Path) -> Iterator[Callable[[], Process]]:
    """Starts workers on the file; they are gone after the test."""
    started: list[Process] = []

    def spawn() -> Process:
        started.append(Process(file))
        return started[-1]

    yield spawn
    for process in started:
        process.close()


def integrity(file: Path) -> str:
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        verdict: str = db.execute("PRAGMA integrity_check").fetchone()[0]
        return verdict


def test_every_answered_write_of_four_processes_is_kept(
    file: Path, storage: SqliteStorage, spawn: Callable[[], Process]
) -> None:
    processes = [spawn() for _ in range(4)]
    for number, process in enumerate(processes):
        process.tell(f"many p{number} 4 50")
    said = [line for process in processes for line in process.lines()]
    tokens = {f"p{process}-{thread}-{n}" for process in range(4) for thread in range(4) for n in range(50)}
    assert set(said) == tokens | {"done"}
    assert {session.id for session in storage.all_sessions()} == {f"id-{token}" for token in tokens}
    assert integrity(file) == "ok"


def test_ended_session_is_refused_by_the_next_check_of_every_process__S2_2__F36(
    storage: SqliteStorage, spawn: Callable[[], Process]
) -> None:
    cache = Cached(storage, clock=lambda: NOW)
    one, two = spawn(), spawn()

    def checks(token: str) -> list[str]:
        cache.expire_turn()
        found = cache.find_session_inline(FindSession(fingerprint(token)))
        mine = f"{found.session.id} {found.account.stamp}" if isinstance(found, FoundSession) else str(found)
        return [mine, *one.ask(f"find {token}"), *two.ask(f"find {token}")]

    for number in range(100):
        token = f"t{number}"
        assert storage.start_session(StartSession(session_of(ANN, token)))
        assert checks(token) == [f"id-{token} ann-1"] * 3
        if number % 3:
            assert (one, two)[number % 3 - 1].ask(f"end {token}") == ["True"]
        else:
            assert storage.end_session(EndSession(fingerprint(token)))
        assert checks(token) == ["None"] * 3


def test_changed_password_ends_sessions_in_every_process_at_once__S2_3__F36(
    storage: SqliteStorage, spawn: Callable[[], Process]
) -> None:
    cache = Cached(storage, clock=lambda: NOW)
    other = spawn()

    def mine(token: str) -> bool:
        cache.expire_turn()
        return isinstance(cache.find_session_inline(FindSession(fingerprint(token))), FoundSession)

    for number in range(0, 100, 2):
        first, second = f"t{number}", f"t{number + 1}"
        assert other.ask(f"start {first}") == ["True"]
        assert mine(first)
        assert other.ask(f"password stamp-{first}") == ["True"]
        assert not mine(first)
        assert other.ask(f"start {second}") == ["True"]
        assert other.ask(f"find {second}") == [f"id-{second} stamp-{first}"]
        storage.change_account(ChangeAccount("ann", stamp=f"stamp-{second}"))
        assert other.ask(f"find {second}") == ["None"]


def test_ended_grants_are_refused_by_the_next_check_of_every_process__S2_20__S2_16__F36(
    storage: SqliteStorage, spawn: Callable[[], Process]
) -> None:
    cache, standings = Cached(storage, clock=lambda: NOW), Standings(storage, longest=900)
    one, two = spawn(), spawn()

    def checks(name: str) -> set[str]:
        return {
            " ".join(checked(storage, cache, standings, name)),
            *one.ask(f"check {name}"),
            *two.ask(f"check {name}"),
        }

    for number in range(60):
        name = f"g{number}"
        assert one.ask(f"grant {name}") == ["True"]
        assert checks(name) == {f"token-{name} key-{name} good"}
        if number % 3:
            assert (one, two)[number % 3 - 1].ask(f"end_family {name}") == ["1"]
        else:
            assert storage.end_families(EndFamilies((f"family-{name}",))) == 1
        assert checks(name) == {f"none key-{name} revoked"}
        if number % 2:
            assert two.ask(f"end_key {name}") == ["1"]
        else:
            assert storage.end_keys(EndKeys((f"key-{name}",))) == 1
        assert checks(name) == {"none none revoked"}


def test_killed_refresh_leaves_one_token_that_works__S2_20__F1(
    file: Path, storage: SqliteStorage, spawn: Callable[[], Process]
) -> None:
    """Killed at any moment: the last token that was answered is live, or leads to the one that is."""
    for kill in range(10):
        processes = {f"k{kill}-{number}": spawn() for number in range(2)}
        for name, process in processes.items():
            assert storage.start_family(StartFamily(family_of(ANN, name))) is FamilyStart.KEPT
            process.tell(f"refresh {name} 1000000")
        for name, process in processes.items():
            lines = process.lines()
            answered = [next(lines) for _ in range(1 + 11 * kill)]
            process.signal(signal.SIGKILL)
            answered += lines
            assert answered == [f"{number} Rotated" for number in range(len(answered))]
            holds = len(answered)  # the number of the token that the client holds
            family = storage.find_family(FindFamily(fingerprint(name)[:12]))
            assert family is not None
            assert family.fingerprint in (fingerprint(f"{name}.{holds}"), fingerprint(f"{name}.{holds + 1}"))
            answer = storage.spend_refresh(spend_of(name, holds))
            if isinstance(answer, Repeated):  # it was redeemed, and nobody heard
                assert answer.sealed == (f"sealed {name}.{holds + 1}".encode(),)
            assert isinstance(answer, Rotated | Repeated)
            assert isinstance(storage.spend_refresh(spend_of(name, holds + 1)), Rotated)
        assert integrity(file) == "ok"


def test_raced_refreshes_have_one_successor__S2_20__F2(storage: SqliteStorage, spawn: Callable[[], Process]) -> None:
    """Two processes redeem the same token of 50 clients at the same moment, 20 times; then a thief does."""
    names = [f"c{number}" for number in range(50)]
    storage.put_families(family_of(ANN, name) for name in names)
    live = [f"{name}.0" for name in names]
    processes = [spawn(), spawn()]

    def race(*clients: str) -> list[dict[str, tuple[str, str]]]:
        """What each process says of each token: what the answer was, and which token is live."""
        for process, client in zip(processes, clients, strict=True):
            process.tell(" ".join(["race", client, *live]))
        said = [process.lines() for process in processes]
        for lines in said:
            assert [next(lines) for _ in live] == ["ready"] * len(live)
        for process in processes:
            process.tell("go")
        rows = [[line.split() for line in lines if line != "done"] for lines in said]
        return [{token: (kind, successor) for token, kind, successor in answers} for answers in rows]

    for _ in range(20):
        one, two = race("1honest", "2honest")
        assert one.keys() == two.keys() == set(live)
        for token in live:
            assert sorted((one[token][0], two[token][0])) == ["Repeated", "Rotated"]
            assert one[token][1] == two[token][1]  # the same successor
        live = [one[token][1] for token in live]
        kept = {name: storage.find_family(FindFamily(fingerprint(name)[:12])) for name in names}
        for token in live:
            family = kept[token.split(".")[0]]
            assert family is not None
            assert family.fingerprint == fingerprint(token)
    one, two = race("1honest", "2thief")
    for token in live:
        assert sorted((one[token][0], two[token][0])) == ["Reused", "Rotated"]
    assert list(storage.all_families()) == []


def test_killed_writers_lose_nothing_that_was_answered__F1(
    file: Path, storage: SqliteStorage, spawn: Callable[[], Process]
) -> None:
    answered: set[str] = set()
    for kill in range(5):
        processes = [spawn(), spawn()]
        for number, process in enumerate(processes):
            process.tell(f"many k{kill}-{number} 8 100000")
        for process in processes:
            lines = process.lines()
            answered |= {next(lines) for _ in range(20 + 30 * kill)}
            process.signal(signal.SIGKILL)
            answered.update(lines)
        assert integrity(file) == "ok"
        assert not any(line.startswith(("failed", "refused")) for line in answered)
        kept = {session.id for session in storage.all_sessions()}
        assert {f"id-{token}" for token in answered} <= kept
        assert storage.start_session(StartSession(session_of(ANN, f"after-{kill}")))


def test_disk_that_takes_no_more_fails_writes_and_nothing_else__F4(
    file: Path, storage: SqliteStorage, spawn: Callable[[], Process]
) -> None:
    process = spawn()
    assert process.ask("start before") == ["True"]
    size = (file.parent / "watchword.db-wal").stat().st_size
    process.ask(f"file_limit {size + 200_000}")
    said = process.ask("many full 2 30")
    kept = [line for line in said if line.startswith("full-")]
    failed = [line for line in said if line.startswith("failed: the database failed")]
    assert kept
    assert failed
    assert len(kept) + len(failed) == 60
    for token in ["before", *kept]:
        assert process.ask(f"find {token}") == [f"id-{token} ann-1"]
    assert {session.id for session in storage.all_sessions()} == {f"id-{token}" for token in ["before", *kept]}
    process.ask("file_limit 0")
    assert process.ask("start after") == ["True"]
    assert integrity(file) == "ok"


def test_stopped_writer_holds_nobody_up_for_long__F38(storage: SqliteStorage, spawn: Callable[[], Process]) -> None:
    """A worker is stopped at any point of its writing: others read on, and write or hear within the bound."""
    process = spawn()
    process.tell("many s 4 100000")
    lines = process.lines()
    answered = [next(lines) for _ in range(50)]
    process.signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert storage.find_session(FindSession(fingerprint(answered[-1]))) is not None
        assert time.monotonic() - began < 4
    finally:
        process.signal(signal.SIGKILL)
    assert storage.start_session(StartSession(session_of(ANN, "after")))


FORKS = """
    import os, sys
    from contextlib import closing
    from pathlib import Path
    from tests.contract.storages import ANN, fingerprint, session_of
    from watchword.core.questions import EndSession, FindSession, StartSession
    from watchword.storage import Cached
    from watchword.storage.sql.sqlite import SqliteStorage

    storage = SqliteStorage(Path(sys.argv[1]))
    cache = Cached(storage, clock=lambda: 0.0)
    found = lambda token: cache.find_session(FindSession(fingerprint(token))) is not None
    assert storage.start_session(StartSession(session_of(ANN, "before")))
    assert found("before")
    child = os.fork()
    if child == 0:
        assert found("before")
        assert storage.start_session(StartSession(session_of(ANN, "child")))
        assert storage.end_session(EndSession(fingerprint("before")))
        assert not found("before")
        storage.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert found("child") and not found("before")
    assert storage.start_session(StartSession(session_of(ANN, "parent")))
    storage.close()
"""


def test_forked_process_opens_its_own_connections(file: Path, storage: SqliteStorage) -> None:
    subprocess.run([sys.executable, "-c", textwrap.dedent(FORKS), str(file)], check=True, env=ENVIRONMENT, timeout=60)
    assert {session.id for session in storage.all_sessions()} == {"id-child", "id-parent"}
    assert integrity(file) == "ok"
