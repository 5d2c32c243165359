"""Whoever comes from another system logs in with the same password, and has a hash of ours from then on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stores.door import QUICK
from tests.vectors.password_hashes import FLASK_SECURITY_SALT
from watchword.core.questions import AddAccount, FindAccount
from watchword.core.records import Account
from watchword.crypto.password import check_password, needs_rehash
from watchword.crypto.secret import Secret
from watchword.storage.memory import MemoryStorage
from watchword.stores import Denied
from watchword.stores.builtin import BuiltinStore

VECTORS = Path(__file__).parents[1] / "vectors"
SALT = Secret(FLASK_SECURITY_SALT)


def rows(file: str) -> list[list[str]]:
    lines = (VECTORS / file).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


TWICE = rows("flask-security-hashes.tsv")
EVERY = [
    pytest.param(stored, password, id=f"{source}-{stored[:20]}-{n}")
    for n, (source, password, stored) in enumerate([*rows("password-hashes.tsv"), *TWICE])
    if password != "correct horse"  # each format once; the other password is the harder one
]


def opened(stored: str, salt: Secret | None = SALT) -> tuple[BuiltinStore, MemoryStorage]:
    storage = MemoryStorage()
    storage.add_account(AddAccount(Account(name="ann", stamp="the stamp", password_hash=stored)))
    return BuiltinStore(storage, QUICK, flask_security_salt=salt), storage


@pytest.mark.parametrize(("stored", "password"), EVERY)
def test_a_hash_of_another_system_is_exchanged_at_the_first_log_in__S2_34(stored: str, password: str) -> None:
    store, storage = opened(stored)
    assert isinstance(store.check("ann", Secret(password + "x")), Denied)
    before = storage.find_account(FindAccount("ann"))
    assert before is not None
    assert before.password_hash == stored, "a wrong password exchanges nothing"
    assert isinstance(store.check("ann", Secret(password)), Account)
    account = storage.find_account(FindAccount("ann"))
    assert account is not None
    assert account.password_hash is not None
    assert not needs_rehash(account.password_hash, QUICK)
    assert account.stamp == "the stamp", "sessions live on"
    assert isinstance(store.check("ann", Secret(password)), Account)
    assert store.check("ann", Secret(password + "x")) == Denied("wrong-password")


@pytest.mark.parametrize(("source", "password", "stored"), TWICE)
def test_a_hash_made_twice_is_checked_with_the_application_s_salt_alone(
    source: str, password: str, stored: str
) -> None:
    assert check_password(Secret(password), stored, flask_security_salt=SALT)
    for wrong in (password[:-1], password + "\0", stored, ""):
        assert not check_password(Secret(wrong), stored, flask_security_salt=SALT), wrong
    assert not check_password(Secret(password), stored)
    assert not check_password(Secret(password), stored, flask_security_salt=Secret(FLASK_SECURITY_SALT[:-1]))
    assert not check_password(Secret(password), stored.removeprefix("{flask-security}"), flask_security_salt=SALT)
    assert not check_password(Secret(password), "{flask-security}" + stored, flask_security_salt=SALT)
    store, storage = opened(stored, None)
    assert store.check("ann", Secret(password)) == Denied("wrong-password")
    account = storage.find_account(FindAccount("ann"))
    assert account is not None
    assert account.password_hash == stored
