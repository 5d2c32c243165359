"""Changes of the identities that others prove, each within the transaction that it is given."""

from __future__ import annotations

import sqlite3
from typing import Literal

from watchword.core.linked import LinkedIdentity
from watchword.core.questions import AddLinkedIdentity, EndLinkedIdentities, EndLinkedSessions
from watchword.storage.outside import is_meant
from watchword.storage.sql.records import Row
from watchword.storage.sql.session_writes import end_linked_sessions

LINKED = "issuer, subject, account, created_at"
"""The columns, in the order in which `linked_identity` takes them."""

FIND = f"SELECT {LINKED} FROM linked_identities WHERE issuer = ? AND subject = ?"  # noqa: S608 - constants
OF_ACCOUNT = f"""SELECT {LINKED} FROM linked_identities
    WHERE account = ? ORDER BY created_at, issuer, subject"""  # noqa: S608 - constants
AFTER = f"""SELECT {LINKED} FROM linked_identities WHERE (issuer, subject) > (?, ?)
    ORDER BY issuer, subject LIMIT ?"""  # noqa: S608 - constants
_ADD = f"INSERT INTO linked_identities ({LINKED}) VALUES (?, ?, ?, ?)"  # noqa: S608 - constants
_END = "DELETE FROM linked_identities WHERE issuer = ? AND subject = ?"
_MAY_BE_USED = "SELECT NOT disabled FROM accounts WHERE name = ?"


def linked_identity(row: Row) -> LinkedIdentity:
    return LinkedIdentity(issuer=row[0], subject=row[1], account=row[2], created_at=row[3])


def of_account(db: sqlite3.Connection, account: str) -> tuple[LinkedIdentity, ...]:
    return tuple(map(linked_identity, db.execute(OF_ACCOUNT, (account,))))


def is_linked(db: sqlite3.Connection, identity: LinkedIdentity) -> bool:
    """Whether it is kept already, whosever it is."""
    return db.execute(FIND, (identity.issuer, identity.subject)).fetchone() is not None


def link(db: sqlite3.Connection, identity: LinkedIdentity) -> None:
    """Keep it. Its account is there."""
    db.execute(_ADD, (identity.issuer, identity.subject, identity.account, identity.created_at))


def add_linked_identity(db: sqlite3.Connection, question: AddLinkedIdentity) -> bool:
    identity = question.identity
    if db.execute(_MAY_BE_USED, (identity.account,)).fetchone() != (1,) or is_linked(db, identity):
        return False
    if len(of_account(db, identity.account)) >= question.most:
        return False
    link(db, identity)
    return True


def end_linked_identities(db: sqlite3.Connection, question: EndLinkedIdentities) -> int:
    over = [identity for identity in of_account(db, question.account) if is_meant(identity, question)]
    db.executemany(_END, [(identity.issuer, identity.subject) for identity in over])
    for issuer in {identity.issuer for identity in over}:
        end_linked_sessions(db, EndLinkedSessions(issuer, question.at, account=question.account))
    return len(over)


def put_linked_identity(db: sqlite3.Connection, given: LinkedIdentity) -> Literal["created", "unchanged", "refused"]:
    """Import one."""
    row = db.execute(FIND, (given.issuer, given.subject)).fetchone()
    if row is not None:
        return "unchanged" if linked_identity(row).account == given.account else "refused"
    if db.execute(_MAY_BE_USED, (given.account,)).fetchone() is None:
        return "refused"
    link(db, given)
    return "created"
