"""Writes schema.sql, with which new databases are made, from what all migrations together lead to.

`--check` writes nothing, and exits 1 where the file is not what it would be.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from watchword.storage.migrations import KNOWN
from watchword.storage.migrations.fresh import SCHEMA
from watchword.storage.migrations.upgrade import upgrade_sqlite


def schema() -> str:
    """Every table and index in the order in which they were made, and the revision."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "all.db"
        file.touch()
        upgrade_sqlite(file, 10.0)
        with closing(sqlite3.connect(file)) as db:
            made = [sql for (sql,) in db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")]
    own = [sql for sql in made if "sqlite_sequence" not in sql.split("(")[0]]
    statements = [*own, f"INSERT INTO alembic_version VALUES ('{KNOWN[-1]}')"]  # noqa: S608 - a constant
    return ";\n".join(statements) + ";\n"


def main() -> int:
    written = SCHEMA.exists() and SCHEMA.read_text("utf-8") == schema()
    if "--check" in sys.argv[1:]:
        if not written:
            print(f"{SCHEMA.name} is out of date: run python {Path(__file__).name}")
        return 0 if written else 1
    SCHEMA.write_text(schema(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
