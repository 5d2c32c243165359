"""Sessions."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

from watchword.core.principal import Instant
from watchword.core.questions import (
    EndSession,
    EndSessions,
    FoundSession,
    ListSessions,
    StartSession,
    TouchSession,
    WriteSessionData,
)
from watchword.core.records import Session
from watchword.storage.ended_log_ins import marked_until, marks_against_session
from watchword.storage.memory.changes import note
from watchword.storage.memory.once import was_ended
from watchword.storage.memory.state import State, refuse_unstorable
from watchword.storage.noted import Kind
from watchword.storage.rules import beyond, may_start


def find_session(state: State, fingerprint: bytes) -> FoundSession | None:
    session = state.sessions.get(fingerprint)
    return None if session is None else FoundSession(session, state.accounts[session.subject])


def list_sessions(state: State, question: ListSessions) -> tuple[Session, ...]:
    alive = [session for session in _of(state, question.subject) if session.idle_expires_at > question.now]
    if question.after is None:
        alive.sort(key=lambda session: (session.created_at, session.id), reverse=True)
    else:
        alive = sorted((s for s in alive if s.id > question.after), key=lambda session: session.id)
    return tuple(alive[: question.limit])


def start_session(state: State, question: StartSession) -> bool:
    session = question.session
    if not _is_new(state, session) or not may_start(state.accounts.get(session.subject), session):
        return False
    if was_ended(state, marks_against_session(session), marked_until(session.created_at)):
        return False
    _keep(state, session)
    if question.replaces is not None and question.replaces != session.fingerprint:
        _end(state, question.replaces)
    if question.max_per_user is not None:
        others = [other for other in _of(state, session.subject) if other is not state.sessions[session.fingerprint]]
        alive = [other for other in others if other.idle_expires_at > session.created_at]
        for other in beyond(alive, question.max_per_user - 1):
            _end(state, other.fingerprint)
    return True


def touch_session(state: State, question: TouchSession) -> None:
    session = state.sessions.get(question.fingerprint)
    if session is not None and question.now > session.last_seen:
        state.sessions[question.fingerprint] = replace(session, last_seen=question.now)


def write_session_data(state: State, question: WriteSessionData) -> bool:
    session = state.sessions.get(question.fingerprint)
    if session is None:
        return False
    state.sessions[question.fingerprint] = replace(session, data=copy.deepcopy(dict(question.data)))
    note(state, Kind.SESSION, question.fingerprint)
    return True


def end_session(state: State, question: EndSession) -> bool:
    return _end(state, question.fingerprint)


def end_sessions(state: State, question: EndSessions) -> int:
    if question.ids is not None:
        wanted = {question.id, *question.ids}
        named = [s.fingerprint for s in _of(state, question.subject) if s.id in wanted]
        return sum(_end(state, fingerprint) for fingerprint in named if fingerprint != question.keep)
    ending = [
        session.fingerprint
        for session in _of(state, question.subject)
        if (question.id is None or session.id == question.id) and session.fingerprint != question.keep
    ]
    if question.id is not None:
        return sum(_end(state, fingerprint) for fingerprint in ending)
    for fingerprint in ending:
        _remove(state, fingerprint)
    if ending and question.subject is None:
        note(state, Kind.ALL_SESSIONS, b"")
    elif ending and question.subject is not None:
        note(state, Kind.OF_ACCOUNT, question.subject)
    return len(ending)


def end_sessions_where(state: State, is_meant: Callable[[Session], bool]) -> int:
    """How many ended."""
    return sum(_end(state, session.fingerprint) for session in list(filter(is_meant, state.sessions.values())))


def end_sessions_of_account(state: State, name: str, keep: bytes | None = None, stamp: str = "") -> None:
    """All but `keep`, which is carried over to the new stamp. The account is noted by who changes it."""
    for session in _of(state, name):
        if session.fingerprint == keep:
            state.sessions[session.fingerprint] = replace(session, stamp=stamp)
        else:
            _remove(state, session.fingerprint)


def put_session(state: State, session: Session) -> str:
    """Import one."""
    if session.fingerprint in state.sessions:
        return "unchanged"
    if not _is_new(state, session) or not may_start(state.accounts.get(session.subject), session):
        return "refused"
    _keep(state, session)
    return "created"


def remove_ended(state: State, now: Instant, limit: int) -> int:
    """Caches are told, though most know by themselves: one's clock may be behind."""
    ended = sorted((session.idle_expires_at, session.fingerprint) for session in state.sessions.values())
    ended = [(at, fingerprint) for at, fingerprint in ended if at <= now][:limit]
    return sum(_end(state, fingerprint) for _, fingerprint in ended)


def _of(state: State, subject: str | None) -> list[Session]:
    return [session for session in state.sessions.values() if subject is None or session.subject == subject]


def _is_new(state: State, session: Session) -> bool:
    return session.fingerprint not in state.sessions and session.id not in state.session_ids


def _keep(state: State, session: Session) -> None:
    refuse_unstorable(session)
    state.sessions[session.fingerprint] = replace(session, data=copy.deepcopy(dict(session.data)))
    state.session_ids.add(session.id)


def _end(state: State, fingerprint: bytes) -> bool:
    if fingerprint not in state.sessions:
        return False
    _remove(state, fingerprint)
    note(state, Kind.SESSION, fingerprint)
    return True


def _remove(state: State, fingerprint: bytes) -> None:
    session = state.sessions.pop(fingerprint)
    state.session_ids.discard(session.id)
