"""Another application's SQLite file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from watchword.stores.sql.database import Database


def opened(database: Database, *, timeout: float, writes: bool) -> sqlite3.Connection:
    """A connection to a file that is there: one that is not there is an error, never a new file."""
    mode = "rw" if writes else "ro"
    connection = sqlite3.connect(
        f"{Path(database.name).as_uri()}?mode={mode}", uri=True, timeout=timeout, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        if not writes:
            connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection
