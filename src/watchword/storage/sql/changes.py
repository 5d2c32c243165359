"""The list of changes, from which caches and verifiers are told; written in the transaction that makes the change."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable

from watchword.core.grants import Client
from watchword.core.principal import Instant
from watchword.core.records import Account
from watchword.core.revocations import Revocations
from watchword.storage.noted import MOST, PAGE, PRUNED_AT_ONCE, Kind, Noted, Told, for_caches, for_verifiers
from watchword.storage.port import Changes
from watchword.storage.sql.records import Row, names

_NOTE = "INSERT INTO changes (kind, key, at) VALUES (?, ?, ?)"
_IS_KNOWN = "SELECT 1 FROM changes WHERE key = ? AND kind IN ('account', 'client') AND kind = ? LIMIT 1"
_SINCE = "SELECT seq, kind, key, at FROM changes WHERE seq >= ? ORDER BY seq LIMIT ?"
_LATEST = "SELECT max(seq) FROM changes"
# One statement, so that all of it is true at one instant. There is always a row, which tells whether `seq` is known.
_REVOCATIONS = """SELECT l.latest, l.known, h.seq, h.kind, h.key, h.at,
        a.name, a.stamp, a.roles, a.permissions, a.disabled, c.id, c.stamp, c.scopes, c.roles, c.disabled
    FROM (SELECT (SELECT max(seq) FROM changes) AS latest, EXISTS (SELECT 1 FROM changes WHERE seq = :seq) AS known) l
    LEFT JOIN changes h ON h.seq > :after AND h.kind IN ('account', 'client', 'family', 'token')
    LEFT JOIN accounts a ON h.kind = 'account' AND a.name = CAST(h.key AS TEXT)
    LEFT JOIN clients c ON h.kind = 'client' AND c.id = CAST(h.key AS TEXT)
    ORDER BY h.seq LIMIT :most"""
_OLDEST = "SELECT seq, at FROM changes WHERE seq < (SELECT max(seq) FROM changes) ORDER BY seq LIMIT ?"
_PRUNE = "DELETE FROM changes WHERE seq <= ?"


def note(db: sqlite3.Connection, kind: Kind, keys: Iterable[bytes | str], at: Instant = 0.0) -> None:
    """These changed: now, or to be remembered from the later instant `at` on."""
    at = max(at, time.time())
    db.executemany(_NOTE, [(kind, key.encode() if isinstance(key, str) else key, at) for key in keys])


def note_if_known(db: sqlite3.Connection, kind: Kind, key: str) -> None:
    """Something is new: nobody need know, but for those who were told of one of that name that is gone."""
    if db.execute(_IS_KNOWN, (key.encode(), kind)).fetchone() is not None:
        note(db, kind, [key])


def changes_since(db: sqlite3.Connection, seq: int) -> Changes:
    """What was noted after `seq`.

    The row `seq` itself is read too: where it is not the first one found, it was pruned or the file is another
    than it was, and the rows after it do not tell the whole story. The newest row is never pruned.
    """
    rows = db.execute(_SINCE, (seq, MOST + 2)).fetchall()
    if not rows or rows[0][0] != seq or len(rows) > MOST + 1:
        latest = db.execute(_LATEST).fetchone()[0]
        return Changes(seq=latest or 0, everything=True)
    return for_caches(map(Noted._make, rows[1:]), rows[-1][0])


def revocations_since(db: sqlite3.Connection, seq: int) -> Revocations:
    """As `changes_since`, but where `seq` is not known everything is told that is kept."""
    rows = db.execute(_REVOCATIONS, {"seq": seq, "after": seq, "most": PAGE + 1}).fetchall()
    latest, known = rows[0][:2]
    if not known:
        rows = db.execute(_REVOCATIONS, {"seq": seq, "after": -1, "most": -1}).fetchall()
        latest = rows[0][0]
    elif len(rows) > PAGE:
        del rows[PAGE:]
        latest = rows[-1][2]
    told = [_told(row[2:]) for row in rows if row[2] is not None]
    return Revocations(since=seq, until=latest or 0, entries=for_verifiers(told), whole=not known)


def prune(db: sqlite3.Connection, before: Instant) -> None:
    """Forget what was noted before this instant, but never the last row.

    Only rows from the beginning are forgotten, whatever the clock did: what is kept has no gaps.
    """
    last = 0
    for seq, at in db.execute(_OLDEST, (PRUNED_AT_ONCE,)):
        if at >= before:
            break
        last = seq
    if last:
        db.execute(_PRUNE, (last,))


def _told(row: Row) -> Told:
    """The row of a change, an account and a client, of which at most one is there."""
    now: Account | Client | None = None
    if row[4] is not None:
        now = Account(name=row[4], stamp=row[5], roles=names(row[6]), permissions=names(row[7]), disabled=bool(row[8]))
    elif row[9] is not None:
        now = Client(id=row[9], stamp=row[10], scopes=names(row[11]), roles=names(row[12]), disabled=bool(row[13]))
    return Told(kind=row[1], key=row[2].decode(), at=row[3], now=now)
