"""Another application's table: which rows let somebody in, what they say, and when one of them is written (S2.14)."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from tests.contract.sql_stores import hashed, table
from watchword.core.ask import AnswerFailed
from watchword.core.questions import FindAccount
from watchword.crypto.password import check_password
from watchword.crypto.secret import Secret
from watchword.storage.memory import MemoryStorage
from watchword.stores import Denied, Identity
from watchword.stores.asking.mirrored import Mirrored
from watchword.stores.sql.user_table import SqlTableStore

QUERY = "SELECT login AS name, pass AS password_hash FROM users WHERE login = :name COLLATE NOCASE"
UPDATE = "UPDATE users SET pass = :password_hash WHERE login = :name AND pass = :old_hash"
PASSWORD = "correct horse battery"
# What other systems store of it, each made by a library that nobody here wrote.
BCRYPT = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
SHA1 = hashlib.sha1(PASSWORD.encode()).hexdigest()


class Site:
    """A database of users that some application made."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.run("CREATE TABLE users (login, pass, salt, mail, roles, off)")

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.file)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def add(self, login: str, stored: str | None, salt: str = "", roles: object = "", off: object = 0) -> None:
        values = (login, stored, salt, f"{login}@example.com", roles, off)
        self.run("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?)", *values)

    def stored(self, login: str) -> str:
        return str(self.run("SELECT pass FROM users WHERE login = ?", login)[0][0])

    def store(self, **more: object) -> SqlTableStore:
        settings: dict[str, Any] = {"query": QUERY, "roles_query": None, **more}
        return table(f"sqlite:///{self.file}", **settings)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site.sqlite3")


def checked(store: SqlTableStore, name: str, password: str = PASSWORD) -> Identity | Denied:
    return store.check(name, Secret(password))


def reason(found: Identity | Denied) -> str:
    return found.reason if isinstance(found, Denied) else f"in as {found.name}"


# --- who comes in ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "more"),
    [
        pytest.param(hashed(PASSWORD), {}, id="argon2id"),
        pytest.param(BCRYPT, {}, id="bcrypt"),
        pytest.param(SHA1, {"format": "hex-sha1"}, id="sha1"),
        pytest.param(SHA1.upper(), {"format": "hex-sha1"}, id="sha1 in capitals"),
        pytest.param(hashlib.md5(PASSWORD.encode()).hexdigest(), {"format": "hex-md5"}, id="md5"),
        pytest.param(hashlib.sha512(PASSWORD.encode()).hexdigest(), {"format": "hex-sha512"}, id="sha512"),
        pytest.param(BCRYPT, {"format": "hex-sha256"}, id="bcrypt beside bare digests"),
    ],
)
def test_the_column_is_understood__S2_14(site: Site, stored: str, more: dict[str, object]) -> None:
    site.add("ann", stored)
    store = site.store(**more)
    assert reason(checked(store, "ann")) == "in as ann"
    assert reason(checked(store, "ann", "wrong")) == "wrong-password"


@pytest.mark.parametrize(("where", "text"), [("before", "na" + PASSWORD), ("after", PASSWORD + "na")])
def test_a_salt_has_a_column_of_its_own__S2_14(site: Site, where: str, text: str) -> None:
    site.add("ann", hashlib.sha256(text.encode()).hexdigest(), salt="na")
    query = "SELECT login AS name, pass AS password_hash, salt FROM users WHERE login = :name"
    store = site.store(query=query, format="hex-sha256", salt=where)
    assert reason(checked(store, "ann")) == "in as ann"
    assert reason(checked(store, "ann", "na" + PASSWORD)) == "wrong-password"


@pytest.mark.parametrize(
    ("stored", "says"),
    [
        (None, "no-password"),
        ("", "unusable-hash"),
        ("!", "unusable-hash"),
        (PASSWORD, "unusable-hash"),
        (SHA1, "unusable-hash"),
        ("0" * 5000, "unusable-hash"),
    ],
)
def test_what_is_no_hash_is_nobody_s_password__S2_14(site: Site, stored: str | None, says: str) -> None:
    site.add("ann", stored)
    for password in (PASSWORD, "", "!", SHA1):
        assert reason(checked(site.store(), "ann", password)) == says


def test_two_rows_are_nobody__S2_14__F17(site: Site) -> None:
    site.add("ann", hashed(PASSWORD))
    site.add("Ann", hashed("another password"))
    for password in (PASSWORD, "another password"):
        found = checked(site.store(), "ann", password)
        assert isinstance(found, Denied)
        assert (found.reason, found.knows) == ("ambiguous-name", True)
    assert reason(site.store().find("ann")) == "ambiguous-name"


def test_somebody_of_another_name_does_not_come_in_unasked__F14__F17(site: Site) -> None:
    site.add("ann", hashed(PASSWORD))
    by_mail = "SELECT login AS name, pass AS password_hash FROM users WHERE mail = :name"
    anybody = "SELECT login AS name, pass AS password_hash FROM users WHERE login LIKE :name"
    assert reason(checked(site.store(query=by_mail), "ann@example.com")) == "other-name"
    assert reason(checked(site.store(query=anybody), "%")) == "other-name"
    assert reason(checked(site.store(query=by_mail, other_names=True), "ann@example.com")) == "in as ann"


