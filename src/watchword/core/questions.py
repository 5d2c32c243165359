"""Every question the pure floors ask, with the type of its answer.

Questions that look something up come first, then those that change something. A change is one atomic step:
when its answer arrives it is durable, and the next check on every process of this machine sees it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from watchword.core.ask import Question
from watchword.core.grants import ApiKey, Client, Family, ReferenceToken
from watchword.core.outcome import Accepted
from watchword.core.principal import Authentication, Instant
from watchword.core.records import Account, AuthTokenInputs, Json, Session, principal_of
from watchword.core.revocations import SelfContained, Standing
from watchword.crypto.secret import Secret

if TYPE_CHECKING:
    from watchword.crypto.jose.key import Key, SigningKey  # noqa: F401 - named in strings: it takes long to import

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
class SecretRight:
    """The secret belongs to this client, and the client may be used."""

    client: Client


SecretAnswer: TypeAlias = SecretRight | PasswordWrong | PasswordHeld


@dataclass(frozen=True, slots=True)
class FoundKey:
    """An API key with its account, which may be disabled by now."""

    key: ApiKey
    account: Account
    _accepted: dict[tuple[str, str], Accepted] = field(
        default_factory=dict[tuple[str, str], Accepted], init=False, repr=False, compare=False
    )

    def accepted(self, mechanism: str, realm: str) -> Accepted:
        """The outcome where the key is good, built once."""
        outcome = self._accepted.get((mechanism, realm))
        if outcome is None:
            authentication = Authentication(mechanism=mechanism, auth_time=self.key.created_at)
            principal = replace(principal_of(self.account, realm, authentication), scopes=self.key.scopes)
            outcome = Accepted(principal)
            self._accepted[mechanism, realm] = outcome
        return outcome


@dataclass(frozen=True, slots=True)
class FoundToken:
    """An access token by reference. `account` is None where its client acts for itself."""

    token: ReferenceToken
    client: Client | None
    account: Account | None


@dataclass(frozen=True, slots=True)
class Rotated:
    """The refresh token was live and is spent now: the successor is live in its place."""

    family: Family
    account: Account


@dataclass(frozen=True, slots=True)
class Repeated:
    """It was spent a moment ago by the same client, whose answer may have been lost.

    `sealed` leads from the presented token to the live one: each opens with the token before.
    """

    family: Family
    account: Account
    sealed: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reused:
    """It was spent, by somebody else or too long ago: somebody has a copy. The family was revoked in the same step."""

    family: Family


@dataclass(frozen=True, slots=True)
class NotRedeemed:
    """Nothing was changed. `reason` is for operators: unknown, expired, another client's, or of a changed account."""

    reason: str


class FamilyStart(Enum):
    """What became of a new family."""

    KEPT = "kept"
    TOO_MANY = "too many"
    CHANGED = "changed"  # the account or the client is gone, disabled or another by now


class Verdict(Enum):
    """What a policy says of a log-in or a refresh that was proven."""

    FINE = "fine"
    STEP_UP = "step up"  # a stronger or fresher proof is needed (C15)
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """What a policy may look at: who, from where, and, at a refresh, what the latest use was like.

    `before` is None at log-in.
    """

    subject: str
    client_id: str
    address: str
    country: str
    user_agent: str
    before: Family | None = None


Redeemed: TypeAlias = Rotated | Repeated | Reused | NotRedeemed


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
class CheckClientSecret(Question[SecretAnswer]):
    """Is this the client's secret? Counts against the limits; `address` is that of whoever sent it."""

    id: str
    secret: Secret
    address: str
    now: Instant


@dataclass(frozen=True, slots=True)
class HashPassword(Question[str]):
    """The password as a PHC string, under the parameters in force."""

    password: Secret


@dataclass(frozen=True, slots=True)
class ListSessions(Question[tuple[Session, ...]]):
    """The sessions of one subject that have not expired at `now`, newest first; of everybody where it is None.

    `after` is the id of the last session of the page before; only then are they ordered by id.
    """

    subject: str | None
    now: Instant
    limit: int = 1000
    after: str | None = None


@dataclass(frozen=True, slots=True)
class ListAccounts(Question[Page]):
    """Accounts after `cursor` by name, whose name contains `search`."""

    search: str = ""
    cursor: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class FindKey(Question[FoundKey | None]):
    """By the API key's fingerprint. `fresh` asks the storage itself, not a cache."""

    fingerprint: bytes = field(repr=False)
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class ListKeys(Question[tuple[ApiKey, ...]]):
    """The API keys of one subject, newest first; of everybody where it is None."""

    subject: str | None
    limit: int = 1000


@dataclass(frozen=True, slots=True)
class FindToken(Question[FoundToken | None]):
    """By the reference token's fingerprint. `fresh` asks the storage itself, not a cache."""

    fingerprint: bytes = field(repr=False)
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class FindStanding(Question[Standing]):
    """What became of a self-contained token. Fails where what is known of revocations is too old to tell.

    `fresh` asks the storage, or the server, itself.
    """

    token: SelfContained
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class FindFamily(Question[Family | None]):
    """By the handle that its refresh tokens carry."""

    handle: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ListFamilies(Question[tuple[Family, ...]]):
    """The families of one subject that have not expired at `now`, newest first; of everybody where it is None.

    `after` is the id of the last family of the page before; only then are they ordered by id.
    """

    subject: str | None
    now: Instant
    limit: int = 1000
    after: str | None = None


