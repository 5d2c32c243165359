"""Changes of credentials beside the password, each within the transaction that it is given."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Literal

from watchword.core.credentials import Credential
from watchword.core.questions import (
    AddCredentials,
    ConfirmSecondFactor,
    EndCredentials,
    SpendCredential,
)
from watchword.storage.credential_rules import (
    confirmed_account,
    ending,
    imported_credential,
    is_second_factor,
    may_add,
    subject_of,
)
from watchword.storage.noted import Kind
from watchword.storage.sql.account_writes import replace_account
from watchword.storage.sql.changes import note
from watchword.storage.sql.credential_records import CREDENTIAL, OF_SUBJECT, credential, credential_values
from watchword.storage.sql.records import find_account, list_of

_ADD = f"""INSERT INTO credentials ({", ".join(CREDENTIAL)})
    VALUES ({", ".join(f":{name}" for name in CREDENTIAL)})"""  # noqa: S608 - constants
_SUBJECT_OF = "SELECT subject FROM credentials WHERE id = ?"
_END = "DELETE FROM credentials WHERE id = ?"
_CONFIRM = "UPDATE credentials SET confirmed = 1 WHERE id = ?"
_STEP_UP = "UPDATE sessions SET amr = ?, acr = ? WHERE fingerprint = ? AND subject = ?"
_NEEDS_SECOND_FACTOR = "UPDATE accounts SET second_factor = ? WHERE name = ?"
_SPEND = """DELETE FROM credentials WHERE id IN (SELECT id FROM credentials
    WHERE subject = ? AND kind = ? AND secret = ? ORDER BY created_at, id LIMIT 1)"""


def find_credentials(db: sqlite3.Connection, subject: str) -> tuple[Credential, ...]:
    return tuple(map(credential, db.execute(OF_SUBJECT, (subject,))))


def add_credentials(db: sqlite3.Connection, question: AddCredentials) -> bool:
    subject, added = subject_of(question), question.credentials
    ids = {credential.id for credential in added}
    if len(ids) < len(added) or any(_subject_of(db, id) is not None for id in ids):
        return False
    kept = find_credentials(db, subject)
    if not may_add(question, find_account(db, subject), kept):
        return False
    if question.replacing:
        kinds = {credential.kind for credential in added}
        _end(db, (credential for credential in kept if credential.kind in kinds))
    db.executemany(_ADD, [credential_values(credential) for credential in added])
    note(db, Kind.OF_ACCOUNT, [subject])
    return True


def confirm_second_factor(db: sqlite3.Connection, question: ConfirmSecondFactor) -> bool:
    before = find_account(db, question.subject)
    after = confirmed_account(question, before, find_credentials(db, question.subject))
    if before is None or after is None:
        return False
    db.execute(_CONFIRM, (question.id,))
    replace_account(db, before, after, keep=question.keep)
    db.execute(_STEP_UP, (list_of(question.amr), question.acr, question.keep, question.subject))
    return True


def end_credentials(db: sqlite3.Connection, question: EndCredentials) -> int:
    account = find_account(db, question.subject)
    if account is None:
        return 0
    end = ending(question, find_credentials(db, question.subject))
    _end(db, end.meant + end.with_them)
    needs_none = end.needs_none and account.second_factor
    if needs_none:
        db.execute(_NEEDS_SECOND_FACTOR, (False, question.subject))
    if end.meant or end.with_them or needs_none:
        note(db, Kind.OF_ACCOUNT, [question.subject])
    return len(end.meant)


def spend_credential(db: sqlite3.Connection, question: SpendCredential) -> bool:
    if db.execute(_SPEND, (question.subject, question.kind, question.secret)).rowcount == 0:
        return False
    note(db, Kind.OF_ACCOUNT, [question.subject])
    return True


def put_credential(db: sqlite3.Connection, given: Credential) -> Literal["created", "changed", "unchanged", "refused"]:
    """Import one."""
    if find_account(db, given.subject) is None or _subject_of(db, given.id) not in (None, given.subject):
        return "refused"
    before = next((each for each in find_credentials(db, given.subject) if each.id == given.id), None)
    after = given if before is None else imported_credential(before, given)
    if after == before:
        return "unchanged"
    db.execute(_END, (after.id,))
    db.execute(_ADD, credential_values(after))
    if is_second_factor(after):
        db.execute(_NEEDS_SECOND_FACTOR, (True, given.subject))
    note(db, Kind.OF_ACCOUNT, [given.subject])
    return "created" if before is None else "changed"


def _subject_of(db: sqlite3.Connection, id: str) -> str | None:
    row: tuple[str] | None = db.execute(_SUBJECT_OF, (id,)).fetchone()
    return None if row is None else row[0]


def _end(db: sqlite3.Connection, credentials: Iterable[Credential]) -> None:
    db.executemany(_END, [(credential.id,) for credential in credentials])
