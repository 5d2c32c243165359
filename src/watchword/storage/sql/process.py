"""What one process has opened of the SQLite file, and how records come in batches."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

from watchword.storage.counts import Counts
from watchword.storage.sql.connections import PATIENCE, Readers
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

    def read(self, look: Callable[[sqlite3.Connection], T], *, wait: bool = True) -> T:
        """What `look` sees, over a connection that cannot write."""
        return self.here().readers.read(look, wait=wait)

    def change(self, work: Callable[[sqlite3.Connection], T], patience: float = PATIENCE) -> T:
        """What `work` answers, once its change is on the disk."""
        return self.here().writer.change(work, patience)

    def put_all(self, put: Callable[[sqlite3.Connection, T], str], records: Iterable[T]) -> Counts:
        """Import records, in batches. `put` says what it did, in one of the words of `Counts`."""
        done: Counter[str] = Counter()
        for batch in _batches(records):
            done.update(self.change(_for_each(put, batch)))
        return Counts(**done)

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


def _batches(records: Iterable[T]) -> Iterator[list[T]]:
    them = iter(records)
    while batch := list(islice(them, BATCH)):
        yield batch


def _for_each(put: Callable[[sqlite3.Connection, T], str], batch: list[T]) -> Callable[[sqlite3.Connection], list[str]]:
    return lambda db: [put(db, record) for record in batch]
