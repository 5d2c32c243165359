"""What a storage is: one method for each question about our own records, and what the limits and imports need.

Every method blocks until its answer is true: a change that was answered is durable and seen by the next check of
every process. A change is one atomic step. An answer that cannot be had raises AnswerFailed, which never means
"no"; a change that failed so was not made, unless the storage was too slow to say. Text that UTF-8 cannot encode
(lone surrogates) names nothing: it is not found, and a record that holds it is refused with a ValueError.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

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

PLACES_PER_ACCOUNT = 20
"""How many addresses are remembered for an account; the one seen longest ago gives way."""


class WouldWait(Exception):
    """A look-up was asked not to wait, and somebody holds what it needs. Ask it again from a thread."""


class UnusableStorage(Exception):
    """The storage cannot be opened; the message is a sentence that says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureCount:
    """Failures under one key since `first_at`; the latest was at `last_at`."""

    count: int
    first_at: Instant
    last_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What an import did. `refused`: sessions whose account is missing, disabled or carries another stamp."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Which cached records are no longer to be trusted, and the sequence number this is known up to.

    `sessions` holds fingerprints, `accounts` names: all that hangs on such an account counts as changed.
    `everything`: trust nothing, because all ended or the list cannot be told.
    """

    seq: int
    sessions: tuple[bytes, ...] = ()
    accounts: tuple[str, ...] = ()
    everything: bool = False


class Storage(Protocol):
    """Our own records. Safe to use from many threads; after a fork each process opens its own connections."""

    # --- look-ups; with wait=False they raise WouldWait instead of waiting for a lock

    def find_session(self, question: FindSession, *, wait: bool = True) -> FoundSession | None: ...

    def find_account(self, question: FindAccount, *, wait: bool = True) -> Account | None: ...

    def version(self, *, wait: bool = True) -> object:
        """A value unlike the last one this thread was given, if anything was committed in between."""
        ...

    def changes_since(self, seq: int, *, wait: bool = True) -> Changes:
        """What changed after `seq`. Records that are merely new are not listed, nor is when a session was seen."""
        ...

    def list_sessions(self, question: ListSessions) -> tuple[Session, ...]: ...

    def list_accounts(self, question: ListAccounts) -> Page: ...

    def has_accounts(self) -> bool:
        """Is there any account yet?"""
        ...

    def check(self) -> None:
        """Can it answer? Raises AnswerFailed where it cannot."""
        ...

    # --- changes

    def start_session(self, question: StartSession) -> bool: ...

    def touch_session(self, question: TouchSession) -> None:
        """Never waits; written with the next change, or a second later."""
        ...

    def write_session_data(self, question: WriteSessionData) -> bool: ...

    def end_session(self, question: EndSession) -> bool: ...

    def end_sessions(self, question: EndSessions) -> int: ...

    def add_account(self, question: AddAccount) -> bool: ...

    def change_account(self, question: ChangeAccount) -> Account | None:
        """As the question says; to disable ends every session and the auth token, so that they stay dead."""
        ...

    def delete_account(self, question: DeleteAccount) -> bool: ...

    def issue_auth_token(self, question: IssueAuthToken) -> AuthTokenInputs | None: ...

    def revoke_auth_token(self, question: RevokeAuthToken) -> bool: ...

    def clean_up(self, question: CleanUp) -> int: ...

    # --- the limiter's records

    def failures(self, key: str) -> FailureCount | None:
        """As last noted, however long ago."""
        ...

    def note_failure(self, key: str, now: Instant, window: float) -> FailureCount:
        """One more. The count begins anew `window` seconds after its first failure."""
        ...

    def forget_failures(self, key: str) -> None: ...

    # --- known places

    def note_place(self, account: str, address: str, now: Instant) -> None:
        """The account logged in from there. Nothing is kept for an account that does not exist."""
        ...

    def is_known_place(self, account: str, address: str) -> bool: ...

    # --- import and export

    def put_accounts(self, accounts: Iterable[Account]) -> Counts:
        """Make these accounts what is kept, in batches; doing it again changes nothing.

        An existing account keeps its `created_at`, and its auth token unless a newer generation is given. A new
        stamp or `disabled` ends its sessions and auth token, as in ChangeAccount.
        """
        ...

    def put_sessions(self, sessions: Iterable[Session]) -> Counts:
        """Keep those sessions that are not kept yet, in batches."""
        ...

    def all_accounts(self) -> Iterator[Account]: ...

    def all_sessions(self) -> Iterator[Session]: ...

    def close(self) -> None:
        """Write what is still to be written, stop threads, close connections. It is not used afterwards."""
        ...
