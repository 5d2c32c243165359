"""How long something takes, on a machine that may be busy with something else at any moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from watchword.core.ask import AnswerFailed

T = TypeVar("T")

TRIES = 10


def can_be_done_within(seconds: float, what: Callable[[], object]) -> None:
    """What is done takes no longer than that, unless the machine is busy.

    A wait that is too long is there each time, a busy moment is not: one that is short enough proves that there is no
    such wait.
    """
    took: list[float] = []
    while not took or took[-1] >= seconds:
        assert len(took) < TRIES, took
        begun = time.monotonic()
        what()
        took.append(time.monotonic() - begun)


def answered_in_time(what: Callable[[], T]) -> T:
    """What it answers, where it may give up after a moment that is short even for a busy machine."""
    for _ in range(TRIES):
        with suppress(AnswerFailed):
            return what()
    raise AssertionError("it never answered in time")


def costs_less_than(seconds: float, what: Callable[[], object]) -> None:
    """What is done takes less of the processor than that, if nothing else that this process does comes in between."""
    took: list[float] = []
    while not took or took[-1] >= seconds:
        assert len(took) < TRIES, took
        begun = time.thread_time()
        what()
        took.append(time.thread_time() - begun)
