"""Failures that are counted and places that are known, each within the transaction that it is given."""

from __future__ import annotations

import sqlite3

from watchword.core.principal import Instant
from watchword.storage.port import PLACES_PER_ACCOUNT, FailureCount
from watchword.storage.rules import one_more_failure

_FAILURES = "SELECT count, first_at, last_at FROM failures WHERE key = ?"
_PUT_FAILURES = """INSERT INTO failures (key, count, first_at, last_at, until) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET count = excluded.count, first_at = excluded.first_at,
    last_at = excluded.last_at, until = excluded.until"""
_FORGET = "DELETE FROM failures WHERE key = ?"
_REMOVE_OVER = "DELETE FROM failures WHERE key IN (SELECT key FROM failures WHERE until <= ? ORDER BY until LIMIT ?)"
_NOTE_PLACE = """INSERT INTO places (account, address, seen_at) SELECT name, :address, :now FROM accounts
    WHERE name = :account ON CONFLICT (account, address) DO UPDATE SET seen_at = MAX(seen_at, excluded.seen_at)"""
_FORGET_PLACES = """DELETE FROM places WHERE account = :account AND address IN (SELECT address FROM places
    WHERE account = :account ORDER BY seen_at DESC, address DESC LIMIT -1 OFFSET :most)"""
_IS_KNOWN = "SELECT 1 FROM places WHERE account = ? AND address = ?"


def failures(db: sqlite3.Connection, key: str) -> FailureCount | None:
    row = db.execute(_FAILURES, (_bytes(key),)).fetchone()
    return None if row is None else FailureCount(count=row[0], first_at=row[1], last_at=row[2])


def note_failure(db: sqlite3.Connection, key: str, now: Instant, window: float) -> FailureCount:
    count = one_more_failure(failures(db, key), now, window)
    until = count.first_at + window
    db.execute(_PUT_FAILURES, (_bytes(key), count.count, count.first_at, count.last_at, until))
    return count


def forget_failures(db: sqlite3.Connection, key: str) -> None:
    db.execute(_FORGET, (_bytes(key),))


def remove_over(db: sqlite3.Connection, now: Instant, limit: int) -> int:
    """Remove at most `limit` counts whose window is over."""
    return db.execute(_REMOVE_OVER, (now, limit)).rowcount


def note_place(db: sqlite3.Connection, account: str, address: str, now: Instant) -> None:
    values = {"account": account, "address": address, "now": now, "most": PLACES_PER_ACCOUNT}
    db.execute(_NOTE_PLACE, values)
    db.execute(_FORGET_PLACES, values)


def is_known_place(db: sqlite3.Connection, account: str, address: str) -> bool:
    return db.execute(_IS_KNOWN, (account, address)).fetchone() is not None


def _bytes(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")
