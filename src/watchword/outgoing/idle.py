"""Connections that wait for another question."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import Final

from watchword.outgoing.destination import Origin
from watchword.outgoing.exchange import Connection

_SECONDS: Final = 4.0
"""For how long a connection is kept: common servers close theirs after five."""


@dataclass(frozen=True, slots=True)
class _Kept:
    origin: Origin
    until: float
    connection: Connection


class Idle:
    """At most so many, each for a while, and only for the scheme, host and port that it was opened for.

    A process that was forked begins without any: two that read from one connection would get each other's answers.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: list[_Kept] = []
        self._lock = threading.Lock()
        self._process = os.getpid()

    def take(self, origin: Origin) -> Connection | None:
        """The one that was used last, if there is one that is still of use."""
        while (found := self._taken(origin)) is not None and not found.is_reusable():
            found.close()
        return found

    def keep(self, origin: Origin, connection: Connection) -> bool:
        """Whether it is kept, from now on."""
        with self._lock:
            self._end_old()
            if len(self._kept) >= self._most:
                return False
            self._kept.append(_Kept(origin, time.monotonic() + _SECONDS, connection))
            return True

    def close(self) -> None:
        with self._lock:
            kept, self._kept = self._kept, []
        for one in kept:
            one.connection.close()

    def _taken(self, origin: Origin) -> Connection | None:
        with self._lock:
            self._end_old()
            for one in reversed(self._kept):
                if one.origin == origin:
                    self._kept.remove(one)
                    return one.connection
            return None

    def _end_old(self) -> None:
        now, process = time.monotonic(), os.getpid()
        while self._kept and (self._kept[0].until <= now or self._process != process):
            self._kept.pop(0).connection.close()
        self._process = process
