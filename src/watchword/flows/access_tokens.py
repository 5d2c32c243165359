"""Issuing access tokens: for an account, or for a client that acts for itself; self-contained or by reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil, floor

from watchword.core.ask import AnswerFailed, Steps, ask
from watchword.core.grants import (
    CLIENT_SUBJECT,
    FIRST_PARTY,
    Client,
    Family,
    ReferenceToken,
    Scopes,
    state_of,
    state_of_client,
)
from watchword.core.principal import Instant
from watchword.core.questions import FindSigningKey, KeepToken
from watchword.core.records import Account
from watchword.crypto.secret import Secret, fingerprint
from watchword.tokens import access_token
from watchword.tokens.access_token import AccessClaims
from watchword.tokens.format import REFERENCE, base62, new_token


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPolicy:
    """What access and refresh tokens are like; all times are in seconds.

    - `audience` is for whom access tokens are meant where nothing else is asked for; `opaque`: they are references.
    - `most` families an account may have; the oldest end for one more if `evict`, else that is refused.
    - `client_key` keys the digests that tell one client from others.
    - `judges_risk`: somebody answers `CheckRisk`.
    - `second_factor_for`: whoever has one of these roles gets no tokens by a password alone.
    """

    issuer: str
    audience: tuple[str, ...]
    client_key: Secret
    opaque: bool = False
    access_ttl: float = 15 * 60.0
    refresh_ttl: float = 30 * 86400.0
    most: int = 20
    evict: bool = True
    grace: float = 10.0
    judges_risk: bool = False
    second_factor_for: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How whoever the token is for was proven, and when."""

    auth_time: Instant
    amr: frozenset[str] = frozenset()
    acr: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A new access token. `id` is public: revocations name it."""

    token: str = field(repr=False)
    id: str
    expires_at: Instant
    scopes: Scopes | None

    def expires_in(self, now: Instant) -> int:
        """For how many more seconds it lives."""
        return seconds_left(self.expires_at, now)


def seconds_left(until: Instant, now: Instant) -> int:
    """In whole seconds, rounded up as the instants themselves are cut; never less than none (F8)."""
    return max(0, ceil(round(until - now, 3)))


def issue_access_token(
    whom: Account | Client,
    *,
    proof: Proof,
    policy: TokenPolicy,
    entropy: Callable[[int], bytes],
    now: Instant,
    client_id: str = FIRST_PARTY,
    family: Family | None = None,
    scopes: Scopes | None = None,
    audience: tuple[str, ...] | None = None,
    ttl: float | None = None,
) -> Steps[AccessToken | None]:
    """A token for this account, given to the client of this id, or for a client that acts for itself.

    `family` is the log-in that the token comes from: it dies with that. `ttl` shortens its life. None where account,
    client or family are gone or were changed by now.

    Raises:
        AnswerFailed: where it could not be made.
    """
    # Whole seconds, as a JWT counts them: what is told of a token's life is true to the second.
    ends = floor(now) + min(policy.access_ttl, policy.access_ttl if ttl is None else ttl)
    expires_at = float(floor(ends if family is None else min(ends, family.expires_at)))
    meant_for = audience or policy.audience
    if policy.opaque:
        return (yield from _reference(whom, proof, entropy, now, expires_at, client_id, family, scopes, meant_for))
    claims = AccessClaims(
        issuer=policy.issuer,
        subject=_subject(whom),
        audience=meant_for,
        client=client_id,
        jti=base62(entropy(16)),
        issued_at=now,
        expires_at=expires_at,
        auth_time=proof.auth_time,
        scopes=scopes,
        roles=whom.roles,
        permissions=whom.permissions if isinstance(whom, Account) else frozenset(),
        family=None if family is None else family.id,
        state=state_of(whom) if isinstance(whom, Account) else state_of_client(whom),
        acr=proof.acr,
        amr=proof.amr,
    )
    if expires_at <= floor(now):
        return None  # the log-in ends within this very second
    key = yield from ask(FindSigningKey())
    try:
        token = access_token.encode(claims, key)
    except ValueError as error:
        raise AnswerFailed(f"the account's roles do not fit into a token: {error}") from None
    return AccessToken(token=token, id=claims.jti, expires_at=expires_at, scopes=scopes)


def _reference(
    whom: Account | Client,
    proof: Proof,
    entropy: Callable[[int], bytes],
    now: Instant,
    expires_at: Instant,
    client_id: str,
    family: Family | None,
    scopes: Scopes | None,
    audience: tuple[str, ...],
) -> Steps[AccessToken | None]:
    token = new_token(REFERENCE, entropy(32))
    kept = ReferenceToken(
        id=base62(entropy(16)),
        fingerprint=fingerprint(token.encode("ascii")),
        subject=whom.name if isinstance(whom, Account) else whom.id,
        stamp=whom.stamp,
        client_id=client_id,
        family=None if family is None else family.id,
        scopes=scopes,
        audience=audience,
        amr=proof.amr,
        acr=proof.acr,
        auth_time=proof.auth_time,
        issued_at=now,
        expires_at=expires_at,
    )
    if not (yield from ask(KeepToken(kept))):
        return None
    return AccessToken(token=token, id=kept.id, expires_at=expires_at, scopes=scopes)


def _subject(whom: Account | Client) -> str:
    return whom.name if isinstance(whom, Account) else CLIENT_SUBJECT + whom.id
