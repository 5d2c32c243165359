"""What happens to changes when the disk is full, the file is locked, or any single statement fails."""

from __future__ import annotations

import re
import sqlite3
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.contract.storages import (
    ANN,
    APP,
    BOB,
    NOW,
    credential_of,
    family_of,
    fingerprint,
    key_of,
    session_of,
    spend_of,
    sqlite_file,
    token_of,
)
from tests.stores.test_slots import until
from watchword.core.ask import AnswerFailed
from watchword.core.credentials import RECOVERY_CODE
from watchword.core.questions import (
    AddAccount,
    AddClient,
    AddCredentials,
    AddKey,
    ChangeAccount,
    ChangeClient,
    CleanUp,
    ConfirmSecondFactor,
    DeleteAccount,
    DeleteClient,
    EndCredentials,
    EndFamilies,
    EndKeys,
    EndLinkedSessions,
    EndSession,
    EndSessions,
    FindAccount,
    FindClient,
    FindCredentials,
    FindKey,
    FindSession,
    FindToken,
    FinishLogIn,
    FoundSession,
    IssueAuthToken,
    KeepToken,
    ListAccounts,
    ListClients,
    ListFamilies,
    ListKeys,
    ListSessions,
    RevokeToken,
    RotateKey,
    SpendCredential,
    SpendOnce,
    StartFamily,
    StartSession,
    TouchKey,
    TouchSession,
    WriteSessionData,
)
from watchword.core.records import Account
from watchword.storage import Cached, Storage
from watchword.storage.memory import MemoryStorage
from watchword.storage.sql.sqlite import SqliteStorage


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = sqlite_file(tmp_path / "data")
    with closing(SqliteStorage(file)) as storage:
        storage.add_account(AddAccount(ANN))
        storage.start_session(StartSession(session_of(ANN, "a1")))
    return file


@pytest.fixture
def storage(file: Path) -> Iterator[SqliteStorage]:
    with closing(SqliteStorage(file)) as storage:
        yield storage


@pytest.fixture
def other(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection that follows none of our rules, such as an administrator's shell."""
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        yield other


def integrity(file: Path) -> str:
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        verdict: str = db.execute("PRAGMA integrity_check").fetchone()[0]
        return verdict


def is_kept(storage: Storage, token: str) -> bool:
    return storage.find_session(FindSession(fingerprint(token))) is not None


@dataclass
class Callers:
    """Threads that each ask one thing, and what came of it."""

    answers: list[object] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def call(self, work: Callable[[], object]) -> None:
        def run() -> None:
            try:
                self.answers.append(work())
            except Exception as failure:
                self.answers.append(failure)

        self.threads.append(threading.Thread(target=run))
        self.threads[-1].start()

    def join(self) -> list[object]:
        for thread in self.threads:
            thread.join(30)
        return self.answers


def commits(file: Path) -> int:
    """How many transactions the write-ahead log holds: a frame that carries the database's size ends one."""
    log = file.with_name(file.name + "-wal").read_bytes()
    if not log:
        return 0
    page_size, salt = struct.unpack(">8xI4x8s", log[:24])
    frames = [struct.unpack(">4xI8s", log[at : at + 16]) for at in range(32, len(log), 24 + page_size)]
    return sum(size > 0 and of == salt for size, of in frames)


def waiting(storage: SqliteStorage) -> int:
    """How many changes wait behind the one that waits for the lock."""
    return storage._processes.here().writer._jobs.qsize()


# --- groups --------------------------------------------------------------------------------------------------------


def test_changes_that_wait_together_share_one_commit(
    file: Path, storage: SqliteStorage, other: sqlite3.Connection
) -> None:
    callers = Callers()
    other.execute("BEGIN IMMEDIATE")
    for number in range(40):
        session = session_of(ANN, f"g{number}")
        callers.call(partial(storage.start_session, StartSession(session)))
    until(lambda: waiting(storage) == 39)
    before = commits(file)
    assert callers.answers == []
    other.execute("COMMIT")
    assert callers.join() == [True] * 40
    assert commits(file) - before == 1


def test_change_that_fails_in_a_group_fails_alone(storage: SqliteStorage, other: sqlite3.Connection) -> None:
    callers = Callers()
    other.execute("BEGIN IMMEDIATE")
    bad = session_of(ANN, "bad", user_agent="\ud800")
    for session in [session_of(ANN, "g1"), bad, session_of(ANN, "g2")]:
        callers.call(partial(storage.start_session, StartSession(session)))
    until(lambda: waiting(storage) == 2)
    other.execute("COMMIT")
    answers = callers.join()
    assert answers.count(True) == 2
    assert [type(answer) for answer in answers if answer is not True] == [UnicodeEncodeError]
    assert [is_kept(storage, token) for token in ("g1", "bad", "g2")] == [True, False, True]


def test_failing_statement_takes_back_its_change_but_no_other(file: Path, other: sqlite3.Connection) -> None:
    """The change has written something already when its last statement fails."""
    other.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON changes WHEN NEW.kind = 'account'"
        " BEGIN SELECT RAISE(FAIL, 'refused'); END"
    )
    with closing(SqliteStorage(file)) as storage:
        callers = Callers()
        other.execute("BEGIN IMMEDIATE")
        callers.call(lambda: storage.start_session(StartSession(session_of(ANN, "g1"))))
        callers.call(lambda: storage.change_account(ChangeAccount("ann", stamp="ann-2")))
        until(lambda: waiting(storage) == 1)
        other.execute("COMMIT")
        answers = callers.join()
        assert sorted(type(answer).__name__ for answer in answers) == ["AnswerFailed", "bool"]
        assert [is_kept(storage, token) for token in ("a1", "g1")] == [True, True]
        assert storage.find_account(FindAccount("ann")) == ANN


