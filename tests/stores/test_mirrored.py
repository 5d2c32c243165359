"""Whom an outside store proves becomes an account of ours: `stores/asking/mirrored.py`, by sentences of decision 18."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.contract.storages import sqlite_file
from tests.stores.door import NOW, QUICK, SALT, Clock
from tests.stores.entrance import Elsewhere, Entrance, FailsOnce, cell_of, reasons_of
from tests.table.real import basic
from watchword.core.ask import AnswerFailed
from watchword.core.questions import AddAccount, ChangeAccount, DeleteAccount, FindAccount
from watchword.core.records import Account
from watchword.crypto.password import check_password, hash_password, is_known_format
from watchword.crypto.secret import Secret
from watchword.storage.memory import MemoryStorage
from watchword.storage.sql.sqlite import SqliteStorage
from watchword.stores import Denied, Identity
from watchword.stores.asking.mirrored import Mirrored

MAKERS: dict[str, Callable[[Path], Any]] = {
    "memory": lambda folder: MemoryStorage(),
    "sqlite": lambda folder: SqliteStorage(sqlite_file(folder)),
}


@pytest.fixture(params=MAKERS)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    made = MAKERS[request.param](tmp_path / "data")
    yield made
    made.close()


@pytest.fixture
def memory() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def elsewhere() -> Elsewhere:
    kept = Elsewhere()
    kept.add("ann", "right", roles=frozenset(("clerk",)), attributes={"mail": "ann@example.com"}, version="1")
    return kept


def mirrored(elsewhere: Any, storage: Any, name: str = "staff") -> Mirrored:
    return Mirrored(name, elsewhere, storage, os.urandom, clock=lambda: NOW)


def proven(store: Mirrored, name: str = "ann", password: str = "right") -> Account:
    found = store.check(name, Secret(password))
    assert isinstance(found, Account), found
    return found


def denied(store: Mirrored, name: str = "ann", password: str = "right") -> str:
    found = store.check(name, Secret(password))
    assert isinstance(found, Denied), found
    return found.reason


def kept(storage: Any, name: str = "ann") -> Account | None:
    found: Account | None = storage.find_account(FindAccount(name, fresh=True))
    return found


# --- who is proven has an account ------------------------------------------------------------------------------------


def test_whom_the_store_proves_has_an_account_from_then_on__S2_14(elsewhere: Elsewhere, storage: Any) -> None:
    assert kept(storage) is None
    account = proven(mirrored(elsewhere, storage))
    assert kept(storage) == account
    assert (account.name, account.store, account.created_at) == ("ann", "staff", NOW)
    assert account.roles == {"clerk"}
    assert dict(account.attributes) == {"mail": "ann@example.com"}


def test_the_account_has_the_name_that_the_store_writes__F14(elsewhere: Elsewhere, storage: Any) -> None:
    elsewhere.add("ANN@EXAMPLE", "right", as_name="ann")
    assert proven(mirrored(elsewhere, storage), "ANN@EXAMPLE").name == "ann"
    assert kept(storage, "ANN@EXAMPLE") is None


def test_the_name_is_kept_in_its_one_form__F17(elsewhere: Elsewhere, storage: Any) -> None:
    elsewhere.add("zoë", "right", as_name="zoe\u0308")
    assert proven(mirrored(elsewhere, storage), "zoë").name == "zoë"


@pytest.mark.parametrize("name", ["", "a:b", "ann\u200b", " ann", "\uff41nn", "\ud800", "x" * 300], ids=ascii)
def test_a_name_that_no_account_can_have_lets_nobody_in__F17(name: str, elsewhere: Elsewhere, storage: Any) -> None:
    elsewhere.add("odd", "right", as_name=name)
    assert denied(mirrored(elsewhere, storage), "odd") == "unusable-name"


def test_who_is_denied_gets_no_account__C07(elsewhere: Elsewhere, storage: Any) -> None:
    store = mirrored(elsewhere, storage)
    assert denied(store, password="wrong") == "wrong-password"
    assert denied(store, "nobody") == "unknown-user"
    assert kept(storage) is None


def test_a_denial_is_handed_on_as_it_is(elsewhere: Elsewhere, storage: Any) -> None:
    store = mirrored(elsewhere, storage)
    assert store.check("nobody", Secret("x")) == Denied("unknown-user", knows=False)
    assert store.check("ann", Secret("x")) == Denied("wrong-password")


# --- what is the store's, and what is ours ---------------------------------------------------------------------------


def test_roles_permissions_and_attributes_are_taken_over_at_every_proof(elsewhere: Elsewhere, storage: Any) -> None:
    store = mirrored(elsewhere, storage)
    before = proven(store)
    elsewhere.add("ann", "right", roles=frozenset(("admin",)), permissions=frozenset(("read",)), version="1")
    after = proven(store)
    assert after.roles == {"admin"}
    assert after.permissions == {"read"}
    assert not after.attributes
    assert kept(storage) == after
    assert after.stamp == before.stamp  # sessions go on, with what is true now


def test_what_an_administrator_gave_here_does_not_outlast_a_proof(elsewhere: Elsewhere, storage: Any) -> None:
    store = mirrored(elsewhere, storage)
    proven(store)
    assert storage.change_account(ChangeAccount("ann", roles=frozenset(("admin",)))) is not None
    assert proven(store).roles == {"clerk"}


def test_who_is_disabled_here_stays_so_whatever_the_store_says__C07(elsewhere: Elsewhere, storage: Any) -> None:
    store = mirrored(elsewhere, storage)
    proven(store)
    assert storage.change_account(ChangeAccount("ann", disabled=True)) is not None
    assert denied(store) == "account-disabled"
    elsewhere.add("ann", "right", roles=frozenset(("admin",)), version="2")
    assert denied(store) == "account-disabled"
    left = kept(storage)
    assert left is not None
    assert left.roles == {"clerk"}


def test_nothing_is_written_where_nothing_changed(elsewhere: Elsewhere, memory: MemoryStorage) -> None:
    proven(mirrored(elsewhere, memory))
    calls: list[str] = []
    proven(mirrored(elsewhere, FailsOnce(memory, 0, calls)))
    assert calls == ["find_account"]


# --- whose a name is -------------------------------------------------------------------------------------------------


def test_a_name_of_our_own_accounts_is_never_taken_over__S2_14(elsewhere: Elsewhere, storage: Any) -> None:
    own = Account(name="ann", stamp="own", password_hash=hash_password(Secret("own"), QUICK, SALT))
    assert storage.add_account(AddAccount(own))
    assert denied(mirrored(elsewhere, storage)) == "name-of-another-store"
    assert kept(storage) == own


def test_a_name_of_another_store_is_never_taken_over__S2_14(elsewhere: Elsewhere, storage: Any) -> None:
    first = proven(mirrored(elsewhere, storage, "staff"))
    assert denied(mirrored(elsewhere, storage, "guests")) == "name-of-another-store"
    assert kept(storage) == first


def test_a_disabled_account_of_another_store_is_that_store_s__S2_14(elsewhere: Elsewhere, storage: Any) -> None:
    proven(mirrored(elsewhere, storage, "staff"))
    storage.change_account(ChangeAccount("ann", disabled=True))
    assert denied(mirrored(elsewhere, storage, "guests")) == "name-of-another-store"


# --- another password ------------------------------------------------------------------------------------------------


def test_another_version_is_another_stamp__S2_3(elsewhere: Elsewhere, storage: Any) -> None:
    store = mirrored(elsewhere, storage)
    before = proven(store)
    elsewhere.add("ann", "new", version="2")
    after = proven(store, password="new")
    assert after.stamp != before.stamp
    assert after.password_hash != before.password_hash
    assert proven(store, password="new") == after


@pytest.mark.parametrize(
    ("versions", "ends"),
    [
        pytest.param(("1", "1"), False, id="the-same"),
        pytest.param(("1", "2"), True, id="another"),
        pytest.param(("", "1"), False, id="the-first-that-is-told"),
        pytest.param(("1", ""), False, id="not-told-any-more"),
        pytest.param(("", ""), False, id="never-told"),
    ],
)
def test_only_another_version_ends_what_hung_on_the_one_before(
    versions: tuple[str, str], ends: bool, storage: Any
) -> None:
    elsewhere = Elsewhere()
    elsewhere.add("ann", "right", version=versions[0])
    entrance = Entrance(mirrored(elsewhere, storage), storage)
    assert entrance.knock("ann", "right") == "C00"
    session, token = entrance.log_in("ann"), entrance.auth_token("ann")
    elsewhere.add("ann", "new", version=versions[1])
    assert entrance.knock("ann", "new") == "C00"
    assert cell_of(entrance.decide(session)) == ("C05" if ends else "C00")
    assert cell_of(entrance.decide(token)) == ("C09" if ends else "C00")


def test_a_version_that_was_not_told_for_a_while_is_compared_all_the_same(storage: Any) -> None:
    elsewhere = Elsewhere()
    store = mirrored(elsewhere, storage)
    stamps = []
    for version in ("1", "", "2"):
        elsewhere.add("ann", "right", version=version)
        stamps.append(proven(store).stamp)
    assert stamps[0] == stamps[1] != stamps[2]


@pytest.mark.parametrize(
    "version", ["2026-11-22T10:00:00Z", "secret", "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "$2y$04$" + "." * 53]
)
def test_no_password_is_right_for_what_stands_in_the_place_of_its_hash(version: str, memory: MemoryStorage) -> None:
    elsewhere = Elsewhere()
    elsewhere.add("ann", "password", version=version)
    stored = proven(mirrored(elsewhere, memory), password="password").password_hash
    assert stored is not None
    assert not is_known_format(stored)
    assert not any(check_password(Secret(text), stored) for text in ("password", version, stored, ""))
    assert version not in stored


def test_two_stores_versions_are_never_the_same() -> None:
    elsewhere = Elsewhere()
    elsewhere.add("ann", "right", version="1")
    stored = {proven(mirrored(elsewhere, MemoryStorage(), name)).password_hash for name in ("staff", "guests")}
    assert len(stored) == 2


# --- races -----------------------------------------------------------------------------------------------------------


def test_many_first_log_ins_at_once_are_one_account(elsewhere: Elsewhere, storage: Any) -> None:
    store, start = mirrored(elsewhere, storage), threading.Barrier(6)

    def log_in(_: int) -> Account:
        start.wait()
        return proven(store)

    with ThreadPoolExecutor(6) as pool:
        accounts = list(pool.map(log_in, range(6)))
    assert {account.stamp for account in accounts} == {(kept(storage) or accounts[0]).stamp}


class Between:
    """A storage in whose n-th call to `method` something happens, right before it is carried out."""

    def __init__(self, storage: Any, method: str, happens: Callable[[], object]) -> None:
        self._storage = storage
        self._method = method
        self._happens: Callable[[], object] | None = happens

    def __getattr__(self, name: str) -> Any:
        if name == self._method and self._happens is not None:
            happens, self._happens = self._happens, None
            happens()
        return getattr(self._storage, name)


def test_a_first_log_in_that_comes_second_has_the_first_one_s_account(elsewhere: Elsewhere, storage: Any) -> None:
    first: list[Account] = []
    between = Between(storage, "add_account", lambda: first.append(proven(mirrored(elsewhere, storage))))
    assert proven(mirrored(elsewhere, between)) == first[0]


def test_a_first_log_in_that_comes_after_another_store_s_is_denied(elsewhere: Elsewhere, storage: Any) -> None:
    between = Between(storage, "add_account", lambda: proven(mirrored(elsewhere, storage, "guests")))
    assert denied(mirrored(elsewhere, between)) == "name-of-another-store"


def test_who_is_disabled_while_being_proven_is_denied(elsewhere: Elsewhere, storage: Any) -> None:
    proven(mirrored(elsewhere, storage))
    elsewhere.add("ann", "right", roles=frozenset(("admin",)))
    between = Between(storage, "change_account", lambda: storage.change_account(ChangeAccount("ann", disabled=True)))
    assert denied(mirrored(elsewhere, between)) == "account-disabled"


def test_an_account_that_is_deleted_meanwhile_is_no_answer__C17(elsewhere: Elsewhere, storage: Any) -> None:
    proven(mirrored(elsewhere, storage))
    elsewhere.add("ann", "right", roles=frozenset(("admin",)))
    between = Between(storage, "change_account", lambda: storage.delete_account(DeleteAccount("ann")))
    with pytest.raises(AnswerFailed):
        mirrored(elsewhere, between).check("ann", Secret("right"))
    assert proven(mirrored(elsewhere, storage)).roles == {"admin"}


def test_an_account_that_is_added_and_deleted_meanwhile_is_no_answer__C17(elsewhere: Elsewhere, storage: Any) -> None:
    class Gone:
        def __getattr__(self, name: str) -> Any:
            return (lambda question: False) if name == "add_account" else getattr(storage, name)

    with pytest.raises(AnswerFailed):
        mirrored(elsewhere, Gone()).check("ann", Secret("right"))


def test_a_deleted_account_comes_back_as_another__S2_14(elsewhere: Elsewhere, storage: Any) -> None:
    entrance = Entrance(mirrored(elsewhere, storage), storage)
    assert entrance.knock("ann", "right") == "C00"
    session, token = entrance.log_in("ann"), entrance.auth_token("ann")
    assert storage.delete_account(DeleteAccount("ann"))
    entrance.clock.pass_by(3600)  # what is remembered is over
    entrance.clock.now = NOW
    assert entrance.knock("ann", "right") == "C00"
    assert cell_of(entrance.decide(session)) == "C05"
    assert cell_of(entrance.decide(token)) == "C09"


def test_a_password_that_is_changed_while_it_is_proven_ends_what_it_proved(elsewhere: Elsewhere, storage: Any) -> None:
    """Whoever was right just before the change comes in, and is out with the next proof of the new one."""
    store = mirrored(elsewhere, storage)
    entrance = Entrance(store, storage)
    just_before = elsewhere.check("ann", Secret("right"))
    assert isinstance(just_before, Identity)
    elsewhere.add("ann", "new", version="2")
    proven(store, password="new")
    late = store.mirror(just_before)
    assert isinstance(late, Account)
    session = entrance.log_in("ann")
    proven(store, password="new")
    assert cell_of(entrance.decide(session)) == "C05"


# --- C07 and C17, through the real engine ----------------------------------------------------------------------------


def test_denied_and_unreachable_are_told_apart__S2_14__C07__C17(elsewhere: Elsewhere, storage: Any) -> None:
    entrance = Entrance(mirrored(elsewhere, storage), storage)
    assert entrance.knock("ann", "wrong") == "C07"
    assert entrance.knock("nobody", "right") == "C07"
    elsewhere.away = True
    for name, password in (("ann", "right"), ("ann", "wrong"), ("nobody", "right")):
        assert entrance.knock(name, password) == "C17"
    elsewhere.away = False
    assert entrance.knock("ann", "right") == "C00"


def test_an_outage_counts_as_nobody_s_failure__C17__F14(elsewhere: Elsewhere, storage: Any) -> None:
    entrance = Entrance(mirrored(elsewhere, storage), storage)
    elsewhere.away = True
    for _ in range(15):
        assert entrance.knock("ann", "right") == "C17"
    elsewhere.away = False
    assert entrance.knock("ann", "right") == "C00"


def test_sessions_go_on_while_the_store_is_away__C17(elsewhere: Elsewhere, storage: Any) -> None:
    entrance = Entrance(mirrored(elsewhere, storage), storage)
    assert entrance.knock("ann", "right") == "C00"
    session, token = entrance.log_in("ann"), entrance.auth_token("ann")
    elsewhere.away = True
    assert cell_of(entrance.decide(session)) == "C00"
    assert cell_of(entrance.decide(token)) == "C00"


def test_operators_are_told_the_reason_and_clients_are_not__C07(elsewhere: Elsewhere, storage: Any) -> None:
    own = Account(name="bob", stamp="own", password_hash=None)
    storage.add_account(AddAccount(own))
    elsewhere.add("bob", "right")
    entrance = Entrance(mirrored(elsewhere, storage), storage)
    decision = entrance.decide(basic("bob", "right"))
    assert cell_of(decision) == "C07"
    assert "name-of-another-store" in reasons_of(decision)
    assert "another-store" not in str(getattr(decision, "detail", ""))


def test_other_spellings_are_counted_as_one__F14(elsewhere: Elsewhere, memory: MemoryStorage) -> None:
    entrance = Entrance(mirrored(elsewhere, memory), memory)
    cells = [entrance.knock(name, "wrong") for name in ("ann", "ANN", "Ann", "\uff41nn", "ánn") * 3]
    assert cells[:10] == ["C07"] * 10
    assert "C16" in cells[10:]


@pytest.mark.parametrize("password", ["right", "wrong"])
@pytest.mark.parametrize("known", [False, True], ids=["first-log-in", "changed-since"])
def test_whichever_call_fails_it_is_unavailable__F39__C17(known: bool, password: str, elsewhere: Elsewhere) -> None:
    """The n-th call to the store or the storage fails, for every n."""
    for number in range(1, 60):
        memory = MemoryStorage()
        if known:
            proven(mirrored(elsewhere, memory))
            change = ChangeAccount("ann", roles=frozenset(("other",)))
            assert memory.change_account(change) is not None
        calls: list[str] = []
        failing = FailsOnce(memory, number, calls)
        entrance = Entrance(mirrored(FailsOnce(elsewhere, number, calls), failing), failing)
        cell = entrance.knock("ann", password)
        if len(calls) < number:
            assert cell == ("C00" if password == "right" else "C07")
            assert number > 5
            return
        # That somebody came from a new place is noted for the next time, and decides nothing any more.
        assert cell == ("C00" if calls[number - 1] == "note_place" else "C17"), (number, calls)
        # Nothing was left half-done: the next time it is as if that had not been.
        assert Entrance(mirrored(elsewhere, memory), memory, clock=Clock()).knock("ann", "right") == "C00"
    pytest.fail("it never ended")
