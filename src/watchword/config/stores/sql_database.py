"""What `[store.sql_table]` and `[store.sql_login]` have in common: which database, and how it is reached."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, TypeAlias

from pydantic import Field

from watchword.config.places import File
from watchword.config.section import Section
from watchword.config.values import Read, Unfit, choice
from watchword.config.values.durations import FORMS, seconds
from watchword.stores.sql.database import Database, Tls, database_of
from watchword.stores.sql.statement import select, update

LONGEST_WAIT = 10.0


def _url(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    database_of(value)
    return value


def _select(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    return select(value)


def _update(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    return update(value)


def _wait(value: object) -> float:
    length = seconds(value)
    if length > LONGEST_WAIT:
        raise ValueError("would hold up everybody while the database is away; write 10 seconds or less")
    return length


SqlUrl: TypeAlias = Annotated[str, Read("the URL of a database", _url)]
Select: TypeAlias = Annotated[str, Read("a SELECT with the parameter :name", _select)]
Update: TypeAlias = Annotated[str, Read("an UPDATE with :name, :password_hash and :old_hash", _update)]
Wait: TypeAlias = Annotated[float, Read(FORMS, _wait)]


class SqlDatabase(Section):
    """A database of another application."""

    url: SqlUrl = Field(examples=["postgresql://reader@db.example.com/site"])
    """The database, as SQLAlchemy writes URLs: `postgresql://`, `mysql://` or `mariadb://`, with the host, the port
    where it is another than usual, and the name of the database. No password stands in it, and no parameters but
    `?host=/run/postgresql` or `?unix_socket=/run/mysqld/mysqld.sock` in place of a host."""

    tls: Annotated[Tls, choice("verify-full", "verify-ca", "off")] | None = Field(
        default=None, examples=["verify-full"]
    )
    """What the server's certificate must be: issued by an authority that is trusted, and for the host in the URL
    (`verify-full`) or for any (`verify-ca`). `off` speaks in cleartext. Where nothing is said it is `off` for a server
    on this machine, and `verify-full` for any other."""

    ca_file: File | None = Field(default=None, examples=["db-ca.pem"])
    """Certificates (PEM) of the authorities that vouch for the server; the machine's own list where nothing is said."""

    timeout: Wait = Field(default="2s", validate_default=True, examples=["1s"])
    """How long one question may take in all, connecting included; 10 seconds at most. Longer ones are answered with
    503."""

    def reached(self) -> Database:
        """The database, without a password."""
        database = database_of(self.url)
        tls: Tls = "off" if database.is_local and self.ca_file is None else "verify-full"
        return replace(database, tls=self.tls or tls, authorities=self.ca_file)
