"""A table of users that another application has, in SQLite, PostgreSQL, MySQL or MariaDB."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, Engine, TextClause, create_engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool, QueuePool

from watchword.core.ask import AnswerFailed
from watchword.core.names import folded_name
from watchword.crypto.password import SALT_LENGTH, Hashing, dummy_hash, hash_password
from watchword.crypto.secret import Secret
from watchword.stores import Denied, Identity
from watchword.stores.asking.in_time import InTime
from watchword.stores.asking.slots import Slots
from watchword.stores.sql.columns import Person, could_be_a_name, person, roles_in
from watchword.stores.sql.database import Database
from watchword.stores.sql.hashes import HashColumn
from watchword.stores.sql.opened import failed, is_unheld, opened
from watchword.stores.sql.statement import select, update

T = TypeVar("T")

CONNECTIONS = 8
"""How many of them at most to one database, in each process."""
_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+pg8000", "mysql": "mysql+pymysql"}
_MOST_ROLES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """What is asked of the database, and nothing else.

    `query` gives at most one row for `:name`, whose columns `sql.columns` reads, `roles` one role in each row for the
    name that the row has. `update` puts `:password_hash` in the place of `:old_hash` for it.
    """

    query: str
    roles: str | None = None
    update: str | None = None


class SqlTableStore:
    """Checks passwords against hashes in another application's table, through a query that its operator wrote.

    Whoever a row is about is who it says, but only where that is another spelling of the name that was given, unless
    `other_names`. Several rows are nobody. Hashes are checked in a slot; an unknown name costs what the last known
    one cost (F30). Hashes of other kinds become Argon2id at log-in only where there is an `update` for it.
    """

    def __init__(
        self,
        database: Database,
        statements: Statements,
        *,
        slots: Slots,
        hashing: Hashing,
        column: HashColumn = HashColumn(),  # noqa: B008 - frozen
        other_names: bool = False,
        timeout: float = 2.0,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Raises ValueError for a statement that is not taken."""
        self._query = text(select(statements.query))
        self._roles = None if statements.roles is None else text(select(statements.roles))
        self._update = None if statements.update is None else text(update(statements.update))
        self._slots = slots
        self._hashing = hashing
        self._column = column
        self._other_names = other_names
        self._entropy = entropy
        self._like = Person(name="", stored=dummy_hash(hashing))
        self._in_time = InTime(timeout)
        self._writing = "SERIALIZABLE" if database.kind == "sqlite" else "READ COMMITTED"
        self._engine = _engine(database, timeout, writes=self._update is not None)

    def check(self, name: str, password: Secret) -> Identity | Denied:
        """See `OutsideStore`. Raises AnswerFailed also where too many wait for a slot."""
        found = self._find(name)
        with self._slots.admitted(first=True), self._slots.one(first=True):
            if isinstance(found, Denied):
                self._proves(self._like, password)
                return found
            right = self._proves(found, password)
            if right is None:
                self._proves(self._like, password)
                return Denied("no-password" if found.stored is None else "unusable-hash")
            self._like = found
            if not right or found.disabled:
                return Denied("account-disabled" if found.disabled else "wrong-password")
            renewed = self._renewed(name, found, password)
        return self._identity(renewed, before=found)

    def find(self, name: str) -> Identity | Denied:
        """See `LooksUp`."""
        found = self._find(name)
        if isinstance(found, Denied):
            return found
        return Denied("account-disabled") if found.disabled else self._identity(found, before=found)

    def close(self) -> None:
        """Close the connections that are not in use. It can be asked again."""
        self._engine.dispose()

    def _find(self, name: str) -> Person | Denied:
        """The one person of this name; a name that no database need be asked for is nobody's."""
        if not could_be_a_name(name):
            return Denied("unknown-user", knows=False)
        return self._in_time.run(lambda: self._asked(lambda connection: self._read(connection, name)))

    def _read(self, connection: Connection, name: str) -> Person | Denied:
        try:
            result = connection.execute(self._query, {"name": name})
        except DBAPIError as error:
            if not name.isascii() and is_unheld(error.orig):
                return Denied("unknown-user", knows=False)
            raise
        columns, rows = tuple(result.keys()), result.fetchmany(2)
        result.close()
        if not rows:
            return Denied("unknown-user", knows=False)
        if len(rows) > 1:
            return Denied("ambiguous-name")
        found = person(columns, rows[0])
        if not self._other_names and folded_name(found.name) != folded_name(name):
            return Denied("other-name")
        return found

    def _proves(self, found: Person, password: Secret) -> bool | None:
        """None where no password could."""
        try:
            check = None if found.stored is None else self._column.check(found.stored, found.salt)
        except ValueError as error:
            raise AnswerFailed(str(error)) from None
        return None if check is None else check(password)

    def _identity(self, found: Person, *, before: Person) -> Identity:
        roles = found.roles
        if self._roles is not None:
            statement = self._roles
            roles |= self._in_time.run(
                lambda: self._asked(lambda connection: _roles(connection, statement, found.name))
            )
        return Identity(
            name=found.name,
            roles=roles,
            attributes=found.attributes,
            version=found.version or found.stored or "",
            formerly="" if found is before else before.version or before.stored or "",
        )

    # --- the one thing that is written ---------------------------------------------------------------------------

    def _renewed(self, name: str, found: Person, password: Secret) -> Person:
        """The person with an Argon2id hash where that is allowed, and can be; as they were otherwise."""
        statement = self._update
        if statement is None or found.stored is None or "argon2id$" in found.stored:
            return found
        renewed = hash_password(password, self._hashing, self._entropy(SALT_LENGTH))
        with suppress(AnswerFailed):
            return self._in_time.run(lambda: self._exchanged(statement, name, found, renewed, password)) or found
        return found

    def _exchanged(
        self, statement: TextClause, name: str, found: Person, renewed: str, password: Secret
    ) -> Person | None:
        """Whoever the row is about after the exchange, as it is read then. The exchange is undone where it met another
        number of rows than one, or where the column does not hold another hash of the password now."""
        values = {"name": found.name, "password_hash": renewed, "old_hash": found.stored}
        try:
            with self._engine.connect().execution_options(isolation_level=self._writing) as connection:
                if connection.execute(statement, values).rowcount == 1:
                    after = self._another_hash(self._read(connection, name), found, password)
                    if after is not None:
                        connection.commit()
                        return after
                connection.rollback()
            # Another log-in may have done the same meanwhile.
            return self._another_hash(self._asked(lambda again: self._read(again, name)), found, password)
        except (SQLAlchemyError, ValueError, OSError) as error:
            raise AnswerFailed(f"the hash was not renewed: {type(error).__name__}") from None

    def _another_hash(self, after: Person | Denied, before: Person, password: Secret) -> Person | None:
        if isinstance(after, Denied) or after.name != before.name or after.stored == before.stored:
            return None
        return after if self._proves(after, password) else None

    # --- the database ----------------------------------------------------------------------------------------------

    def _asked(self, question: Callable[[Connection], T]) -> T:
        """The answer, from a connection that is alive: one that died while it was idle is no answer.

        Raises:
            AnswerFailed: whatever went wrong.
        """
        try:
            try:
                with self._engine.connect() as connection:
                    return question(connection)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
            with self._engine.connect() as connection:  # a new one: the pool has dropped all that are older
                return question(connection)
        except DBAPIError as error:
            raise failed(error.orig or error) from None
        except ValueError as error:
            raise AnswerFailed(str(error)) from None
        except Exception as error:  # drivers raise what they like while they connect
            raise failed(error) from None


def _roles(connection: Connection, statement: TextClause, name: str) -> frozenset[str]:
    return roles_in(connection.execute(statement, {"name": name}).fetchmany(_MOST_ROLES))


def _engine(database: Database, timeout: float, *, writes: bool) -> Engine:
    """Connections are opened at first use. SQLite's are opened anew each time: the file may be another one by then."""
    return create_engine(
        f"{_DRIVERS[database.kind]}://",
        creator=lambda: opened(database, timeout=timeout, writes=writes),
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        hide_parameters=True,
        **(
            {"poolclass": NullPool}
            if database.kind == "sqlite"
            else {
                "poolclass": QueuePool,
                "pool_size": CONNECTIONS,
                "max_overflow": 0,
                "pool_timeout": timeout,
                "pool_use_lifo": True,
                "pool_recycle": 1800,
            }
        ),
    )
