"""What is made of a record again and again: made once for as long as the record stays what it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

R = TypeVar("R")
M = TypeVar("M")


class OfRecords(Generic[R, M]):
    """What `make` gives for each record, at most `size` of them.

    Records are frozen, and a cache hands out the very same object until there is news of it. So whether it is the same
    is a question of identity, and nothing outlives a change. What is made must depend on nothing but the record.
    """

    __slots__ = ("_made", "_make", "_size")

    def __init__(self, make: Callable[[R], M], *, size: int = 10_000) -> None:
        self._make = make
        self._size = size
        self._made: dict[str, tuple[R, M]] = {}

    def of(self, name: str, record: R) -> M:
        """What was made of this record, whose name this is."""
        known = self._made.get(name)
        if known is not None and known[0] is record:
            return known[1]
        made = self._make(record)
        if len(self._made) >= self._size:
            self._made.clear()
        self._made[name] = record, made
        return made
