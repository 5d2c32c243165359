"""Accounts by their attributes: rows that are written with the account, so that both are always the same."""

from __future__ import annotations

import sqlite3

from watchword.core.questions import FindAccountsBy
from watchword.core.records import Account
from watchword.storage.rules import storable
from watchword.storage.sql.records import ACCOUNT_COLUMNS, account

FIND_ACCOUNTS_BY = f"""SELECT {ACCOUNT_COLUMNS} FROM account_attributes x JOIN accounts a ON a.name = x.account
    LEFT JOIN auth_tokens t ON t.name = a.name WHERE x.attribute = ? AND x.value = ?
    ORDER BY x.account LIMIT ?"""  # noqa: S608 - constants
_PUT = "INSERT INTO account_attributes (attribute, value, account) VALUES (?, ?, ?)"
_REMOVE = "DELETE FROM account_attributes WHERE account = ?"


def find_accounts_by(db: sqlite3.Connection, question: FindAccountsBy) -> tuple[Account, ...]:
    if not storable(question.attribute + question.value):
        return ()
    wanted = question.attribute, question.value, question.most
    return tuple(map(account, db.execute(FIND_ACCOUNTS_BY, wanted).fetchall()))


def write_attributes(db: sqlite3.Connection, account: Account, before: Account | None = None) -> None:
    """Have the account found by what it has now. `before` is what it was, where it was there."""
    if before is not None:
        if before.attributes == account.attributes:
            return
        db.execute(_REMOVE, (account.name,))
    found = ((name, value) for name, value in account.attributes.items() if storable(name + value))
    db.executemany(_PUT, [(name, value, account.name) for name, value in found])
