"""The look-ups of management: lists, pages and exports.

They are composed with SQLAlchemy, which takes a third of a second to import: that is why nothing that a check or a
log-in needs stands here, and why this module is imported at first use.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.dialects import sqlite

from watchword.core.questions import ListAccounts, ListSessions, Page
from watchword.core.records import Account, Session
from watchword.storage.sql import records
from watchword.storage.sql.schema import accounts, auth_tokens, sessions


class _Statement:
    """A SELECT as the driver's own text, with the constants that SQLAlchemy took out of it."""

    def __init__(self, statement: Select[Any]) -> None:
        compiled = statement.compile(dialect=sqlite.dialect(paramstyle="named"))
        self._text = str(compiled)
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}

    def rows(self, db: sqlite3.Connection, **values: object) -> list[records.Row]:
        return db.execute(self._text, self._constants | values).fetchall()


_ALL_SESSIONS = select(*(sessions.c[name] for name in records.SESSION)).limit(bindparam("limit"))
_ALL_ACCOUNTS = (
    select(*(accounts.c[name] for name in records.ACCOUNT), *(auth_tokens.c[name] for name in records.AUTH_TOKEN))
    .select_from(accounts.outerjoin(auth_tokens))
    .order_by(accounts.c.name)
    .limit(bindparam("limit"))
)
_ALIVE = _ALL_SESSIONS.where(sessions.c.ends_at > bindparam("now")).order_by(
    sessions.c.created_at.desc(), sessions.c.id.desc()
)

_LIST_ALL = _Statement(_ALIVE)
_LIST_OF_SUBJECT = _Statement(_ALIVE.where(sessions.c.subject == bindparam("subject")))
_LIST_ACCOUNTS = _Statement(
    _ALL_ACCOUNTS.where(accounts.c.name > bindparam("cursor")).where(
        func.instr(accounts.c.name, bindparam("search")) > 0
    )
)
_EXPORT_SESSIONS = _Statement(
    _ALL_SESSIONS.add_columns(sessions.c.number)
    .where(sessions.c.number > bindparam("after"))
    .order_by(sessions.c.number)
)


def list_sessions(db: sqlite3.Connection, question: ListSessions) -> tuple[Session, ...]:
    if question.subject is None:
        rows = _LIST_ALL.rows(db, now=question.now, limit=question.limit)
    else:
        rows = _LIST_OF_SUBJECT.rows(db, subject=question.subject, now=question.now, limit=question.limit)
    return tuple(map(records.session, rows))


def list_accounts(db: sqlite3.Connection, question: ListAccounts) -> Page:
    rows = _LIST_ACCOUNTS.rows(db, cursor=question.cursor, search=question.search, limit=question.limit + 1)
    listed = tuple(map(records.account, rows[: question.limit]))
    return Page(listed, listed[-1].name if len(rows) > len(listed) > 0 else None)


def accounts_after(db: sqlite3.Connection, name: str, limit: int) -> list[Account]:
    """The next accounts of an export, by name."""
    return [records.account(row) for row in _LIST_ACCOUNTS.rows(db, cursor=name, search="", limit=limit)]


def sessions_after(db: sqlite3.Connection, number: int, limit: int) -> list[tuple[Session, int]]:
    """The next sessions of an export, each with the number to go on from."""
    return [(records.session(row), row[-1]) for row in _EXPORT_SESSIONS.rows(db, after=number, limit=limit)]
