"""Says how far a long piece of work is: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

EVERY = 5.0
"""Seconds between two lines."""


class Progress(Protocol):
    """Is told of every item that is done."""

    def __call__(self) -> None: ...


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Progress]:
    """Counts `what`, such as "users hashed", up to `total` where that is known, on standard error."""
    if sys.stderr.isatty():
        with _bar(what, total) as advance:
            yield advance
    else:
        yield Lines(what, total, sys.stderr, time.monotonic)


class Lines:
    """A line every few seconds: how many, of how many, how fast, how much longer."""

    def __init__(self, what: str, total: int | None, stream: TextIO, clock: Callable[[], float]) -> None:
        self._what = what
        self._total = total
        self._stream = stream
        self._clock = clock
        self._began = self._said = clock()
        self._done = 0

    def __call__(self) -> None:
        self._done += 1
        now = self._clock()
        if now - self._said >= EVERY:
            self._said = now
            print(self._line(now - self._began), file=self._stream, flush=True)

    def _line(self, seconds: float) -> str:
        rate = self._done / seconds
        if self._total is None:
            return f"{self._done} {self._what}, {rate:.0f} a second"
        left = (self._total - self._done) / rate
        return f"{self._done} of {self._total} {self._what}, {rate:.0f} a second, {_span(left)} left"


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


@contextmanager
def _bar(what: str, total: int | None) -> Iterator[Progress]:
    from rich import progress as rich
    from rich.console import Console

    columns = (
        rich.TextColumn(what),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TextColumn("{task.speed:.0f} a second"),
        rich.TimeRemainingColumn(),
    )
    with rich.Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=total)
        yield lambda: shown.advance(task)
