"""What became of a self-contained token is answered from memory, and never behind what was committed."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.contract.storages import ANN, BOB, NOW, family_of, session_of, sqlite_file
from watchword.core.ask import NOT_YET, AnswerFailed
from watchword.core.grants import state_of
from watchword.core.questions import (
    AddAccount,
    ChangeAccount,
    CleanUp,
    DeleteAccount,
    EndFamilies,
    FindStanding,
    RevokeToken,
    StartFamily,
    StartSession,
)
from watchword.core.revocations import Revocations, SelfContained, Standing
from watchword.storage import Storage
from watchword.storage.memory import MemoryStorage
from watchword.storage.sql.sqlite import SqliteStorage
from watchword.storage.standings import Standings

HERS = SelfContained(
    subject="ann",
    state=state_of(ANN),
    client_id="watchword",
    token_id="jti",
    family="family-f",
    scopes=None,
    issued_at=NOW,
)
GOOD, OUTDATED, REVOKED = Standing.GOOD, Standing.OUTDATED, Standing.REVOKED


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return sqlite_file(tmp_path / "data")


@pytest.fixture
def storage(file: Path) -> Iterator[SqliteStorage]:
    with closing(SqliteStorage(file)) as storage:
        storage.add_account(AddAccount(ANN))
        storage.add_account(AddAccount(BOB))
        storage.start_family(StartFamily(family_of(ANN, "f")))
        yield storage


@pytest.fixture
def elsewhere(storage: SqliteStorage, file: Path) -> Iterator[SqliteStorage]:
    """The same file, as another process would have it."""
    with closing(SqliteStorage(file)) as elsewhere:
        yield elsewhere


def heard(storage: Storage, longest: float = 900, **clocks: Callable[[], float]) -> Standings:
    """They have heard of everything that was revoked before."""
    standings = Standings(storage, longest=longest, **clocks)
    assert standings.find_inline(FindStanding(HERS)) is NOT_YET  # that is nothing for an event loop
    thread = threading.Thread(target=standings.find, args=[FindStanding(HERS)])
    thread.start()
    thread.join()
    return standings


def next_turn(standings: Standings, token: SelfContained = HERS) -> Standing:
    standings.expire_turn()
    found = standings.find_inline(FindStanding(token))
    assert isinstance(found, Standing)
    return found


def test_within_a_turn_the_storage_is_not_asked_again(storage: SqliteStorage, elsewhere: SqliteStorage) -> None:
    standings = heard(storage)
    assert next_turn(standings) is GOOD
    elsewhere.end_families(EndFamilies(("family-f",)))
    assert standings.find_inline(FindStanding(HERS)) is GOOD
    assert standings.find_inline(FindStanding(HERS, fresh=True)) is REVOKED
    assert next_turn(standings) is REVOKED


@pytest.mark.parametrize("inline", [True, False], ids=["inline", "threaded"])
@pytest.mark.parametrize("own", [True, False], ids=["this-process", "another-process"])
def test_next_check_knows_of_every_change__F36(
    storage: SqliteStorage, elsewhere: SqliteStorage, inline: bool, own: bool
) -> None:
    standings = heard(storage)

    def check(token: SelfContained = HERS) -> Standing:
        return next_turn(standings, token) if inline else standings.find(FindStanding(token))

    changer = storage if own else elsewhere
    assert check() is GOOD
    changer.change_account(ChangeAccount("ann", roles=frozenset()))
    assert check() is OUTDATED
    changer.change_account(ChangeAccount("ann", roles=ANN.roles))
    assert check() is GOOD
    changer.revoke_token(RevokeToken("jti", NOW))
    assert check() is REVOKED
    other = replace(HERS, token_id="other", family="family-other")
    assert check(other) is GOOD
    changer.delete_account(DeleteAccount("ann"))
    assert check(other) is REVOKED
    changer.add_account(AddAccount(replace(ANN, stamp="ann-2")))
    assert check(other) is OUTDATED


def test_storage_is_asked_for_news_only_where_something_was_committed(file: Path, storage: SqliteStorage) -> None:
    class Listening(sqlite3.Connection):
        heard: ClassVar[list[str]] = []

        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            self.heard.append(sql.split()[0])
            return super().execute(sql, *parameters)

    with closing(SqliteStorage(file, Listening)) as listening:
        standings = heard(listening)
        assert next_turn(standings) is GOOD
        Listening.heard.clear()
        assert [next_turn(standings) for _ in range(3)] == [GOOD] * 3
        assert Listening.heard == ["PRAGMA"] * 3
        storage.start_session(StartSession(session_of(ANN, "a1")))
        assert next_turn(standings) is GOOD
        assert Listening.heard[3:] == ["PRAGMA", "SELECT"]


def test_whole_answer_that_was_overtaken_takes_nothing_back__F36(file: Path, storage: SqliteStorage) -> None:
    """One thread has read everything; before it takes that in another hears of a revocation that came later."""

    class Overtaken(SqliteStorage):
        overtake: Callable[[], None] | None = None

        def revocations_since(self, seq: int, *, wait: bool = True) -> Revocations:
            found = super().revocations_since(seq, wait=wait)
            overtake, self.overtake = self.overtake, None
            if overtake is not None:
                thread = threading.Thread(target=overtake)
                thread.start()
                thread.join()
            return found

    with closing(Overtaken(file)) as slow:
        standings = Standings(slow, longest=900)
        heard: list[Standing] = []

        def revoke() -> None:
            storage.end_families(EndFamilies(("family-f",)))
            heard.append(standings.find(FindStanding(HERS)))

        slow.overtake = revoke
        standings.find(FindStanding(HERS))
        assert heard == [REVOKED]
        assert standings.find(FindStanding(HERS)) is REVOKED
        assert next_turn(standings) is REVOKED


def test_missed_pages_are_all_heard__F38(storage: SqliteStorage, elsewhere: SqliteStorage) -> None:
    standings = heard(storage)
    assert next_turn(standings) is GOOD
    for number in range(2500):
        name = f"user{number}"
        elsewhere.put_accounts([replace(BOB, name=name), replace(BOB, name=name, disabled=True)])
    elsewhere.end_families(EndFamilies(("family-f",)))
    assert next_turn(standings) is REVOKED
    assert len(standings) == 2501


def test_failed_news_are_made_up_for__F39(file: Path, storage: SqliteStorage) -> None:
    class Flaky(sqlite3.Connection):
        fails_on = "nothing"

        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            if self.fails_on in sql:
                raise sqlite3.OperationalError("disk I/O error")
            return super().execute(sql, *parameters)

    with closing(SqliteStorage(file, Flaky)) as flaky:
        standings = heard(flaky)
        assert next_turn(standings) is GOOD
        storage.end_families(EndFamilies(("family-f",)))
        for Flaky.fails_on in ("data_version", "FROM changes"):
            for _ in range(2):
                standings.expire_turn()
                with pytest.raises(AnswerFailed):
                    standings.find_inline(FindStanding(HERS))
                with pytest.raises(AnswerFailed):
                    standings.find(FindStanding(HERS))
        Flaky.fails_on = "nothing"
        assert next_turn(standings) is REVOKED


def test_question_that_would_wait_says_not_yet(file: Path) -> None:
    with closing(SqliteStorage(file)) as storage, closing(sqlite3.connect(file, isolation_level=None)) as other:
        standings = heard(storage)
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        assert standings.find_inline(FindStanding(HERS)) is NOT_YET
        other.execute("COMMIT")
        other.close()
        assert next_turn(standings) is GOOD


class Clocks:
    """The time of day, which somebody may set, and one that only goes forwards."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.ticks = 0.0

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        self.ticks += seconds


