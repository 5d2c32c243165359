"""Says how far a long piece of work is: beside a bar on a terminal, in a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVERY = 5.0
"""Seconds between two lines."""
_EVERY_ON_A_TERMINAL = 0.2


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[], None]]:
    """What to call for each item that is done. `what` names the items, such as "users imported"."""
    if sys.stderr.isatty():
        with _bar(total) as say:
            yield Count(what, total, say, time.monotonic, _EVERY_ON_A_TERMINAL)
    else:
        yield Count(what, total, _print, time.monotonic, EVERY)


class Count:
    """Counts items, and says every few seconds how many, how fast, and how much longer.

    `say` is told the count, and that as words.
    """

    def __init__(
        self, what: str, total: int | None, say: Callable[[int, str], None], clock: Callable[[], float], every: float
    ) -> None:
        self._what = what
        self._total = total
        self._say = say
        self._clock = clock
        self._every = every
        self._began = self._said = clock()
        self._done = 0

    def __call__(self) -> None:
        self._done += 1
        now = self._clock()
        if now - self._said >= self._every:
            self._said = now
            self._say(self._done, self._words(now - self._began))

    def _words(self, seconds: float) -> str:
        rate = self._done / seconds
        if self._total is None:
            return f"{self._done} {self._what}, {rate:.0f} a second"
        left = (self._total - self._done) / rate
        return f"{self._done} of {self._total} {self._what}, {rate:.0f} a second, {_span(left)} left"


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _print(done: int, words: str) -> None:
    print(words, file=sys.stderr, flush=True)


@contextmanager
def _bar(total: int | None) -> Iterator[Callable[[int, str], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = BarColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=total)
        yield lambda done, words: shown.update(task, completed=done, description=words)
