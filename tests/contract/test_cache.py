"""The cache is quick within a turn of the event loop, and never behind after it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
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
    sqlite_file,
    token_of,
)
from watchword.core.ask import NOT_YET, AnswerFailed
from watchword.core.credentials import TOTP
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
    EndSession,
    EndSessions,
    FindAccount,
    FindCredentials,
    FindKey,
    FindSession,
    FindToken,
    FoundSession,
    KeepToken,
    RevokeToken,
    RotateKey,
    SpendCredential,
    StartFamily,
    StartSession,
    TouchKey,
    TouchSession,
)
from watchword.storage import Cached, Storage
from watchword.storage.memory import MemoryStorage
from watchword.storage.sql.sqlite import SqliteStorage

A1 = FindSession(fingerprint("a1"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return sqlite_file(tmp_path / "data")


@pytest.fixture
def storage(file: Path) -> Iterator[SqliteStorage]:
    with closing(SqliteStorage(file)) as storage:
        storage.add_account(AddAccount(ANN))
        storage.add_account(AddAccount(BOB))
        storage.start_session(StartSession(session_of(ANN, "a1")))
        storage.start_session(StartSession(session_of(ANN, "a2")))
        storage.start_session(StartSession(session_of(BOB, "b1")))
        yield storage


@pytest.fixture
def elsewhere(storage: SqliteStorage, file: Path) -> Iterator[SqliteStorage]:
    """The same file, as another process would have it."""
    with closing(SqliteStorage(file)) as elsewhere:
        yield elsewhere


def cached(storage: Storage, now: float = NOW, size: int = 100) -> Cached:
    return Cached(storage, size=size, clock=lambda: now)


def seen(cache: Cached, token: str) -> bool:
    """What a check of the next turn finds."""
    cache.expire_turn()
    found = cache.find_session_inline(FindSession(fingerprint(token)))
    assert found is not NOT_YET
    return found is not None


def in_thread(work: Callable[[], Any]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_within_a_turn_the_storage_is_not_asked_again(storage: SqliteStorage, elsewhere: SqliteStorage) -> None:
    cache = cached(storage)
    first = cache.find_session_inline(A1)
    elsewhere.end_session(EndSession(fingerprint("a1")))
    assert cache.find_session_inline(A1) is first
    cache.expire_turn()
    assert cache.find_session_inline(A1) is None


def test_turn_is_verified_once(storage: SqliteStorage, elsewhere: SqliteStorage) -> None:
    cache = cached(storage)
    assert cache.verify_fresh()
    assert cache.find_session_inline(A1) is not None
    elsewhere.end_sessions(EndSessions(None))
    assert cache.verify_fresh()
    assert cache.find_session_inline(A1) is not None
    cache.expire_turn()
    assert cache.verify_fresh()
    assert cache.find_session_inline(A1) is None


def test_fresh_question_passes_the_cache_by(storage: SqliteStorage, elsewhere: SqliteStorage) -> None:
    cache = cached(storage)
    assert cache.find_session_inline(A1) is not None
    assert cache.find_account_inline(FindAccount("ann")) == ANN
    elsewhere.change_account(ChangeAccount("ann", stamp="ann-2"))
    assert cache.find_session_inline(replace(A1, fresh=True)) is None
    assert cache.find_account_inline(FindAccount("ann", fresh=True)) == replace(ANN, stamp="ann-2")


@pytest.mark.parametrize("own", [True, False], ids=["this-process", "another-process"])
def test_changed_account_drops_what_hangs_on_it__F25__F36(
    storage: SqliteStorage, elsewhere: SqliteStorage, own: bool
) -> None:
    cache = cached(storage)
    assert [seen(cache, token) for token in ("a1", "a2", "b1")] == [True, True, True]
    (storage if own else elsewhere).change_account(ChangeAccount("ann", stamp="ann-2", keep=fingerprint("a2")))
    assert [seen(cache, token) for token in ("a1", "a2", "b1")] == [False, True, True]
    found = cache.find_session_inline(FindSession(fingerprint("a2")))
    assert isinstance(found, FoundSession)
    assert found.session.stamp == found.account.stamp == "ann-2"
    assert cache.find_account_inline(FindAccount("ann")) == replace(ANN, stamp="ann-2")


def test_only_what_changed_is_forgotten(storage: SqliteStorage, elsewhere: SqliteStorage) -> None:
    cache = cached(storage)
    assert [seen(cache, token) for token in ("a1", "a2", "b1")] == [True] * 3
    before = {token: cache.find_session(FindSession(fingerprint(token))) for token in ("a2", "b1")}
    elsewhere.end_session(EndSession(fingerprint("a1")))
    elsewhere.touch_session(TouchSession(fingerprint("b1"), NOW + 1))
    elsewhere.forget_failures("nothing")
    assert not seen(cache, "a1")
    assert cache.find_session_inline(FindSession(fingerprint("a2"))) is before["a2"]
    assert cache.find_session_inline(FindSession(fingerprint("b1"))) is before["b1"]


def test_absence_is_not_remembered(storage: SqliteStorage, elsewhere: SqliteStorage) -> None:
    cache = cached(storage)
    assert not seen(cache, "a3")
    assert cache.find_account_inline(FindAccount("cleo")) is None
    elsewhere.start_session(StartSession(session_of(ANN, "a3")))
    elsewhere.add_account(AddAccount(replace(ANN, name="cleo")))
    assert seen(cache, "a3")
    assert cache.find_account_inline(FindAccount("cleo")) == replace(ANN, name="cleo")


@pytest.mark.parametrize("kind", ["session", "account"])
def test_record_read_before_a_revocation_is_not_kept_after_it(file: Path, storage: SqliteStorage, kind: str) -> None:
    """One thread has read the row; before it puts it in the cache another revokes, and hears of it."""

    class Overtaken(SqliteStorage):
        overtake: Callable[[], None] | None = None

        def find_session(self, question: FindSession, *, wait: bool = True) -> FoundSession | None:
            found = super().find_session(question, wait=wait)
            self.pause()
            return found

        def find_account(self, question: FindAccount, *, wait: bool = True) -> Any:
            found = super().find_account(question, wait=wait)
            self.pause()
            return found

        def pause(self) -> None:
            overtake, self.overtake = self.overtake, None
            if overtake is not None:
                in_thread(overtake)

    with closing(Overtaken(file)) as slow:
        cache = cached(slow)

        def revoke() -> None:
            storage.change_account(ChangeAccount("ann", stamp="ann-2"))
            assert cache.find_session(FindSession(fingerprint("b1"))) is not None  # hears of the change

        assert seen(cache, "b1")
        slow.overtake = revoke
        cache.expire_turn()
        if kind == "session":
            assert cache.find_session_inline(A1) is not None  # true when it was read
            assert not seen(cache, "a1")
        else:
            assert cache.find_account_inline(FindAccount("ann")) == ANN
            cache.expire_turn()
            assert cache.find_account_inline(FindAccount("ann")) == replace(ANN, stamp="ann-2")


def test_session_that_looks_idle_is_asked_for_again(storage: SqliteStorage, elsewhere: SqliteStorage) -> None:
    later = NOW + 1_800  # the second on which it would end
    cache = cached(storage, now=later)
    assert seen(cache, "a1")
    elsewhere.touch_session(TouchSession(fingerprint("a1"), NOW + 60))
    elsewhere.forget_failures("nothing")
    found = cache.find_session_inline(A1)
    assert isinstance(found, FoundSession)
    assert found.session.last_seen == NOW + 60


def test_touched_session_is_remembered_as_touched(storage: SqliteStorage) -> None:
    cache = cached(storage)
    assert seen(cache, "a1")
    for now, expected in [(NOW + 5, NOW + 5), (NOW + 3, NOW + 5)]:
        cache.touch_session(TouchSession(fingerprint("a1"), now))
        found = cache.find_session_inline(A1)
        assert isinstance(found, FoundSession)
        assert found.session == replace(session_of(ANN, "a1"), last_seen=expected)
        assert found.account == ANN


def test_touch_of_a_dropped_session_does_not_bring_it_back(storage: SqliteStorage) -> None:
    cache = cached(storage)
    assert seen(cache, "a1")
    storage.end_session(EndSession(fingerprint("a1")))
    assert not seen(cache, "a1")
    cache.touch_session(TouchSession(fingerprint("a1"), NOW + 5))
    assert not seen(cache, "a1")


def test_cache_is_bounded__F38(storage: SqliteStorage) -> None:
    cache = cached(storage, size=2)
    for _ in range(2):
        for token in ("a1", "a2", "b1"):
            assert seen(cache, token)
            assert len(cache) <= 2
    for name in ("ann", "bob"):
        assert cache.find_account(FindAccount(name)) is not None
    storage.end_sessions(EndSessions("ann"))
    assert [seen(cache, token) for token in ("a1", "a2", "b1")] == [False, False, True]


def test_sessions_of_one_account_share_its_record(storage: SqliteStorage) -> None:
    cache = cached(storage)
    found = [cache.find_session(FindSession(fingerprint(token))) for token in ("a1", "a2")]
    again = [cache.find_session(FindSession(fingerprint(token))) for token in ("a1", "a2")]
    assert all(found)
    assert again[0] is not None
    assert again[1] is not None
    assert again[0].account is again[1].account is cache.find_account(FindAccount("ann"))


def test_look_up_that_would_wait_says_not_yet__memory() -> None:
    storage = MemoryStorage()
    storage.add_account(AddAccount(ANN))
    cache = cached(storage)
    held, release = threading.Event(), threading.Event()

    class Slow:
        def __deepcopy__(self, memo: object) -> None:
            held.set()  # the storage copies it under its lock
            release.wait(60)

    thread = threading.Thread(
        target=lambda: storage.start_session(StartSession(session_of(ANN, "a1", data={"slow": Slow()})))
    )
    thread.start()
    assert held.wait(60)
    try:
        assert cache.find_session_inline(A1) is NOT_YET
        assert cache.find_account_inline(FindAccount("ann")) is NOT_YET
        assert cache.find_credentials_inline(FindCredentials("ann")) is NOT_YET
        assert not cache.verify_fresh()
    finally:
        release.set()
        thread.join()
    assert seen(cache, "a1")


def test_look_up_that_would_wait_says_not_yet__sqlite(file: Path) -> None:
    with closing(SqliteStorage(file)) as storage, closing(sqlite3.connect(file, isolation_level=None)) as other:
        cache = cached(storage)
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        assert cache.find_session_inline(A1) is NOT_YET
        assert cache.find_account_inline(FindAccount("ann")) is NOT_YET
        assert cache.find_credentials_inline(FindCredentials("ann")) is NOT_YET
        assert not cache.verify_fresh()
        other.execute("COMMIT")
        other.close()
        assert cache.verify_fresh()
        assert cache.find_session_inline(A1) is None


def test_changes_are_read_only_where_something_was_committed(file: Path, storage: SqliteStorage) -> None:
    class Listening(sqlite3.Connection):
        heard: ClassVar[list[str]] = []

        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            self.heard.append(sql)
            return super().execute(sql, *parameters)

    with closing(SqliteStorage(file, Listening)) as listening:
        cache = cached(listening)
        assert seen(cache, "a1")
        Listening.heard.clear()
        assert [seen(cache, "a1") for _ in range(3)] == [True] * 3
        assert Listening.heard == ["PRAGMA data_version"] * 3
        storage.end_session(EndSession(fingerprint("a2")))
        assert seen(cache, "a1")
        assert [sql.split()[0] for sql in Listening.heard[3:]] == ["PRAGMA", "SELECT"]


def test_failed_catch_up_is_made_up_for__F39(file: Path, storage: SqliteStorage) -> None:
    class Flaky(sqlite3.Connection):
        fails_on = "nothing"

        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            if self.fails_on in sql:
                raise sqlite3.OperationalError("disk I/O error")
            return super().execute(sql, *parameters)

    with closing(SqliteStorage(file, Flaky)) as flaky:
        cache = cached(flaky)
        assert seen(cache, "a1")
        storage.end_session(EndSession(fingerprint("a1")))
        for Flaky.fails_on in ("data_version", "FROM changes"):
            for _ in range(2):
                cache.expire_turn()
                with pytest.raises(AnswerFailed):
                    cache.find_session_inline(A1)
                with pytest.raises(AnswerFailed):
                    cache.find_session(A1)
        Flaky.fails_on = "nothing"
        assert not seen(cache, "a1")


def test_no_thread_is_ever_behind__F36(storage: SqliteStorage, elsewhere: SqliteStorage) -> None:
    """Six threads look up through one cache while sessions end; none sees one after its end was answered."""
    cache = cached(storage)
    ended: set[str] = set()
    wrong: list[str] = []
    done = threading.Event()
    tokens = [f"x{number}" for number in range(150)]
    elsewhere.put_sessions(session_of(ANN, token) for token in tokens)

    def check() -> None:
        while not done.is_set():
            for token in tokens:
                was_ended = token in ended
                if cache.find_session(FindSession(fingerprint(token))) is not None and was_ended:
                    wrong.append(token)

    threads = [threading.Thread(target=check) for _ in range(6)]
    for thread in threads:
        thread.start()
    for number, token in enumerate(tokens):
        (storage if number % 2 else elsewhere).end_session(EndSession(fingerprint(token)))
        ended.add(token)
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert not any(cache.find_session(FindSession(fingerprint(token))) for token in tokens)


# --- API keys and reference tokens ---------------------------------------------------------------------------------


def grant(storage: Storage) -> None:
    storage.add_client(AddClient(APP))
    storage.start_family(StartFamily(family_of(ANN, "f")))
    for name, token in {
        "with-family": token_of(ANN, "with-family", family="family-f"),
        "lent": token_of(ANN, "lent", client_id="app", scopes=frozenset({"write"})),
        "bobs": token_of(BOB, "bobs"),
        "own": token_of(APP, "own"),
    }.items():
        assert storage.keep_token(KeepToken(token)), name
    assert storage.add_key(AddKey(key_of(ANN, "ann-key")))
    assert storage.add_key(AddKey(key_of(BOB, "bob-key")))


TOKENS, KEYS = ("with-family", "lent", "bobs", "own"), ("ann-key", "bob-key")


def remembered(cache: Cached) -> dict[str, object]:
    """What a check of the next turn finds, by name."""
    cache.expire_turn()
    found: dict[str, object] = {name: cache.find_token_inline(FindToken(fingerprint(name))) for name in TOKENS}
    found |= {name: cache.find_key_inline(FindKey(fingerprint(name))) for name in KEYS}
    assert NOT_YET not in found.values()
    return found


# Each change, what is gone afterwards, and what is another than before.
GRANT_CHANGES: dict[str, tuple[Callable[[Storage], object], set[str], set[str]]] = {
    "token-revoked": (lambda s: s.revoke_token(RevokeToken("token-bobs", NOW)), {"bobs"}, set()),
    "family-ended": (lambda s: s.end_families(EndFamilies(("family-f",))), {"with-family"}, set()),
    "password": (lambda s: s.change_account(ChangeAccount("ann", stamp="ann-2")), {"with-family", "lent"}, {"ann-key"}),
    "roles": (
        lambda s: s.change_account(ChangeAccount("ann", roles=frozenset())),
        set(),
        {"with-family", "lent", "ann-key"},
    ),
    "attributes": (lambda s: s.change_account(ChangeAccount("bob", attributes={"k": "v"})), set(), {"bobs", "bob-key"}),
    "disabled": (lambda s: s.change_account(ChangeAccount("ann", disabled=True)), {"with-family", "lent"}, {"ann-key"}),
    "deleted": (lambda s: s.delete_account(DeleteAccount("ann")), {"with-family", "lent", "ann-key"}, set()),
    "client-narrowed": (lambda s: s.change_client(ChangeClient("app", scopes=frozenset({"write"}))), {"own"}, {"lent"}),
    "client-roles": (lambda s: s.change_client(ChangeClient("app", roles=frozenset())), set(), {"own", "lent"}),
    "client-deleted": (lambda s: s.delete_client(DeleteClient("app")), {"own", "lent"}, set()),
    "key-ended": (lambda s: s.end_keys(EndKeys(("key-ann-key",))), {"ann-key"}, set()),
    "key-rotated": (
        lambda s: s.rotate_key(RotateKey("key-ann-key", "ann", key_of(ANN, "new"), NOW + 60)),
        set(),
        {"ann-key"},
    ),
    "cleaned-up": (lambda s: s.clean_up(CleanUp(NOW - 1)), set(), set()),
}


@pytest.mark.parametrize(("change", "gone", "other"), GRANT_CHANGES.values(), ids=map("F36-{}".format, GRANT_CHANGES))
@pytest.mark.parametrize("own", [True, False], ids=["this-process", "another-process"])
def test_keys_and_tokens_are_forgotten_with_what_they_hang_on__F36(
    storage: SqliteStorage,
    elsewhere: SqliteStorage,
    own: bool,
    change: Callable[[Storage], object],
    gone: set[str],
    other: set[str],
) -> None:
    grant(storage)
    cache = cached(storage)
    before = remembered(cache)
    assert None not in before.values()
    change(storage if own else elsewhere)
    after = remembered(cache)
    assert {name for name in after if after[name] is None} == gone
    assert {name for name in after if after[name] is not None and after[name] != before[name]} == other
    untouched = before.keys() - gone - other
    assert all(after[name] is before[name] for name in untouched)  # not even asked for again
    # What a thread is told, and the storage itself.
    for name in TOKENS:
        question = FindToken(fingerprint(name))
        assert cache.find_token(question) == storage.find_token(question) == after[name]
        assert cache.find_token_inline(replace(question, fresh=True)) == after[name]
    for name in KEYS:
        key_question = FindKey(fingerprint(name))
        assert cache.find_key(key_question) == storage.find_key(key_question) == after[name]
        assert cache.find_key_inline(replace(key_question, fresh=True)) == after[name]


def test_within_a_turn_keys_and_tokens_are_not_asked_for_again(
    storage: SqliteStorage, elsewhere: SqliteStorage
) -> None:
    grant(storage)
    cache = cached(storage)
    before = remembered(cache)
    elsewhere.delete_account(DeleteAccount("ann"))
    for name in TOKENS:
        assert cache.find_token_inline(FindToken(fingerprint(name))) is before[name]
    assert cache.find_key_inline(FindKey(fingerprint("ann-key"))) is before["ann-key"]
    assert cache.find_key_inline(FindKey(fingerprint("ann-key"), fresh=True)) is None
    assert cache.find_token_inline(FindToken(fingerprint("lent"), fresh=True)) is None


@pytest.mark.parametrize("kind", ["key", "token"])
def test_key_or_token_read_before_a_revocation_is_not_kept_after_it__F36(
    file: Path, storage: SqliteStorage, kind: str
) -> None:
    """One thread has read the row; before it puts it in the cache another revokes, and hears of it."""

    class Overtaken(SqliteStorage):
        overtake: Callable[[], None] | None = None

        def find_key(self, question: FindKey, *, wait: bool = True) -> Any:
            found = super().find_key(question, wait=wait)
            self.pause()
            return found

        def find_token(self, question: FindToken, *, wait: bool = True) -> Any:
            found = super().find_token(question, wait=wait)
            self.pause()
            return found

        def pause(self) -> None:
            overtake, self.overtake = self.overtake, None
            if overtake is not None:
                in_thread(overtake)

    grant(storage)
    with closing(Overtaken(file)) as slow:
        cache = cached(slow)

        def revoke() -> None:
            storage.end_keys(EndKeys(("key-ann-key",)))
            storage.revoke_token(RevokeToken("token-lent", NOW))
            assert cache.find_session(FindSession(fingerprint("b1"))) is not None  # hears of the change

        assert seen(cache, "b1")
        slow.overtake = revoke
        cache.expire_turn()
        if kind == "key":
            assert cache.find_key_inline(FindKey(fingerprint("ann-key"))) is not None  # true when it was read
        else:
            assert cache.find_token_inline(FindToken(fingerprint("lent"))) is not None
        after = remembered(cache)
        assert after["ann-key"] is after["lent"] is None


def test_keys_and_tokens_in_the_cache_are_bounded__F38(storage: SqliteStorage) -> None:
    grant(storage)
    cache = cached(storage, size=2)
    for _ in range(3):
        assert None not in remembered(cache).values()
    storage.delete_account(DeleteAccount("ann"))
    storage.delete_client(DeleteClient("app"))
    assert {name for name, found in remembered(cache).items() if found is None} == {
        "with-family",
        "lent",
        "own",
        "ann-key",
    }


def test_touched_key_is_remembered_as_touched__S2_16(storage: SqliteStorage) -> None:
    grant(storage)
    cache = cached(storage)
    assert remembered(cache)["ann-key"] is not None
    for now, expected in [(NOW + 5, NOW + 5), (NOW + 3, NOW + 5)]:
        cache.touch_key(TouchKey(fingerprint("ann-key"), now))
        found = cache.find_key_inline(FindKey(fingerprint("ann-key")))
        assert found is not NOT_YET
        assert found is not None
        assert found.key == replace(key_of(ANN, "ann-key"), last_used=expected)


# --- credentials ---------------------------------------------------------------------------------------------------

SEED = credential_of(ANN, "seed")


def held(cache: Cached, name: str = "ann") -> object:
    """What a check of the next turn finds."""
    cache.expire_turn()
    return cache.find_credentials_inline(FindCredentials(name))


def test_credentials_are_remembered_within_a_turn_and_after_it(
    storage: SqliteStorage, elsewhere: SqliteStorage
) -> None:
    storage.add_credentials(AddCredentials((SEED,)))
    cache = cached(storage)
    first = held(cache)
    assert first == (SEED,)
    assert held(cache) is first
    elsewhere.end_credentials(EndCredentials("ann"))
    assert cache.find_credentials_inline(FindCredentials("ann")) is first  # the turn goes on
    assert cache.find_credentials_inline(FindCredentials("ann", fresh=True)) == ()
    assert held(cache) == ()
    assert cache.find_credentials(FindCredentials("ann")) == ()


CREDENTIALS_CHANGED: dict[str, Callable[[Storage], object]] = {
    "added": lambda s: s.add_credentials(AddCredentials((credential_of(ANN, "more"),))),
    "replaced": lambda s: s.add_credentials(AddCredentials((credential_of(ANN, "more"),), replacing=True)),
    "confirmed": lambda s: s.confirm_second_factor(ConfirmSecondFactor("ann", SEED.id, "ann-2")),
    "ended": lambda s: s.end_credentials(EndCredentials("ann", id=SEED.id)),
    "spent": lambda s: s.spend_credential(SpendCredential("ann", TOTP, SEED.secret)),
    "imported": lambda s: s.put_credentials([replace(SEED, secret=b"resealed")]),
    "account-deleted": lambda s: s.delete_account(DeleteAccount("ann")),
}


@pytest.mark.parametrize("own", [True, False], ids=["this-process", "another-process"])
@pytest.mark.parametrize("change", CREDENTIALS_CHANGED.values(), ids=CREDENTIALS_CHANGED)
def test_changed_credentials_are_read_anew__F25__F36(
    storage: SqliteStorage, elsewhere: SqliteStorage, change: Callable[[Storage], object], own: bool
) -> None:
    storage.add_credentials(AddCredentials((SEED,)))
    cache = cached(storage)
    assert held(cache) == (SEED,)
    assert held(cache, "bob") == ()
    assert cache.find_account(FindAccount("ann")) == ANN
    change(storage if own else elsewhere)
    now = storage.find_credentials(FindCredentials("ann"))
    assert now != (SEED,)
    assert held(cache) == now
    assert cache.find_account(FindAccount("ann")) == storage.find_account(FindAccount("ann"))


def test_having_no_credentials_is_not_remembered(storage: SqliteStorage, elsewhere: SqliteStorage) -> None:
    cache = cached(storage)
    assert held(cache) == held(cache, "nobody") == ()
    elsewhere.add_credentials(AddCredentials((SEED,)))
    assert held(cache) == (SEED,)


def test_remembered_credentials_are_bounded__F38(file: Path, storage: SqliteStorage) -> None:
    class Counting(SqliteStorage):
        asked = 0

        def find_credentials(self, question: FindCredentials, *, wait: bool = True) -> Any:
            self.asked += 1
            return super().find_credentials(question, wait=wait)

    for account in (ANN, BOB):
        storage.add_credentials(AddCredentials((credential_of(account, account.name),)))
    with closing(Counting(file)) as counting:
        cache = cached(counting, size=1)
        for name in ("ann", "ann", "bob", "bob", "ann"):
            assert held(cache, name) != ()
        assert counting.asked == 3


def test_credentials_read_before_their_end_are_not_kept_after_it(file: Path, storage: SqliteStorage) -> None:
    """One thread has read them; before it puts them in the cache they end, and another thread hears of it."""

    class Overtaken(SqliteStorage):
        overtake: Callable[[], None] | None = None

        def find_credentials(self, question: FindCredentials, *, wait: bool = True) -> Any:
            found = super().find_credentials(question, wait=wait)
            overtake, self.overtake = self.overtake, None
            if overtake is not None:
                in_thread(overtake)
            return found

    def end() -> None:
        assert storage.end_credentials(EndCredentials("ann")) == 1
        assert cache.find_session(FindSession(fingerprint("b1"))) is not None  # hears of the change

    storage.add_credentials(AddCredentials((SEED,)))
    with closing(Overtaken(file)) as slow:
        cache = cached(slow)
        assert seen(cache, "b1")
        slow.overtake = end
        assert held(cache) == (SEED,)  # true when it was read
        assert held(cache) == ()