@dataclass(frozen=True, slots=True)
class FindClient(Question[Client | None]):
    """By client id."""

    id: str


@dataclass(frozen=True, slots=True)
class ListClients(Question[tuple[Client, ...]]):
    """All clients, by id."""

    limit: int = 1000


@dataclass(frozen=True, slots=True)
class FindVerifyingKey(Question["Key | None"]):
    """The key of this name, with which our self-contained tokens are verified; None where there is none (any more)."""

    kid: str


@dataclass(frozen=True, slots=True)
class IntrospectToken(Question[Mapping[str, Json] | None]):
    """What the server that issued the token says of it at this moment (RFC 7662 section 2.2), as it says it.

    None where the token is not alive, or not for us to know of.
    """

    token: Secret


@dataclass(frozen=True, slots=True)
class FindSigningKey(Question["SigningKey"]):
    """The key with which self-contained tokens are to be signed now."""


@dataclass(frozen=True, slots=True)
class FindCountry(Question[str]):
    """The country that the address is in, as two capital letters (ISO 3166-1); empty where nobody knows."""

    address: str


@dataclass(frozen=True, slots=True)
class CheckRisk(Question[Verdict]):
    """Whether a log-in or a refresh that was proven may go on. Whoever runs the server may have a policy for that."""

    risk: Risk


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
    """End the sessions of `subject` (of everybody where it is None), or only the one with public id `id`, or only
    those with `ids`.

    `keep` is the fingerprint of one that stays. How many ended.
    """

    subject: str | None
    id: str | None = None
    keep: bytes | None = None
    ids: tuple[str, ...] | None = None


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
class StartFamily(Question[FamilyStart]):
    """Keep a new family.

    Where the subject has `most` live families already the oldest end, or, where `evict` is False, the new one is not
    kept.
    """

    family: Family
    most: int | None = None
    evict: bool = True


@dataclass(frozen=True, slots=True)
class SpendRefresh(Question[Redeemed]):
    """Redeem a refresh token: find out what it is, and act on it, in one step.

    `handle` and `fingerprint` are the presented token's, `successor` is the fingerprint of the one to come in its
    place, and `sealed` that token, readable with the presented one. `client` tells the client from others (a keyed
    digest), `client_id` is who it proved to be. `grace` in seconds. `address`, `country` and `user_agent` become the
    family's.
    """

    handle: bytes = field(repr=False)
    fingerprint: bytes = field(repr=False)
    client_id: str
    client: bytes = field(repr=False)
    successor: bytes = field(repr=False)
    sealed: bytes = field(repr=False)
    now: Instant
    grace: float
    address: str = ""
    country: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class EndFamilies(Question[int]):
    """End these families, with the reference tokens that came with them. How many ended."""

    ids: tuple[str, ...]
    subject: str | None = None
    """Where it is given, only those of this subject end."""


@dataclass(frozen=True, slots=True)
class KeepToken(Question[bool]):
    """Keep a new reference token. False where its family, account or client is gone or was changed by now."""

    token: ReferenceToken


@dataclass(frozen=True, slots=True)
class RevokeToken(Question[None]):
    """Revoke an access token by its id, self-contained or by reference. It is remembered until it would expire."""

    id: str
    expires_at: Instant


@dataclass(frozen=True, slots=True)
class SpendAssertion(Question[bool]):
    """Note that a client used the assertion with this `jti`. False where it has used it before (RFC 7523 section 3)."""

    client_id: str
    jti: str
    expires_at: Instant


@dataclass(frozen=True, slots=True)
class AddKey(Question[bool]):
    """Keep a new API key. False where the account is gone or disabled, or has `most` live keys."""

    key: ApiKey
    most: int = 1000


@dataclass(frozen=True, slots=True)
class RotateKey(Question[ApiKey | None]):
    """Keep `successor` in the place of the key with this id, which lives on until `until`, for the overlap.

    The successor as it was kept: subject, name and scopes are the old key's. None where the subject has no such key,
    or it was rotated before.
    """

    id: str
    subject: str
    successor: ApiKey
    until: Instant


@dataclass(frozen=True, slots=True)
class TouchKey(Question[None]):
    """Note that the API key was used at `now`. It may be written later, and never moves backwards."""

    fingerprint: bytes = field(repr=False)
    now: Instant


@dataclass(frozen=True, slots=True)
class EndKeys(Question[int]):
    """End the API keys with these ids. Where `subject` is given, only its own. How many ended."""

    ids: tuple[str, ...]
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class AddClient(Question[bool]):
    """Keep a new client. False, and nothing is kept, where the id is taken."""

    client: Client


@dataclass(frozen=True, slots=True)
class ChangeClient(Question[Client | None]):
    """Change what is not None; the changed client, or None where there is none of that id.

    What it was given beyond its present scopes dies, and everything where it is disabled or gets a new stamp.
    """

    id: str
    stamp: str | None = None
    secret_hash: str | None = field(default=None, repr=False)
    jwks: str | None = None
    redirect_uris: tuple[str, ...] | None = None
    grants: frozenset[str] | None = None
    scopes: frozenset[str] | None = None
    roles: frozenset[str] | None = None
    disabled: bool | None = None


@dataclass(frozen=True, slots=True)
class DeleteClient(Question[bool]):
    """Delete the client with all families and tokens that it was given. False where there was none."""

    id: str


@dataclass(frozen=True, slots=True)
class CleanUp(Question[int]):
    """Remove at most `limit` records that expired before `now`. How many were removed; it may be asked again."""

    now: Instant
    limit: int = 1000
