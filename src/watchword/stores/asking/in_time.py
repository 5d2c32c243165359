"""What may block is waited for, but no longer than was said."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from watchword.core.ask import AnswerFailed

T = TypeVar("T")


class InTime:
    """Runs what may block in threads of its own, at most `threads` at once, and waits `seconds` for each.

    What was given up keeps its thread until it ends by itself, so it has bounds of its own. Threads begin at first use,
    never before a fork.
    """

    def __init__(self, seconds: float, *, threads: int = 16) -> None:
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="watchword-store")

    def run(self, attempt: Callable[[], T]) -> T:
        """What `attempt` gives, or raises.

        Raises:
            AnswerFailed: where it takes longer.
        """
        running = self._threads.submit(attempt)
        if not wait((running,), self._seconds).done:
            running.cancel()
            raise AnswerFailed(f"there was no answer within {self._seconds:g} s")
        return running.result()