def test_what_is_answered_is_synced_to_the_disk__F5(file: Path) -> None:
    """SQLite's manual: in WAL mode only synchronous=FULL (2) survives a power cut."""

    class Asked(sqlite3.Connection):
        opened: ClassVar[list[sqlite3.Connection]] = []

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.opened.append(self)

    with closing(SqliteStorage(file, Asked)) as storage:
        storage.add_account(AddAccount(BOB))
        (writer,) = Asked.opened
        settings = ("journal_mode", "synchronous", "foreign_keys")
        assert [writer.execute(f"PRAGMA {name}").fetchone()[0] for name in settings] == ["wal", 2, 1]


def test_touches_are_written_together_within_a_second_or_so(file: Path, storage: SqliteStorage) -> None:
    storage.put_sessions(session_of(ANN, f"t{number}") for number in range(1500))
    before = commits(file)
    for moment in range(10):
        for number in range(1500):
            storage.touch_session(TouchSession(fingerprint(f"t{number}"), NOW + moment))
    deadline = time.monotonic() + 60
    while sum(session.last_seen == NOW + 9 for session in storage.all_sessions()) < 1500:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert commits(file) - before <= 60


def test_closing_writes_the_touches_that_wait(file: Path, storage: SqliteStorage) -> None:
    with closing(SqliteStorage(file)) as first:
        first.touch_session(TouchSession(fingerprint("a1"), NOW + 5))
    found = storage.find_session(FindSession(fingerprint("a1")))
    assert found is not None
    assert found.session.last_seen == NOW + 5


class FailingTouches(sqlite3.Connection):
    """To write touches fails so many times."""

    times: ClassVar[int]

    def executemany(self, sql: str, parameters: Any) -> sqlite3.Cursor:
        if FailingTouches.times > 0 and "last_seen" in sql:
            FailingTouches.times -= 1
            raise sqlite3.OperationalError("disk I/O error")
        return super().executemany(sql, parameters)


