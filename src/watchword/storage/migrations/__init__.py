"""Brings a database to the schema that this version of Watchword works with."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from watchword.storage.migrations.fresh import make_sqlite
from watchword.storage.port import UnusableStorage
from watchword.storage.sql.connections import patiently

KNOWN = ("0001", "0002", "0003", "0004", "0005", "0006")
"""Every revision in `versions/`, oldest first."""

PATIENCE = 60.0
"""Seconds to wait while another process migrates."""


def migrate_sqlite(path: Path) -> None:
    """Create or upgrade the tables in the file at `path`; do nothing where they are there.

    Any number of processes may do it at once, and one that is killed on the way leaves the file as it was.

    Raises:
        UnusableStorage: where the file is no database of ours, or of a newer version.
    """
    deadline = time.monotonic() + PATIENCE
    try:
        revision = patiently(lambda: _revision(path), deadline)
        if revision == KNOWN[-1] or (revision is None and make_sqlite(path, PATIENCE)):
            return
        _upgrade(path)
    except sqlite3.Error as error:
        raise UnusableStorage(f"{path} cannot be opened as a Watchword database: {error}") from error


def _revision(path: Path) -> str | None:
    """What the file was migrated to; None where it is empty. Sees to the journal mode, which stays in the file."""
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=0, isolation_level=None)
    try:
        (mode,) = db.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise UnusableStorage(
                f"{path} lies on a file system without shared memory ({mode} journal), such as a network share:"
                " put the data folder on a local disk"
            )
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            return None
        row = db.execute("SELECT version_num FROM alembic_version").fetchone()
    finally:
        db.close()
    revision: str | None = row and row[0]
    if revision is not None and revision not in KNOWN:
        raise UnusableStorage(
            f"{path} was written by a newer Watchword (its schema is {revision}, this version knows {KNOWN[-1]}):"
            " upgrade Watchword, or restore a backup that was made before the upgrade"
        )
    return revision


def _upgrade(path: Path) -> None:
    # Alembic and SQLAlchemy are slow to import, and most starts have nothing to migrate.
    try:
        from watchword.storage.migrations.upgrade import upgrade_sqlite
    except ImportError as error:
        raise UnusableStorage(
            f"{path} has to be migrated, which takes the extra `storage`: pip install 'watchword[storage]'"
        ) from error
    upgrade_sqlite(path, PATIENCE)
