"""The reference storage: dictionaries under one lock. Nothing survives the process."""

from __future__ import annotations

import copy
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

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
from watchword.storage.port import PLACES_PER_ACCOUNT, Changes, Counts, FailureCount, WouldWait
from watchword.storage.rules import (
    beyond,
    changed_account,
    credentials_die,
    imported_account,
    issued_token,
    may_start,
    one_more_failure,
)

REMEMBERED_CHANGES = 10_000


class MemoryStorage:
    """A Storage whose text is its meaning: other storages are compared with it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._accounts: dict[str, Account] = {}
        self._generations: dict[str, int] = {}
        self._sessions: dict[bytes, Session] = {}
        self._failures: dict[str, tuple[FailureCount, Instant]] = {}
        self._places: dict[str, dict[str, Instant]] = {}
        self._ids: set[str] = set()
        self._changes: deque[tuple[int, bytes | str]] = deque(maxlen=REMEMBERED_CHANGES)
        self._seq = 0

    # --- look-ups

    def find_session(self, question: FindSession, *, wait: bool = True) -> FoundSession | None:
        with self._held(wait):
            session = self._sessions.get(question.fingerprint)
            return None if session is None else FoundSession(session, self._accounts[session.subject])

    def find_account(self, question: FindAccount, *, wait: bool = True) -> Account | None:
        with self._held(wait):
            return self._accounts.get(question.name)

    def version(self, *, wait: bool = True) -> object:
        return self._seq

    def changes_since(self, seq: int, *, wait: bool = True) -> Changes:
        with self._held(wait):
            oldest = self._changes[0][0] if self._changes else self._seq + 1
            keys = [key for number, key in self._changes if number > seq]
            if not oldest - 1 <= seq <= self._seq:
                return Changes(seq=self._seq, everything=True)
            return Changes(
                seq=self._seq,
                sessions=tuple(key for key in keys if isinstance(key, bytes)),
                accounts=tuple(key for key in keys if isinstance(key, str)),
            )

    def list_sessions(self, question: ListSessions) -> tuple[Session, ...]:
        with self._lock:
            mine = self._sessions_of(question.subject)
        alive = [session for session in mine if session.idle_expires_at > question.now]
        alive.sort(key=lambda session: (session.created_at, session.id), reverse=True)
        return tuple(alive[: question.limit])

    def list_accounts(self, question: ListAccounts) -> Page:
        with self._lock:
            names = sorted(name for name in self._accounts if name > question.cursor and question.search in name)
            accounts = tuple(self._accounts[name] for name in names[: question.limit])
        return Page(accounts, accounts[-1].name if len(names) > len(accounts) > 0 else None)

    def has_accounts(self) -> bool:
        return bool(self._accounts)

    def check(self) -> None:
        pass

    # --- sessions

    def start_session(self, question: StartSession) -> bool:
        session = question.session
        with self._lock:
            if session.fingerprint in self._sessions or session.id in self._ids:
                return False
            if not may_start(self._accounts.get(session.subject), session):
                return False
            if question.replaces is not None:
                self._drop_session(question.replaces)
            if question.max_per_user is not None:
                others = self._sessions_of(session.subject)
                alive = [other for other in others if other.idle_expires_at > session.created_at]
                for other in beyond(alive, question.max_per_user - 1):
                    self._drop_session(other.fingerprint)
            self._keep_session(session)
            return True

    def touch_session(self, question: TouchSession) -> None:
        with self._lock:
            session = self._sessions.get(question.fingerprint)
            if session is not None and question.now > session.last_seen:
                self._sessions[question.fingerprint] = replace(session, last_seen=question.now)

    def write_session_data(self, question: WriteSessionData) -> bool:
        with self._lock:
            session = self._sessions.get(question.fingerprint)
            if session is None:
                return False
            self._sessions[question.fingerprint] = replace(session, data=copy.deepcopy(dict(question.data)))
            self._note(question.fingerprint)
            return True

    def end_session(self, question: EndSession) -> bool:
        with self._lock:
            return self._drop_session(question.fingerprint)

    def end_sessions(self, question: EndSessions) -> int:
        with self._lock:
            ending = [
                session.fingerprint
                for session in self._sessions_of(question.subject)
                if (question.id is None or session.id == question.id) and session.fingerprint != question.keep
            ]
            for fingerprint in ending:
                self._drop_session(fingerprint)
            return len(ending)

    # --- accounts

    def add_account(self, question: AddAccount) -> bool:
        with self._lock:
            if question.account.name in self._accounts:
                return False
            self._create(question.account)
            return True

    def change_account(self, question: ChangeAccount) -> Account | None:
        with self._lock:
            before = self._accounts.get(question.name)
            after = None if before is None else changed_account(before, question)
            if before is None or after is None:
                return None
            self._replace(before, after, keep=question.keep)
            return self._accounts[question.name]

    def delete_account(self, question: DeleteAccount) -> bool:
        with self._lock:
            if self._accounts.pop(question.name, None) is None:
                return False
            for session in self._sessions_of(question.name):
                self._remove_session(session)
            self._generations.pop(question.name, None)
            self._places.pop(question.name, None)
            self._note(question.name)
            return True

    def issue_auth_token(self, question: IssueAuthToken) -> AuthTokenInputs | None:
        with self._lock:
            account = self._accounts.get(question.name)
            if account is None or account.disabled:
                return None
            token = issued_token(self._generations.get(question.name, 0), account.auth_token, question)
            if token == account.auth_token:
                return token
            self._accounts[question.name] = replace(account, auth_token=token)
            self._generations[question.name] = token.generation
            self._note(question.name)
            return token

    def revoke_auth_token(self, question: RevokeAuthToken) -> bool:
        with self._lock:
            account = self._accounts.get(question.name)
            if account is None or account.auth_token is None:
                return False
            self._accounts[question.name] = replace(account, auth_token=None)
            self._generations[question.name] += 1
            self._note(question.name)
            return True

    # --- limits, places

    def failures(self, key: str) -> FailureCount | None:
        with self._lock:
            noted = self._failures.get(key)
            return None if noted is None else noted[0]

    def note_failure(self, key: str, now: Instant, window: float) -> FailureCount:
        with self._lock:
            noted = self._failures.get(key)
            count = one_more_failure(None if noted is None else noted[0], now, window)
            self._failures[key] = count, count.first_at + window
            return count

    def forget_failures(self, key: str) -> None:
        with self._lock:
            self._failures.pop(key, None)

    def note_place(self, account: str, address: str, now: Instant) -> None:
        with self._lock:
            if account not in self._accounts:
                return
            places = self._places.setdefault(account, {})
            places[address] = max(now, places.get(address, now))
            for _, oldest in sorted((at, place) for place, at in places.items())[:-PLACES_PER_ACCOUNT]:
                del places[oldest]

    def is_known_place(self, account: str, address: str) -> bool:
        with self._lock:
            return address in self._places.get(account, {})

    # --- whole

    def clean_up(self, question: CleanUp) -> int:
        with self._lock:
            ended = sorted((s.idle_expires_at, s.fingerprint) for s in self._sessions.values())
            ended = [(at, fingerprint) for at, fingerprint in ended if at <= question.now][: question.limit]
            for _, fingerprint in ended:
                self._drop_session(fingerprint)
            over = [key for key, (_, until) in self._failures.items() if until <= question.now]
            over = over[: question.limit - len(ended)]
            for key in over:
                del self._failures[key]
            return len(ended) + len(over)

    def put_accounts(self, accounts: Iterable[Account]) -> Counts:
        created = changed = unchanged = 0
        for given in accounts:
            with self._lock:
                before = self._accounts.get(given.name)
                if before is None:
                    self._create(given)
                    created += 1
                    continue
                after = imported_account(before, self._generations.get(given.name, 0), given)
                if after == before:
                    unchanged += 1
                    continue
                self._replace(before, after)
                changed += 1
        return Counts(created=created, changed=changed, unchanged=unchanged)

    def put_sessions(self, sessions: Iterable[Session]) -> Counts:
        created = unchanged = refused = 0
        for session in sessions:
            with self._lock:
                if session.fingerprint in self._sessions:
                    unchanged += 1
                elif session.id not in self._ids and may_start(self._accounts.get(session.subject), session):
                    self._keep_session(session)
                    created += 1
                else:
                    refused += 1
        return Counts(created=created, unchanged=unchanged, refused=refused)

    def all_accounts(self) -> Iterator[Account]:
        with self._lock:
            accounts = [self._accounts[name] for name in sorted(self._accounts)]
        yield from accounts

    def all_sessions(self) -> Iterator[Session]:
        with self._lock:
            sessions = list(self._sessions.values())
        yield from sessions

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

    def _sessions_of(self, subject: str | None) -> list[Session]:
        return [session for session in self._sessions.values() if subject is None or session.subject == subject]

    def _keep_session(self, session: Session) -> None:
        for text in (session.id, session.subject, session.stamp, session.address, session.user_agent):
            text.encode()
        self._sessions[session.fingerprint] = replace(session, data=copy.deepcopy(dict(session.data)))
        self._ids.add(session.id)

    def _drop_session(self, fingerprint: bytes) -> bool:
        session = self._sessions.get(fingerprint)
        if session is None:
            return False
        self._remove_session(session)
        self._note(fingerprint)
        return True

    def _remove_session(self, session: Session) -> None:
        del self._sessions[session.fingerprint]
        self._ids.discard(session.id)

    def _create(self, account: Account) -> None:
        for text in (account.name, account.stamp, account.password_hash or ""):
            text.encode()
        token = None if account.disabled else account.auth_token
        self._accounts[account.name] = replace(account, auth_token=token, attributes=dict(account.attributes))
        if token is not None:
            self._generations[account.name] = token.generation

    def _replace(self, before: Account, after: Account, keep: bytes | None = None) -> None:
        """Put `after` in the place of `before`, and end what dies with it."""
        if credentials_die(before, after):
            for session in self._sessions_of(before.name):
                if session.fingerprint == keep and not after.disabled:
                    self._sessions[session.fingerprint] = replace(session, stamp=after.stamp)
                else:
                    self._remove_session(session)
        if after.auth_token is None and before.auth_token is not None:
            self._generations[before.name] += 1
        elif after.auth_token is not None:
            self._generations[before.name] = after.auth_token.generation
        self._accounts[before.name] = after
        self._note(before.name)

    def _note(self, key: bytes | str) -> None:
        """A cached record under this key is no longer to be trusted: a fingerprint or an account's name."""
        self._seq += 1
        self._changes.append((self._seq, key))
