"""How this process opens the SQLite file, and what SQLite's errors mean."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from watchword.core.ask import AnswerFailed
from watchword.storage.port import WouldWait

T = TypeVar("T")

PATIENCE = 5.0
"""Seconds that anybody waits for another process's lock."""

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}


def connect(path: Path, factory: type[sqlite3.Connection], *, read_only: bool) -> sqlite3.Connection:
    """A connection that never waits by itself: whoever uses it decides how long (`patiently`)."""
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",  # a file that is gone is an error, not an empty database
        uri=True,
        timeout=0,
        isolation_level=None,
        check_same_thread=False,  # used by one thread, closed by another
        cached_statements=256,
        factory=factory,
    )
    try:
        db.execute("PRAGMA trusted_schema = OFF")
        db.execute("PRAGMA synchronous = FULL")
        if read_only:
            db.execute("PRAGMA query_only = ON")
            db.execute("PRAGMA cache_size = -512")  # KiB: there is one for each thread of a pool
        else:
            db.execute("PRAGMA foreign_keys = ON")
            db.execute(f"PRAGMA journal_size_limit = {64 * 1024 * 1024}")
    except BaseException:
        db.close()
        raise
    return db


def patiently(attempt: Callable[[], T], deadline: float) -> T:
    """Try until it is not locked out any more, or `deadline` (monotonic) has come.

    SQLite's own waiting sleeps up to 100 ms at a time, so that a busy process starves the others; this one is
    short and random.
    """
    pause = 0.0005
    while True:
        try:
            return attempt()
        except sqlite3.Error as error:
            if not is_busy(error) or time.monotonic() >= deadline:
                raise
        time.sleep(pause * (0.5 + random.random()))  # noqa: S311 - spreads out those who wait
        pause = min(pause * 1.5, 0.005)


def is_busy(error: sqlite3.Error) -> bool:
    """Does it only say that somebody else holds a lock?"""
    # The low byte is the primary code; Python's own errors carry none.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _BUSY


def failed(error: BaseException) -> AnswerFailed:
    """What the rest of Watchword is told of a database error."""
    if isinstance(error, sqlite3.Error) and is_busy(error):
        return AnswerFailed(f"the database was held by another process for more than {PATIENCE:g} s")
    return AnswerFailed(f"the database failed: {error}")


class Readers:
    """One read connection for each thread, opened when that thread first reads and closed when it ends."""

    def __init__(self, path: Path, factory: type[sqlite3.Connection]) -> None:
        self._path = path
        self._factory = factory
        self._mine = threading.local()

    def read(self, attempt: Callable[[sqlite3.Connection], T], *, wait: bool) -> T:
        """What `attempt` finds.

        Raises:
            AnswerFailed: on any error of the database; the next look-up opens it anew.
            WouldWait: where `wait` is False and somebody holds a lock.
        """
        try:
            return attempt(self._connection())
        except sqlite3.Error as error:
            if not is_busy(error):
                raise self._failed(error) from error
            if not wait:
                raise WouldWait from None
        try:
            return patiently(lambda: attempt(self._connection()), time.monotonic() + PATIENCE)
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def version(self, *, wait: bool) -> object:
        """SQLite's `data_version`, with a mark of its connection: the versions of two connections do not compare."""
        version: tuple[int] = self.read(lambda db: db.execute("PRAGMA data_version").fetchone(), wait=wait)
        return self._mine.reader.mark, version[0]

    def close(self) -> None:
        """Close this thread's. Those of other threads may be in use: they close when nobody holds them."""
        self._mine.__dict__.clear()

    def _connection(self) -> sqlite3.Connection:
        reader: _Reader | None = getattr(self._mine, "reader", None)
        if reader is None:
            self._mine.reader = reader = _Reader(connect(self._path, self._factory, read_only=True))
        return reader.db

    def _failed(self, error: sqlite3.Error) -> AnswerFailed:
        self.close()
        return failed(error)


class _Reader:
    """A thread's connection. It closes with the thread, but not in a forked child: there it is the parent's."""

    __slots__ = ("_pid", "db", "mark")

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self.mark = object()
        self._pid = os.getpid()

    def __del__(self) -> None:
        if self._pid == os.getpid():
            self.db.close()
        else:
            _INHERITED.append(self.db)


_INHERITED: list[sqlite3.Connection] = []
"""Connections that a fork left us: to close them could disturb the process that uses them."""
