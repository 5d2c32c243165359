"""Changes of accounts and their auth tokens, each within the transaction that it is given."""

from __future__ import annotations

import sqlite3
from typing import Literal

from watchword.core.grants import state_of
from watchword.core.questions import AddAccount, ChangeAccount, DeleteAccount, IssueAuthToken, RevokeAuthToken
from watchword.core.records import Account, AuthTokenInputs
from watchword.storage.noted import Kind
from watchword.storage.outside import owned
from watchword.storage.rules import changed_account, credentials_die, imported_account, issued_token
from watchword.storage.sql.attribute_writes import write_attributes
from watchword.storage.sql.changes import note, note_if_known
from watchword.storage.sql.family_writes import end_families_of_account
from watchword.storage.sql.key_writes import end_keys_of_account
from watchword.storage.sql.linked_writes import is_linked, link
from watchword.storage.sql.records import account_values, find_account

_ADD = """INSERT INTO accounts
    (name, stamp, password_hash, roles, permissions, disabled, attributes, created_at, second_factor, store)
    VALUES (:name, :stamp, :password_hash, :roles, :permissions, :disabled, :attributes, :created_at, :second_factor,
        :store)
    ON CONFLICT DO NOTHING"""
_UPDATE = """UPDATE accounts SET stamp = :stamp, password_hash = :password_hash, roles = :roles,
    permissions = :permissions, disabled = :disabled, attributes = :attributes, second_factor = :second_factor,
    store = :store
    WHERE name = :name"""
_DELETE = "DELETE FROM accounts WHERE name = ?"
_CARRY_OVER = "UPDATE sessions SET stamp = ? WHERE fingerprint = ? AND subject = ?"
_END_OTHERS = "DELETE FROM sessions WHERE subject = ? AND fingerprint IS NOT ?"
_GENERATION = "SELECT generation FROM auth_tokens WHERE name = ?"
_PUT_TOKEN = """INSERT INTO auth_tokens (name, generation, issued_at, valid_until) VALUES (?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET generation = excluded.generation, issued_at = excluded.issued_at,
    valid_until = excluded.valid_until"""
_REVOKE = """UPDATE auth_tokens SET generation = generation + 1, issued_at = NULL, valid_until = NULL
    WHERE name = ? AND issued_at IS NOT NULL"""


def add_account(db: sqlite3.Connection, question: AddAccount) -> bool:
    account, identity = question.account, question.identity
    if identity is not None and is_linked(db, owned(identity, account.name)):
        return False
    if db.execute(_ADD, account_values(account)).rowcount == 0:
        return False
    if identity is not None:
        link(db, identity)
    write_attributes(db, account)
    if account.auth_token is not None and not account.disabled:
        _put_token(db, account.name, account.auth_token)
    note_if_known(db, Kind.ACCOUNT, account.name)
    return True


def change_account(db: sqlite3.Connection, question: ChangeAccount) -> Account | None:
    before = find_account(db, question.name)
    after = None if before is None else changed_account(before, question)
    if before is None or after is None:
        return None
    replace_account(db, before, after, keep=question.keep)
    return after


def delete_account(db: sqlite3.Connection, question: DeleteAccount) -> bool:
    account = find_account(db, question.name)
    if account is None:
        return False
    db.execute(_DELETE, (question.name,))  # all that has it as a foreign key goes with it
    db.execute(_END_OTHERS, (question.name, None))
    end_families_of_account(db, account, None)
    end_keys_of_account(db, question.name)
    note(db, Kind.ACCOUNT, [question.name])
    return True


def issue_auth_token(db: sqlite3.Connection, question: IssueAuthToken) -> AuthTokenInputs | None:
    account = find_account(db, question.name)
    if account is None or account.disabled:
        return None
    token = issued_token(_last_generation(db, question.name), account.auth_token, question)
    if token != account.auth_token:
        _put_token(db, question.name, token)
        note(db, Kind.OF_ACCOUNT, [question.name])
    return token


def revoke_auth_token(db: sqlite3.Connection, question: RevokeAuthToken) -> bool:
    if db.execute(_REVOKE, (question.name,)).rowcount == 0:
        return False
    note(db, Kind.OF_ACCOUNT, [question.name])
    return True


def put_account(db: sqlite3.Connection, given: Account) -> Literal["created", "changed", "unchanged"]:
    """Import one."""
    before = find_account(db, given.name)
    if before is None:
        add_account(db, AddAccount(given))
        return "created"
    after = imported_account(before, _last_generation(db, given.name), given)
    if after == before:
        return "unchanged"
    replace_account(db, before, after)
    return "changed"


def replace_account(db: sqlite3.Connection, before: Account, after: Account, keep: bytes | None = None) -> None:
    """Put `after` in the place of `before`, and end what dies with it."""
    db.execute(_UPDATE, account_values(after))
    write_attributes(db, after, before)
    if credentials_die(before, after):
        kept = None if after.disabled else keep
        db.execute(_END_OTHERS, (before.name, kept))
        db.execute(_CARRY_OVER, (after.stamp, kept, before.name))
        end_families_of_account(db, before, after)
    if after.auth_token is None:
        db.execute(_REVOKE, (before.name,))
    elif after.auth_token != before.auth_token:
        _put_token(db, before.name, after.auth_token)
    same = state_of(before) == state_of(after)
    note(db, Kind.OF_ACCOUNT if same else Kind.ACCOUNT, [before.name])


def _last_generation(db: sqlite3.Connection, name: str) -> int:
    row: tuple[int] | None = db.execute(_GENERATION, (name,)).fetchone()
    return 0 if row is None else row[0]


def _put_token(db: sqlite3.Connection, name: str, token: AuthTokenInputs) -> None:
    db.execute(_PUT_TOKEN, (name, token.generation, token.issued_at, token.valid_until))
