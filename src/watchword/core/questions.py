"""Every question the pure floors ask, with the type of its answer.

Questions that look something up come first, then those that change something. A change is one atomic step:
when its answer arrives it is durable, and the next check on every process of this machine sees it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from watchword.core.ask import Question
from watchword.core.outcome import Accepted
from watchword.core.principal import Authentication, Instant
from watchword.core.records import Account, AuthTokenInputs, Json, Session, principal_of
from watchword.crypto.secret import Secret

# --- what a lookup may answer ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FoundSession:
    """A session with its account, which may be disabled or carry another stamp by now."""

    session: Session
    account: Account
    _accepted: dict[tuple[str, str], Accepted] = field(
        default_factory=dict[tuple[str, str], Accepted], init=False, repr=False, compare=False
    )

    def accepted(self, mechanism: str, realm: str) -> Accepted:
        """The outcome where the session is good, built once: it is checked far more often than it changes."""
        outcome = self._accepted.get((mechanism, realm))
        if outcome is None:
            session = self.session
            authentication = Authentication(
                mechanism=mechanism, amr=session.amr, auth_time=session.auth_time, session=session.id
            )
            outcome = Accepted(principal_of(self.account, realm, authentication))
            self._accepted[mechanism, realm] = outcome
        return outcome


@dataclass(frozen=True, slots=True)
class PasswordRight:
    """The password belongs to this account, and the account may be used."""

    account: Account


@dataclass(frozen=True, slots=True)
class PasswordWrong:
    """Unknown user, wrong password, disabled or locked. `reason` says which, for operators only."""

    reason: str


@dataclass(frozen=True, slots=True)
class PasswordHeld:
    """Not evaluated: too many failures for this account, from this address or in all. `retry_after` in seconds."""

    retry_after: int


PasswordAnswer: TypeAlias = PasswordRight | PasswordWrong | PasswordHeld


@dataclass(frozen=True, slots=True)
class Page:
    """One page of accounts, ordered by name. `next_cursor` is None on the last."""

    accounts: tuple[Account, ...]
    next_cursor: str | None


# --- lookups -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FindSession(Question[FoundSession | None]):
    """By the token's fingerprint. `fresh` asks the storage itself, not a cache."""

    fingerprint: bytes = field(repr=False)
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class FindAccount(Question[Account | None]):
    """By canonical name."""

    name: str
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class CheckPassword(Question[PasswordAnswer]):
    """Is this the account's password? Counts against the limits; `address` is the client's."""

    name: str
    password: Secret
    address: str
    now: Instant


@dataclass(frozen=True, slots=True)
class HashPassword(Question[str]):
    """The password as a PHC string, under the parameters in force."""

    password: Secret


@dataclass(frozen=True, slots=True)
class ListSessions(Question[tuple[Session, ...]]):
    """The sessions of one subject that have not expired at `now`, newest first; of everybody where it is None."""

    subject: str | None
    now: Instant
    limit: int = 1000


@dataclass(frozen=True, slots=True)
class ListAccounts(Question[Page]):
    """Accounts after `cursor` by name, whose name contains `search`."""

    search: str = ""
    cursor: str = ""
    limit: int = 100


# --- changes -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StartSession(Question[bool]):
    """Keep a new session, and end the one with fingerprint `replaces`, in one step.

    False, and nothing is kept, where the account is gone, disabled or has another stamp by now. Where
    `max_per_user` is set, the oldest sessions beyond it end.
    """

    session: Session
    replaces: bytes | None = None
    max_per_user: int | None = None


@dataclass(frozen=True, slots=True)
class TouchSession(Question[None]):
    """Note that the session was used at `now`. It may be written later, and never moves backwards."""

    fingerprint: bytes = field(repr=False)
    now: Instant


@dataclass(frozen=True, slots=True)
class WriteSessionData(Question[bool]):
    """Replace the session's own data. False where the session is gone."""

    fingerprint: bytes = field(repr=False)
    data: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class EndSession(Question[bool]):
    """End the session with this fingerprint. False where there was none."""

    fingerprint: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class EndSessions(Question[int]):
    """End the sessions of `subject` (of everybody where it is None), or only the one with public id `id`.

    `keep` is the fingerprint of one that stays. How many ended.
    """

    subject: str | None
    id: str | None = None
    keep: bytes | None = None


@dataclass(frozen=True, slots=True)
class AddAccount(Question[bool]):
    """Keep a new account. False, and nothing is kept, where the name is taken."""

    account: Account


@dataclass(frozen=True, slots=True)
class ChangeAccount(Question[Account | None]):
    """Change what is not None; the changed account, or None where there is none of that name.

    A new `password_hash` comes with a new `stamp`: every session and auth token of the account is dead then, but
    for the session with fingerprint `keep`, which is carried over to the new stamp in the same step. Where only
    the hash is upgraded (same password, better parameters) `stamp` stays None. `expected_hash` makes the change
    depend on the hash still being the one that was checked.
    """

    name: str
    password_hash: str | None = field(default=None, repr=False)
    stamp: str | None = None
    roles: frozenset[str] | None = None
    permissions: frozenset[str] | None = None
    disabled: bool | None = None
    attributes: Mapping[str, str] | None = None
    keep: bytes | None = None
    expected_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class DeleteAccount(Question[bool]):
    """Delete the account with its sessions and auth token. False where there was none."""

    name: str


@dataclass(frozen=True, slots=True)
class IssueAuthToken(Question[AuthTokenInputs | None]):
    """The live auth token's inputs, or new ones, in one step; None where the account is gone or disabled.

    `ttl` in seconds. `slide` moves `valid_until` of a live one to `now + ttl`.
    """

    name: str
    now: Instant
    ttl: float
    slide: bool = False


@dataclass(frozen=True, slots=True)
class RevokeAuthToken(Question[bool]):
    """Kill the live auth token, whatever copies of it are about. False where none was alive."""

    name: str


@dataclass(frozen=True, slots=True)
class CleanUp(Question[int]):
    """Remove at most `limit` records that expired before `now`. How many were removed; it may be asked again."""

    now: Instant
    limit: int = 1000
