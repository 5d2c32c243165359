"""Our own records: accounts, sessions, auth tokens, limits. Where they lie is a storage's business alone."""

from __future__ import annotations

from watchword.storage.cache import Cached
from watchword.storage.counts import Counts
from watchword.storage.opening import open_storage
from watchword.storage.port import Changes, FailureCount, Storage, UnusableStorage, WouldWait

__all__ = [
    "Cached",
    "Changes",
    "Counts",
    "FailureCount",
    "Storage",
    "UnusableStorage",
    "WouldWait",
    "open_storage",
]
