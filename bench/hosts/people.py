"""Who has credentials in the hosts' rows, and a store of them for peers whose documentation leaves that open."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from bench.data import PASSWORD, basic
from bench.many import user

Credentials: TypeAlias = Mapping[str, str]
"""The fields in which they are sent."""

PEOPLE = [user(number) for number in range(1_000)]
"""As many in Watchword's database as in each peer's."""

SENDING = PEOPLE[:250]
"""Those who send requests."""

SENDING_PASSWORDS = PEOPLE[:16]
"""Fewer: of a password each costs a hash before it is warm, and with peers one at each request."""

SECRET = "for peers that sign by HS256, and for no other use"


def by_bearer(tokens: Sequence[str], scheme: str = "Bearer") -> list[Credentials]:
    """Tokens as they are sent."""
    return [{"Authorization": f"{scheme} {token}"} for token in tokens]


def by_password(names: Sequence[str]) -> list[Credentials]:
    """Of these people, as Basic sends it."""
    return [basic(name, PASSWORD) for name in names]


class Table:
    """People in SQLite, found by their names with as little as Python needs for that."""

    def __init__(self, file: Path, password_hash: str = "") -> None:
        self._connection = sqlite3.connect(file)
        self._connection.execute("CREATE TABLE people (name TEXT PRIMARY KEY, password_hash TEXT NOT NULL)")
        self._connection.executemany("INSERT INTO people VALUES (?, ?)", [(name, password_hash) for name in PEOPLE])
        self._connection.commit()

    def password_hash(self, name: str) -> str | None:
        """Of whoever has this name; None where nobody has it."""
        found = self._connection.execute("SELECT password_hash FROM people WHERE name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])

    def close(self) -> None:
        self._connection.close()
