"""The identities that others prove, in SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from watchword.core.linked import LinkedIdentity
from watchword.core.questions import (
    AddLinkedIdentity,
    EndLinkedIdentities,
    EndLinkedSessions,
    FindLinkedIdentity,
    ListLinkedIdentities,
)
from watchword.storage.counts import Counts
from watchword.storage.rules import storable
from watchword.storage.sql import linked_writes, session_writes
from watchword.storage.sql.process import BATCH, Processes
from watchword.storage.sql.records import Row


class SqliteLinked:
    """`LinkedRecords`."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes

    def find(self, question: FindLinkedIdentity) -> LinkedIdentity | None:
        if not storable(question.issuer + question.subject):
            return None
        named = question.issuer, question.subject
        row: Row | None = self._processes.read(lambda db: db.execute(linked_writes.FIND, named).fetchone())
        return None if row is None else linked_writes.linked_identity(row)

    def list(self, question: ListLinkedIdentities) -> tuple[LinkedIdentity, ...]:
        if not storable(question.account):
            return ()
        return self._processes.read(lambda db: linked_writes.of_account(db, question.account))

    def add(self, question: AddLinkedIdentity) -> bool:
        return self._processes.change(lambda db: linked_writes.add_linked_identity(db, question))

    def end(self, question: EndLinkedIdentities) -> int:
        if not storable(question.account):
            return 0
        return self._processes.change(lambda db: linked_writes.end_linked_identities(db, question))

    def end_sessions(self, question: EndLinkedSessions) -> int | None:
        return self._processes.change(lambda db: session_writes.end_linked_sessions(db, question))

    def put_all(self, identities: Iterable[LinkedIdentity]) -> Counts:
        return self._processes.put_all(linked_writes.put_linked_identity, identities)

    def all(self) -> Iterator[LinkedIdentity]:
        last = "", ""

        def look() -> list[Row]:
            return self._processes.read(lambda db: db.execute(linked_writes.AFTER, (*last, BATCH)).fetchall())

        while rows := look():
            for row in rows:
                yield linked_writes.linked_identity(row)
            last = rows[-1][0], rows[-1][1]
