"""A database's own users: who can connect to it with a name and a password has proved them."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from sqlalchemy import text
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql
from sqlalchemy.dialects.postgresql.pg8000 import PGDialect_pg8000
from sqlalchemy.engine.default import DefaultDialect

from watchword.core.ask import AnswerFailed
from watchword.core.names import folded_name
from watchword.crypto.secret import Secret
from watchword.stores import Denied, Identity
from watchword.stores.asking.in_time import InTime
from watchword.stores.sql.columns import could_be_a_name, roles_in
from watchword.stores.sql.database import Database
from watchword.stores.sql.log_in import ANY_PASSWORD, In, log_in
from watchword.stores.sql.opened import failed
from watchword.stores.sql.statement import select

LONGEST_PASSWORD = 1024
"""In bytes. No server takes a longer one in all of its ways to ask."""
_MOST_ROLES = 1000


class SqlLoginStore:
    """Connects to a database as whoever logs in, with their password, and closes that connection at once.

    Only the database knows why it says no, so this store never says that it knows a name. It has no passwords to
    compare times of; what a denial takes is up to the database (F30).
    """

    def __init__(
        self,
        database: Database,
        *,
        forbidden: Collection[str] = (),
        roles_query: str | None = None,
        timeout: float = 2.0,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Raises ValueError for a query that is not taken, or a database that has no users."""
        if database.kind == "sqlite" or database.socket is not None or database.user is not None:
            raise ValueError("a server is needed, reached over TCP, and no user")
        self._database = database
        self._forbidden = frozenset(folded_name(name) for name in forbidden)
        self._roles = None if roles_query is None else _positional(select(roles_query), database)
        self._timeout = timeout
        self._entropy = entropy
        self._in_time = InTime(timeout)
        self._refuses_strangers = False

    def check(self, name: str, password: Secret) -> Identity | Denied:
        """See `OutsideStore`."""
        if not could_be_a_name(name):
            return Denied("unknown-user", knows=False)
        if not _is_usable(password):
            return Denied("unusable-password", knows=False)
        if folded_name(name) in self._forbidden:
            return Denied("forbidden-user", knows=False)
        return self._in_time.run(lambda: self._proved(name, password))

    def _proved(self, name: str, password: Secret) -> Identity | Denied:
        try:
            found = self._identity(name, password)
            if not isinstance(found, Denied) and not self._refuses_strangers:
                self._meet_a_stranger()
                self._refuses_strangers = True
            return found
        except AnswerFailed:
            # It may come back with other rules for whom it lets in.
            self._refuses_strangers = False
            raise

    def _identity(self, name: str, password: Secret) -> Identity | Denied:
        found = log_in(replace(self._database, user=name, password=password), timeout=self._timeout)
        if isinstance(found, Denied):
            return found
        try:
            if found.name != name:
                return Denied("other-name", knows=False)
            if found.powerful:
                return Denied("forbidden-user", knows=False)
            return Identity(name=found.name, roles=self._roles_of(found))
        except Exception as error:  # drivers raise what they like
            raise error if isinstance(error, AnswerFailed) else failed(error) from None
        finally:
            found.close()

    def _roles_of(self, found: In) -> frozenset[str]:
        if self._roles is None:
            return frozenset()
        cursor = found.connection.cursor()
        query, times = self._roles
        cursor.execute(query, (found.name,) * times)
        return roles_in(cursor.fetchmany(_MOST_ROLES))

    def _meet_a_stranger(self) -> None:
        """Find out whether the database asks for passwords at all, before anybody comes in.

        Raises:
            AnswerFailed: where it lets in somebody who cannot be.
        """
        name, password = f"nobody-{self._entropy(8).hex()}", Secret(self._entropy(16).hex())
        found = log_in(replace(self._database, user=name, password=password), timeout=self._timeout)
        if isinstance(found, In):
            found.close()
            raise AnswerFailed(ANY_PASSWORD)


def _is_usable(password: Secret) -> bool:
    """An empty one proves nothing where a server takes it for none, and what is no text reaches no server whole."""
    try:
        return 0 < len(password.reveal()) <= LONGEST_PASSWORD and "\0" not in password.reveal().decode()
    except UnicodeDecodeError:
        return False


def _positional(query: str, database: Database) -> tuple[str, int]:
    """The query with its parameters as the driver has them, and how often the name is one."""
    dialect: type[DefaultDialect] = PGDialect_pg8000 if database.kind == "postgresql" else MySQLDialect_pymysql
    compiled = text(query).compile(dialect=dialect())
    places: Sequence[str] = compiled.positiontup or ()
    return str(compiled), len(places)
