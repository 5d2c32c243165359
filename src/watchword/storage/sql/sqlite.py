"""The storage in one SQLite file, for any number of processes of one machine."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from watchword.core.principal import Instant
from watchword.core.questions import (
    AddAccount,
    ChangeAccount,
    CleanUp,
    DeleteAccount,
    EndSession,
    EndSessions,
    FindAccount,
    FindSession,
    FoundSession,
    IssueAuthToken,
    ListAccounts,
    ListSessions,
    Page,
    RevokeAuthToken,
    StartSession,
    TouchSession,
    WriteSessionData,
)
from watchword.core.records import Account, AuthTokenInputs, Session
from watchword.storage.port import Changes, Counts, FailureCount
from watchword.storage.sql import account_writes, changes, limits, records, session_writes
from watchword.storage.sql.connections import PATIENCE, Readers
from watchword.storage.sql.writer import Writer

T = TypeVar("T")

BATCH = 1_000
"""Records in one transaction of an import or export: a longer one would keep others waiting."""

LONG = 60.0
"""Seconds that ending everybody's sessions may take."""


class SqliteStorage:
    """A Storage in the file at `path`, whose tables exist already (`open_storage` sees to that).

    `factory` is the class of the connections, for tests that let them fail.
    """

    def __init__(self, path: Path, factory: type[sqlite3.Connection] = sqlite3.Connection) -> None:
        self._path = path
        self._factory = factory
        self._processes: dict[int, _Process] = {}

    # --- look-ups

    def find_session(self, question: FindSession, *, wait: bool = True) -> FoundSession | None:
        row = self._row(records.FIND_SESSION, question.fingerprint, wait)
        return None if row is None else records.found_session(row)

    def find_account(self, question: FindAccount, *, wait: bool = True) -> Account | None:
        row = self._row(records.FIND_ACCOUNT, question.name, wait) if storable(question.name) else None
        return None if row is None else records.account(row)

    def version(self, *, wait: bool = True) -> object:
        return self._here().readers.version(wait=wait)

    def changes_since(self, seq: int, *, wait: bool = True) -> Changes:
        return self._here().readers.read(lambda db: changes.changes_since(db, seq), wait=wait)

    def list_sessions(self, question: ListSessions) -> tuple[Session, ...]:
        from watchword.storage.sql import management

        if not storable(question.subject or ""):
            return ()
        return self._read(lambda db: management.list_sessions(db, question))

    def list_accounts(self, question: ListAccounts) -> Page:
        from watchword.storage.sql import management

        if not storable(question.search + question.cursor):
            return Page((), None)
        return self._read(lambda db: management.list_accounts(db, question))

    def has_accounts(self) -> bool:
        return self._read(lambda db: db.execute("SELECT 1 FROM accounts LIMIT 1").fetchone()) is not None

    def check(self) -> None:
        self._row(records.FIND_ACCOUNT, "", wait=True)

    # --- changes

    def start_session(self, question: StartSession) -> bool:
        return self._change(lambda db: session_writes.start_session(db, question))

    def touch_session(self, question: TouchSession) -> None:
        self._here().writer.touch(question.fingerprint, question.now)

    def write_session_data(self, question: WriteSessionData) -> bool:
        return self._change(lambda db: session_writes.write_session_data(db, question))

    def end_session(self, question: EndSession) -> bool:
        return self._change(lambda db: session_writes.end_session(db, question))

    def end_sessions(self, question: EndSessions) -> int:
        if not storable(f"{question.subject}{question.id}"):
            return 0
        patience = LONG if question.subject is None else PATIENCE
        return self._change(lambda db: session_writes.end_sessions(db, question), patience)

    def add_account(self, question: AddAccount) -> bool:
        return self._change(lambda db: account_writes.add_account(db, question))

    def change_account(self, question: ChangeAccount) -> Account | None:
        return self._change(lambda db: account_writes.change_account(db, question)) if storable(question.name) else None

    def delete_account(self, question: DeleteAccount) -> bool:
        return storable(question.name) and self._change(lambda db: account_writes.delete_account(db, question))

    def issue_auth_token(self, question: IssueAuthToken) -> AuthTokenInputs | None:
        account = self.find_account(FindAccount(question.name))
        if account is None or account.disabled:
            return None
        alive = account.auth_token
        if alive is not None and alive.valid_until > question.now and not question.slide:
            return alive  # nothing to write, so nothing to wait for
        return self._change(lambda db: account_writes.issue_auth_token(db, question))

    def revoke_auth_token(self, question: RevokeAuthToken) -> bool:
        return storable(question.name) and self._change(lambda db: account_writes.revoke_auth_token(db, question))

    def clean_up(self, question: CleanUp) -> int:
        def work(db: sqlite3.Connection) -> int:
            changes.prune(db, question.now, question.limit)
            ended = session_writes.remove_ended(db, question.now, question.limit)
            return ended + limits.remove_over(db, question.now, question.limit - ended)

        return self._change(work)

    # --- limits and places

    def failures(self, key: str) -> FailureCount | None:
        return self._read(lambda db: limits.failures(db, key))

    def note_failure(self, key: str, now: Instant, window: float) -> FailureCount:
        return self._change(lambda db: limits.note_failure(db, key, now, window))

    def forget_failures(self, key: str) -> None:
        self._change(lambda db: limits.forget_failures(db, key))

    def note_place(self, account: str, address: str, now: Instant) -> None:
        if storable(account + address):
            self._change(lambda db: limits.note_place(db, account, address, now))

    def is_known_place(self, account: str, address: str) -> bool:
        return storable(account + address) and self._read(lambda db: limits.is_known_place(db, account, address))

    # --- import and export

    def put_accounts(self, accounts: Iterable[Account]) -> Counts:
        done: Counter[str] = Counter()
        for batch in _batches(accounts):
            done.update(self._change(_for_each(account_writes.put_account, batch)))
        return Counts(created=done["created"], changed=done["changed"], unchanged=done["unchanged"])

    def put_sessions(self, sessions: Iterable[Session]) -> Counts:
        done: Counter[str] = Counter()
        for batch in _batches(sessions):
            done.update(self._change(_for_each(session_writes.put_session, batch)))
        return Counts(created=done["created"], unchanged=done["unchanged"], refused=done["refused"])

    def all_accounts(self) -> Iterator[Account]:
        from watchword.storage.sql import management

        name = ""
        while found := self._read(partial(management.accounts_after, name=name, limit=BATCH)):
            yield from found
            name = found[-1].name

    def all_sessions(self) -> Iterator[Session]:
        from watchword.storage.sql import management

        number = 0
        while found := self._read(partial(management.sessions_after, number=number, limit=BATCH)):
            yield from (session for session, _ in found)
            number = found[-1][1]

    def close(self) -> None:
        here = self._processes.pop(os.getpid(), None)
        if here is not None:
            here.writer.close()
            here.readers.close()

    # --- how

    def _row(self, statement: str, key: bytes | str, wait: bool) -> records.Row | None:
        row: records.Row | None = self._here().readers.read(
            lambda db: db.execute(statement, (key,)).fetchone(), wait=wait
        )
        return row

    def _read(self, look: Callable[[sqlite3.Connection], T]) -> T:
        return self._here().readers.read(look, wait=True)

    def _change(self, work: Callable[[sqlite3.Connection], T], patience: float = PATIENCE) -> T:
        return self._here().writer.change(work, patience)

    def _here(self) -> _Process:
        """What this process has opened. What a parent had open stays open here, and is never used or closed."""
        pid = os.getpid()
        here = self._processes.get(pid)
        if here is None:
            here = self._processes.setdefault(pid, _Process(self._path, self._factory))
        return here


class _Process:
    """The connections and the writer of one process; both open at first use."""

    __slots__ = ("readers", "writer")

    def __init__(self, path: Path, factory: type[sqlite3.Connection]) -> None:
        self.readers = Readers(path, factory)
        self.writer = Writer(path, factory)


def storable(text: str) -> bool:
    """Can SQLite hold it? Not lone surrogates: what is called so does not exist."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _for_each(put: Callable[[sqlite3.Connection, T], str], batch: list[T]) -> Callable[[sqlite3.Connection], list[str]]:
    return lambda db: [put(db, record) for record in batch]


def _batches(records: Iterable[T]) -> Iterator[list[T]]:
    them = iter(records)
    while batch := list(islice(them, BATCH)):
        yield batch
