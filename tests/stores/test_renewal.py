"""Who is gone from an outside store keeps no session here beyond its `refresh`; an outage ends none."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.storages import NOW, fingerprint, session_of, sqlite_file
from watchword.core.ask import AnswerFailed
from watchword.core.questions import ChangeAccount, FindAccount, FindSession, StartSession
from watchword.core.records import Account
from watchword.crypto.secret import Secret
from watchword.storage import Storage, open_storage
from watchword.storage.memory import MemoryStorage
from watchword.stores import Denied, Identity
from watchword.stores.asking.mirrored import Mirrored
from watchword.stores.asking.renewal import Renewal, renewals

EVERY = 300.0
RIGHT = Secret("correct horse")


class Directory:
    """An outside store that knows some people, all by the same password; `away` while it cannot be reached."""

    def __init__(self, *names: str) -> None:
        self.people = {name: Identity(name=name, roles=frozenset(("clerk",)), version="1") for name in names}
        self.away = False
        self.asked: list[str] = []

    def check(self, name: str, password: Secret) -> Identity | Denied:
        return self._told(name) if password.reveal() == RIGHT.reveal() else Denied("wrong-password")

    def find(self, name: str) -> Identity | Denied:
        self.asked.append(name)
        return self._told(name)

    def _told(self, name: str) -> Identity | Denied:
        if self.away:
            raise AnswerFailed("the directory is away")
        return self.people.get(name) or Denied("unknown-user", knows=False)


class CannotLookUp:
    def check(self, name: str, password: Secret) -> Identity | Denied:
        return Denied("wrong-password", knows=False)


@pytest.fixture(params=["memory", "sqlite"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    if request.param == "memory":
        yield MemoryStorage()
    else:
        with closing(open_storage("sqlite:///watchword.db", sqlite_file(tmp_path / "data").parent)) as opened:
            yield opened


def mirrored(storage: Storage, directory: Directory, name: str = "staff") -> Mirrored:
    numbers = itertools.count(1)
    return Mirrored(name, directory, storage, lambda length: next(numbers).to_bytes(length, "big"), clock=lambda: NOW)


def renewal(of: Mirrored, storage: Storage) -> Renewal:
    (made,) = renewals([(of, EVERY)], storage)
    return made


def logged_in(of: Mirrored, storage: Storage, name: str = "ann") -> Account:
    """Somebody with a session, whose token is the name."""
    account = of.check(name, RIGHT)
    assert isinstance(account, Account)
    assert storage.start_session(StartSession(session_of(account, name)))
    return account


def has_session(storage: Storage, name: str = "ann") -> bool:
    return storage.find_session(FindSession(fingerprint(name))) is not None


def account_of(storage: Storage, name: str = "ann") -> Account:
    account = storage.find_account(FindAccount(name))
    assert account is not None
    return account


def gone(directory: Directory) -> None:
    del directory.people["ann"]


def another_password(directory: Directory) -> None:
    directory.people["ann"] = replace(directory.people["ann"], version="2")


@pytest.mark.parametrize("event", [gone, another_password])
def test_what_happens_in_the_store_ends_sessions_at_the_next_round__S2_14__I3(
    storage: Storage, event: Callable[[Directory], None]
) -> None:
    directory = Directory("ann", "bob")
    store = mirrored(storage, directory)
    logged_in(store, storage, "ann")
    logged_in(store, storage, "bob")
    event(directory)
    assert renewal(store, storage).round(NOW) == 2
    assert not has_session(storage, "ann")
    assert has_session(storage, "bob")


def test_roles_are_taken_over_without_a_log_in__S2_14(storage: Storage) -> None:
    directory = Directory("ann")
    store = mirrored(storage, directory)
    logged_in(store, storage)
    directory.people["ann"] = replace(directory.people["ann"], roles=frozenset(("admin",)))
    renewal(store, storage).round(NOW)
    assert account_of(storage).roles == {"admin"}
    assert has_session(storage)


def test_who_was_gone_may_come_back__S2_14(storage: Storage) -> None:
    directory = Directory("ann")
    store = mirrored(storage, directory)
    before = logged_in(store, storage)
    person = directory.people.pop("ann")
    renewal(store, storage).round(NOW)
    assert account_of(storage).disabled
    assert isinstance(store.check("ann", RIGHT), Denied)
    directory.people["ann"] = person
    after = store.check("ann", RIGHT)
    assert isinstance(after, Account)
    assert not after.disabled
    assert after.stamp != before.stamp
    assert not has_session(storage)


def test_whom_we_disabled_the_store_does_not_enable__S2_14(storage: Storage) -> None:
    directory = Directory("ann")
    store = mirrored(storage, directory)
    logged_in(store, storage)
    storage.change_account(ChangeAccount("ann", disabled=True))
    renewal(store, storage).round(NOW)
    assert account_of(storage).disabled
    assert store.check("ann", RIGHT) == Denied("account-disabled")


def test_an_outage_logs_nobody_out__F6__C17(storage: Storage) -> None:
    directory = Directory("ann")
    store = mirrored(storage, directory)
    logged_in(store, storage)
    directory.away = True
    with pytest.raises(AnswerFailed):
        renewal(store, storage).round(NOW)
    assert has_session(storage)


def test_each_round_is_one_process_s(storage: Storage) -> None:
    directory = Directory("ann")
    store = mirrored(storage, directory)
    logged_in(store, storage)
    first, second = renewal(store, storage), renewal(store, storage)
    assert (first.round(NOW), second.round(NOW), second.round(NOW + EVERY), first.round(NOW + EVERY)) == (1, 0, 1, 0)
    assert directory.asked == ["ann", "ann"]


def test_only_its_own_people_are_asked_about(storage: Storage) -> None:
    staff, guests = Directory("ann"), Directory("bob")
    logged_in(mirrored(storage, staff), storage, "ann")
    of_guests = mirrored(storage, guests, "guests")
    logged_in(of_guests, storage, "bob")
    renewal(of_guests, storage).round(NOW)
    assert (staff.asked, guests.asked) == ([], ["bob"])


def test_a_round_can_be_stopped(storage: Storage) -> None:
    directory = Directory("ann", "bob")
    store = mirrored(storage, directory)
    for name in directory.people:
        logged_in(store, storage, name)
    assert renewal(store, storage).round(NOW, stopped=lambda: bool(directory.asked)) == 1


def test_a_store_that_cannot_look_up_is_not_asked(storage: Storage) -> None:
    store = Mirrored("door", CannotLookUp(), storage, lambda length: bytes(length))
    assert renewals([(store, EVERY)], storage) == ()
