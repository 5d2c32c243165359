"""The accounts of our own storage as a credential store."""

from __future__ import annotations

import hashlib
from base64 import b64encode

import pytest

from tests.stores.door import QUICK, SALT, Breakable, Door
from watchword.core.questions import ChangeAccount, FindAccount
from watchword.core.records import Account
from watchword.crypto.password import Hashing, hash_password, needs_rehash
from watchword.crypto.secret import Secret
from watchword.storage.memory import MemoryStorage
from watchword.stores import CredentialStore, Denied
from watchword.stores.builtin import BuiltinStore

SHA = "{SHA}" + b64encode(hashlib.sha1(b"correct horse").digest()).decode()
OLD = hash_password(Secret("correct horse"), Hashing(t=2, m=16), SALT)


@pytest.fixture
def door() -> Door:
    return Door(Breakable())


def store_of(door: Door, hashing: Hashing = QUICK) -> CredentialStore:
    return BuiltinStore(door.storage, hashing)


@pytest.mark.parametrize(
    ("name", "password", "reason"),
    [
        ("ann", "wrong", "wrong-password"),
        ("ann", "", "wrong-password"),
        ("ann", "correct horse ", "wrong-password"),
        ("ann", "Correct horse", "wrong-password"),
        ("Ann", "correct horse", "unknown-user"),
        ("nobody", "correct horse", "unknown-user"),
        ("", "", "unknown-user"),
        ("gone", "correct horse", "account-disabled"),
        ("gone", "wrong", "account-disabled"),
        ("keyless", "correct horse", "no-password"),
        ("keyless", "", "no-password"),
        ("broken", "correct horse", "wrong-password"),
    ],
)
def test_a_password_that_proves_nobody_is_denied(door: Door, name: str, password: str, reason: str) -> None:
    door.add("ann", "correct horse")
    door.add("gone", "correct horse", disabled=True)
    door.add("keyless", None)
    door.add("broken", None, stored="$argon2id$nonsense")
    assert store_of(door).check(name, Secret(password)) == Denied(reason, knows=reason != "unknown-user")


def test_the_right_password_gives_the_account(door: Door) -> None:
    account = door.add("ann", "correct horse")
    assert store_of(door).check("ann", Secret("correct horse")) == account


def test_no_password_matches_the_dummy(door: Door) -> None:
    assert store_of(door).check("nobody", Secret(bytes(32))) == Denied("unknown-user", knows=False)


def test_a_password_is_checked_in_its_composed_form_and_no_other(door: Door) -> None:
    door.add("zoe", "Zo\u00eb")
    assert isinstance(store_of(door).check("zoe", Secret("Zoe\u0308")), Account)
    assert store_of(door).check("zoe", Secret("Zoe")) == Denied("wrong-password")
    assert store_of(door).check("zoe", Secret("\uff3ao\u00eb")) == Denied("wrong-password")


def test_bytes_that_are_no_text_are_a_wrong_password(door: Door) -> None:
    door.add("ann", "correct horse")
    assert store_of(door).check("ann", Secret(b"\xff\xfe")) == Denied("wrong-password")


@pytest.mark.parametrize("stored", [SHA, OLD], ids=["legacy", "other-parameters"])
def test_a_hash_that_has_become_too_cheap_is_renewed_after_success__S2_34(door: Door, stored: str) -> None:
    before = door.add("ann", None, stored=stored)
    account = store_of(door).check("ann", Secret("correct horse"))
    assert isinstance(account, Account)
    assert account == door.account("ann")
    assert account.password_hash is not None
    assert not needs_rehash(account.password_hash, QUICK)
    assert account.stamp == before.stamp
    assert store_of(door).check("ann", Secret("correct horse")) == account


@pytest.mark.parametrize("stored", [SHA, OLD], ids=["legacy", "other-parameters"])
def test_a_wrong_password_renews_nothing(door: Door, stored: str) -> None:
    door.add("ann", None, stored=stored)
    assert store_of(door).check("ann", Secret("wrong")) == Denied("wrong-password")
    account = door.account("ann")
    assert account is not None
    assert account.password_hash == stored


def test_a_disabled_account_keeps_its_hash(door: Door) -> None:
    door.add("ann", None, stored=SHA, disabled=True)
    assert store_of(door).check("ann", Secret("correct horse")) == Denied("account-disabled")
    account = door.account("ann")
    assert account is not None
    assert account.password_hash == SHA


def test_a_hash_that_cannot_be_renewed_spoils_no_log_in() -> None:
    storage = Breakable()
    before = Door(storage).add("ann", None, stored=SHA)
    storage.read_only = True
    assert BuiltinStore(storage, QUICK).check("ann", Secret("correct horse")) == before


class ChangedMeanwhile(MemoryStorage):
    """Somebody sets another password just before the hash is renewed."""

    def change_account(self, question: ChangeAccount) -> Account | None:
        super().change_account(ChangeAccount(question.name, password_hash="$other$", stamp="another"))
        return super().change_account(question)


def test_a_renewed_hash_never_replaces_a_password_that_was_changed_meanwhile__S2_34() -> None:
    storage = ChangedMeanwhile()
    before = Door(storage).add("ann", None, stored=SHA)
    assert BuiltinStore(storage, QUICK).check("ann", Secret("correct horse")) == before
    after = storage.find_account(FindAccount("ann"))
    assert after is not None
    assert (after.password_hash, after.stamp) == ("$other$", "another")
