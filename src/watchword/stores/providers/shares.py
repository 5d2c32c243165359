"""How much of something scarce one account may hold: at most half, so that no account alone keeps out all others."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

Claim: TypeAlias = tuple[str, str, int]
"""Whose place it is, of what, and how many places there are of that."""


class Shares:
    """Counts what everybody holds at the moment. Nothing is kept of whoever holds nothing."""

    def __init__(self) -> None:
        self._held: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def held(self, *claims: Claim) -> Iterator[bool]:
        """Whether there is a place of each for who wants them; they are held until the end of the block then."""
        places = [(who, what) for who, what, _ in claims]
        with self._lock:
            free = all(self._held[who, what] < _most(there_are) for who, what, there_are in claims)
            self._held.update(places if free else ())
        try:
            yield free
        finally:
            if free:
                with self._lock:
                    self._held.subtract(places)
                    self._held = +self._held


def _most(places: int) -> int:
    return -(-places // _SHARE)


_SHARE: Final = 2
