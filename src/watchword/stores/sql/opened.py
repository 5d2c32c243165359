"""Connections to somebody else's database, as its driver has them, and what goes wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from watchword.core.ask import AnswerFailed
from watchword.stores.sql.database import Database


class Cursor(Protocol):
    """What is needed of a cursor (PEP 249)."""

    @property
    def description(self) -> Sequence[Sequence[object]] | None: ...

    def execute(self, operation: str, parameters: Sequence[object] = (), /) -> object: ...

    def fetchmany(self, size: int, /) -> Sequence[Sequence[object]]: ...


class Opened(Protocol):
    """What is needed of a connection (PEP 249)."""

    def cursor(self) -> Cursor: ...

    def close(self) -> object: ...


def opened(database: Database, *, timeout: float, writes: bool) -> Opened:
    """A connection for an application's own table. No single step takes longer than `timeout` seconds, and where
    nothing `writes` the database itself refuses to.

    Raises whatever the driver does.
    """
    match database.kind:
        case "sqlite":
            from watchword.stores.sql import sqlite

            return sqlite.opened(database, timeout=timeout, writes=writes)
        case "postgresql":
            from watchword.stores.sql import postgresql

            reached: Opened = postgresql.opened(database, timeout=timeout, writes=writes)
        case "mysql":
            from watchword.stores.sql import mysql

            reached = mysql.opened(database, timeout=timeout, writes=writes)
    return reached


def is_unheld(error: BaseException | None) -> bool:
    """Whether the database only says that its columns have no such characters, as Latin-1 has few."""
    said = error.args[0] if error is not None and error.args else None
    return said in _MYSQL_CANNOT_COMPARE if isinstance(said, int) else _state(said) == "22P05"


_MYSQL_CANNOT_COMPARE = (1267, 1270, 1271, 3988)


def _state(said: object) -> object:
    return said.get("C") if isinstance(said, dict) else None


def failed(error: BaseException) -> AnswerFailed:
    """What the rest of Watchword is told of a driver's error: its kind and its words, which hold no password."""
    return AnswerFailed(f"the database failed: {type(error).__name__}: {str(error)[:200]}")
