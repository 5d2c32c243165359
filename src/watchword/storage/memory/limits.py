"""Failures that are counted and places that are known."""

from __future__ import annotations

from watchword.core.principal import Instant
from watchword.storage.memory.state import State
from watchword.storage.port import PLACES_PER_ACCOUNT, FailureCount
from watchword.storage.rules import one_more_failure


def failures(state: State, key: str) -> FailureCount | None:
    noted = state.failures.get(key)
    return None if noted is None else noted[0]


def note_failure(state: State, key: str, now: Instant, window: float) -> FailureCount:
    count = one_more_failure(failures(state, key), now, window)
    state.failures[key] = count, count.first_at + window
    return count


def remove_over(state: State, now: Instant, limit: int) -> int:
    over = [key for key, (_, until) in state.failures.items() if until <= now][:limit]
    for key in over:
        del state.failures[key]
    return len(over)


def note_place(state: State, account: str, address: str, now: Instant) -> None:
    if account not in state.accounts:
        return
    places = state.places.setdefault(account, {})
    places[address] = max(now, places.get(address, now))
    for _, oldest in sorted((at, place) for place, at in places.items())[:-PLACES_PER_ACCOUNT]:
        del places[oldest]