def test_revocation_is_forgotten_when_its_tokens_are_dead__F38(monkeypatch: pytest.MonkeyPatch) -> None:
    storage, clocks = MemoryStorage(), Clocks(NOW)
    monkeypatch.setattr("time.time", lambda: clocks.now)
    standings = heard(storage, clock=lambda: clocks.now, ticks=lambda: clocks.ticks)

    def turn() -> int:
        storage.revoke_token(RevokeToken("news", 0))
        next_turn(standings)
        return len(standings)

    clocks.pass_by(100)
    storage.revoke_token(RevokeToken("old", 0))
    clocks.pass_by(1)
    assert turn() == 2
    for _ in range(14):
        clocks.pass_by(60)
        assert turn() == 2
    assert standings.find(FindStanding(replace(HERS, token_id="old"))) is REVOKED
    clocks.now += 10_000  # somebody sets the clock: nothing is older for that
    assert turn() == 2
    clocks.pass_by(180)
    assert turn() == 1


@pytest.mark.parametrize("later", [0.5, 0.9, 1.01, 1.1, 1.5, 1.9, 3])
@pytest.mark.parametrize("longest", [900.0, 80_000.0])
def test_account_made_anew_is_good_for_tokens_however_much_later(
    longest: float, later: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as a verifier remembers the one that was deleted, the storage does too, and tells of the new one."""
    storage, clocks = MemoryStorage(longest + 600), Clocks(NOW)
    monkeypatch.setattr("time.time", lambda: clocks.now)
    standings = heard(storage, longest, clock=lambda: clocks.now, ticks=lambda: clocks.ticks)
    storage.add_account(AddAccount(ANN))
    clocks.pass_by(longest / 7)
    storage.delete_account(DeleteAccount("ann"))
    clocks.pass_by(1)
    assert next_turn(standings) is REVOKED
    for _ in range(60):
        clocks.pass_by(later * longest / 60)
        storage.revoke_token(RevokeToken("news", 0))
        storage.clean_up(CleanUp(clocks.now))
        next_turn(standings)
    storage.add_account(AddAccount(ANN))
    assert next_turn(standings) is GOOD


def test_no_thread_is_ever_behind__F36(storage: Storage, elsewhere: Storage) -> None:
    standings = heard(storage)
    ended: set[int] = set()
    wrong: list[int] = []
    done = threading.Event()
    tokens = [replace(HERS, token_id=f"jti-{number}", family=None) for number in range(100)]

    def check() -> None:
        while not done.is_set():
            for number, token in enumerate(tokens):
                was_ended = number in ended
                if standings.find(FindStanding(token)) is GOOD and was_ended:
                    wrong.append(number)

    threads = [threading.Thread(target=check) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(100):
        (storage if number % 2 else elsewhere).revoke_token(RevokeToken(f"jti-{number}", NOW))
        ended.add(number)
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert {standings.find(FindStanding(token)) for token in tokens} == {REVOKED}
