"""The storage in one SQLite file, for any number of processes of one machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

from watchword.core import questions
from watchword.core.credentials import Credential
from watchword.core.grants import ApiKey, Client, Family
from watchword.core.principal import Instant
from watchword.core.questions import FamilyStart, FoundKey, FoundSession, FoundToken, Page, Redeemed
from watchword.core.records import Account, AuthTokenInputs, Session
from watchword.core.revocations import Revocations
from watchword.storage.counts import Counts
from watchword.storage.noted import KEPT_FOR
from watchword.storage.port import Changes, FailureCount
from watchword.storage.rules import storable
from watchword.storage.sql import (
    account_writes,
    attribute_writes,
    changes,
    client_writes,
    credential_writes,
    family_writes,
    grant_records,
    key_writes,
    limits,
    once_writes,
    records,
    session_writes,
    token_writes,
)
from watchword.storage.sql.connections import PATIENCE
from watchword.storage.sql.linked import SqliteLinked
from watchword.storage.sql.process import BATCH, Processes
from watchword.storage.sql.third_party import SqliteThirdParty

T = TypeVar("T")

LONG = 60.0
"""Seconds that ending everybody's sessions may take, or all that a client was given."""


class SqliteStorage:
    """A Storage in the file at `path`, whose tables exist already (`open_storage` sees to that).

    `factory` is the class of the connections, for tests that let them fail. `keep_changes_for` is in seconds: no access
    token may live longer than what revoked it is remembered.
    """

    def __init__(
        self,
        path: Path,
        factory: type[sqlite3.Connection] = sqlite3.Connection,
        *,
        keep_changes_for: float = KEPT_FOR,
    ) -> None:
        self._processes = Processes(path, factory)
        self._third_party = SqliteThirdParty(self._processes)
        self._linked = SqliteLinked(self._processes)
        self._keep_changes_for = keep_changes_for

    @property
    def keeps_changes_for(self) -> float:
        return self._keep_changes_for

    @property
    def third_party(self) -> SqliteThirdParty:
        return self._third_party

    @property
    def linked(self) -> SqliteLinked:
        return self._linked

    # --- look-ups

    def find_session(self, question: questions.FindSession, *, wait: bool = True) -> FoundSession | None:
        row = self._row(records.FIND_SESSION, question.fingerprint, wait)
        return None if row is None else records.found_session(row)

    def find_account(self, question: questions.FindAccount, *, wait: bool = True) -> Account | None:
        row = self._row(records.FIND_ACCOUNT, question.name, wait) if storable(question.name) else None
        return None if row is None else records.account(row)

    def find_accounts_by(self, question: questions.FindAccountsBy, *, wait: bool = True) -> tuple[Account, ...]:
        return self._read(lambda db: attribute_writes.find_accounts_by(db, question), wait)

    def version(self, *, wait: bool = True) -> object:
        return self._processes.here().readers.version(wait=wait)

    def changes_since(self, seq: int, *, wait: bool = True) -> Changes:
        return self._read(lambda db: changes.changes_since(db, seq), wait)

    def revocations_since(self, seq: int, *, wait: bool = True) -> Revocations:
        return self._read(lambda db: changes.revocations_since(db, seq), wait)

    def find_key(self, question: questions.FindKey, *, wait: bool = True) -> FoundKey | None:
        row = self._row(grant_records.FIND_KEY, question.fingerprint, wait)
        return None if row is None else grant_records.found_key(row)

    def find_token(self, question: questions.FindToken, *, wait: bool = True) -> FoundToken | None:
        row = self._row(grant_records.FIND_TOKEN, question.fingerprint, wait)
        return None if row is None else grant_records.found_token(row)

    def find_client(self, question: questions.FindClient, *, wait: bool = True) -> Client | None:
        row = self._row(grant_records.FIND_CLIENT, question.id, wait) if storable(question.id) else None
        return None if row is None else grant_records.client(row)

    def find_credentials(self, question: questions.FindCredentials, *, wait: bool = True) -> tuple[Credential, ...]:
        if not storable(question.subject):
            return ()
        return self._read(lambda db: credential_writes.find_credentials(db, question.subject), wait)

    def find_family(self, question: questions.FindFamily) -> Family | None:
        row = self._row(grant_records.FIND_FAMILY, question.handle, wait=True)
        return None if row is None else grant_records.family(row)

    def list_families(self, question: questions.ListFamilies) -> tuple[Family, ...]:
        from watchword.storage.sql import management

        if not storable(f"{question.subject}{question.after}"):
            return ()
        return self._read(lambda db: management.list_families(db, question))

    def list_keys(self, question: questions.ListKeys) -> tuple[ApiKey, ...]:
        from watchword.storage.sql import management

        return self._read(lambda db: management.list_keys(db, question)) if storable(question.subject or "") else ()

    def list_clients(self, question: questions.ListClients) -> tuple[Client, ...]:
        from watchword.storage.sql import management

        return self._read(lambda db: management.clients_after(db, "", question.limit))

    def list_sessions(self, question: questions.ListSessions) -> tuple[Session, ...]:
        from watchword.storage.sql import management

        return self._read(lambda db: management.list_sessions(db, question)) if storable(question.subject or "") else ()

    def list_accounts(self, question: questions.ListAccounts) -> Page:
        from watchword.storage.sql import management

        if not storable(question.search + question.cursor + (question.store or "")):
            return Page((), None)
        return self._read(lambda db: management.list_accounts(db, question))

    def has_accounts(self) -> bool:
        return self._read(lambda db: db.execute("SELECT 1 FROM accounts LIMIT 1").fetchone()) is not None

    def check(self) -> None:
        self._row(records.FIND_ACCOUNT, "", wait=True)

    # --- sessions

    def start_session(self, question: questions.StartSession) -> bool:
        return self._change(lambda db: session_writes.start_session(db, question))

    def touch_session(self, question: questions.TouchSession) -> None:
        self._processes.here().writer.touch("session", question.fingerprint, question.now)

    def write_session_data(self, question: questions.WriteSessionData) -> bool:
        return self._change(lambda db: session_writes.write_session_data(db, question))

    def end_session(self, question: questions.EndSession) -> bool:
        return self._change(lambda db: session_writes.end_session(db, question))

    def end_sessions(self, question: questions.EndSessions) -> int:
        if not storable(f"{question.subject}{question.id}"):
            return 0
        patience = LONG if question.subject is None else PATIENCE
        return self._change(lambda db: session_writes.end_sessions(db, question), patience)

    # --- accounts

    def add_account(self, question: questions.AddAccount) -> bool:
        return self._change(lambda db: account_writes.add_account(db, question))

    def change_account(self, question: questions.ChangeAccount) -> Account | None:
        return self._change(lambda db: account_writes.change_account(db, question)) if storable(question.name) else None

    def delete_account(self, question: questions.DeleteAccount) -> bool:
        return storable(question.name) and self._change(lambda db: account_writes.delete_account(db, question))

    def issue_auth_token(self, question: questions.IssueAuthToken) -> AuthTokenInputs | None:
        account = self.find_account(questions.FindAccount(question.name))
        if account is None or account.disabled:
            return None
        alive = account.auth_token
        if alive is not None and alive.valid_until > question.now and not question.slide:
            return alive  # nothing to write, so nothing to wait for
        return self._change(lambda db: account_writes.issue_auth_token(db, question))

    def revoke_auth_token(self, question: questions.RevokeAuthToken) -> bool:
        return storable(question.name) and self._change(lambda db: account_writes.revoke_auth_token(db, question))

    # --- credentials, and what is used once

    def add_credentials(self, question: questions.AddCredentials) -> bool:
        return self._change(lambda db: credential_writes.add_credentials(db, question))

    def confirm_second_factor(self, question: questions.ConfirmSecondFactor) -> bool:
        return storable(question.subject) and self._change(
            lambda db: credential_writes.confirm_second_factor(db, question)
        )

    def end_credentials(self, question: questions.EndCredentials) -> int:
        if not storable(question.subject):
            return 0
        return self._change(lambda db: credential_writes.end_credentials(db, question))

    def spend_credential(self, question: questions.SpendCredential) -> bool:
        return storable(question.subject + question.kind) and self._change(
            lambda db: credential_writes.spend_credential(db, question)
        )

    def spend_once(self, question: questions.SpendOnce) -> bool:
        return self._change(lambda db: once_writes.spend_once(db, question))

    def finish_log_in(self, question: questions.FinishLogIn) -> questions.Finish:
        return self._change(lambda db: once_writes.finish_log_in(db, question))

    def end_half_log_ins(self, question: questions.EndHalfLogIns) -> None:
        self._change(lambda db: once_writes.end_log_ins(db, question, question.at))

    # --- families, tokens, keys, clients

    def start_family(self, question: questions.StartFamily) -> FamilyStart:
        return self._change(lambda db: family_writes.start_family(db, question))

    def spend_refresh(self, question: questions.SpendRefresh) -> Redeemed:
        return self._change(lambda db: family_writes.spend_refresh(db, question))

    def end_families(self, question: questions.EndFamilies) -> int:
        if not storable(question.subject or ""):
            return 0
        return self._change(lambda db: family_writes.end_families(db, question))

    def keep_token(self, question: questions.KeepToken) -> bool:
        return self._change(lambda db: token_writes.keep_token(db, question))

    def revoke_token(self, question: questions.RevokeToken) -> None:
        self._change(lambda db: token_writes.revoke_token(db, question))

    def add_key(self, question: questions.AddKey) -> bool:
        return self._change(lambda db: key_writes.add_key(db, question))

    def rotate_key(self, question: questions.RotateKey) -> ApiKey | None:
        if not storable(question.id + question.subject):
            return None
        return self._change(lambda db: key_writes.rotate_key(db, question))

    def touch_key(self, question: questions.TouchKey) -> None:
        self._processes.here().writer.touch("key", question.fingerprint, question.now)

    def end_keys(self, question: questions.EndKeys) -> int:
        return self._change(lambda db: key_writes.end_keys(db, question)) if storable(question.subject or "") else 0

    def add_client(self, question: questions.AddClient) -> bool:
        return self._change(lambda db: client_writes.add_client(db, question))

    def change_client(self, question: questions.ChangeClient) -> Client | None:
        if not storable(question.id):
            return None
        return self._change(lambda db: client_writes.change_client(db, question), LONG)

    def delete_client(self, question: questions.DeleteClient) -> bool:
        return storable(question.id) and self._change(lambda db: client_writes.delete_client(db, question), LONG)

    def clean_up(self, question: questions.CleanUp) -> int:
        def work(db: sqlite3.Connection) -> int:
            changes.prune(db, question.now - self._keep_changes_for)
            removed = 0
            for remove in (
                session_writes.remove_ended,
                limits.remove_over,
                family_writes.remove_expired,
                token_writes.remove_expired_tokens,
                once_writes.remove_outdated,
                key_writes.remove_long_expired,
            ):
                removed += remove(db, question.now, question.limit - removed)
            return removed

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
        return self._put(account_writes.put_account, accounts)

    def put_sessions(self, sessions: Iterable[Session]) -> Counts:
        return self._put(session_writes.put_session, sessions)

    def put_clients(self, clients: Iterable[Client]) -> Counts:
        return self._put(client_writes.put_client, clients)

    def put_keys(self, keys: Iterable[ApiKey]) -> Counts:
        return self._put(key_writes.put_key, keys)

    def put_families(self, families: Iterable[Family]) -> Counts:
        return self._put(family_writes.put_family, families)

    def put_credentials(self, credentials: Iterable[Credential]) -> Counts:
        return self._put(credential_writes.put_credential, credentials)

    def all_accounts(self) -> Iterator[Account]:
        from watchword.storage.sql import management

        return self._all(management.accounts_after, lambda account: account.name)

    def all_sessions(self) -> Iterator[Session]:
        from watchword.storage.sql import management

        number = 0
        while found := self._read(partial(management.sessions_after, number=number, limit=BATCH)):
            yield from (session for session, _ in found)
            number = found[-1][1]

    def all_clients(self) -> Iterator[Client]:
        from watchword.storage.sql import management

        return self._all(management.clients_after, lambda client: client.id)

    def all_keys(self) -> Iterator[ApiKey]:
        from watchword.storage.sql import management

        return self._all(management.keys_after, lambda key: key.id)

    def all_families(self) -> Iterator[Family]:
        from watchword.storage.sql import management

        return self._all(management.families_after, lambda family: family.id)

    def all_credentials(self) -> Iterator[Credential]:
        from watchword.storage.sql import management

        return self._all(management.credentials_after, lambda credential: credential.id)

    def close(self) -> None:
        self._processes.close()

    # --- how

    def _row(self, statement: str, key: bytes | str, wait: bool) -> records.Row | None:
        row: records.Row | None = self._read(lambda db: db.execute(statement, (key,)).fetchone(), wait)
        return row

    def _read(self, look: Callable[[sqlite3.Connection], T], wait: bool = True) -> T:
        return self._processes.read(look, wait=wait)

    def _change(self, work: Callable[[sqlite3.Connection], T], patience: float = PATIENCE) -> T:
        return self._processes.change(work, patience)

    def _put(self, put: Callable[[sqlite3.Connection, T], str], records: Iterable[T]) -> Counts:
        return self._processes.put_all(put, records)

    def _all(
        self, after: Callable[[sqlite3.Connection, str, int], tuple[T, ...]], key: Callable[[T], str]
    ) -> Iterator[T]:
        def look(db: sqlite3.Connection) -> tuple[T, ...]:
            return after(db, cursor, BATCH)

        cursor = ""
        while found := self._read(look):
            yield from found
            cursor = key(found[-1])
