"""From where each account has logged in before: failures from there are counted apart from those of strangers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from watchword.core.ask import AnswerFailed
from watchword.core.names import LONGEST_NAME
from watchword.core.policy import Counter, Limits, place_of
from watchword.core.principal import Instant
from watchword.stores.asking.bounded import Bounded

KNOWN_FOR = 3600.0
"""For how many seconds a known place is taken as such without asking, and its use need not be noted again."""
UNKNOWN_FOR = 1.0


class PlaceRecords(Protocol):
    """What is needed of a storage."""

    def note_place(self, account: str, address: str, now: Instant) -> None: ...

    def is_known_place(self, account: str, address: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Place:
    """A name as tried from an address: has it logged in from there, and what do failures count under?

    `counters` begins with the account's own. `noted`: this process has noted its use of late.
    """

    known: bool
    counters: tuple[Counter, ...]
    noted: bool
    until: float


class Places:
    """The storage's known places, as far as this process has asked for them lately."""

    def __init__(
        self,
        records: PlaceRecords,
        limits: Limits,
        *,
        most: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._records = records
        self._limits = limits
        self._clock = clock
        self._places: Bounded[tuple[str, str], Place] = Bounded(most)

    def seen(self, name: str, address: str) -> Place | None:
        """As this process knows it; None where the storage would have to be asked."""
        place = self._places.get((name, address))
        return None if place is None or place.until <= self._clock() else place

    def find(self, name: str, address: str) -> Place:
        """As the storage knows it, where this process does not."""
        return self.seen(name, address) or self._keep(
            name, address, known=self._records.is_known_place(name, place_of(address)), noted=False
        )

    def logged_in(self, name: str, address: str, now: Instant) -> None:
        """It is a known place from now on. Written once in a while; that it cannot be written spoils no log-in."""
        place = self.seen(name, address)
        if place is not None and place.noted:
            return
        self._keep(name, address, known=True, noted=True)  # before it is written, so that others need not
        try:
            self._records.note_place(name, place_of(address), now)
        except AnswerFailed:
            self._places.drop((name, address))

    def _keep(self, name: str, address: str, *, known: bool, noted: bool) -> Place:
        counters = self._limits.counters(name, address, known_place=known)
        place = Place(known, counters, noted, self._clock() + (KNOWN_FOR if known else UNKNOWN_FOR))
        if len(name) <= LONGEST_NAME:  # no account has a longer one, and attackers may send very long ones
            self._places.put((name, address), place)
        return place
