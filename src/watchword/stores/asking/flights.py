"""Single flight: work that several threads want at the same time is done once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import CancelledError, Future
from typing import Generic, TypeVar

from watchword.core.ask import AnswerFailed

T = TypeVar("T")


class Flights(Generic[T]):
    """Who asks for what is being worked out already, waits for that, at most `patience` seconds."""

    def __init__(self, *, patience: float = 8.0) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._running: dict[Hashable, Future[T]] = {}

    def share(self, key: Hashable, work: Callable[[], T]) -> T:
        """What `work` answers here, or in the thread that began it first under this key.

        Raises:
            AnswerFailed: where the other thread failed or takes too long; here, whatever `work` raises.
        """
        mine: Future[T] = Future()
        with self._lock:
            running = self._running.setdefault(key, mine)
        if running is not mine:
            return self._joined(running)
        try:
            answer = work()
        except BaseException:
            self._land(key)
            mine.cancel()
            raise
        self._land(key)
        mine.set_result(answer)
        return answer

    def _joined(self, running: Future[T]) -> T:
        try:
            return running.result(self._patience)
        except (CancelledError, TimeoutError):
            raise AnswerFailed("the check that this one waited for failed") from None

    def _land(self, key: Hashable) -> None:
        """From now on nobody joins: what they know may be newer than the answer."""
        with self._lock:
            del self._running[key]
