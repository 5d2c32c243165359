"""Makes a new database at once: Alembic takes most of a second to import, and has nothing to migrate there.

`schema.sql` is what all revisions together lead to; tools/schema_of_revisions.py writes it.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from watchword.storage.sql.connections import patiently

SCHEMA = Path(__file__).with_name("schema.sql")


def make_sqlite(path: Path, patience: float) -> bool:
    """Make all tables in one transaction; False, and nothing is done, where there are some already.

    Raises:
        sqlite3.Error: where SQLite refuses; the file is then as it was.
    """
    statements = SCHEMA.read_text("utf-8").split(";\n")
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=0, isolation_level=None)
    try:
        patiently(lambda: db.execute("BEGIN IMMEDIATE"), time.monotonic() + patience)
        if db.execute("SELECT 1 FROM sqlite_master").fetchone():
            return False
        for statement in statements:
            db.execute(statement)
        db.execute("COMMIT")
        return True
    finally:
        db.close()  # what was not committed is undone
