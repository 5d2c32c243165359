"""The list of changes that tells caches what to forget. It is written in the transaction that makes the change."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable

from watchword.core.principal import Instant
from watchword.storage.port import Changes

SESSION, ACCOUNT, ALL = "session", "account", "all"

MOST = 10_000
"""Who missed more than this forgets everything: it is quicker."""

KEPT_FOR = 3600.0
"""Seconds; a cache that heard nothing for longer forgets everything."""

_NOTE = "INSERT INTO changes (kind, key, at) VALUES (?, ?, ?)"
_SINCE = "SELECT seq, kind, key FROM changes WHERE seq >= ? ORDER BY seq LIMIT ?"
_LATEST = "SELECT max(seq) FROM changes"
_PRUNE = """DELETE FROM changes WHERE seq IN
    (SELECT seq FROM changes WHERE at < ? AND seq < (SELECT max(seq) FROM changes) ORDER BY seq LIMIT ?)"""


def note_sessions(db: sqlite3.Connection, fingerprints: Iterable[bytes]) -> None:
    """These sessions ended, or hold other data."""
    at = time.time()
    db.executemany(_NOTE, [(SESSION, fingerprint, at) for fingerprint in fingerprints])


def note_account(db: sqlite3.Connection, name: str) -> None:
    """The account changed, and with it all that hangs on it."""
    db.execute(_NOTE, (ACCOUNT, name.encode(), time.time()))


def note_all(db: sqlite3.Connection) -> None:
    """Every session may have ended."""
    db.execute(_NOTE, (ALL, b"", time.time()))


def changes_since(db: sqlite3.Connection, seq: int) -> Changes:
    """What was noted after `seq`.

    The row `seq` itself is read too: where it is not the first one found, it was pruned or the file is another
    than it was, and the rows after it do not tell the whole story. The newest row is never pruned.
    """
    rows = db.execute(_SINCE, (seq, MOST + 2)).fetchall()
    if not rows or rows[0][0] != seq or len(rows) > MOST + 1 or any(row[1] == ALL for row in rows[1:]):
        latest = db.execute(_LATEST).fetchone()[0]
        return Changes(seq=latest or 0, everything=True)
    news = rows[1:]
    return Changes(
        seq=rows[-1][0],
        sessions=tuple(key for _, kind, key in news if kind == SESSION),
        accounts=tuple(key.decode() for _, kind, key in news if kind == ACCOUNT),
    )


def prune(db: sqlite3.Connection, now: Instant, limit: int) -> None:
    """Forget what every cache has read long ago."""
    db.execute(_PRUNE, (now - KEPT_FOR, limit))
