"""Changes of sessions, each within the transaction that it is given."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Literal

from watchword.core.principal import Instant
from watchword.core.questions import EndLinkedSessions, EndSession, EndSessions, StartSession, WriteSessionData
from watchword.core.records import Session
from watchword.storage.ended_log_ins import marked_until, marks_against_session
from watchword.storage.noted import Kind
from watchword.storage.outside import refuse_unnamed
from watchword.storage.rules import storable
from watchword.storage.sql.changes import note
from watchword.storage.sql.once_writes import end_log_ins, spend_once, was_ended
from watchword.storage.sql.records import SESSION, as_json, session_values

_COLUMNS = (*SESSION, "ends_at")
_VALUES = ", ".join(f":{name}" for name in _COLUMNS)
_KEEP = f"""INSERT INTO sessions ({", ".join(_COLUMNS)}) SELECT {_VALUES} FROM accounts
    WHERE name = :subject AND stamp = :stamp AND NOT disabled ON CONFLICT DO NOTHING"""  # noqa: S608 - constants
_BEYOND = """SELECT fingerprint FROM sessions
    WHERE subject = :subject AND fingerprint <> :fingerprint AND ends_at > :created_at
    ORDER BY created_at DESC, id DESC LIMIT -1 OFFSET :others"""
_TOUCH = """UPDATE sessions SET last_seen = MAX(last_seen, :now),
    ends_at = MIN(expires_at, MAX(last_seen, :now) + idle_timeout) WHERE fingerprint = :fingerprint"""
_WRITE_DATA = "UPDATE sessions SET data = ? WHERE fingerprint = ?"
_END = "DELETE FROM sessions WHERE fingerprint = ?"
_WITH_ID = """SELECT fingerprint FROM sessions
    WHERE id = :id AND subject = coalesce(:subject, subject) AND fingerprint IS NOT :keep"""
_END_OF_SUBJECT = "DELETE FROM sessions WHERE subject = :subject AND fingerprint IS NOT :keep"
_END_ALL = "DELETE FROM sessions"  # without WHERE: SQLite then drops whole pages, whatever the number of sessions
_TAKE = f"SELECT {', '.join(_COLUMNS)} FROM sessions WHERE fingerprint = ?"  # noqa: S608 - constants
_PUT_BACK = f"INSERT INTO sessions ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - the same
_LINKED = """SELECT fingerprint FROM sessions
    WHERE issuer = :issuer AND (:sid IS NULL OR sid = :sid) AND (:account IS NULL OR subject = :account)"""
_IS_KEPT = "SELECT 1 FROM sessions WHERE fingerprint = ?"
_ENDED = "SELECT fingerprint FROM sessions WHERE ends_at <= ? ORDER BY ends_at, fingerprint LIMIT ?"


def start_session(db: sqlite3.Connection, question: StartSession) -> bool:
    session = question.session
    if was_ended(db, marks_against_session(session), marked_until(session.created_at)):
        return False
    if not keep_session(db, session):
        return False
    if question.replaces is not None and question.replaces != question.session.fingerprint:
        _end(db, [question.replaces])
    if question.max_per_user is not None:
        among = {
            "subject": question.session.subject,
            "fingerprint": question.session.fingerprint,
            "created_at": question.session.created_at,
            "others": max(0, question.max_per_user - 1),
        }
        _end(db, [fingerprint for (fingerprint,) in db.execute(_BEYOND, among).fetchall()])
    return True


def keep_session(db: sqlite3.Connection, session: Session) -> bool:
    """False where its account may not start it, or it is kept already. Caches know nothing of it yet."""
    return db.execute(_KEEP, session_values(session)).rowcount == 1


def put_session(db: sqlite3.Connection, session: Session) -> Literal["created", "unchanged", "refused"]:
    """Import one."""
    if keep_session(db, session):
        return "created"
    return "refused" if db.execute(_IS_KEPT, (session.fingerprint,)).fetchone() is None else "unchanged"


def touch_sessions(db: sqlite3.Connection, touches: Mapping[bytes, Instant]) -> None:
    db.executemany(_TOUCH, [{"fingerprint": fingerprint, "now": now} for fingerprint, now in touches.items()])


def write_session_data(db: sqlite3.Connection, question: WriteSessionData) -> bool:
    data = as_json(dict(question.data))
    if db.execute(_WRITE_DATA, (data, question.fingerprint)).rowcount == 0:
        return False
    note(db, Kind.SESSION, [question.fingerprint])
    return True


def end_session(db: sqlite3.Connection, question: EndSession) -> bool:
    return _end(db, [question.fingerprint]) == 1


def end_sessions(db: sqlite3.Connection, question: EndSessions) -> int:
    values = {"id": question.id, "subject": question.subject, "keep": question.keep}
    if question.id is not None or question.ids is not None:
        ids = (question.id, *(question.ids or ()))
        named = [values | {"id": id} for id in ids if id is not None and storable(id)]
        return _end(db, [fingerprint for one in named for (fingerprint,) in db.execute(_WITH_ID, one).fetchall()])
    if question.subject is None:
        return _end_all(db, question.keep)
    ended = db.execute(_END_OF_SUBJECT, values).rowcount
    if ended:
        note(db, Kind.OF_ACCOUNT, [question.subject])
    return ended


def end_linked_sessions(db: sqlite3.Connection, question: EndLinkedSessions) -> int | None:
    refuse_unnamed(question)
    if question.spends is not None and not spend_once(db, question.spends):
        return None
    if question.at is not None:
        end_log_ins(db, question, question.at)
    if not storable(f"{question.issuer}{question.sid}{question.account}"):
        return 0
    values = {"issuer": question.issuer, "sid": question.sid, "account": question.account}
    return _end(db, [fingerprint for (fingerprint,) in db.execute(_LINKED, values).fetchall()])


def remove_ended(db: sqlite3.Connection, now: Instant, limit: int) -> int:
    """Remove at most `limit` sessions that have expired.

    Caches are told, though most know by themselves: one may have heard of a use that is not written yet, or its
    clock may be behind.
    """
    return _end(db, [fingerprint for (fingerprint,) in db.execute(_ENDED, (now, limit)).fetchall()])


def _end_all(db: sqlite3.Connection, keep: bytes | None) -> int:
    kept = db.execute(_TAKE, (keep,)).fetchone()
    ended = db.execute(_END_ALL).rowcount
    if kept is not None:
        db.execute(_PUT_BACK, kept)
        ended -= 1
    if ended:
        note(db, Kind.ALL_SESSIONS, [b""])
    return ended


def _end(db: sqlite3.Connection, fingerprints: list[bytes]) -> int:
    ended = [fingerprint for fingerprint in fingerprints if db.execute(_END, (fingerprint,)).rowcount]
    note(db, Kind.SESSION, ended)
    return len(ended)
