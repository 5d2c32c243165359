"""A thread that asks outside stores again about those whom they proved."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from watchword.core.ask import AnswerFailed
from watchword.core.events import Event
from watchword.stores.asking.renewal import Renewal

_LOOKS_EVERY = 5.0
"""Seconds between two looks at whether a round is due, at most."""


def renew_regularly(renewals: Sequence[Renewal], log: Callable[[Event], None]) -> Callable[[], None]:
    """Go round these stores, each as often as it says; call what is returned to stop.

    The log is told once of a store that cannot be asked, and once when it can be again.
    """
    if not renewals:
        return lambda: None
    stop = threading.Event()
    failing: set[str] = set()
    pause = min(_LOOKS_EVERY, *(renewal.every / 4 for renewal in renewals))

    def work() -> None:
        while not stop.wait(pause):
            for renewal in renewals:
                name = renewal.mirrored.name
                try:
                    asked = renewal.round(time.time(), stopped=stop.is_set)
                except AnswerFailed as failure:
                    if name not in failing:
                        log(Event("store_not_renewed", "warning", {"store": name, "reason": str(failure)}))
                        failing.add(name)
                else:
                    if asked and name in failing:
                        failing.remove(name)
                        log(Event("store_renewed", "info", {"store": name, "accounts": asked}))

    threading.Thread(target=work, name="watchword-store-renewal", daemon=True).start()
    return stop.set
