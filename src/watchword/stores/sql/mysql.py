"""MySQL and MariaDB: connections for an application's table, and log-in as the proof of a password."""

from __future__ import annotations

import pymysql

from watchword.stores.sql.database import Database
from watchword.stores.sql.wire import SERVER_S_SHARE, wired


def opened(database: Database, *, timeout: float, writes: bool) -> pymysql.Connection:
    """A connection for an application's table."""
    connection = proved(database, timeout=timeout)
    try:
        with connection.cursor() as cursor:
            is_mariadb = "mariadb" in connection.get_server_info().lower()
            seconds = timeout * SERVER_S_SHARE
            longest = (
                f"max_statement_time = {seconds:g}" if is_mariadb else f"max_execution_time = {seconds * 1000:.0f}"
            )
            cursor.execute(f"SET SESSION {longest}, innodb_lock_wait_timeout = {max(1, int(timeout))}")
            if writes:
                # Otherwise some tables take half of a hash that is too long for them, and lock its owner out.
                cursor.execute("SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')")
            else:
                cursor.execute("SET SESSION TRANSACTION READ ONLY")
    except BaseException:
        connection.close()
        raise
    return connection


def proved(database: Database, *, timeout: float) -> pymysql.Connection:
    """A connection as the database's user. Each step takes `timeout` seconds at most.

    Raises:
        pymysql.err.OperationalError: also where the server says no; its number says why.
    """
    tls = database.context()
    connection = pymysql.Connection(
        user=database.user,
        password=b"" if database.password is None else database.password.reveal(),
        host=database.host or None,
        database=database.name,
        charset="utf8mb4",
        connect_timeout=timeout,
        read_timeout=timeout,
        write_timeout=timeout,
        ssl=tls,
        ssl_disabled=tls is None,
        local_infile=False,
        program_name="watchword",
        defer_connect=True,
    )
    wire = wired(database, timeout)
    try:
        connection.connect(wire)
    except BaseException:
        wire.close()
        raise
    return connection