def test_touch_that_could_not_be_written_is_written_later__F39(file: Path) -> None:
    FailingTouches.times = 2
    with closing(SqliteStorage(file, FailingTouches)) as storage:
        storage.touch_session(TouchSession(fingerprint("a1"), NOW + 5))
        with pytest.raises(AnswerFailed):
            storage.end_session(EndSession(fingerprint("a1")))
        storage.touch_session(TouchSession(fingerprint("a1"), NOW + 3))
        deadline = time.monotonic() + 60
        while [session.last_seen for session in storage.all_sessions()] != [NOW + 5]:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_closing_ends_the_thread_though_nothing_can_be_written(file: Path) -> None:
    FailingTouches.times = 1_000_000
    before = set(threading.enumerate())  # other tests' may go on
    storage = SqliteStorage(file, FailingTouches)
    storage.touch_session(TouchSession(fingerprint("a1"), NOW + 5))
    writers = [thread for thread in set(threading.enumerate()) - before if thread.name == "watchword-writer"]
    assert writers
    storage.close()
    assert not any(thread.is_alive() for thread in writers)


# --- locks ---------------------------------------------------------------------------------------------------------


def test_readers_do_not_notice_a_long_transaction_of_another__F6(
    storage: SqliteStorage, other: sqlite3.Connection
) -> None:
    cache = Cached(storage, clock=lambda: NOW)
    callers = Callers()
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE sessions SET address = 'elsewhere'")
    callers.call(lambda: storage.start_session(StartSession(session_of(ANN, "waits"))))
    until(lambda: storage._processes.here().writer._thread is not None)
    for _ in range(300):
        cache.expire_turn()
        for fresh in (True, False):
            found = cache.find_session_inline(FindSession(fingerprint("a1"), fresh=fresh))
            assert isinstance(found, FoundSession)
            assert found.session.address == "192.0.2.7"
        assert storage.find_account(FindAccount("ann")) == ANN
        storage.touch_session(TouchSession(fingerprint("a1"), NOW + 1))
    # Whoever had waited would have done so until now, and in vain: what waits has its answer after five seconds.
    assert callers.answers == []
    other.execute("ROLLBACK")
    assert callers.join() == [True]


def test_change_that_cannot_be_written_fails_after_a_bounded_wait__F6(
    storage: SqliteStorage, other: sqlite3.Connection
) -> None:
    other.execute("BEGIN IMMEDIATE")
    callers = Callers()
    began = time.monotonic()
    for number in range(3):
        session = session_of(ANN, f"w{number}")
        callers.call(partial(storage.start_session, StartSession(session)))
    answers = callers.join()
    assert 4.5 < time.monotonic() - began < 30
    assert [type(answer) for answer in answers] == [AnswerFailed] * 3
    assert not any("locked" in str(answer) for answer in answers)
    other.execute("COMMIT")
    assert storage.end_session(EndSession(fingerprint("a1")))
    assert not any(is_kept(storage, f"w{number}") for number in range(3))


# --- a full disk ---------------------------------------------------------------------------------------------------


class SmallDisk(sqlite3.Connection):
    """The database may have so many pages and no more: SQLite then says that the disk is full."""

    pages: ClassVar[int]
    opened: ClassVar[list[SmallDisk]]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.execute(f"PRAGMA max_page_count = {self.pages}")
        self.opened.append(self)


def test_full_disk_fails_changes_and_no_look_up__F4(file: Path) -> None:
    SmallDisk.pages, SmallDisk.opened = 60, []
    with closing(SqliteStorage(file, SmallDisk)) as storage:
        cache = Cached(storage, clock=lambda: NOW)
        kept, failed = [], []
        for number in range(400):
            token = f"f{number}"
            try:
                assert storage.start_session(StartSession(session_of(ANN, token, data={"filler": "x" * 500})))
                kept.append(token)
            except AnswerFailed as failure:
                failed.append(str(failure))
            if len(failed) == 10:
                break
        assert kept
        assert len(failed) == 10
        assert "full" in failed[-1]
        for token in kept:
            cache.expire_turn()
            assert isinstance(cache.find_session_inline(FindSession(fingerprint(token))), FoundSession)
            storage.touch_session(TouchSession(fingerprint(token), NOW + 1))
        assert {session.id for session in storage.all_sessions()} == {"id-a1", *(f"id-{token}" for token in kept)}
        storage.check()
        # To end sessions takes little room: SQLite reuses what they leave.
        assert storage.end_session(EndSession(fingerprint(kept[0])))
        SmallDisk.pages = 1_000_000
        for connection in SmallDisk.opened:
            with suppress(sqlite3.ProgrammingError):  # closed since
                connection.execute(f"PRAGMA max_page_count = {SmallDisk.pages}")
        assert storage.start_session(StartSession(session_of(ANN, "after")))
        assert is_kept(storage, "after")
    assert integrity(file) == "ok"


