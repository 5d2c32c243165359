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

from watchword.core.credentials import Credential
from watchword.core.grants import ApiKey, Client, Family
from watchword.core.principal import Instant
from watchword.core.questions import (
    AddAccount,
    AddClient,
    AddCredentials,
    AddKey,
    ChangeAccount,
    ChangeClient,
    CleanUp,
    ConfirmSecondFactor,
    DeleteAccount,
    DeleteClient,
    EndCredentials,
    EndFamilies,
    EndHalfLogIns,
    EndKeys,
    EndSession,
    EndSessions,
    FamilyStart,
    FindAccount,
    FindAccountsBy,
    FindClient,
    FindCredentials,
    FindFamily,
    FindKey,
    FindSession,
    FindToken,
    Finish,
    FinishLogIn,
    FoundKey,
    FoundSession,
    FoundToken,
    IssueAuthToken,
    KeepToken,
    ListAccounts,
    ListClients,
    ListFamilies,
    ListKeys,
    ListSessions,
    Page,
    Redeemed,
    RevokeAuthToken,
    RevokeToken,
    RotateKey,
    SpendCredential,
    SpendOnce,
    SpendRefresh,
    StartFamily,
    StartSession,
    TouchKey,
    TouchSession,
    WriteSessionData,
)
from watchword.core.records import Account, AuthTokenInputs, Session
from watchword.core.revocations import Revocations
from watchword.storage.counts import Counts
from watchword.storage.outside import LinkedRecords, ThirdPartyRecords

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
class Changes:
    """Which cached records are no longer to be trusted, and the sequence number this is known up to.

    `sessions`, `keys` and `tokens` (by reference) hold fingerprints, `accounts` names and `clients` ids: all that hangs
    on such an account or client counts as changed. `everything`: trust nothing, because all ended or the list cannot
    be told.
    """

    seq: int
    sessions: tuple[bytes, ...] = ()
    keys: tuple[bytes, ...] = ()
    tokens: tuple[bytes, ...] = ()
    accounts: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    everything: bool = False


class Storage(Protocol):
    """Our own records. Safe to use from many threads; after a fork each process opens its own connections."""

    @property
    def keeps_changes_for(self) -> float:
        """Seconds for which revocations are remembered; no access token may live longer."""
        ...

    @property
    def third_party(self) -> ThirdPartyRecords:
        """The credentials for third parties."""
        ...

    @property
    def linked(self) -> LinkedRecords:
        """The identities that others prove."""
        ...

    # --- look-ups; with wait=False they raise WouldWait instead of waiting for a lock

    def find_session(self, question: FindSession, *, wait: bool = True) -> FoundSession | None: ...

    def find_account(self, question: FindAccount, *, wait: bool = True) -> Account | None: ...
    def find_accounts_by(self, question: FindAccountsBy, *, wait: bool = True) -> tuple[Account, ...]: ...

    def version(self, *, wait: bool = True) -> object:
        """A value unlike the last one this thread was given, if anything was committed in between."""
        ...

    def changes_since(self, seq: int, *, wait: bool = True) -> Changes:
        """What changed after `seq`. Records that are merely new are not listed, nor is when a session was seen."""
        ...

    def revocations_since(self, seq: int, *, wait: bool = True) -> Revocations:
        """What revoked self-contained tokens after `seq`, as it stands now; everything that still matters where that
        cannot be told. It is noted in the step that makes the change, and kept for as long as such tokens live."""
        ...

    def find_key(self, question: FindKey, *, wait: bool = True) -> FoundKey | None: ...

    def find_token(self, question: FindToken, *, wait: bool = True) -> FoundToken | None: ...

    def find_client(self, question: FindClient, *, wait: bool = True) -> Client | None: ...

    def find_credentials(self, question: FindCredentials, *, wait: bool = True) -> tuple[Credential, ...]: ...

    def find_family(self, question: FindFamily) -> Family | None: ...

    def list_families(self, question: ListFamilies) -> tuple[Family, ...]: ...

    def list_keys(self, question: ListKeys) -> tuple[ApiKey, ...]: ...

    def list_clients(self, question: ListClients) -> tuple[Client, ...]: ...

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

    def start_family(self, question: StartFamily) -> FamilyStart: ...

    def spend_refresh(self, question: SpendRefresh) -> Redeemed: ...

    def end_families(self, question: EndFamilies) -> int: ...

    def keep_token(self, question: KeepToken) -> bool: ...

    def revoke_token(self, question: RevokeToken) -> None: ...

    def spend_once(self, question: SpendOnce) -> bool: ...

    def finish_log_in(self, question: FinishLogIn) -> Finish: ...

    def end_half_log_ins(self, question: EndHalfLogIns) -> None: ...

    def add_credentials(self, question: AddCredentials) -> bool: ...

    def confirm_second_factor(self, question: ConfirmSecondFactor) -> bool: ...

    def end_credentials(self, question: EndCredentials) -> int: ...

    def spend_credential(self, question: SpendCredential) -> bool: ...

    def add_key(self, question: AddKey) -> bool: ...

    def rotate_key(self, question: RotateKey) -> ApiKey | None: ...

    def touch_key(self, question: TouchKey) -> None:
        """Never waits; written with the next change, or a second later."""
        ...

    def end_keys(self, question: EndKeys) -> int: ...

    def add_client(self, question: AddClient) -> bool: ...

    def change_client(self, question: ChangeClient) -> Client | None: ...

    def delete_client(self, question: DeleteClient) -> bool: ...

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
        stamp or `disabled` ends its sessions and auth token, as in ChangeAccount. No import takes from an account
        that it needs a second factor.
        """
        ...

    def put_sessions(self, sessions: Iterable[Session]) -> Counts:
        """Keep those sessions that are not kept yet, in batches."""
        ...

    def put_clients(self, clients: Iterable[Client]) -> Counts:
        """Make these clients what is kept; doing it again changes nothing."""
        ...

    def put_keys(self, keys: Iterable[ApiKey]) -> Counts:
        """Keep those API keys that are not kept yet, in batches. Refused are those without an account."""
        ...

    def put_families(self, families: Iterable[Family]) -> Counts:
        """Keep those families that are not kept yet, in batches. Refused as for sessions."""
        ...

    def put_credentials(self, credentials: Iterable[Credential]) -> Counts:
        """Make these credentials what is kept, in batches; doing it again changes nothing.

        What is kept already keeps its age, and what was confirmed stays so. An account with a confirmed second factor
        needs it from then on. Refused are those without an account, or whose id is somebody else's.
        """
        ...

    def all_accounts(self) -> Iterator[Account]: ...

    def all_sessions(self) -> Iterator[Session]: ...

    def all_clients(self) -> Iterator[Client]: ...

    def all_keys(self) -> Iterator[ApiKey]: ...

    def all_families(self) -> Iterator[Family]: ...

    def all_credentials(self) -> Iterator[Credential]: ...

    def close(self) -> None:
        """Write what is still to be written, stop threads, close connections. It is not used afterwards."""
        ...
