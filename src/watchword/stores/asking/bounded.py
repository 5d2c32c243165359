"""A dictionary of bounded size, for what is only remembered to save work."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """At most `most` entries: what was put in first gives way. Safe to use from many threads."""

    __slots__ = ("_kept", "_lock", "_most", "get")

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: dict[K, V] = {}
        self.get = self._kept.get

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, key: K, value: V) -> None:
        """Keep this value, as the newest."""
        with self._lock:
            self._kept.pop(key, None)
            if len(self._kept) >= self._most:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = value

    def drop(self, key: K) -> None:
        """Forget the value, where there is one."""
        with self._lock:
            self._kept.pop(key, None)
