"""Changes of access tokens, each within the transaction that it is given."""

from __future__ import annotations

import sqlite3

from watchword.core.grants import Family
from watchword.core.principal import Instant
from watchword.core.questions import KeepToken, RevokeToken
from watchword.storage.grant_rules import may_keep_token
from watchword.storage.noted import Kind
from watchword.storage.rules import storable
from watchword.storage.sql import grant_records
from watchword.storage.sql.changes import note
from watchword.storage.sql.family_writes import find_client
from watchword.storage.sql.grant_records import FAMILY, TOKEN, token_values
from watchword.storage.sql.records import find_account

_KEEP = f"""INSERT INTO reference_tokens ({", ".join(TOKEN)}) VALUES ({", ".join(f":{name}" for name in TOKEN)})
    ON CONFLICT DO NOTHING"""  # noqa: S608 - constants
_FAMILY = f"SELECT {', '.join(FAMILY)} FROM families WHERE id = ?"  # noqa: S608 - constants
_END = "DELETE FROM reference_tokens WHERE id = ? RETURNING fingerprint"
_REMOVE_EXPIRED = """DELETE FROM reference_tokens WHERE number IN
    (SELECT number FROM reference_tokens WHERE expires_at <= ? ORDER BY expires_at, fingerprint LIMIT ?)
    RETURNING fingerprint"""


def keep_token(db: sqlite3.Connection, question: KeepToken) -> bool:
    token = question.token
    family = None if token.family is None else _find_family(db, token.family)
    if not may_keep_token(token, family, find_account(db, token.subject), find_client(db, token.client_id)):
        return False
    return db.execute(_KEEP, token_values(token)).rowcount == 1


def revoke_token(db: sqlite3.Connection, question: RevokeToken) -> None:
    """It is remembered from when it expires on, so that it is for longer than it could live."""
    if storable(question.id):
        note(db, Kind.TOKEN, [question.id], at=question.expires_at)
        note(db, Kind.REFERENCE, [fingerprint for (fingerprint,) in db.execute(_END, (question.id,)).fetchall()])


def remove_expired_tokens(db: sqlite3.Connection, now: Instant, limit: int) -> int:
    """Remove at most `limit` reference tokens that have expired."""
    over = db.execute(_REMOVE_EXPIRED, (now, limit)).fetchall()
    note(db, Kind.REFERENCE, [fingerprint for (fingerprint,) in over])
    return len(over)


def _find_family(db: sqlite3.Connection, id: str) -> Family | None:
    row = db.execute(_FAMILY, (id,)).fetchone()
    return None if row is None else grant_records.family(row)
