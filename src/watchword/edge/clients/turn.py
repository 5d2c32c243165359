"""One at a time, over threads and event loops alike: whoever comes waits for a future, and hands on at the end."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future
from threading import Lock
from typing import Final
from weakref import WeakSet


class Turn:
    """A lock that is waited for outside: `future.result()` in a thread, `await wrap_future(future)` in a loop."""

    def __init__(self) -> None:
        self.begin_anew()
        _all.add(self)

    def begin_anew(self) -> None:
        """It is nobody's turn. After a fork, whoever had it is in the other process, and never leaves."""
        self._lock = Lock()
        self._taken = False
        self._waiting: deque[Future[None]] = deque()

    def ask(self) -> Future[None]:
        """Done when it is one's turn. Every one of them is given to `leave`, whatever happened."""
        future: Future[None] = Future()
        with self._lock:
            if self._taken:
                self._waiting.append(future)
                return future
            self._taken = True
        future.set_result(None)
        return future

    def leave(self, future: Future[None]) -> None:
        """Let the next one have its turn, or give up waiting."""
        if future.cancel() or future.cancelled():
            return
        with self._lock:
            while self._waiting:
                following = self._waiting.popleft()
                if following.set_running_or_notify_cancel():
                    break
            else:
                self._taken = False
                return
        following.set_result(None)


_all: Final[WeakSet[Turn]] = WeakSet()


def _after_fork() -> None:
    for turn in tuple(_all):
        turn.begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
