"""A thread that removes what has expired."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from watchword.core.ask import AnswerFailed
from watchword.core.questions import CleanUp
from watchword.storage import Storage

_EVERY = 300.0


def clean_up_regularly(storage: Storage) -> Callable[[], None]:
    """Remove expired records every few minutes, a bounded number at a time; call what is returned to stop."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(_EVERY):
            try:
                while not stop.is_set() and storage.clean_up(CleanUp(time.time())):
                    pass
            except AnswerFailed:  # the next round tries again; nothing that was answered depends on it
                continue

    threading.Thread(target=work, name="watchword-clean-up", daemon=True).start()
    return stop.set
