"""Changes of API keys, each within the transaction that it is given."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Literal

from watchword.core.grants import ApiKey
from watchword.core.principal import Instant
from watchword.core.questions import AddKey, EndKeys, RotateKey
from watchword.storage.grant_rules import EXPIRED_KEYS_KEPT_FOR, rotated_key
from watchword.storage.noted import Kind
from watchword.storage.rules import storable
from watchword.storage.sql import grant_records
from watchword.storage.sql.changes import note
from watchword.storage.sql.grant_records import KEY, key_values

_VALUES = ", ".join(f":{name}" for name in KEY)
_ADD = f"""INSERT INTO api_keys ({", ".join(KEY)}) SELECT {_VALUES} FROM accounts
    WHERE name = :subject AND NOT disabled AND :most > (SELECT count(*) FROM api_keys
    WHERE subject = :subject AND (expires_at IS NULL OR expires_at > :created_at))
    ON CONFLICT DO NOTHING"""  # noqa: S608 - constants
_PUT = f"""INSERT INTO api_keys ({", ".join(KEY)}) SELECT {_VALUES} FROM accounts WHERE name = :subject
    ON CONFLICT DO NOTHING"""  # noqa: S608 - constants
_IS_KEPT = "SELECT 1 FROM api_keys WHERE fingerprint = ?"
_OF_USABLE = f"""SELECT {", ".join(f"k.{name}" for name in KEY)} FROM api_keys k JOIN accounts a ON a.name = k.subject
    WHERE k.id = ? AND k.subject = ? AND NOT a.disabled"""  # noqa: S608 - constants
_SUPERSEDE = "UPDATE api_keys SET expires_at = :expires_at, superseded_by = :superseded_by WHERE id = :id"
_TOUCH = """UPDATE api_keys SET last_used = :now
    WHERE fingerprint = :fingerprint AND (last_used IS NULL OR last_used < :now)"""
_END = "DELETE FROM api_keys WHERE id = ? AND subject = coalesce(?, subject) RETURNING fingerprint"
_END_OF_ACCOUNT = "DELETE FROM api_keys WHERE subject = ?"
_REMOVE_EXPIRED = """DELETE FROM api_keys WHERE number IN
    (SELECT number FROM api_keys WHERE expires_at <= ? ORDER BY expires_at, id LIMIT ?) RETURNING fingerprint"""


def add_key(db: sqlite3.Connection, question: AddKey) -> bool:
    return db.execute(_ADD, key_values(question.key) | {"most": question.most}).rowcount == 1


def put_key(db: sqlite3.Connection, key: ApiKey) -> Literal["created", "unchanged", "refused"]:
    """Import one."""
    if db.execute(_IS_KEPT, (key.fingerprint,)).fetchone() is not None:
        return "unchanged"
    return "created" if db.execute(_PUT, key_values(key)).rowcount else "refused"


def rotate_key(db: sqlite3.Connection, question: RotateKey) -> ApiKey | None:
    row = db.execute(_OF_USABLE, (question.id, question.subject)).fetchone()
    rotated = None if row is None else rotated_key(grant_records.key(row), question)
    if rotated is None:
        return None
    old, successor = rotated
    if db.execute(_PUT, key_values(successor)).rowcount == 0:
        return None
    db.execute(_SUPERSEDE, key_values(old))
    note(db, Kind.KEY, [old.fingerprint])
    return successor


def touch_keys(db: sqlite3.Connection, touches: Mapping[bytes, Instant]) -> None:
    db.executemany(_TOUCH, [{"fingerprint": fingerprint, "now": now} for fingerprint, now in touches.items()])


def end_keys(db: sqlite3.Connection, question: EndKeys) -> int:
    ended: list[bytes] = []
    for id in filter(storable, dict.fromkeys(question.ids)):
        ended += [fingerprint for (fingerprint,) in db.execute(_END, (id, question.subject)).fetchall()]
    note(db, Kind.KEY, ended)
    return len(ended)


def end_keys_of_account(db: sqlite3.Connection, name: str) -> None:
    """The account is noted by who deletes it."""
    db.execute(_END_OF_ACCOUNT, (name,))


def remove_long_expired(db: sqlite3.Connection, now: Instant, limit: int) -> int:
    """Remove at most `limit` keys that expired long ago."""
    gone = db.execute(_REMOVE_EXPIRED, (now - EXPIRED_KEYS_KEPT_FOR, limit)).fetchall()
    note(db, Kind.KEY, [fingerprint for (fingerprint,) in gone])
    return len(gone)
