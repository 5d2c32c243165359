"""The look-ups of management: lists, pages and exports.

They are composed with SQLAlchemy, which takes a third of a second to import: that is why nothing that a check or a
log-in needs stands here, and why this module is imported at first use.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import Select, bindparam, func, select, text
from sqlalchemy.dialects import sqlite

from watchword.core.credentials import Credential
from watchword.core.grants import ApiKey, Client, Family
from watchword.core.questions import ListAccounts, ListFamilies, ListKeys, ListSessions, Page
from watchword.core.records import Account, Session
from watchword.storage.sql import credential_records, grant_records, records
from watchword.storage.sql.schema import accounts, api_keys, auth_tokens, clients, credentials, families, sessions


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
_SESSIONS_AFTER = (
    _ALL_SESSIONS.where(sessions.c.ends_at > bindparam("now"))
    .where(sessions.c.id > bindparam("after"))
    .order_by(sessions.c.id)
)
_PAGE_SESSIONS = _Statement(_SESSIONS_AFTER)
_PAGE_SESSIONS_OF_SUBJECT = _Statement(_SESSIONS_AFTER.where(sessions.c.subject == bindparam("subject")))
_SOME_ACCOUNTS = _ALL_ACCOUNTS.where(accounts.c.name > bindparam("cursor")).where(
    func.instr(accounts.c.name, bindparam("search")) > 0
)
_LIST_ACCOUNTS = _Statement(_SOME_ACCOUNTS)
_LIST_ACCOUNTS_OF_STORE = _Statement(
    _SOME_ACCOUNTS.where(accounts.c.store == bindparam("store")).where(text("store <> ''"))
)
_EXPORT_SESSIONS = _Statement(
    _ALL_SESSIONS.add_columns(sessions.c.number)
    .where(sessions.c.number > bindparam("after"))
    .order_by(sessions.c.number)
)
_ALL_FAMILIES = select(*(families.c[name] for name in grant_records.FAMILY)).limit(bindparam("limit"))
_LIVE_FAMILIES = _ALL_FAMILIES.where(families.c.expires_at > bindparam("now"))
_NEWEST_FAMILIES = _LIVE_FAMILIES.order_by(families.c.created_at.desc(), families.c.id.desc())
_FAMILIES_AFTER = _LIVE_FAMILIES.where(families.c.id > bindparam("after")).order_by(families.c.id)
_OF_SUBJECT = families.c.subject == bindparam("subject")

_LIST_FAMILIES = _Statement(_NEWEST_FAMILIES)
_LIST_FAMILIES_OF_SUBJECT = _Statement(_NEWEST_FAMILIES.where(_OF_SUBJECT))
_PAGE_FAMILIES = _Statement(_FAMILIES_AFTER)
_PAGE_FAMILIES_OF_SUBJECT = _Statement(_FAMILIES_AFTER.where(_OF_SUBJECT))
_EXPORT_FAMILIES = _Statement(_ALL_FAMILIES.where(families.c.id > bindparam("after")).order_by(families.c.id))

_ALL_KEYS = select(*(api_keys.c[name] for name in grant_records.KEY)).limit(bindparam("limit"))
_NEWEST_KEYS = _ALL_KEYS.order_by(api_keys.c.created_at.desc(), api_keys.c.id.desc())
_LIST_KEYS = _Statement(_NEWEST_KEYS)
_LIST_KEYS_OF_SUBJECT = _Statement(_NEWEST_KEYS.where(api_keys.c.subject == bindparam("subject")))
_EXPORT_KEYS = _Statement(_ALL_KEYS.where(api_keys.c.id > bindparam("after")).order_by(api_keys.c.id))

_EXPORT_CREDENTIALS = _Statement(
    select(*(credentials.c[name] for name in credential_records.CREDENTIAL))
    .where(credentials.c.id > bindparam("after"))
    .order_by(credentials.c.id)
    .limit(bindparam("limit"))
)
_LIST_CLIENTS = _Statement(
    select(*(clients.c[name] for name in grant_records.CLIENT))
    .where(clients.c.id > bindparam("after"))
    .order_by(clients.c.id)
    .limit(bindparam("limit"))
)


def list_sessions(db: sqlite3.Connection, question: ListSessions) -> tuple[Session, ...]:
    values = {"now": question.now, "limit": question.limit, "subject": question.subject, "after": question.after}
    if question.after is None:
        statement = _LIST_ALL if question.subject is None else _LIST_OF_SUBJECT
    else:
        statement = _PAGE_SESSIONS if question.subject is None else _PAGE_SESSIONS_OF_SUBJECT
    return tuple(map(records.session, statement.rows(db, **values)))


def list_accounts(db: sqlite3.Connection, question: ListAccounts) -> Page:
    statement = _LIST_ACCOUNTS if question.store is None else _LIST_ACCOUNTS_OF_STORE
    values = {"cursor": question.cursor, "search": question.search, "store": question.store}
    rows = statement.rows(db, **values, limit=question.limit + 1)
    listed = tuple(map(records.account, rows[: question.limit]))
    return Page(listed, listed[-1].name if len(rows) > len(listed) > 0 else None)


def list_families(db: sqlite3.Connection, question: ListFamilies) -> tuple[Family, ...]:
    values = {"now": question.now, "limit": question.limit, "subject": question.subject, "after": question.after}
    if question.after is None:
        statement = _LIST_FAMILIES if question.subject is None else _LIST_FAMILIES_OF_SUBJECT
    else:
        statement = _PAGE_FAMILIES if question.subject is None else _PAGE_FAMILIES_OF_SUBJECT
    return tuple(map(grant_records.family, statement.rows(db, **values)))


def list_keys(db: sqlite3.Connection, question: ListKeys) -> tuple[ApiKey, ...]:
    if question.subject is None:
        rows = _LIST_KEYS.rows(db, limit=question.limit)
    else:
        rows = _LIST_KEYS_OF_SUBJECT.rows(db, subject=question.subject, limit=question.limit)
    return tuple(map(grant_records.key, rows))


# --- exports: the next records, by name or id


def accounts_after(db: sqlite3.Connection, name: str, limit: int) -> tuple[Account, ...]:
    return tuple(map(records.account, _LIST_ACCOUNTS.rows(db, cursor=name, search="", limit=limit)))


def clients_after(db: sqlite3.Connection, id: str, limit: int) -> tuple[Client, ...]:
    return tuple(map(grant_records.client, _LIST_CLIENTS.rows(db, after=id, limit=limit)))


def keys_after(db: sqlite3.Connection, id: str, limit: int) -> tuple[ApiKey, ...]:
    return tuple(map(grant_records.key, _EXPORT_KEYS.rows(db, after=id, limit=limit)))


def families_after(db: sqlite3.Connection, id: str, limit: int) -> tuple[Family, ...]:
    return tuple(map(grant_records.family, _EXPORT_FAMILIES.rows(db, after=id, limit=limit)))


def credentials_after(db: sqlite3.Connection, id: str, limit: int) -> tuple[Credential, ...]:
    return tuple(map(credential_records.credential, _EXPORT_CREDENTIALS.rows(db, after=id, limit=limit)))


def sessions_after(db: sqlite3.Connection, number: int, limit: int) -> list[tuple[Session, int]]:
    """Sessions in the order in which they were put in, each with the number to go on from."""
    return [(records.session(row), row[-1]) for row in _EXPORT_SESSIONS.rows(db, after=number, limit=limit)]
