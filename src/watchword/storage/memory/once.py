"""Values that may be used once, and log-ins that were ended before they were sessions."""

from __future__ import annotations

from collections.abc import Iterable

from watchword.core.principal import Instant
from watchword.core.questions import EndHalfLogIns, EndLinkedSessions, Finish, FinishLogIn, SpendOnce
from watchword.storage.ended_log_ins import MARKS, finishing, mark_of, marked_until, marks_against
from watchword.storage.memory.state import State


def spend_once(state: State, question: SpendOnce) -> bool:
    used = question.purpose, question.value
    if used in state.spent:
        return False
    state.spent[used] = question.until
    return True


def finish_log_in(state: State, question: FinishLogIn) -> Finish:
    if was_ended(state, marks_against(question), question.expires_at):
        return Finish.ENDED
    return Finish.DONE if spend_once(state, finishing(question)) else Finish.TWICE


def end_log_ins(state: State, question: EndHalfLogIns | EndLinkedSessions, at: Instant) -> None:
    """Those that began until then and are no sessions yet."""
    mark = MARKS, mark_of(question)
    state.spent[mark] = max(marked_until(at), state.spent.get(mark, 0.0))


def was_ended(state: State, marks: Iterable[bytes], expires_at: Instant) -> bool:
    """Whether one of the marks concerns a log-in that lasts until then."""
    return any(expires_at <= state.spent.get((MARKS, mark), 0.0) for mark in marks)


def remove_outdated(state: State, now: Instant, limit: int) -> int:
    over = [used for used, until in state.spent.items() if until <= now][:limit]
    for used in over:
        del state.spent[used]
    return len(over)
