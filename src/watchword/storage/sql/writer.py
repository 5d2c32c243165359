"""The one thread of this process that writes: changes that wait together are committed together."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from watchword.core.ask import AnswerFailed
from watchword.core.principal import Instant
from watchword.storage.sql.connections import PATIENCE, connect, failed, patiently
from watchword.storage.sql.key_writes import touch_keys
from watchword.storage.sql.session_writes import touch_sessions

T = TypeVar("T")
Touchable: TypeAlias = Literal["session", "key"]

GROUP = 64
"""How many changes share one commit, which is where the time goes."""

TOUCH_DELAY = 1.0
TOUCHES_AT_ONCE = 1_000
TOUCHES_KEPT = 100_000
"""How many sessions' and keys' last use is remembered while the database cannot be written."""


class Writer:
    """Takes changes from any thread, and answers when they are on the disk."""

    def __init__(self, path: Path, factory: type[sqlite3.Connection]) -> None:
        self._path = path
        self._factory = factory
        self._jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()  # None only wakes the thread
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._touches: dict[tuple[Touchable, bytes], Instant] = {}
        self._touches_due: float | None = None
        self._db: sqlite3.Connection | None = None

    def change(self, work: Callable[[sqlite3.Connection], T], patience: float = PATIENCE) -> T:
        """Do `work` in a transaction and say what it answered, once that is durable.

        `work` may be done beside others in one transaction, but it fails alone.

        Raises:
            AnswerFailed: where it could not be written, or not within `patience` seconds.
        """
        self._start()
        job = _Job(work, time.monotonic() + patience)
        self._jobs.put(job)
        return job.wait(patience)

    def touch(self, what: Touchable, fingerprint: bytes, now: Instant) -> None:
        """Note when a session or key was used; written with the next group or after TOUCH_DELAY."""
        with self._lock:
            first = not self._touches
            touched = what, fingerprint
            if len(self._touches) < TOUCHES_KEPT or touched in self._touches:
                self._touches[touched] = max(now, self._touches.get(touched, now))
        if first:
            self._jobs.put(None)
            with suppress(AnswerFailed):  # the next change starts the thread, or says that it cannot
                self._start()

    def close(self) -> None:
        """Write what waits, then end the thread."""
        self._closing = True
        thread = self._thread
        if thread is not None:
            self._jobs.put(None)
            thread.join(PATIENCE)

    # --- the thread

    def _start(self) -> None:
        if self._thread is not None:
            return
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="watchword-writer", daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:  # no more threads: the next change tries again
                    raise failed(error) from error
                self._thread = thread

    def _run(self) -> None:
        while True:
            job = self._next()
            if job is not None or self._touches:
                self._commit_group(job)
            elif self._closing:
                break
        if self._db is not None:
            self._db.close()

    def _next(self) -> _Job[Any] | None:
        """The next change; None when touches are due, or when closing finds none left."""
        while True:
            if not self._touches:
                self._touches_due = None
            elif self._touches_due is None:
                self._touches_due = time.monotonic() + TOUCH_DELAY
            try:
                if self._closing:
                    job = self._jobs.get_nowait()
                elif self._touches_due is None:
                    job = self._jobs.get()
                else:
                    job = self._jobs.get(timeout=max(0.0, self._touches_due - time.monotonic()))
            except Empty:
                return None
            if job is not None:
                return job

    def _commit_group(self, first: _Job[Any] | None) -> None:
        group = [] if first is None else [first]
        touches = self._take_touches()
        try:
            db = self._begin()
            touch_sessions(db, _those_of("session", touches))
            touch_keys(db, _those_of("key", touches))
            # Only now: who came while another process held the lock is in the group too.
            self._fill(group)
            for job in group:
                job.attempt(db)
            db.execute("COMMIT")
        except BaseException as error:  # the thread must live on, and everybody be answered
            self._forget_connection()
            self._restore_touches(touches)
            for job in group:
                job.fail(failed(error))
        for job in group:
            job.done.release()

    def _begin(self) -> sqlite3.Connection:
        def begin() -> sqlite3.Connection:
            if self._db is None:
                self._db = connect(self._path, self._factory, read_only=False)
            self._db.execute("BEGIN IMMEDIATE")
            return self._db

        return patiently(begin, time.monotonic() + PATIENCE)

    def _fill(self, group: list[_Job[Any]]) -> None:
        with suppress(Empty):
            while len(group) < GROUP:
                job = self._jobs.get_nowait()
                if job is not None:
                    group.append(job)

    def _take_touches(self) -> dict[tuple[Touchable, bytes], Instant]:
        with self._lock:
            taken = dict(islice(self._touches.items(), TOUCHES_AT_ONCE))
            for touched in taken:
                del self._touches[touched]
            self._touches_due = time.monotonic() if self._touches else None
            return taken

    def _restore_touches(self, touches: dict[tuple[Touchable, bytes], Instant]) -> None:
        self._touches_due = None
        if not self._closing:
            for (what, fingerprint), now in touches.items():
                self.touch(what, fingerprint, now)

    def _forget_connection(self) -> None:
        """After an error the next group opens the file anew: what SQLite remembers of it may be wrong."""
        db, self._db = self._db, None
        if db is not None:
            with suppress(sqlite3.Error):
                db.close()  # rolls back


def _those_of(what: Touchable, touches: dict[tuple[Touchable, bytes], Instant]) -> dict[bytes, Instant]:
    return {fingerprint: now for (kind, fingerprint), now in touches.items() if kind == what}


class _Job(Generic[T]):
    """One change that somebody waits for."""

    __slots__ = ("_answer", "_failure", "_work", "deadline", "done")

    def __init__(self, work: Callable[[sqlite3.Connection], T], deadline: float) -> None:
        self._work = work
        self.deadline = deadline
        self.done = threading.Lock()
        self.done.acquire()
        self._answer: list[T] = []
        self._failure: BaseException | None = None

    def wait(self, patience: float) -> T:
        if not self.done.acquire(timeout=patience):
            raise AnswerFailed("the database did not take the change in time")
        if self._failure is not None:
            raise self._failure
        return self._answer[0]

    def attempt(self, db: sqlite3.Connection) -> None:
        """Do the work in its own savepoint. Raises only where SQLite gave up the whole transaction."""
        if time.monotonic() >= self.deadline:
            return self.fail(AnswerFailed("the database did not take the change in time"))
        db.execute("SAVEPOINT change")
        try:
            self._answer = [self._work(db)]
        except Exception as error:
            if not db.in_transaction:
                raise
            db.execute("ROLLBACK TO change")
            self.fail(failed(error) if isinstance(error, sqlite3.Error) else error)
        db.execute("RELEASE change")
        return None

    def fail(self, failure: BaseException) -> None:
        self._failure = failure
