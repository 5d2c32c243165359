"""A Storage whose text is its meaning: other storages are compared with it. Each method is one atomic step."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from watchword.core import questions
from watchword.core.credentials import Credential
from watchword.core.grants import ApiKey, Client, Family
from watchword.core.principal import Instant
from watchword.core.questions import FamilyStart, FoundKey, FoundSession, FoundToken, Page, Redeemed
from watchword.core.records import Account, AuthTokenInputs, Session
from watchword.core.revocations import Revocations
from watchword.storage.counts import Counts
from watchword.storage.memory import (
    accounts,
    changes,
    clients,
    credentials,
    families,
    keys,
    limits,
    once,
    sessions,
    tokens,
)
from watchword.storage.memory.accounts import put_account
from watchword.storage.memory.clients import put_client
from watchword.storage.memory.credentials import put_credential
from watchword.storage.memory.families import put_family
from watchword.storage.memory.keys import put_key
from watchword.storage.memory.linked import MemoryLinked
from watchword.storage.memory.sessions import put_session
from watchword.storage.memory.state import State
from watchword.storage.memory.third_party import MemoryThirdParty
from watchword.storage.noted import KEPT_FOR
from watchword.storage.port import Changes, FailureCount, WouldWait

T = TypeVar("T")


class MemoryStorage:
    """`keep_changes_for` is in seconds: no access token may live longer than what revoked it is remembered."""

    def __init__(self, keep_changes_for: float = KEPT_FOR) -> None:
        self._lock = threading.RLock()
        self._state = State()
        self._keep_changes_for = keep_changes_for
        self._third_party = MemoryThirdParty(self._state, self._lock)
        self._linked = MemoryLinked(self._state, self._lock)

    @property
    def keeps_changes_for(self) -> float:
        return self._keep_changes_for

    @property
    def third_party(self) -> MemoryThirdParty:
        return self._third_party

    @property
    def linked(self) -> MemoryLinked:
        return self._linked

    # --- look-ups

    def find_session(self, question: questions.FindSession, *, wait: bool = True) -> FoundSession | None:
        with self._held(wait):
            return sessions.find_session(self._state, question.fingerprint)

    def find_account(self, question: questions.FindAccount, *, wait: bool = True) -> Account | None:
        with self._held(wait):
            return self._state.accounts.get(question.name)

    def find_accounts_by(self, question: questions.FindAccountsBy, *, wait: bool = True) -> tuple[Account, ...]:
        with self._held(wait):
            return accounts.find_accounts_by(self._state, question)

    def version(self, *, wait: bool = True) -> object:
        return self._state.changes[-1].seq

    def changes_since(self, seq: int, *, wait: bool = True) -> Changes:
        with self._held(wait):
            return changes.changes_since(self._state, seq)

    def revocations_since(self, seq: int, *, wait: bool = True) -> Revocations:
        with self._held(wait):
            return changes.revocations_since(self._state, seq)

    def find_key(self, question: questions.FindKey, *, wait: bool = True) -> FoundKey | None:
        with self._held(wait):
            return keys.find_key(self._state, question.fingerprint)

    def find_token(self, question: questions.FindToken, *, wait: bool = True) -> FoundToken | None:
        with self._held(wait):
            return tokens.find_token(self._state, question.fingerprint)

    def find_client(self, question: questions.FindClient, *, wait: bool = True) -> Client | None:
        with self._held(wait):
            return self._state.clients.get(question.id)

    def find_credentials(self, question: questions.FindCredentials, *, wait: bool = True) -> tuple[Credential, ...]:
        with self._held(wait):
            return credentials.find_credentials(self._state, question.subject)

    def find_family(self, question: questions.FindFamily) -> Family | None:
        with self._lock:
            return families.find_family(self._state, question)

    def list_families(self, question: questions.ListFamilies) -> tuple[Family, ...]:
        with self._lock:
            return families.list_families(self._state, question)

    def list_keys(self, question: questions.ListKeys) -> tuple[ApiKey, ...]:
        with self._lock:
            return keys.list_keys(self._state, question)

    def list_clients(self, question: questions.ListClients) -> tuple[Client, ...]:
        with self._lock:
            return clients.list_clients(self._state, question)

    def list_sessions(self, question: questions.ListSessions) -> tuple[Session, ...]:
        with self._lock:
            return sessions.list_sessions(self._state, question)

    def list_accounts(self, question: questions.ListAccounts) -> Page:
        with self._lock:
            return accounts.list_accounts(self._state, question)

    def has_accounts(self) -> bool:
        return bool(self._state.accounts)

    def check(self) -> None:
        pass

    # --- sessions

    def start_session(self, question: questions.StartSession) -> bool:
        with self._lock:
            return sessions.start_session(self._state, question)

    def touch_session(self, question: questions.TouchSession) -> None:
        with self._lock:
            sessions.touch_session(self._state, question)

    def write_session_data(self, question: questions.WriteSessionData) -> bool:
        with self._lock:
            return sessions.write_session_data(self._state, question)

    def end_session(self, question: questions.EndSession) -> bool:
        with self._lock:
            return sessions.end_session(self._state, question)

    def end_sessions(self, question: questions.EndSessions) -> int:
        with self._lock:
            return sessions.end_sessions(self._state, question)

    # --- accounts

    def add_account(self, question: questions.AddAccount) -> bool:
        with self._lock:
            return accounts.add_account(self._state, question)

    def change_account(self, question: questions.ChangeAccount) -> Account | None:
        with self._lock:
            return accounts.change_account(self._state, question)

    def delete_account(self, question: questions.DeleteAccount) -> bool:
        with self._lock:
            return accounts.delete_account(self._state, question)

    def issue_auth_token(self, question: questions.IssueAuthToken) -> AuthTokenInputs | None:
        with self._lock:
            return accounts.issue_auth_token(self._state, question)

    def revoke_auth_token(self, question: questions.RevokeAuthToken) -> bool:
        with self._lock:
            return accounts.revoke_auth_token(self._state, question)

    # --- credentials, and what is used once

    def add_credentials(self, question: questions.AddCredentials) -> bool:
        with self._lock:
            return credentials.add_credentials(self._state, question)

    def confirm_second_factor(self, question: questions.ConfirmSecondFactor) -> bool:
        with self._lock:
            return credentials.confirm_second_factor(self._state, question)

    def end_credentials(self, question: questions.EndCredentials) -> int:
        with self._lock:
            return credentials.end_credentials(self._state, question)

    def spend_credential(self, question: questions.SpendCredential) -> bool:
        with self._lock:
            return credentials.spend_credential(self._state, question)

    def spend_once(self, question: questions.SpendOnce) -> bool:
        with self._lock:
            return once.spend_once(self._state, question)

    def finish_log_in(self, question: questions.FinishLogIn) -> questions.Finish:
        with self._lock:
            return once.finish_log_in(self._state, question)

    def end_half_log_ins(self, question: questions.EndHalfLogIns) -> None:
        with self._lock:
            once.end_log_ins(self._state, question, question.at)

    # --- families, tokens, keys, clients

    def start_family(self, question: questions.StartFamily) -> FamilyStart:
        with self._lock:
            return families.start_family(self._state, question)

    def spend_refresh(self, question: questions.SpendRefresh) -> Redeemed:
        with self._lock:
            return families.spend_refresh(self._state, question)

    def end_families(self, question: questions.EndFamilies) -> int:
        with self._lock:
            return families.end_families(self._state, question)

    def keep_token(self, question: questions.KeepToken) -> bool:
        with self._lock:
            return tokens.keep_token(self._state, question)

    def revoke_token(self, question: questions.RevokeToken) -> None:
        with self._lock:
            tokens.revoke_token(self._state, question)

    def add_key(self, question: questions.AddKey) -> bool:
        with self._lock:
            return keys.add_key(self._state, question)

    def rotate_key(self, question: questions.RotateKey) -> ApiKey | None:
        with self._lock:
            return keys.rotate_key(self._state, question)

    def touch_key(self, question: questions.TouchKey) -> None:
        with self._lock:
            keys.touch_key(self._state, question)

    def end_keys(self, question: questions.EndKeys) -> int:
        with self._lock:
            return keys.end_keys(self._state, question)

    def add_client(self, question: questions.AddClient) -> bool:
        with self._lock:
            return clients.add_client(self._state, question)

    def change_client(self, question: questions.ChangeClient) -> Client | None:
        with self._lock:
            return clients.change_client(self._state, question)

    def delete_client(self, question: questions.DeleteClient) -> bool:
        with self._lock:
            return clients.delete_client(self._state, question)

    def clean_up(self, question: questions.CleanUp) -> int:
        with self._lock:
            changes.prune(self._state, question.now - self._keep_changes_for)
            removed = 0
            for remove in (
                sessions.remove_ended,
                limits.remove_over,
                families.remove_expired,
                tokens.remove_expired_tokens,
                once.remove_outdated,
                keys.remove_long_expired,
            ):
                removed += remove(self._state, question.now, question.limit - removed)
            return removed

    # --- limits, places

    def failures(self, key: str) -> FailureCount | None:
        with self._lock:
            return limits.failures(self._state, key)

    def note_failure(self, key: str, now: Instant, window: float) -> FailureCount:
        with self._lock:
            return limits.note_failure(self._state, key, now, window)

    def forget_failures(self, key: str) -> None:
        with self._lock:
            self._state.failures.pop(key, None)

    def note_place(self, account: str, address: str, now: Instant) -> None:
        with self._lock:
            limits.note_place(self._state, account, address, now)

    def is_known_place(self, account: str, address: str) -> bool:
        with self._lock:
            return address in self._state.places.get(account, {})

    # --- import and export

    def put_accounts(self, accounts: Iterable[Account]) -> Counts:
        return self._put(put_account, accounts)

    def put_sessions(self, sessions: Iterable[Session]) -> Counts:
        return self._put(put_session, sessions)

    def put_clients(self, clients: Iterable[Client]) -> Counts:
        return self._put(put_client, clients)

    def put_keys(self, keys: Iterable[ApiKey]) -> Counts:
        return self._put(put_key, keys)

    def put_families(self, families: Iterable[Family]) -> Counts:
        return self._put(put_family, families)

    def put_credentials(self, credentials: Iterable[Credential]) -> Counts:
        return self._put(put_credential, credentials)

    def all_accounts(self) -> Iterator[Account]:
        with self._lock:
            them = [self._state.accounts[name] for name in sorted(self._state.accounts)]
        yield from them

    def all_sessions(self) -> Iterator[Session]:
        with self._lock:
            them = list(self._state.sessions.values())
        yield from them

    def all_clients(self) -> Iterator[Client]:
        with self._lock:
            them = [self._state.clients[id] for id in sorted(self._state.clients)]
        yield from them

    def all_keys(self) -> Iterator[ApiKey]:
        with self._lock:
            them = sorted(self._state.keys.values(), key=lambda key: key.id)
        yield from them

    def all_families(self) -> Iterator[Family]:
        with self._lock:
            them = sorted(self._state.families.values(), key=lambda family: family.id)
        yield from them

    def all_credentials(self) -> Iterator[Credential]:
        with self._lock:
            them = [each for credentials in self._state.credentials.values() for each in credentials]
        yield from sorted(them, key=lambda credential: credential.id)

    def close(self) -> None:
        pass

    # --- how

    @contextmanager
    def _held(self, wait: bool) -> Iterator[None]:
        if not self._lock.acquire(blocking=wait):
            raise WouldWait
        try:
            yield
        finally:
            self._lock.release()

    def _put(self, put: Callable[[State, T], str], records: Iterable[T]) -> Counts:
        done: Counter[str] = Counter()
        for record in records:
            with self._lock:
                done[put(self._state, record)] += 1
        return Counts(**done)
