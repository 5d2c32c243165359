"""The threads that wait, and hash passwords, so that the event loop need not."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

NICENESS = 10
"""By how much they give way. Where all processors are busy, a check on the event loop gets nine times the time of a
password hash: a storm of log-ins slows down log-ins, and not those who are logged in already (F13)."""


def threads_that_give_way(most: int) -> ThreadPoolExecutor:
    """At most so many threads; they begin at first use."""
    return ThreadPoolExecutor(most, thread_name_prefix="watchword", initializer=_give_way)


def _give_way() -> None:
    # Elsewhere it would be the niceness of the whole process.
    if sys.platform == "linux":
        with suppress(OSError):  # a sandbox may forbid it
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