def test_damaged_file_answers_no_question_wrongly(file: Path) -> None:
    with closing(SqliteStorage(file)) as storage:
        storage.put_sessions(session_of(ANN, f"d{number}") for number in range(300))
    damaged = bytearray(file.read_bytes())
    damaged[4096:] = b"\xa5" * (len(damaged) - 4096)
    file.write_bytes(damaged)
    with closing(SqliteStorage(file)) as storage:
        for ask in (
            lambda: storage.find_session(FindSession(fingerprint("d1"))),
            lambda: storage.find_account(FindAccount("ann")),
            lambda: storage.start_session(StartSession(session_of(ANN, "new"))),
            lambda: storage.list_accounts(ListAccounts()),
            storage.check,
        ):
            with pytest.raises(AnswerFailed):
                ask()


def test_record_that_is_damaged_is_no_answer(storage: SqliteStorage, other: sqlite3.Connection) -> None:
    other.execute("UPDATE accounts SET roles = '{'")
    with pytest.raises(AnswerFailed):
        storage.find_session(FindSession(fingerprint("a1")))
    with pytest.raises(AnswerFailed):
        storage.change_account(ChangeAccount("ann", stamp="ann-2"))


def test_file_that_is_gone_is_a_failure_and_no_new_database(tmp_path: Path) -> None:
    with closing(SqliteStorage(tmp_path / "gone.db")) as storage:
        with pytest.raises(AnswerFailed):
            storage.find_account(FindAccount("ann"))
        with pytest.raises(AnswerFailed):
            storage.add_account(AddAccount(ANN))
        with pytest.raises(AnswerFailed):
            storage.check()
    assert list(tmp_path.iterdir()) == []


def test_look_up_after_a_failure_opens_the_file_anew(file: Path) -> None:
    class Failing(sqlite3.Connection):
        opened: ClassVar[int] = 0
        fails: ClassVar[bool] = True

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            Failing.opened += 1

        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            if self.fails and sql.startswith("SELECT"):
                raise sqlite3.DatabaseError("database disk image is malformed")
            return super().execute(sql, *parameters)

    with closing(SqliteStorage(file, Failing)) as storage:
        for opened in (1, 2):
            with pytest.raises(AnswerFailed):
                storage.find_account(FindAccount("ann"))
            assert Failing.opened == opened
        Failing.fails = False
        assert storage.find_account(FindAccount("ann")) == ANN


