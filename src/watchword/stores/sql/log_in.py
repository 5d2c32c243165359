"""Log-in to a database server as the proof of a password: who came in, or what the server's refusal means."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from watchword.core.ask import AnswerFailed
from watchword.stores import Denied
from watchword.stores.sql.database import Database
from watchword.stores.sql.opened import Opened, failed

ANY_PASSWORD = (
    "the database lets people in whatever their password is, so nobody has proved anything; look for trust, peer and "
    "ident in pg_hba.conf, for skip-grant-tables, and at what a proxy before it does"
)


@dataclass(frozen=True, slots=True)
class In:
    """The server let somebody in. `name` is what it calls them; `powerful`: they may do anything, or copy everything,
    so that their password is nothing to be typed into a web application."""

    connection: Opened
    name: str
    powerful: bool

    def close(self) -> None:
        """Log out. Whether the server hears of it does not matter."""
        _close(self.connection)


def log_in(database: Database, *, timeout: float) -> In | Denied:
    """Log in as the database's user. No single step takes longer than `timeout` seconds.

    Raises:
        AnswerFailed: for everything that is not a clear yes or no to this name and this password.
    """
    log_in_there = _to_postgresql if database.kind == "postgresql" else _to_mysql
    return log_in_there(database, timeout)


def _to_postgresql(database: Database, timeout: float) -> In | Denied:
    from watchword.stores.sql import postgresql

    try:
        connection = postgresql.proved(database, timeout=timeout)
    except postgresql.AskedNoPassword:
        raise AnswerFailed(ANY_PASSWORD) from None
    except postgresql.NotIn as no:
        # Before a password was asked for, 28000 comes from pg_hba.conf, and says nothing of the password.
        if no.sqlstate == "28P01" or (no.sqlstate == "28000" and no.asked):
            return Denied("refused-elsewhere", knows=False)
        if no.sqlstate == "42501":
            return Denied("no-database-access", knows=False)
        raise AnswerFailed(f"the database let nobody in: SQLSTATE {no.sqlstate}") from None
    except Exception as error:  # whatever a driver raises while it connects
        raise failed(error) from None
    try:
        cursor = connection.cursor()
        cursor.execute(
            "SELECT session_user::text, rolsuper OR rolreplication FROM pg_catalog.pg_roles "
            "WHERE rolname = session_user"
        )
        ((name, powerful),) = cursor.fetchmany(2)
        return In(connection, str(name), bool(powerful))
    except Exception as error:
        _close(connection)
        raise failed(error) from None


def _to_mysql(database: Database, timeout: float) -> In | Denied:
    import pymysql

    from watchword.stores.sql import mysql

    try:
        connection = mysql.proved(database, timeout=timeout)
    except pymysql.err.OperationalError as error:
        said = _MYSQL_SAYS_NO.get(error.args[0] if error.args else None)
        if said is not None:
            return Denied(said, knows=False)
        raise failed(error) from None
    except Exception as error:  # whatever a driver raises while it connects
        raise failed(error) from None
    try:
        cursor = connection.cursor()
        # The account that the password was checked against, as name@host. Where grants are skipped it is nobody's.
        cursor.execute("SELECT CURRENT_USER()")
        ((account,),) = cursor.fetchmany(2)
        name, _, host = str(account).rpartition("@")
        if not name or name == "skip-grants user":
            raise AnswerFailed(ANY_PASSWORD)
        cursor.execute(
            "SELECT COUNT(*) FROM information_schema.user_privileges WHERE grantee = %s AND privilege_type IN "
            "('SUPER', 'CREATE USER', 'REPLICATION SLAVE', 'REPLICATION REPLICA')",
            (f"'{name}'@'{host}'",),
        )
        ((powers,),) = cursor.fetchmany(2)
        return In(connection, name, bool(powers))
    except Exception as error:
        _close(connection)
        raise error if isinstance(error, AnswerFailed) else failed(error) from None


_MYSQL_SAYS_NO: dict[object, str] = {
    1045: "refused-elsewhere",
    1698: "refused-elsewhere",  # the account proves itself in a way that takes no password
    3118: "account-locked",  # MySQL
    4151: "account-locked",  # MariaDB
    1862: "password-expired",
    1820: "password-expired",
    1044: "no-database-access",
}


def _close(connection: Opened) -> None:
    with suppress(Exception):
        connection.close()
