"""Runs Alembic on a SQLite file: all steps in one transaction, under the write lock."""

from __future__ import annotations

import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from watchword.storage.sql.connections import patiently


def upgrade_sqlite(path: Path, patience: float) -> None:
    """Apply every revision that the file does not have yet.

    Raises:
        sqlite3.Error: where SQLite refuses; the file is then as it was.
    """
    url = URL.create("sqlite", database=str(path.absolute()))
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": 0})

    @event.listens_for(engine, "begin")
    def take_the_write_lock(connection: Connection) -> None:
        # The lock comes before Alembic reads the version: whoever waits here then finds the work done.
        cursor = connection.connection.cursor()
        patiently(lambda: cursor.execute("BEGIN IMMEDIATE"), time.monotonic() + patience)

    config = Config()
    config.set_main_option("script_location", "watchword.storage:migrations")
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DBAPIError as error:
        raise error.orig or error from error
    finally:
        engine.dispose()
