"""The reference storage: dictionaries under one lock. Nothing survives the process."""

from __future__ import annotations

from watchword.storage.memory.storage import MemoryStorage

__all__ = ["MemoryStorage"]