def test_no_statement_walks_through_all_records(file: Path, other: sqlite3.Connection) -> None:
    """What a check, a log-in or a limit costs does not grow with how many sessions and users there are."""

    class Listening(sqlite3.Connection):
        heard: ClassVar[set[str]] = set()

        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            self.heard.add(sql)
            return super().execute(sql, *parameters)

        def executemany(self, sql: str, parameters: Any) -> sqlite3.Cursor:
            self.heard.add(sql)
            return super().executemany(sql, parameters)

    with closing(SqliteStorage(file, Listening)) as storage:
        for step in A_DAY:
            step(storage)
        storage.touch_session(TouchSession(fingerprint("a1"), NOW))
        storage.end_sessions(EndSessions(None, id="id-a1"))
        storage.end_sessions(EndSessions("ann"))
        storage.list_sessions(ListSessions("ann", NOW))
        storage.list_sessions(ListSessions(None, NOW))
        storage.touch_key(TouchKey(fingerprint("k1"), NOW))
        storage.put_clients([APP])
        storage.put_keys([key_of(BOB, "k9")])
        storage.put_families([family_of(BOB, "f9")])
        storage.find_client(FindClient("app"))
        list(storage.all_credentials())
        for subject in ("ann", None):
            storage.list_families(ListFamilies(subject, NOW))
            storage.list_families(ListFamilies(subject, NOW, after=""))
            storage.list_keys(ListKeys(subject))
        storage.list_clients(ListClients())
        storage.end_families(EndFamilies(("family-f9",)))
        storage.delete_client(DeleteClient("app"))
        storage.delete_account(DeleteAccount("bob"))
        storage.changes_since(1)
        for seq in (1, -1):
            storage.revocations_since(seq)
    statements = [sql for sql in Listening.heard if sql.split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE")]
    assert len(statements) > 60
    walks = set()
    for sql in statements:
        names = dict.fromkeys(re.findall(r":(\w+)", sql))
        for *_, detail in other.execute(f"EXPLAIN QUERY PLAN {sql}", names or [None] * sql.count("?")).fetchall():
            if re.match(r"SCAN (?!CONSTANT ROW|l$|(\w+) USING INDEX \1_by_age)", detail):
                walks.add((detail, sql))
    assert walks == set()


def test_value_is_used_up_by_one_write__F3(file: Path) -> None:
    """Digest and signed requests spend one each: nothing is looked up before, and nothing noted after."""

    class Listening(sqlite3.Connection):
        heard: ClassVar[list[str]] = []

        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            self.heard.append(sql.split()[0])
            return super().execute(sql, *parameters)

    with closing(SqliteStorage(file, Listening)) as storage:
        storage.forget_failures("nothing")
        for value, answer in ((b"1", True), (b"1", False), (b"2", True)):
            Listening.heard.clear()
            assert storage.spend_once(SpendOnce("once", value, NOW)) is answer
            assert Listening.heard == ["BEGIN", "SAVEPOINT", "INSERT", "RELEASE", "COMMIT"]


# --- every statement fails once --------------------------------------------------------------------------------------


class FailingNth(sqlite3.Connection):
    """The n-th statement of all connections fails, as on an I/O error."""

    left: ClassVar[int]

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        self._count()
        return super().execute(sql, *parameters)

    def executemany(self, sql: str, parameters: Any) -> sqlite3.Cursor:
        self._count()
        return super().executemany(sql, parameters)

    def _count(self) -> None:
        FailingNth.left -= 1
        if FailingNth.left == 0:
            raise sqlite3.OperationalError("disk I/O error")


CODE = credential_of(BOB, "code", kind=RECOVERY_CODE, confirmed=True)
A_DAY: list[Callable[[Any], object]] = [
    lambda s: s.add_account(AddAccount(BOB)),
    lambda s: s.start_session(StartSession(session_of(BOB, "b1"))),
    lambda s: s.find_session(FindSession(fingerprint("b1"))),
    lambda s: s.start_session(StartSession(session_of(ANN, "a2"), replaces=fingerprint("a1"), max_per_user=2)),
    lambda s: s.write_session_data(WriteSessionData(fingerprint("a2"), {"k": 1})),
    lambda s: s.issue_auth_token(IssueAuthToken("bob", NOW, 900)),
    lambda s: s.note_failure("bob", NOW, 60),
    lambda s: s.change_account(ChangeAccount("bob", stamp="bob-2", keep=fingerprint("b1"))),
    lambda s: s.note_place("bob", "192.0.2.7", NOW),
    lambda s: s.add_client(AddClient(APP)),
    lambda s: s.start_family(StartFamily(family_of(BOB, "f1", stamp="bob-2"), most=2)),
    lambda s: s.start_family(StartFamily(family_of(ANN, "f2", client_id="app", scopes=APP.scopes))),
    lambda s: s.keep_token(KeepToken(token_of(BOB, "t1", stamp="bob-2", family="family-f1"))),
    lambda s: s.keep_token(KeepToken(token_of(APP, "t2"))),
    lambda s: s.spend_refresh(spend_of("f1", 0)),
    lambda s: s.spend_refresh(spend_of("f1", 0)),
    lambda s: s.find_token(FindToken(fingerprint("t1"))),
    lambda s: s.spend_refresh(spend_of("f1", 0, client=b"a thief")),
    lambda s: s.add_key(AddKey(key_of(BOB, "k1"))),
    lambda s: s.rotate_key(RotateKey("key-k1", "bob", key_of(BOB, "k2"), NOW + 60)),
    lambda s: s.find_key(FindKey(fingerprint("k1"))),
    lambda s: s.end_keys(EndKeys(("key-k2",))),
    lambda s: s.change_client(ChangeClient("app", scopes=frozenset({"read"}))),
    lambda s: s.revoke_token(RevokeToken("token-t2", NOW)),
    lambda s: s.add_credentials(AddCredentials((credential_of(BOB, "c1"),))),
    lambda s: s.add_credentials(AddCredentials((CODE, credential_of(BOB, "c2")), replacing=True)),
    lambda s: s.find_credentials(FindCredentials("bob")),
    lambda s: s.confirm_second_factor(ConfirmSecondFactor("bob", "credential-c2", "bob-3", keep=fingerprint("b1"))),
    lambda s: s.spend_credential(SpendCredential("bob", CODE.kind, CODE.secret)),
    lambda s: s.end_credentials(EndCredentials("bob")),
    lambda s: s.put_credentials([credential_of(BOB, "c3", confirmed=True)]).created,
    lambda s: s.spend_once(SpendOnce("once", b"value", NOW + 60)),
    lambda s: s.linked.end_sessions(EndLinkedSessions("i", NOW, account="ann", spends=SpendOnce("o", b"1", NOW + 60))),
    lambda s: s.finish_log_in(FinishLogIn(id=b"1", subject="bob", linked=None, expires_at=NOW, until=NOW + 60)),
    lambda s: s.put_accounts([ANN, BOB]).created,
    lambda s: s.end_session(EndSession(fingerprint("a2"))),
    lambda s: s.clean_up(CleanUp(NOW + 60)),
    lambda s: len(s.list_accounts(ListAccounts()).accounts),
]


def test_each_statement_fails_once_and_every_answer_stays_true__F39(tmp_path: Path) -> None:
    """For each n: what was answered was done, what failed was not, and afterwards all works."""
    nth, failures = 0, 1
    while failures:
        nth += 1
        failures = 0
        reference = MemoryStorage()
        file = sqlite_file(tmp_path / str(nth))
        FailingNth.left = 0
        with closing(SqliteStorage(file, FailingNth)) as storage:
            for each in (reference, storage):
                each.add_account(AddAccount(ANN))
                each.start_session(StartSession(session_of(ANN, "a1")))
            FailingNth.left = nth
            for step in A_DAY:
                try:
                    answer = step(storage)
                except AnswerFailed:
                    failures += 1
                else:
                    assert answer == step(reference), nth
            FailingNth.left = 0
            assert failures <= 1, nth
            assert list(storage.all_accounts()) == list(reference.all_accounts()), nth
            by_id = [sorted(each.all_sessions(), key=lambda session: session.id) for each in (storage, reference)]
            assert by_id[0] == by_id[1], nth
            assert list(storage.all_families()) == list(reference.all_families()), nth
            assert list(storage.all_keys()) == list(reference.all_keys()), nth
            assert list(storage.all_clients()) == list(reference.all_clients()), nth
            assert list(storage.all_credentials()) == list(reference.all_credentials()), nth
            for token in ("t1", "t2"):
                question = FindToken(fingerprint(token))
                assert storage.find_token(question) == reference.find_token(question), nth
            entries = [each.revocations_since(-1).entries for each in (storage, reference)]
            told = [{(entry.what, entry.key, entry.state, entry.scopes) for entry in each} for each in entries]
            assert told[0] == told[1], nth
            assert storage.failures("bob") == reference.failures("bob"), nth
            assert storage.is_known_place("bob", "192.0.2.7") == reference.is_known_place("bob", "192.0.2.7"), nth
            later = Account(name="later", stamp="later-1")
            assert storage.add_account(AddAccount(later))
            assert storage.find_account(FindAccount("later")) == later
        assert integrity(file) == "ok"
    assert nth > 150
