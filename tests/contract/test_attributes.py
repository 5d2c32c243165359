"""Accounts by their attributes: found by exactly what they have now, whoever asks and whatever was before."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from tests.contract.storages import ANN, sqlite_file
from watchword.core.questions import AddAccount, ChangeAccount, DeleteAccount, FindAccountsBy
from watchword.core.records import Account
from watchword.storage import Storage
from watchword.storage.migrations import migrate_sqlite
from watchword.storage.sql.attribute_writes import FIND_ACCOUNTS_BY
from watchword.storage.sql.sqlite import SqliteStorage

BOB = Account(name="bob", stamp="stamp of bob")


def names(storage: Storage, value: str, attribute: str = "email") -> list[str]:
    return [account.name for account in storage.find_accounts_by(FindAccountsBy(attribute, value))]


def test_an_account_is_found_by_what_it_has__S1_9(storage: Storage) -> None:
    ann = replace(ANN, attributes={"email": "ann@clinic.example", "certificate": "ab"})
    storage.add_account(AddAccount(ann))
    storage.add_account(AddAccount(BOB))
    assert storage.find_accounts_by(FindAccountsBy("email", "ann@clinic.example")) == (ann,)
    assert names(storage, "ab", "certificate") == ["ann"]
    for value, attribute in (
        ("Ann@clinic.example", "email"),
        ("ann@clinic.example ", "email"),
        ("ann@clinic.example", "Email"),
        ("ann@clinic.example", "certificate"),
        ("ann@clinic.exampl_", "email"),
        ("%", "email"),
        ("", "email"),
        ("ann@clinic.example\0", "email"),
        ("\ud800", "email"),
        ("x", "\ud800"),
    ):
        assert names(storage, value, attribute) == []


def test_changes_are_seen_by_the_next_question__S1_9__F36(storage: Storage) -> None:
    storage.add_account(AddAccount(replace(ANN, attributes={"email": "ann@a.example"})))
    assert names(storage, "ann@a.example") == ["ann"]
    storage.change_account(ChangeAccount("ann", attributes={"email": "ann@b.example"}))
    assert (names(storage, "ann@a.example"), names(storage, "ann@b.example")) == ([], ["ann"])
    storage.change_account(ChangeAccount("ann", disabled=True))
    (found,) = storage.find_accounts_by(FindAccountsBy("email", "ann@b.example"))
    assert found.disabled
    storage.put_accounts([replace(ANN, attributes={"email": "ann@c.example"})])
    assert (names(storage, "ann@b.example"), names(storage, "ann@c.example")) == ([], ["ann"])
    storage.delete_account(DeleteAccount("ann"))
    assert names(storage, "ann@c.example") == []
    storage.add_account(AddAccount(ANN))
    assert names(storage, "ann@c.example") == []


def test_of_several_the_first_two_are_told_so_that_nobody_is_guessed__S1_9__F14(storage: Storage) -> None:
    for name in ("zoe", "bob", "eve"):
        storage.add_account(
            AddAccount(Account(name=name, stamp=f"stamp of {name}", attributes={"email": "x@a.example"}))
        )
    assert names(storage, "x@a.example") == ["bob", "eve"]
    storage.change_account(ChangeAccount("bob", attributes={}))
    storage.delete_account(DeleteAccount("eve"))
    assert names(storage, "x@a.example") == ["zoe"]


def test_attributes_that_cannot_be_asked_for_are_kept_all_the_same(storage: Storage) -> None:
    odd = replace(ANN, attributes={"email": "\ud800", "empty": "", "zero": "a\0b"})
    storage.add_account(AddAccount(odd))
    assert names(storage, "a\0b", "zero") == ["ann"]
    assert names(storage, "", "empty") == ["ann"]


def test_look_ups_use_the_index_and_nothing_else(tmp_path: Path) -> None:
    with closing(sqlite3.connect(sqlite_file(tmp_path / "data"))) as db:
        plan = db.execute(f"EXPLAIN QUERY PLAN {FIND_ACCOUNTS_BY}", ("email", "x", 2)).fetchall()
    assert all("SEARCH" in row[3] for row in plan), plan


def test_accounts_of_before_are_found_after_the_upgrade(tmp_path: Path) -> None:
    path = tmp_path / "watchword.db"
    engine, config = create_engine(f"sqlite:///{path}"), Config()
    config.set_main_option("script_location", "watchword.storage:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
    engine.dispose()
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "INSERT INTO accounts (name, stamp, roles, permissions, disabled, attributes, created_at, second_factor)"
            """ VALUES ('ann', 's', '[]', '[]', 0, '{"email": "ann@a.example", "name": "Zo\\u00eb"}', 0, 0)"""
        )
        db.commit()
    migrate_sqlite(path)
    storage = SqliteStorage(path)
    try:
        assert names(storage, "ann@a.example") == ["ann"]
        assert names(storage, "Zoë", "name") == ["ann"]
    finally:
        storage.close()