@pytest.mark.parametrize("off", [0, "", "f", "No", False, None, b"\x00"], ids=repr)
def test_who_is_not_disabled_comes_in__S2_14(site: Site, off: object) -> None:
    site.add("ann", hashed(PASSWORD), off=off)
    query = "SELECT login AS name, pass AS password_hash, off AS disabled FROM users WHERE login = :name"
    assert reason(checked(site.store(query=query), "ann")) == "in as ann"


@pytest.mark.parametrize("off", [1, "t", "YES", True, b"\x01"], ids=repr)
def test_who_is_disabled_does_not__S2_14(site: Site, off: object) -> None:
    site.add("ann", hashed(PASSWORD), off=off)
    query = "SELECT login AS name, pass AS password_hash, off AS disabled FROM users WHERE login = :name"
    store = site.store(query=query)
    assert reason(checked(store, "ann")) == reason(checked(store, "ann", "wrong")) == "account-disabled"
    assert reason(store.find("ann")) == "account-disabled"


@pytest.mark.parametrize(
    ("roles", "read"),
    [
        ("", set()),
        (None, set()),
        ("clerk", {"clerk"}),
        (" clerk, reader ,", {"clerk", "reader"}),
        ('["clerk", "front, desk"]', {"clerk", "front, desk"}),
    ],
)
def test_roles_are_a_list__S2_14(site: Site, roles: object, read: set[str]) -> None:
    site.add("ann", hashed(PASSWORD), roles=roles)
    query = "SELECT login AS name, pass AS password_hash, roles, mail AS attribute_mail FROM users WHERE login = :name"
    found = site.store(query=query).find("ann")
    assert isinstance(found, Identity)
    assert found.roles == read
    assert found.attributes == {"mail": "ann@example.com"}


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("SELECT login AS name FROM users WHERE login = :name", id="no hash"),
        pytest.param("SELECT pass AS password_hash FROM users WHERE login = :name", id="no name"),
        pytest.param(
            "SELECT login AS name, pass AS password_hash, 1 AS disable FROM users WHERE login = :name", id="typo"
        ),
        pytest.param(
            "SELECT login AS name, pass AS password_hash, 'ok' AS disabled FROM users WHERE login = :name", id="ok"
        ),
        pytest.param(
            "SELECT login AS name, pass AS password_hash, '[1]' AS roles FROM users WHERE login = :name", id="roles"
        ),
        pytest.param(
            "SELECT login AS name, pass AS password_hash, '[' AS roles FROM users WHERE login = :name", id="json"
        ),
        pytest.param(
            "SELECT login AS name, pass AS password_hash, 'na' AS salt FROM users WHERE login = :name", id="salt"
        ),
        pytest.param("SELECT NULL AS name, pass AS password_hash FROM users WHERE login = :name", id="null"),
        pytest.param("SELECT login AS name, x'ff' AS password_hash FROM users WHERE login = :name", id="bytes"),
        pytest.param("SELECT login AS name, pass AS password_hash FROM nothing WHERE login = :name", id="table"),
    ],
)
def test_what_cannot_be_understood_is_neither_yes_nor_no__C17(site: Site, query: str) -> None:
    site.add("ann", hashed(PASSWORD))
    for password in (PASSWORD, "wrong"):
        with pytest.raises(AnswerFailed):
            checked(site.store(query=query), "ann", password)


def test_a_file_that_is_gone_is_no_empty_one__C17__F6(site: Site) -> None:
    store = site.store(update=UPDATE)
    site.file.unlink()
    with pytest.raises(AnswerFailed):
        checked(store, "ann")
    assert not site.file.exists()


def test_a_file_that_was_put_in_its_place_is_read(site: Site, tmp_path: Path) -> None:
    site.add("ann", hashed("before"))
    store = site.store()
    assert reason(checked(store, "ann", "before")) == "in as ann"
    other = Site(tmp_path / "restored.sqlite3")
    other.add("ann", hashed(PASSWORD))
    other.file.replace(site.file)
    assert reason(checked(store, "ann")) == "in as ann"


@pytest.mark.timed
def test_an_unknown_name_costs_what_a_known_one_costs__F30(site: Site) -> None:
    site.add("ann", bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(8)).decode())
    store = site.store()
    checked(store, "ann", "wrong")

    taken: dict[str, list[float]] = {"ann": [], "nobody": []}
    for _ in range(20):
        for name, times in taken.items():
            begun = time.process_time()
            checked(store, name, "wrong")
            times.append(time.process_time() - begun)
    # Processor time, which does not count what else this machine does meanwhile.
    assert statistics.median(taken["nobody"]) == pytest.approx(statistics.median(taken["ann"]), rel=0.2)


# --- what is written -------------------------------------------------------------------------------------------------


def test_nothing_is_written_unless_that_is_allowed__S2_14(site: Site) -> None:
    site.add("ann", BCRYPT)
    before = site.file.read_bytes()
    assert reason(checked(site.store(), "ann")) == "in as ann"
    assert site.file.read_bytes() == before


