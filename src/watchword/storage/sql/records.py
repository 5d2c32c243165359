"""Rows of the tables as records, and records as rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, TypeAlias

from watchword.core.ask import AnswerFailed
from watchword.core.linked import LinkedLogIn
from watchword.core.questions import FoundSession
from watchword.core.records import Account, AuthTokenInputs, Session

Row: TypeAlias = tuple[Any, ...]
Values: TypeAlias = dict[str, object]

SESSION = (
    "id",
    "fingerprint",
    "subject",
    "stamp",
    "created_at",
    "auth_time",
    "last_seen",
    "expires_at",
    "idle_timeout",
    "amr",
    "address",
    "user_agent",
    "data",
    "kind",
    "binding",
    "acr",
    "issuer",
    "sid",
)
ACCOUNT = (
    "name",
    "stamp",
    "password_hash",
    "roles",
    "permissions",
    "disabled",
    "attributes",
    "created_at",
    "second_factor",
    "store",
)
AUTH_TOKEN = ("generation", "issued_at", "valid_until")
"""The columns of each table, in the order in which the functions below take them; an account's token follows it."""

_SESSION_COLUMNS = ", ".join(f"s.{name}" for name in SESSION)
ACCOUNT_COLUMNS = ", ".join([*(f"a.{name}" for name in ACCOUNT), *(f"t.{name}" for name in AUTH_TOKEN)])

FIND_SESSION = f"""SELECT {_SESSION_COLUMNS}, {ACCOUNT_COLUMNS} FROM sessions s JOIN accounts a ON a.name = s.subject
    LEFT JOIN auth_tokens t ON t.name = a.name WHERE s.fingerprint = ?"""  # noqa: S608 - constants
FIND_ACCOUNT = f"""SELECT {ACCOUNT_COLUMNS} FROM accounts a
    LEFT JOIN auth_tokens t ON t.name = a.name WHERE a.name = ?"""  # noqa: S608 - constants


def find_account(db: sqlite3.Connection, name: str) -> Account | None:
    row = db.execute(FIND_ACCOUNT, (name,)).fetchone()
    return None if row is None else account(row)


def found_session(row: Row) -> FoundSession:
    return FoundSession(session(row[: len(SESSION)]), account(row[len(SESSION) :]))


def session(row: Row) -> Session:
    """Raises AnswerFailed where the row was damaged."""
    try:
        return Session(
            id=row[0],
            fingerprint=row[1],
            subject=row[2],
            stamp=row[3],
            created_at=row[4],
            auth_time=row[5],
            last_seen=row[6],
            expires_at=row[7],
            idle_timeout=row[8],
            amr=names(row[9]),
            address=row[10],
            user_agent=row[11],
            data={} if row[12] == "{}" else json.loads(row[12]),
            kind=row[13],
            binding=row[14],
            acr=row[15],
            linked=None if row[16] is None else LinkedLogIn(row[16], row[17]),
        )
    except (ValueError, TypeError) as error:
        raise AnswerFailed("a session's record is damaged") from error


def account(row: Row) -> Account:
    """Raises AnswerFailed where the row was damaged."""
    try:
        return Account(
            name=row[0],
            stamp=row[1],
            password_hash=row[2],
            roles=names(row[3]),
            permissions=names(row[4]),
            disabled=bool(row[5]),
            attributes={} if row[6] == "{}" else json.loads(row[6]),
            created_at=row[7],
            auth_token=auth_token(row[len(ACCOUNT) :]),
            second_factor=bool(row[8]),
            store=row[9],
        )
    except (ValueError, TypeError) as error:
        raise AnswerFailed("an account's record is damaged") from error


def auth_token(row: Row) -> AuthTokenInputs | None:
    """Where no token is alive the instants are NULL."""
    return None if row[1] is None else AuthTokenInputs(generation=row[0], issued_at=row[1], valid_until=row[2])


def session_values(session: Session) -> Values:
    return {
        "id": session.id,
        "fingerprint": session.fingerprint,
        "subject": session.subject,
        "stamp": session.stamp,
        "created_at": session.created_at,
        "auth_time": session.auth_time,
        "last_seen": session.last_seen,
        "expires_at": session.expires_at,
        "idle_timeout": session.idle_timeout,
        "ends_at": session.idle_expires_at,
        "amr": list_of(session.amr),
        "address": session.address,
        "user_agent": session.user_agent,
        "data": as_json(dict(session.data)),
        "kind": session.kind,
        "binding": session.binding,
        "acr": session.acr,
        "issuer": None if session.linked is None else session.linked.issuer,
        "sid": None if session.linked is None else session.linked.sid,
    }


def account_values(account: Account) -> Values:
    return {
        "name": account.name,
        "stamp": account.stamp,
        "password_hash": account.password_hash,
        "roles": list_of(account.roles),
        "permissions": list_of(account.permissions),
        "disabled": account.disabled,
        "attributes": as_json(dict(account.attributes)),
        "created_at": account.created_at,
        "second_factor": account.second_factor,
        "store": account.store,
    }


def as_json(value: object) -> str:
    """ASCII only, so that any text can be stored, lone surrogates included."""
    return json.dumps(value, separators=(",", ":"))


def list_of(names: Iterable[str]) -> str:
    return as_json(sorted(names))


@lru_cache(maxsize=4096)
def names(text: str) -> frozenset[str]:
    """Few sets are many accounts' sets: they are decoded once, and shared."""
    return frozenset(json.loads(text))
