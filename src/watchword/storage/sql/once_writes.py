"""Values that may be used once, and log-ins that ended before they were sessions, within the transaction given."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from hashlib import sha256

from watchword.core.principal import Instant
from watchword.core.questions import EndHalfLogIns, EndLinkedSessions, Finish, FinishLogIn, SpendOnce
from watchword.storage.ended_log_ins import MARKS, finishing, mark_of, marked_until, marks_against

_SPEND = "INSERT INTO spent_values (purpose, digest, until) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_MARK = """INSERT INTO spent_values (purpose, digest, until) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET until = MAX(until, excluded.until)"""
_LASTS = "SELECT 1 FROM spent_values WHERE purpose = ? AND digest = ? AND until >= ?"
_REMOVE_OUTDATED = """DELETE FROM spent_values WHERE (purpose, digest) IN
    (SELECT purpose, digest FROM spent_values WHERE until <= ? ORDER BY until LIMIT ?)"""


def spend_once(db: sqlite3.Connection, question: SpendOnce) -> bool:
    return db.execute(_SPEND, (question.purpose, _digest(question.value), question.until)).rowcount == 1


def finish_log_in(db: sqlite3.Connection, question: FinishLogIn) -> Finish:
    if was_ended(db, marks_against(question), question.expires_at):
        return Finish.ENDED
    return Finish.DONE if spend_once(db, finishing(question)) else Finish.TWICE


def end_log_ins(db: sqlite3.Connection, question: EndHalfLogIns | EndLinkedSessions, at: Instant) -> None:
    """Those that began until then and are no sessions yet."""
    db.execute(_MARK, (MARKS, _digest(mark_of(question)), marked_until(at)))


def was_ended(db: sqlite3.Connection, marks: Iterable[bytes], expires_at: Instant) -> bool:
    """Whether one of the marks concerns a log-in that lasts until then."""
    return any(db.execute(_LASTS, (MARKS, _digest(mark), expires_at)).fetchone() is not None for mark in marks)


def remove_outdated(db: sqlite3.Connection, now: Instant, limit: int) -> int:
    """Remove at most `limit` values that nobody would take any more."""
    return db.execute(_REMOVE_OUTDATED, (now, limit)).rowcount


def _digest(value: bytes) -> bytes:
    return sha256(value).digest()
