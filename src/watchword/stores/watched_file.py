"""A file that somebody else changes: read again when it was, and never while it is being written."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from watchword.core.ask import AnswerFailed

T = TypeVar("T")

LONGEST = 64 * 1024 * 1024
"""In bytes: about a million lines."""
QUIET = 0.1
"""For how many seconds nobody must have touched a file before it is read. `htpasswd` empties the file and writes it
anew, line by line, so whoever read it just then would miss people."""
EMPTY = 0.5
"""For how many seconds a file may be empty before nobody waits for more."""
_LOOK_EVERY = 0.02


class Unfinished(Exception):
    """The content ends where no whole file does."""


class _State(NamedTuple):
    """What differs when the file does. The time of change is among it: that of writing can be set at will."""

    written: int
    changed: int
    device: int
    inode: int
    size: int


@dataclass(frozen=True, slots=True)
class _Taken(Generic[T]):
    state: _State
    value: T


class WatchedFile(Generic[T]):
    """The file as `read` understands it, as it is now: each use looks whether it is still the same.

    `read` may raise `Unfinished`. A change is waited for until the file has been quiet, at most `patience` seconds.
    `clock` counts seconds and never goes backwards.
    """

    def __init__(
        self,
        file: Path,
        read: Callable[[bytes], T],
        *,
        patience: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._file = file
        self._read = read
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._taken: _Taken[T] | None = None
        self._seen: tuple[_State, float] | None = None

    def now(self) -> T:
        """What is in the file.

        Raises:
            AnswerFailed: where it is missing, unreadable, empty, too large, half a file or being written.
        """
        taken = self._taken
        if taken is not None and taken.state == self._state():
            return taken.value
        deadline = self._clock() + self._patience
        if not self._lock.acquire(timeout=self._patience):
            raise AnswerFailed(f"{self._file} is being read")
        try:
            return self._when_quiet(deadline)
        finally:
            self._lock.release()

    def _when_quiet(self, deadline: float) -> T:
        while True:
            state, now = self._state(), self._clock()
            if self._taken is not None and self._taken.state == state:
                return self._taken.value
            if self._seen is None or self._seen[0] != state:
                self._seen = (state, now)
            quiet = now - self._seen[1]
            if state.size and quiet >= QUIET:
                content = self._content()
                if self._state() == state:  # otherwise it was written to meanwhile
                    self._taken = _Taken(state, self._understood(content))
                    return self._taken.value
            if not state.size and quiet >= EMPTY:
                # Nobody keeps a file without a line; a full disk leaves one.
                raise AnswerFailed(f"{self._file} is empty")
            if now >= deadline:
                raise AnswerFailed(f"{self._file} is being written")
            self._sleep(_LOOK_EVERY)

    def _state(self) -> _State:
        try:
            found = os.stat(self._file)
        except OSError as error:
            raise AnswerFailed(f"{self._file} cannot be found ({error.strerror})") from None
        if found.st_size > LONGEST:
            raise AnswerFailed(f"{self._file} has more than {LONGEST} bytes")
        return _State(found.st_mtime_ns, found.st_ctime_ns, found.st_dev, found.st_ino, found.st_size)

    def _content(self) -> bytes:
        try:
            # Not waiting: somebody may have put a pipe in its place.
            descriptor = os.open(self._file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as opened:
                return opened.read(LONGEST + 1)
        except OSError as error:
            raise AnswerFailed(f"{self._file} cannot be read ({error.strerror})") from None

    def _understood(self, content: bytes) -> T:
        try:
            return self._read(content)
        except Unfinished as error:
            raise AnswerFailed(f"{self._file} {error}") from None