def test_an_older_hash_is_exchanged_at_log_in__S2_14(site: Site) -> None:
    site.add("ann", SHA1)
    site.add("bob", SHA1)
    store = site.store(update=UPDATE, format="hex-sha1")
    assert reason(checked(store, "ann", "wrong")) == "wrong-password"
    assert site.stored("ann") == SHA1
    found = checked(store, "ann")
    assert isinstance(found, Identity)
    assert site.stored("ann").startswith("$argon2id$")
    assert check_password(Secret(PASSWORD), site.stored("ann"))
    assert site.stored("bob") == SHA1
    assert (found.version, found.formerly) == (site.stored("ann"), SHA1)
    assert checked(store, "ann") == store.find("ann")


def test_argon2id_of_the_application_is_left_as_it_is__S2_14(site: Site) -> None:
    stored = "argon2" + hashed(PASSWORD)
    site.add("ann", stored)
    assert reason(checked(site.store(update=UPDATE), "ann")) == "in as ann"
    assert site.stored("ann") == stored


def test_the_statement_may_add_what_the_application_wants_in_front__S2_14(site: Site) -> None:
    site.add("ann", BCRYPT)
    update = "UPDATE users SET pass = 'argon2' || :password_hash WHERE login = :name AND pass = :old_hash"
    store = site.store(update=update)
    assert reason(checked(store, "ann")) == "in as ann"
    assert site.stored("ann").startswith("argon2$argon2id$")
    assert reason(checked(store, "ann")) == "in as ann"


@pytest.mark.parametrize(
    "update",
    [
        pytest.param("UPDATE users SET pass = :password_hash WHERE :name <> :old_hash", id="every row"),
        pytest.param("UPDATE users SET pass = :password_hash WHERE login = :old_hash AND pass = :name", id="no row"),
        pytest.param(
            "UPDATE users SET pass = substr(:password_hash, 1, 40) WHERE login = :name AND pass = :old_hash", id="half"
        ),
        pytest.param("UPDATE users SET salt = :password_hash WHERE login = :name AND pass = :old_hash", id="elsewhere"),
        pytest.param(
            "UPDATE users SET passwd = :password_hash WHERE login = :name AND pass = :old_hash", id="no column"
        ),
        pytest.param(
            "UPDATE users SET login = 'x', pass = :password_hash WHERE login = :name AND pass = :old_hash", id="renamed"
        ),
    ],
)
def test_an_exchange_that_goes_wrong_leaves_everything_as_it_was__S2_14(site: Site, update: str) -> None:
    site.add("ann", BCRYPT)
    site.add("bob", SHA1)
    before = site.run("SELECT * FROM users")
    found = checked(site.store(update=update), "ann")
    assert site.run("SELECT * FROM users") == before
    assert isinstance(found, Identity)
    assert (found.version, found.formerly) == (BCRYPT, "")


@pytest.fixture
def mirrored(site: Site) -> tuple[MemoryStorage, Callable[[], Mirrored]]:
    storage = MemoryStorage()
    return storage, lambda: Mirrored("site", site.store(update=UPDATE), storage, os.urandom)


def stamp(storage: MemoryStorage) -> str:
    account = storage.find_account(FindAccount("ann", fresh=True))
    assert account is not None
    return account.stamp


def test_an_exchange_ends_no_session_and_another_password_does__S2_14__S2_3(
    site: Site, mirrored: tuple[MemoryStorage, Callable[[], Mirrored]]
) -> None:
    storage, made = mirrored
    site.add("ann", BCRYPT)
    without = Mirrored("site", site.store(), storage, os.urandom)
    without.check("ann", Secret(PASSWORD))
    begun = stamp(storage)
    for _ in range(2):
        assert not isinstance(made().check("ann", Secret(PASSWORD)), Denied)
        assert site.stored("ann").startswith("$argon2id$")
        assert stamp(storage) == begun
    site.run("UPDATE users SET pass = ?", hashed("another password"))
    assert isinstance(made().check("ann", Secret(PASSWORD)), Denied)
    assert not isinstance(made().check("ann", Secret("another password")), Denied)
    assert stamp(storage) != begun


def test_two_log_ins_at_once_exchange_once_and_end_no_session__S2_14(
    site: Site, mirrored: tuple[MemoryStorage, Callable[[], Mirrored]]
) -> None:
    storage, made = mirrored
    site.add("ann", BCRYPT)
    Mirrored("site", site.store(), storage, os.urandom).check("ann", Secret(PASSWORD))
    begun = stamp(storage)
    stores = [made() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda store: store.check("ann", Secret(PASSWORD)), stores))
    assert not any(isinstance(one, Denied) for one in found)
    assert site.stored("ann").startswith("$argon2id$")
    assert stamp(storage) == begun


def test_a_version_of_the_application_s_own_is_what_counts__S2_14(site: Site) -> None:
    site.add("ann", BCRYPT, salt="2026-11-22")
    query = "SELECT login AS name, pass AS password_hash, salt AS version FROM users WHERE login = :name"
    found = checked(site.store(query=query), "ann")
    assert isinstance(found, Identity)
    assert found.version == "2026-11-22"
