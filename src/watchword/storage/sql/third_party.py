"""Credentials for third parties, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Literal

from watchword.core.questions import (
    EndThirdPartyCredentials,
    FindThirdPartyCredential,
    ListThirdPartyCredentials,
    NoteThirdPartyCheck,
    Put,
    PutThirdPartyCredential,
    ResealThirdPartyCredential,
)
from watchword.core.third_party import ThirdPartyCredential
from watchword.storage.counts import Counts
from watchword.storage.outside import noted_check
from watchword.storage.rules import storable
from watchword.storage.sql.process import BATCH, Processes
from watchword.storage.sql.records import Row, Values

_COLUMNS = (
    "subject",
    "provider",
    "id",
    "sealed",
    "hint",
    "state",
    "created_at",
    "provider_status",
    "checked_at",
    "verified_at",
)
_ALL = ", ".join(_COLUMNS)

# Constants of ours, no input.
_FIND = f"SELECT {_ALL} FROM third_party_credentials WHERE subject = ? AND provider = ?"  # noqa: S608
_LIST = f"""SELECT {_ALL} FROM third_party_credentials
    WHERE (:subject IS NULL OR subject = :subject) AND (:provider IS NULL OR provider = :provider)
    AND (:checked_before IS NULL OR coalesce(checked_at, 0) < :checked_before)
    AND (subject, provider) > (:after_subject, :after_provider)
    ORDER BY subject, provider LIMIT :limit"""  # noqa: S608
_PUT = f"""INSERT OR REPLACE INTO third_party_credentials ({_ALL})
    VALUES ({", ".join(f":{name}" for name in _COLUMNS)})"""  # noqa: S608
_RESEAL = "UPDATE third_party_credentials SET sealed = ? WHERE subject = ? AND provider = ? AND sealed = ?"
_END = "DELETE FROM third_party_credentials WHERE subject = ? AND provider = coalesce(?, provider)"
_MAY_BE_USED = "SELECT NOT disabled FROM accounts WHERE name = ?"


class SqliteThirdParty:
    """`ThirdPartyRecords`."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes

    def find(self, question: FindThirdPartyCredential) -> ThirdPartyCredential | None:
        if not storable(question.subject + question.provider):
            return None
        return self._processes.read(lambda db: _find(db, question.subject, question.provider))

    def list(self, question: ListThirdPartyCredentials) -> tuple[ThirdPartyCredential, ...]:
        after = question.after or ("", "")
        if not storable(f"{question.subject}{question.provider}{''.join(after)}"):
            return ()
        values: Values = {
            "subject": question.subject,
            "provider": question.provider,
            "checked_before": question.checked_before,
            "after_subject": after[0],
            "after_provider": after[1],
            "limit": question.limit,
        }
        return self._processes.read(lambda db: tuple(map(_credential, db.execute(_LIST, values))))

    def put(self, question: PutThirdPartyCredential) -> Put:
        return self._processes.change(lambda db: _put(db, question.credential))

    def note_check(self, question: NoteThirdPartyCheck) -> bool:
        return self._processes.change(lambda db: _note_check(db, question))

    def reseal(self, question: ResealThirdPartyCredential) -> bool:
        values = question.after, question.subject, question.provider, question.before
        return self._processes.change(lambda db: db.execute(_RESEAL, values).rowcount == 1)

    def end(self, question: EndThirdPartyCredentials) -> int:
        if not storable(f"{question.subject}{question.provider}"):
            return 0
        return self._processes.change(lambda db: db.execute(_END, (question.subject, question.provider)).rowcount)

    def put_all(self, credentials: Iterable[ThirdPartyCredential]) -> Counts:
        return self._processes.put_all(_import, credentials)

    def all(self) -> Iterator[ThirdPartyCredential]:
        page = self.list(ListThirdPartyCredentials(limit=BATCH))
        while page:
            yield from page
            page = self.list(ListThirdPartyCredentials(limit=BATCH, after=(page[-1].subject, page[-1].provider)))


def _find(db: sqlite3.Connection, subject: str, provider: str) -> ThirdPartyCredential | None:
    row = db.execute(_FIND, (subject, provider)).fetchone()
    return None if row is None else _credential(row)


def _put(db: sqlite3.Connection, given: ThirdPartyCredential) -> Put:
    if db.execute(_MAY_BE_USED, (given.subject,)).fetchone() != (1,):
        return Put.NO_ACCOUNT
    answer = Put.NEW if _find(db, given.subject, given.provider) is None else Put.REPLACED
    db.execute(_PUT, _values(given))
    return answer


def _note_check(db: sqlite3.Connection, question: NoteThirdPartyCheck) -> bool:
    before = _find(db, question.subject, question.provider)
    if before is None or before.id != question.id:
        return False
    db.execute(_PUT, _values(noted_check(before, question)))
    return True


def _import(
    db: sqlite3.Connection, given: ThirdPartyCredential
) -> Literal["created", "changed", "unchanged", "refused"]:
    if db.execute(_MAY_BE_USED, (given.subject,)).fetchone() is None:
        return "refused"
    before = _find(db, given.subject, given.provider)
    if before == given:
        return "unchanged"
    db.execute(_PUT, _values(given))
    return "created" if before is None else "changed"


def _credential(row: Row) -> ThirdPartyCredential:
    return ThirdPartyCredential(
        subject=row[0],
        provider=row[1],
        id=row[2],
        sealed=row[3],
        hint=row[4],
        state=row[5],
        created_at=row[6],
        provider_status=row[7],
        checked_at=row[8],
        verified_at=row[9],
    )


def _values(credential: ThirdPartyCredential) -> Values:
    return {name: getattr(credential, name) for name in _COLUMNS}
