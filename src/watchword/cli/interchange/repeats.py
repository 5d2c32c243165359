"""Finds what stands twice among any number of entries. They lie in a temporary file, so memory stays small."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

_BATCH = 1000
_REPEATED = """SELECT first.key, first.place, last.place FROM
    (SELECT min(rowid) AS low, max(rowid) AS high FROM noted GROUP BY key HAVING count(*) > 1 ORDER BY low LIMIT ?)
    JOIN noted AS first ON first.rowid = low JOIN noted AS last ON last.rowid = high ORDER BY low"""


class Repeats:
    """Keys, each with the place where it stands."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)  # a file without a name, which goes with the connection
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("BEGIN")
        self._db.execute("CREATE TABLE noted (key BLOB NOT NULL, place TEXT NOT NULL)")
        self._waiting: list[tuple[bytes, str]] = []

    def note(self, key: bytes, place: str) -> None:
        """The key stands there."""
        self._waiting.append((key, place))
        if len(self._waiting) == _BATCH:
            self._write()

    def found(self, limit: int) -> Iterator[tuple[bytes, str, str]]:
        """The first keys that stand more than once, each with its first and its last place."""
        self._write()
        yield from self._db.execute(_REPEATED, (limit,))

    def close(self) -> None:
        self._db.close()

    def _write(self) -> None:
        self._db.executemany("INSERT INTO noted VALUES (?, ?)", self._waiting)
        self._waiting.clear()
