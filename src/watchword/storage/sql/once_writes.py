"""Values that may be used once, each noted within the transaction that it is given."""

from __future__ import annotations

import sqlite3
from hashlib import sha256

from watchword.core.principal import Instant
from watchword.core.questions import SpendOnce

_SPEND = "INSERT INTO spent_values (purpose, digest, until) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_REMOVE_OUTDATED = """DELETE FROM spent_values WHERE (purpose, digest) IN
    (SELECT purpose, digest FROM spent_values WHERE until <= ? ORDER BY until LIMIT ?)"""


def spend_once(db: sqlite3.Connection, question: SpendOnce) -> bool:
    digest = sha256(question.value).digest()
    return db.execute(_SPEND, (question.purpose, digest, question.until)).rowcount == 1


def remove_outdated(db: sqlite3.Connection, now: Instant, limit: int) -> int:
    """Remove at most `limit` values that nobody would take any more."""
    return db.execute(_REMOVE_OUTDATED, (now, limit)).rowcount
