"""Settings of other applications' databases that are each right, and together unsafe or impossible."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from watchword.config.findings import Check, Finding
from watchword.config.problems import printable
from watchword.config.reading.lines import Location
from watchword.config.settings import Settings
from watchword.config.stores.sql_database import SqlDatabase
from watchword.config.stores.sql_login import SqlLoginSettings
from watchword.config.stores.sql_table import SqlTableSettings
from watchword.stores.sql.database import DRIVERS


def sql_driver_is_not_installed(settings: Settings) -> Iterator[Finding]:
    """A database whose driver, in the extra `postgres` or `mysql`, is not installed."""
    for place, sql in _databases(settings):
        driver, extra = DRIVERS.get(sql.reached().kind, (None, ""))
        if driver is not None and find_spec(driver) is None:
            yield Finding((*place, "url"), f'needs a library that is not here; run pip install "watchword[{extra}]"')


def sql_is_cleartext(settings: Settings) -> Iterator[Finding]:
    """A database beyond this machine without TLS; for `sql_table` unless `allow_cleartext`."""
    for place, sql in _databases(settings):
        database = sql.reached()
        if database.tls != "off" or database.is_local:
            continue
        if isinstance(sql, SqlLoginSettings):
            yield Finding(
                (*place, "tls"),
                'people\'s passwords would be proved in cleartext; write tls = "verify-full", or leave it out',
                depends=((*place, "url"),),
            )
        elif isinstance(sql, SqlTableSettings) and not sql.allow_cleartext:
            yield Finding(
                (*place, "tls"),
                'hashes would be sent in cleartext; write tls = "verify-full", or (where nobody else listens) '
                "allow_cleartext = true",
                depends=((*place, "url"), (*place, "allow_cleartext")),
            )


def sql_authorities_cannot_be_read(settings: Settings) -> Iterator[Finding]:
    """Authorities for a database server that cannot be read, or that nobody asks for."""
    for place, sql in _databases(settings):
        if sql.ca_file is None:
            continue
        if sql.reached().tls == "off":
            yield Finding(
                (*place, "ca_file"), 'nobody reads this with tls = "off"; leave one of them out', ((*place, "tls"),)
            )
            continue
        try:
            sql.reached().context()
        except OSError as error:
            yield Finding(
                (*place, "ca_file"),
                f"{printable(str(sql.ca_file))} cannot be read as certificates ({error.strerror or error}); "
                "write the name of a PEM file with them",
            )


def sql_table_has_no_usable_password(settings: Settings) -> Iterator[Finding]:
    """A password for a table's database that is missing where it should be, in two places, or readable for others."""
    for place, sql in _databases(settings):
        if not isinstance(sql, SqlTableSettings):
            continue
        keys = ((*place, "password_file"), (*place, "password_variable"))
        if sql.password_file is not None and sql.password_variable is not None:
            yield Finding(place, "has both a password_file and a password_variable; write one of them", depends=keys)
            continue
        try:
            sql.password()
        except ValueError as error:
            if sql.password_file is not None:
                yield Finding(keys[0], f"{printable(str(sql.password_file))} {error}")
            else:
                yield Finding(keys[1], f"the environment variable {sql.password_variable} {error}")


def sql_table_has_no_user(settings: Settings) -> Iterator[Finding]:
    """A table on a server without a user to read it as, or in a file with what only servers have."""
    for place, sql in _databases(settings):
        if not isinstance(sql, SqlTableSettings):
            continue
        database = sql.reached()
        if database.kind != "sqlite" and database.user is None:
            yield Finding(
                (*place, "url"),
                'names no user to read the table as; write one, such as "postgresql://reader@db.example.com/site"',
            )
        elif database.kind == "sqlite":
            for key in ("tls", "ca_file", "password_file", "password_variable"):
                if getattr(sql, key) is not None:
                    yield Finding((*place, key), "a file has no such thing; leave it out", depends=((*place, "url"),))


def sql_table_hashes_are_fast(settings: Settings) -> Iterator[Finding]:
    """A format of bare digests without `allow_fast_hashes`."""
    for place, sql in _databases(settings):
        if isinstance(sql, SqlTableSettings) and sql.format != "auto" and not sql.allow_fast_hashes:
            yield Finding(
                (*place, "format"),
                "passwords behind such digests are found quickly by whoever sees the table; if the application has "
                "them all the same, write allow_fast_hashes = true",
                depends=((*place, "allow_fast_hashes"),),
            )


def sql_login_has_a_user(settings: Settings) -> Iterator[Finding]:
    """A database to log in to that is a file, or whose URL has a user or a Unix socket."""
    for place, sql in _databases(settings):
        if not isinstance(sql, SqlLoginSettings):
            continue
        database = sql.reached()
        if database.kind == "sqlite":
            says = 'is a file, which has no users; write "postgresql://db.example.com/site", or kind = "sql_table"'
        elif database.user is not None:
            says = "names a user, but that is whoever logs in; leave it out"
        elif database.socket is not None:
            says = "names a Unix socket, over which a server may know a program in place of a password; write its host"
        else:
            continue
        yield Finding((*place, "url"), says, depends=((place[0], place[1], "kind"),))


SQL_CHECKS: tuple[Check, ...] = (
    sql_driver_is_not_installed,
    sql_is_cleartext,
    sql_authorities_cannot_be_read,
    sql_table_has_no_usable_password,
    sql_table_has_no_user,
    sql_table_hashes_are_fast,
    sql_login_has_a_user,
)
"""In the order of the manual."""


def _databases(settings: Settings) -> Iterator[tuple[Location, SqlDatabase]]:
    for index, store in enumerate(settings.store):
        if store.kind == "sql_table" and store.sql_table is not None:
            yield ("store", index, "sql_table"), store.sql_table
        if store.kind == "sql_login" and store.sql_login is not None:
            yield ("store", index, "sql_login"), store.sql_login
