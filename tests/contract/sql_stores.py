"""Other applications' databases under the contract: a table of users in three of them, and the users of two servers."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from tests.contract.people import ANN, IMPATIENCE, PATIENCE, PEOPLE, Kept, Person
from tests.contract.sql_servers import SqlServer, mariadb, postgresql
from tests.relay import relay
from tests.stores.door import QUICK, SALT
from watchword.config.stores.sql_login import SqlLoginSettings
from watchword.config.stores.sql_table import SqlTableSettings
from watchword.crypto.password import hash_password
from watchword.crypto.secret import Secret
from watchword.stores import OutsideStore
from watchword.stores.asking.slots import Slots
from watchword.stores.sql.user_table import SqlTableStore

READER_PASSWORD = "the reader's"
QUERY = (
    "SELECT login AS name, pass AS password_hash, banned AS disabled, mail AS attribute_mail FROM users "
    "WHERE login = :name"
)
ROLES_QUERY = "SELECT role FROM user_roles WHERE login = :name ORDER BY role"
TABLES = (
    "CREATE TABLE users (login VARCHAR(80) PRIMARY KEY, pass VARCHAR(255), banned SMALLINT NOT NULL, mail VARCHAR(99))",
    "CREATE TABLE user_roles (login VARCHAR(80), role VARCHAR(80))",
)
POSTGRESQL_ROLES = (
    "SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles u ON u.oid = m.member "
    "WHERE u.rolname = :name"
)
MARIADB_ROLES = (
    "SELECT role_name FROM information_schema.applicable_roles WHERE SUBSTRING_INDEX(grantee, '@', 1) = :name"
)


def hashed(password: str) -> str:
    """As the application has it."""
    return hash_password(Secret(password), QUICK, SALT)


def quoted(text: str, kind: str) -> str:
    """Text as a literal of SQL."""
    escaped = text.replace("\\", "\\\\") if kind == "mysql" else text
    return "'" + escaped.replace("'", "''") + "'"


def filled(kind: str, people: Sequence[Person] = PEOPLE) -> list[str]:
    """What puts the people into an empty database."""
    made: list[str] = list(TABLES)
    for one in people:
        name = quoted(one.name, kind)
        made.append(
            f"INSERT INTO users VALUES ({name}, {quoted(hashed(one.password), kind)}, {int(one.disabled)}, "
            f"{quoted(one.name + '@example.com', kind)})"
        )
        made += [f"INSERT INTO user_roles VALUES ({name}, {quoted(role, kind)})" for role in sorted(one.roles)]
    return made


def changed(kind: str, name: str, stored: str) -> str:
    """What changes somebody's hash in the table."""
    return f"UPDATE users SET pass = {quoted(stored, kind)} WHERE login = {quoted(name, kind)}"


def table(url: str, password: Path | None = None, **more: object) -> SqlTableStore:
    """The store of such a table."""
    settings: dict[str, object] = {"url": url, "query": QUERY, "roles_query": ROLES_QUERY, "password_file": password}
    settings["timeout"] = PATIENCE
    store = SqlTableSettings.model_validate(settings | more).made(Slots(2, patience=60), QUICK)
    assert isinstance(store, SqlTableStore)
    return store


def login(url: str, **more: object) -> OutsideStore:
    """The store of a server's own users."""
    return SqlLoginSettings.model_validate({"url": url, "timeout": PATIENCE} | more).made()


def password_file(folder: Path) -> Path:
    """With the password of whoever reads the table."""
    file = folder / "reader.password"
    file.touch(0o600)
    file.write_text(READER_PASSWORD + "\n")
    return file


def reader(kind: str) -> list[str]:
    """What makes the user that reads the table, and may do no more."""
    if kind == "postgresql":
        return [
            f"CREATE ROLE site_reader LOGIN PASSWORD {quoted(READER_PASSWORD, kind)}",
            "GRANT SELECT ON users, user_roles TO site_reader",
        ]
    return [
        f"CREATE USER site_reader@'%' IDENTIFIED BY {quoted(READER_PASSWORD, kind)}",
        "GRANT SELECT ON site.* TO site_reader@'%'",
    ]


