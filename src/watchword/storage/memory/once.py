"""Values that may be used once."""

from __future__ import annotations

from watchword.core.principal import Instant
from watchword.core.questions import SpendOnce
from watchword.storage.memory.state import State


def spend_once(state: State, question: SpendOnce) -> bool:
    used = question.purpose, question.value
    if used in state.spent:
        return False
    state.spent[used] = question.until
    return True


def remove_outdated(state: State, now: Instant, limit: int) -> int:
    over = [used for used, until in state.spent.items() if until <= now][:limit]
    for used in over:
        del state.spent[used]
    return len(over)
