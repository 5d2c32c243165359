"""PostgreSQL: connections for an application's table, and log-in as the proof of a password."""

from __future__ import annotations

from typing import Any

from pg8000 import dbapi

from watchword.stores.sql.database import Database
from watchword.stores.sql.wire import SERVER_S_SHARE, wired


class AskedNoPassword(Exception):
    """The server let somebody in without having asked for a password."""


class NotIn(Exception):
    """The server let nobody in. `sqlstate` says why; `asked`: it had asked for a password before."""

    def __init__(self, sqlstate: str, *, asked: bool) -> None:
        super().__init__(f"SQLSTATE {sqlstate}")
        self.sqlstate = sqlstate
        self.asked = asked


class Proving(dbapi.Connection):  # type: ignore[misc]  # the driver has no types
    """A connection that there only is where the server asked for a password, and found it right.

    `trust`, `peer`, `ident` and the like in pg_hba.conf do not look at one. The codes are those of the messages
    Authentication* (PostgreSQL, "Message Formats").
    """

    asked = False
    answered = False
    is_in = False

    def handle_AUTHENTICATION_REQUEST(self, data: bytes, context: Any) -> None:
        code = int.from_bytes(data[:4], "big")
        if code == _OK and not self.answered:
            raise AskedNoPassword
        super().handle_AUTHENTICATION_REQUEST(data, context)
        self.asked = self.asked or code in (_CLEARTEXT, _MD5, _SASL)
        # SCRAM is at its end where the server, too, has proved that it knows the password.
        self.answered = self.answered or code in (_CLEARTEXT, _MD5, _SASL_FINAL)

    def handle_ERROR_RESPONSE(self, data: bytes, context: Any) -> None:
        super().handle_ERROR_RESPONSE(data, context)
        if not self.is_in:
            raise NotIn(str(context.error.args[0].get("C", "")), asked=self.asked)


_OK, _CLEARTEXT, _MD5, _SASL, _SASL_FINAL = 0, 3, 5, 10, 12


def opened(database: Database, *, timeout: float, writes: bool) -> dbapi.Connection:
    """A connection for an application's table."""
    connection = _connected(dbapi.Connection, database, timeout)
    try:
        milliseconds = f"{timeout * SERVER_S_SHARE * 1000:.0f}"
        connection.cursor().execute(
            "SELECT set_config('statement_timeout', %s, false), set_config('lock_timeout', %s, false), "
            "set_config('default_transaction_read_only', %s, false)",
            (milliseconds, milliseconds, "off" if writes else "on"),
        )
        connection.commit()
    except BaseException:
        connection.close()
        raise
    return connection


def proved(database: Database, *, timeout: float) -> Proving:
    """A connection that proves the password of the database's user.

    Raises:
        NotIn: where the server says no.
        AskedNoPassword: where it would have taken any password.
    """
    connection = _connected(Proving, database, timeout)
    assert isinstance(connection, Proving)
    connection.is_in = True
    return connection


def _connected(kind: type[dbapi.Connection], database: Database, timeout: float) -> dbapi.Connection:
    """A connection of this kind. Each step takes `timeout` seconds at most."""
    wire = wired(database, timeout)
    try:
        return kind(
            user=database.user,
            host=database.host,
            database=database.name,
            password=None if database.password is None else database.password.reveal(),
            sock=wire,
            # None would speak TLS with whoever is there, and go on without it where the server likes that better.
            ssl_context=database.context() or False,
            application_name="watchword",
        )
    except BaseException:
        wire.close()
        raise
