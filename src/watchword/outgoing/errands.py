"""Work that nobody waits for: done in a thread of its own, and tried again where it could not be done."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from watchword.core.events import Event

PAUSES = (2.0, 10.0, 60.0, 300.0)
"""In seconds: after the first try that failed, and after each further one. What fails after the last is given up."""


class TryAgain(Exception):
    """The errand could not be done now. The message is a stable word that says why, and holds no secret."""


class GivenUp(Exception):
    """The errand can never be done. The message as above."""


@dataclass(frozen=True, slots=True)
class Errand:
    """Something to be done. `about` is what the log is told of it where it cannot be."""

    work: Callable[[], None] = field(repr=False)
    about: Mapping[str, str] = field(default_factory=dict[str, str])


class Errands:
    """A line of at most `most` errands, and the thread that does them, which begins with the first.

    The log is told of what is tried again, what is given up, and once of each time that the line is full.
    """

    def __init__(
        self,
        name: str,
        log: Callable[[Event], None],
        *,
        most: int = 1000,
        pauses: Sequence[float] = PAUSES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name, self._log, self._most, self._pauses, self._clock = name, log, most, tuple(pauses), clock
        self._line: list[tuple[float, int, int, Errand]] = []  # when it is due, its number, tries before, the errand
        self._number = 0
        self._busy = self._full = self._closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def begin(self, errand: Errand) -> bool:
        """Put it into the line. False where that is full, or closed."""
        with self._changed:
            if self._closed or len(self._line) >= self._most:
                told, self._full = self._full, True
            else:
                told, self._full = True, False
                self._put(self._clock(), 0, errand)
                self._changed.notify_all()
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name=f"watchword-{self._name}", daemon=True)
                    self._thread.start()
            taken = not self._full
        if not told:
            self._log(Event("errands_refused", "error", {"line": self._name, "waiting": self._most}))
        return taken

    def close(self, patience: float = 3.0) -> None:
        """Do what has not been tried yet, for at most so many seconds, and let the thread go. What is left is lost."""
        until = self._clock() + patience
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            while self._thread is not None and (self._busy or self._first_tries()) and self._clock() < until:
                self._changed.wait(max(0.0, until - self._clock()))
            lost = len(self._line) + self._busy
            self._line.clear()
            self._changed.notify_all()
        if lost:
            self._log(Event("errands_lost", "error", {"line": self._name, "errands": lost}))

    def _first_tries(self) -> bool:
        return any(tries == 0 for _, _, tries, _ in self._line)

    def _put(self, due: float, tries: int, errand: Errand) -> None:
        self._number += 1
        heapq.heappush(self._line, (due, self._number, tries, errand))

    def _work(self) -> None:
        while (taken := self._next()) is not None:
            tries, errand = taken
            again = self._done(tries, errand)
            with self._changed:
                self._busy = False
                if again is not None and not self._closed:
                    self._put(self._clock() + again, tries + 1, errand)
                self._changed.notify_all()

    def _next(self) -> tuple[int, Errand] | None:
        """The next errand, once one is due; None at the end."""
        with self._changed:
            while True:
                if self._closed and not self._first_tries():
                    return None
                wait = self._line[0][0] - self._clock() if self._line else None
                if wait is not None and wait <= 0:
                    _, _, tries, errand = heapq.heappop(self._line)
                    self._busy = True
                    return tries, errand
                self._changed.wait(wait)

    def _done(self, tries: int, errand: Errand) -> float | None:
        """Do it. In how many seconds it is to be tried again; None where it is over."""
        fields: dict[str, str | int] = {"line": self._name, **errand.about, "tries": tries + 1}
        try:
            errand.work()
        except TryAgain as failure:
            if tries < len(self._pauses):
                self._log(Event("errand_put_off", "warning", {**fields, "reason": str(failure)}))
                return self._pauses[tries]
            self._log(Event("errand_given_up", "error", {**fields, "reason": str(failure)}))
        except GivenUp as failure:
            self._log(Event("errand_given_up", "error", {**fields, "reason": str(failure)}))
        except Exception as error:  # whatever it is must not end the thread, and its message may hold what was sent
            self._log(Event("errand_given_up", "error", {**fields, "reason": type(error).__name__}))
        return None
