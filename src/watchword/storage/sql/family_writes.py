"""Changes of refresh families and what comes with them, each within the transaction that it is given."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from typing import Literal

from watchword.core.grants import FIRST_PARTY, Client, Family, Scopes
from watchword.core.principal import Instant
from watchword.core.questions import EndFamilies, FamilyStart, NotRedeemed, Redeemed, SpendRefresh, StartFamily
from watchword.core.records import Account
from watchword.storage.grant_rules import may_start_family
from watchword.storage.noted import Kind
from watchword.storage.refresh_rules import redeemed
from watchword.storage.rules import storable
from watchword.storage.sql import grant_records
from watchword.storage.sql.changes import note
from watchword.storage.sql.grant_records import FAMILY, FIND_CLIENT, FIND_FAMILY, family_values
from watchword.storage.sql.records import find_account

_KEEP = f"""INSERT INTO families ({", ".join(FAMILY)}) VALUES ({", ".join(f":{name}" for name in FAMILY)})
    ON CONFLICT DO NOTHING"""  # noqa: S608 - constants
_LIVE = """SELECT id FROM families WHERE subject = :subject AND id <> :id AND expires_at > :created_at
    ORDER BY created_at DESC, id DESC"""
_ROTATE = """UPDATE families SET fingerprint = :fingerprint, last_used = :last_used, address = :address,
    country = :country, user_agent = :user_agent, spent = :spent WHERE id = :id"""
_END = "DELETE FROM families WHERE id = ? AND subject = coalesce(?, subject)"
_END_TOKENS = "DELETE FROM reference_tokens WHERE family = ? RETURNING fingerprint"
_END_OF_ACCOUNT = "DELETE FROM families WHERE subject = ? RETURNING id"
_END_TOKENS_OF_ACCOUNT = "DELETE FROM reference_tokens WHERE subject = ? AND stamp = ?"
_OF_CLIENT = "SELECT id, scopes FROM families WHERE client_id = ?"
_TOKENS_OF_CLIENT = "SELECT id, scopes FROM reference_tokens WHERE client_id = ?"
_REMOVE = "DELETE FROM families WHERE id = ?"
_REMOVE_TOKEN = "DELETE FROM reference_tokens WHERE id = ?"
_ID_OF = "SELECT id FROM families WHERE handle = ?"
_REMOVE_EXPIRED = """DELETE FROM families WHERE number IN
    (SELECT number FROM families WHERE expires_at <= ? ORDER BY expires_at, id LIMIT ?)"""


def find_client(db: sqlite3.Connection, id: str) -> Client | None:
    row = None if id == FIRST_PARTY else db.execute(FIND_CLIENT, (id,)).fetchone()
    return None if row is None else grant_records.client(row)


def start_family(db: sqlite3.Connection, question: StartFamily) -> FamilyStart:
    family = question.family
    if not keep_family(db, family):
        return FamilyStart.CHANGED
    if question.most is not None:
        among = {"subject": family.subject, "id": family.id, "created_at": family.created_at}
        others: list[str] = [id for (id,) in db.execute(_LIVE, among).fetchall()]
        if len(others) >= question.most and not question.evict:
            db.execute(_REMOVE, (family.id,))
            return FamilyStart.TOO_MANY
        _end(db, others[max(0, question.most - 1) :])
    return FamilyStart.KEPT


def keep_family(db: sqlite3.Connection, family: Family) -> bool:
    """False where its account or client may not start it, or it is kept already."""
    if not may_start_family(family, find_account(db, family.subject), find_client(db, family.client_id)):
        return False
    return db.execute(_KEEP, family_values(family)).rowcount == 1


def put_family(db: sqlite3.Connection, family: Family) -> Literal["created", "unchanged", "refused"]:
    """Import one."""
    kept = db.execute(_ID_OF, (family.handle,)).fetchone()
    if kept is not None:
        return "unchanged" if kept[0] == family.id else "refused"
    return "created" if keep_family(db, family) else "refused"


def spend_refresh(db: sqlite3.Connection, question: SpendRefresh) -> Redeemed:
    row = db.execute(FIND_FAMILY, (question.handle,)).fetchone()
    if row is None:
        return NotRedeemed("unknown")
    family = grant_records.family(row)
    account, client = find_account(db, family.subject), find_client(db, family.client_id)
    answer, left = redeemed(family, account, client, question)
    if left is None and isinstance(answer, NotRedeemed):  # it was over already: nobody revoked it
        db.execute(_REMOVE, (family.id,))
    elif left is None:
        _end(db, [family.id])
    elif left is not family:
        db.execute(_ROTATE, family_values(left))
    return answer


def end_families(db: sqlite3.Connection, question: EndFamilies) -> int:
    return _end(db, filter(storable, dict.fromkeys(question.ids)), question.subject)


def end_families_of_account(db: sqlite3.Connection, before: Account, after: Account | None) -> None:
    """With the reference tokens. The account is noted by who changes it, and tells caches of them all.

    Under a new stamp self-contained tokens are out of date for good. Without one they could be good again one day, so
    it is told that their families ended.
    """
    ended: list[str] = [id for (id,) in db.execute(_END_OF_ACCOUNT, (before.name,)).fetchall()]
    if after is None or after.stamp == before.stamp:
        note(db, Kind.FAMILY, ended)
    db.execute(_END_TOKENS_OF_ACCOUNT, (before.name, before.stamp))


def end_grants_of_client(db: sqlite3.Connection, client: Client, dies: Callable[[Scopes | None], bool]) -> None:
    """Families and reference tokens whose scopes are such. The client is noted by who changes it."""
    families = _dying(db, _OF_CLIENT, client, dies)
    db.executemany(_REMOVE, [(id,) for id in families])
    note(db, Kind.FAMILY, families)
    db.executemany(_REMOVE_TOKEN, [(id,) for id in _dying(db, _TOKENS_OF_CLIENT, client, dies)])


def remove_expired(db: sqlite3.Connection, now: Instant, limit: int) -> int:
    """Remove at most `limit` families that have expired."""
    return db.execute(_REMOVE_EXPIRED, (now, limit)).rowcount


def _dying(db: sqlite3.Connection, statement: str, client: Client, dies: Callable[[Scopes | None], bool]) -> list[str]:
    return [id for id, scopes in db.execute(statement, (client.id,)).fetchall() if dies(grant_records.scopes(scopes))]


def _end(db: sqlite3.Connection, ids: Iterable[str], subject: str | None = None) -> int:
    ended = [id for id in ids if db.execute(_END, (id, subject)).rowcount]
    note(db, Kind.FAMILY, ended)
    for id in ended:
        note(db, Kind.REFERENCE, [fingerprint for (fingerprint,) in db.execute(_END_TOKENS, (id,)).fetchall()])
    return len(ended)