def users(kind: str) -> list[str]:
    """What makes the people users of the server."""
    made: list[str] = []
    for role in sorted(ANN.roles):
        made.append(f"CREATE ROLE {role}")
    for one in PEOPLE:
        made.append(_user(kind, one.name, one.password))
        if kind == "mysql":
            made.append(f"GRANT USAGE, SELECT ON site.* TO {_named(kind, one.name)}")
        if one.disabled:
            made.append(
                f"ALTER ROLE {one.name} NOLOGIN" if kind == "postgresql" else f"ALTER USER {one.name}@'%' ACCOUNT LOCK"
            )
        made += [f"GRANT {role} TO {_named(kind, one.name)}" for role in sorted(one.roles)]
    return made


def another_password(kind: str, name: str, password: str) -> str:
    """What changes the password of a server's user."""
    if kind == "postgresql":
        return f"ALTER ROLE {_named(kind, name)} PASSWORD {quoted(password, kind)}"
    return f"ALTER USER {_named(kind, name)} IDENTIFIED BY {quoted(password, kind)}"


def _user(kind: str, name: str, password: str) -> str:
    if kind == "postgresql":
        return f"CREATE ROLE {_named(kind, name)} LOGIN PASSWORD {quoted(password, kind)}"
    return f"CREATE USER {_named(kind, name)} IDENTIFIED BY {quoted(password, kind)}"


def _named(kind: str, name: str) -> str:
    return f'"{name}"' if kind == "postgresql" else f"{quoted(name, kind)}@'%'"


# --- the members -----------------------------------------------------------------------------------------------------


@contextmanager
def table_in_sqlite() -> Iterator[Kept]:
    """A table in a file."""
    with tempfile.TemporaryDirectory(prefix="sqlite-") as made:
        file = Path(made) / "users.sqlite3"

        def execute(statements: Sequence[str]) -> None:
            with closing(sqlite3.connect(file)) as connection, connection:
                for statement in statements:
                    connection.execute(statement)

        execute(filled("sqlite"))
        yield Kept(
            store=table(f"sqlite:///{file}"),
            set_password=lambda who, password: execute([changed("sqlite", who.name, hashed(password))]),
        )


@contextmanager
def table_in_postgresql() -> Iterator[Kept]:
    """A table in a PostgreSQL of its own."""
    with postgresql() as server, _table_in(server) as kept:
        yield kept


@contextmanager
def table_in_mariadb() -> Iterator[Kept]:
    """A table in a MariaDB of its own, which takes capitals, accents and spaces at the end for nothing."""
    with mariadb() as server:
        server.execute(["ALTER DATABASE site CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"])
        with _table_in(server) as kept:
            yield kept


@contextmanager
def users_of_postgresql() -> Iterator[Kept]:
    """The users of a PostgreSQL of its own."""
    with postgresql() as server, _users_of(server, POSTGRESQL_ROLES) as kept:
        yield kept


@contextmanager
def users_of_mariadb() -> Iterator[Kept]:
    """The users of a MariaDB of its own."""
    with mariadb() as server, _users_of(server, MARIADB_ROLES) as kept:
        yield kept


@contextmanager
def _table_in(server: SqlServer) -> Iterator[Kept]:
    server.execute([*filled(server.kind), *reader(server.kind)])
    with relay(server.port) as wire:
        url, password = f"{server.kind}://site_reader@127.0.0.1:{wire.port}/site", password_file(server.folder)
        with closing(table(url, password)) as store, closing(table(url, password, timeout=IMPATIENCE)) as impatient:
            yield Kept(
                store=store,
                set_password=lambda who, password: server.execute([changed(server.kind, who.name, hashed(password))]),
                wire=wire,
                impatient=impatient,
            )


@contextmanager
def _users_of(server: SqlServer, roles_query: str) -> Iterator[Kept]:
    server.execute(users(server.kind))
    with relay(server.port) as wire:
        url = f"{server.kind}://127.0.0.1:{wire.port}/site"
        yield Kept(
            store=login(url, roles_query=roles_query),
            set_password=lambda who, password: server.execute([another_password(server.kind, who.name, password)]),
            wire=wire,
            impatient=login(url, roles_query=roles_query, timeout=IMPATIENCE),
        )
