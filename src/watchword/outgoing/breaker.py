"""A circuit breaker: whoever does not answer is left alone for a while, and then asked once before the others (F6)."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Admitted:
    """The question may be asked. `probe`: to find out whether there are answers again; `alone`: by nobody else
    meanwhile."""

    probe: bool
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Paused:
    """Nothing is asked. It may be worth while in so many seconds, one at least."""

    retry_after: int


Ending: TypeAlias = Literal["answered", "unanswered", "not-asked"]


class Breaker:
    """Opens after so many questions in a row without an answer, the first of them no longer ago than `within` seconds.

    Then nothing is asked for `pause` seconds; then one question is, and its ending decides. Beside it others may be
    asked that are not to find out `alone`. Each admitted question is to be settled, once.
    """

    def __init__(
        self,
        *,
        failures: int = 5,
        within: float = 60.0,
        pause: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures = failures
        self._within = within
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._failed: list[float] = []
        self._open_until: float | None = None
        self._probing = False

    def admit(self, *, alone: bool = True) -> Admitted | Paused:
        """May another question be asked? One that may well stay without an answer holds nobody else up: not `alone`."""
        with self._lock:
            if self._open_until is None:
                return Admitted(probe=False)
            left = self._open_until - self._clock()
            if left > 0 or (alone and self._probing):
                return Paused(max(1, math.ceil(left)))
            self._probing = self._probing or alone
            return Admitted(probe=True, alone=alone)

    def settle(self, admitted: Admitted, ending: Ending) -> None:
        """How the question ended. One that was asked before the circuit opened decides nothing about it."""
        with self._lock:
            if admitted.alone:
                self._probing = False
            still_open = self._open_until is not None
            if still_open and not admitted.probe:
                return
            if ending == "answered":
                self._failed.clear()
                self._open_until = None
            elif ending == "unanswered":
                self._note_failure(self._clock(), opens=still_open)

    def _note_failure(self, now: float, *, opens: bool) -> None:
        self._failed = [*(one for one in self._failed if now - one < self._within), now][-self._failures :]
        if opens or len(self._failed) >= self._failures:
            self._open_until = now + self._pause
