"""What one process has opened of the SQLite file, and how records come in batches."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

from watchword.storage.sql.connections import Readers
from watchword.storage.sql.writer import Writer

T = TypeVar("T")

BATCH = 1_000
"""Records in one transaction of an import or export: a longer one would keep others waiting."""


class Processes:
    """The connections and the writer of each process: after a fork the child opens its own."""

    def __init__(self, path: Path, factory: type[sqlite3.Connection]) -> None:
        self._path = path
        self._factory = factory
        self._opened: dict[int, Process] = {}

    def here(self) -> Process:
        """What this process has opened. What a parent had open stays open here, and is never used or closed."""
        pid = os.getpid()
        here = self._opened.get(pid)
        if here is None:
            here = self._opened.setdefault(pid, Process(self._path, self._factory))
        return here

    def close(self) -> None:
        here = self._opened.pop(os.getpid(), None)
        if here is not None:
            here.writer.close()
            here.readers.close()


class Process:
    """The connections and the writer of one process; both open at first use."""

    __slots__ = ("readers", "writer")

    def __init__(self, path: Path, factory: type[sqlite3.Connection]) -> None:
        self.readers = Readers(path, factory)
        self.writer = Writer(path, factory)


def batches(records: Iterable[T]) -> Iterator[list[T]]:
    them = iter(records)
    while batch := list(islice(them, BATCH)):
        yield batch


def for_each(put: Callable[[sqlite3.Connection, T], str], batch: list[T]) -> Callable[[sqlite3.Connection], list[str]]:
    return lambda db: [put(db, record) for record in batch]
