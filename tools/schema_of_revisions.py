"""Writes schema.sql, with which new databases are made, from what all migrations together lead to.

`--check` writes nothing, and exits 1 where the file is not what it would be.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from watchword.storage.migrations.fresh import SCHEMA
from watchword.storage.migrations.upgrade import upgrade_sqlite


def schema() -> str:
    """Every table and index in the order in which they were made, and the rows that stand in the tables."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "all.db"
        file.touch()
        upgrade_sqlite(file, 10.0)
        with closing(sqlite3.connect(file)) as db:
            made = db.execute(
                "SELECT type, name, sql FROM sqlite_master"
                " WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY rowid"
            ).fetchall()
            tables = [name for kind, name, _ in made if kind == "table"]
            rows = [insert for table in tables for insert in _inserts(db, table)]
    return ";\n".join([*(sql for _, _, sql in made), *rows]) + ";\n"


def _inserts(db: sqlite3.Connection, table: str) -> Iterator[str]:
    columns = [f"quote({row[1]})" for row in db.execute(f"PRAGMA table_info({table})")]
    for row in db.execute(f"SELECT {', '.join(columns)} FROM {table}"):  # noqa: S608 - our own names
        yield f"INSERT INTO {table} VALUES ({', '.join(row)})"  # noqa: S608 - quoted by SQLite


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
