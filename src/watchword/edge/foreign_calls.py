"""Functions of applications and plug-ins, which may do what they like: called in few threads, for a bounded time."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from watchword.core.ask import NOT_YET, AnswerFailed, NotYet
from watchword.core.authorizer import Word
from watchword.core.events import Event
from watchword.core.questions import CheckAuthorization, CheckElsewhere
from watchword.edge.drive import Answers
from watchword.edge.error_place import place_of

T = TypeVar("T")

AT_ONCE = 8
"""Calls of one function that are under way."""
AT_HAND = 32
"""The same with those that wait for a place. One more is refused at once, so that a function that hangs keeps no more
threads of its callers than that."""
PATIENCE = 5.0
"""Seconds that a call may take, its waiting included."""


class ForeignCalls:
    """Answers `CheckAuthorization` and `CheckElsewhere`. Failures are noted, and are `AnswerFailed` to who asks.

    A call that was given up keeps its thread until it ends by itself. Threads begin at first use, never before a fork.
    """

    def __init__(self, note: Callable[[Event], None], *, patience: float = PATIENCE) -> None:
        self._note = note
        self._patience = patience
        self._lock = threading.Lock()
        self._lines: dict[tuple[int, str], _Line] = {}

    def register(self, answers: Answers) -> None:
        """Have these calls answer what is asked of them."""
        answers.add(CheckAuthorization, inline=self.authorize_in_place, threaded=self.authorize)
        answers.add(CheckElsewhere, threaded=self.judge)

    def authorize_in_place(self, question: CheckAuthorization) -> Word | NotYet | None:
        """The word of a function that promised to be quick; not yet any other's."""
        if not question.quick:
            return NOT_YET
        try:
            return question.function(question.principal, question.request)
        except Exception as error:
            raise self._failed(question.authorizer, place_of(error)) from None

    def authorize(self, question: CheckAuthorization) -> Word | None:
        """The word of a function that may block."""
        return self._called(question.authorizer, lambda: question.function(question.principal, question.request))

    def judge(self, question: CheckElsewhere[T]) -> T:
        """What a plug-in's own function says."""
        return self._called(question.plug_in, question.judge)

    def _called(self, name: str, function: Callable[[], T]) -> T:
        key = (os.getpid(), name)  # threads do not outlive a fork
        with self._lock:
            line = self._lines.get(key) or self._lines.setdefault(key, _Line(name))
        running = line.submit(function)
        if running is None:
            raise self._failed(name, "too many calls are under way")
        if not wait((running,), self._patience).done:
            running.cancel()
            raise self._failed(name, f"there was no answer within {self._patience:g} s")
        try:
            return running.result()
        except AnswerFailed:
            raise
        except Exception as error:  # whatever it is, it is not ours
            raise self._failed(name, place_of(error)) from None

    def _failed(self, name: str, why: str) -> AnswerFailed:
        self._note(Event("plug_in_failed", "error", {"plug_in": name, "error": why}))
        return AnswerFailed(why)


class _Line:
    """The calls of one function."""

    def __init__(self, name: str) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=f"watchword-{name[:32]}")
        self._places = threading.BoundedSemaphore(AT_HAND)

    def submit(self, function: Callable[[], T]) -> Future[T] | None:
        """The call, once there is a thread; None where too many are at hand already."""
        if not self._places.acquire(blocking=False):
            return None
        running = self._threads.submit(function)
        running.add_done_callback(lambda _: self._places.release())
        return running
