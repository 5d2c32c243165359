"""Log-ins that give tokens: begun with a password, renewed by a refresh token.

A refresh token is redeemed once (RFC 9700 section 4.14.2). Whoever redeems it again is its own client, whose answer
was lost, and gets the same successor; or it is somebody with a copy, and the whole log-in ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from watchword.core.ask import AnswerFailed, Steps, ask
from watchword.core.beside import unavailable
from watchword.core.circumstances import read_circumstances, with_login_route
from watchword.core.decide import decide
from watchword.core.decision import Granted, Refused
from watchword.core.grants import FIRST_PARTY, Family, Scopes
from watchword.core.outcome import Rejected
from watchword.core.principal import Instant, Principal
from watchword.core.questions import (
    CheckRisk,
    FamilyStart,
    FindAccount,
    FindCountry,
    FindFamily,
    NotRedeemed,
    Repeated,
    Reused,
    Risk,
    Rotated,
    SpendRefresh,
    StartFamily,
    Verdict,
)
from watchword.core.records import Account
from watchword.core.requirement import Requirement
from watchword.core.second_factor import STRONGER, rests_on_password
from watchword.core.space import Attempt, ProtectionSpace
from watchword.flows.access_tokens import AccessToken, Proof, TokenPolicy, issue_access_token
from watchword.flows.login import LOGIN_ROUTE, Claim, prove
from watchword.http.message import Request
from watchword.tokens.refresh import (
    RefreshToken,
    client_digest,
    family_id,
    live_token,
    new_refresh_token,
    read_refresh_token,
    sealed,
)
from watchword.tokens.second_factor import HalfProven
from watchword.tokens.session import LONGEST_USER_AGENT


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a log-in or a refresh gives. `refresh` is the one live refresh token of the family."""

    access: AccessToken
    refresh: str = field(repr=False)
    family: Family
    account: Account
    repeated: bool = False
    """Given again, because the client asked again: nothing was rotated."""


@dataclass(frozen=True, slots=True)
class TooManyFamilies:
    """The account has as many log-ins as it may, and none gives way."""

    subject: str


@dataclass(frozen=True, slots=True)
class NotRefreshed:
    """Nothing was given. `error` is for the client (RFC 6749 section 5.2), `reason` for operators.

    `reused` is the family that ended because the token had been redeemed before.
    """

    error: Literal["invalid_grant", "invalid_scope", "invalid_target"]
    reason: str
    reused: Family | None = None


def log_in_for_tokens(
    credentials: Claim,
    request: Request,
    space: ProtectionSpace,
    *,
    policy: TokenPolicy,
    entropy: Callable[[int], bytes],
    now: Instant,
    device: str = "",
    scopes: Scopes | None = None,
) -> Steps[TokenPair | TooManyFamilies | Refused]:
    """Access and refresh token for who has this user name and password, or finishes a log-in with them.

    `device` is what the client calls itself. `scopes` narrow what the tokens may be used for; None: all that the
    account may do. `entropy(n)` gives n random bytes.
    """
    judge = space.second_factors
    if isinstance(credentials, HalfProven) and judge is not None and judge.linked_log_in_of(credentials.token):
        # An identity provider can end the session that its word began, and could not end tokens.
        credentials = HalfProven("", credentials.code)
    try:
        # Other servers go by the roles that a token tells: who needs a second factor for one gets none without.
        requirement = replace(LOGIN_ROUTE, second_factor_for=policy.second_factor_for)
        decision = yield from prove(credentials, request, space, now, requirement)
        if isinstance(decision, Refused):
            return decision
        country = yield from ask(FindCountry(request.peer.address))
        if policy.judges_risk:
            decision = yield from _judged(decision, request, space, country, now)
            if isinstance(decision, Refused):
                return decision
        assert decision.principal is not None
        return (
            yield from start_family(
                decision.principal,
                request,
                policy=policy,
                entropy=entropy,
                now=now,
                device=device,
                scopes=scopes,
                country=country,
            )
        )
    except AnswerFailed as failure:
        return unavailable(str(failure))


def start_family(
    principal: Principal,
    request: Request,
    *,
    policy: TokenPolicy,
    entropy: Callable[[int], bytes],
    now: Instant,
    client_id: str = FIRST_PARTY,
    device: str = "",
    scopes: Scopes | None = None,
    audience: tuple[str, ...] | None = None,
    country: str = "",
) -> Steps[TokenPair | TooManyFamilies | Refused]:
    """The first tokens of a family, for a principal that has just been proven, given to the client of this id.

    Raises:
        AnswerFailed: where they could not be made.
    """
    proof = principal.authentication
    first = new_refresh_token(entropy)
    family = Family(
        id=family_id(first.handle),
        handle=first.handle,
        fingerprint=first.fingerprint,
        subject=principal.subject,
        stamp=principal.stamp,
        client_id=client_id,
        created_at=now,
        auth_time=proof.auth_time,
        last_used=now,
        expires_at=now + policy.refresh_ttl,
        scopes=scopes,
        audience=audience or policy.audience,
        amr=proof.amr,
        acr=proof.acr,
        address=request.peer.address,
        country=country,
        user_agent=_user_agent(request),
        device=device,
    )
    account = yield from ask(FindAccount(principal.subject))
    if account is None:
        return _changed()
    match (yield from ask(StartFamily(family, policy.most, policy.evict))):
        case FamilyStart.KEPT:
            access = yield from _access_token(account, family, policy, entropy, now, scopes)
            return _changed() if access is None else TokenPair(access, first.text, family, account)
        case FamilyStart.TOO_MANY:
            return TooManyFamilies(principal.subject)
        case FamilyStart.CHANGED:
            return _changed()


def refresh(
    token: str,
    request: Request,
    *,
    policy: TokenPolicy,
    entropy: Callable[[int], bytes],
    now: Instant,
    client_id: str = FIRST_PARTY,
    scopes: Scopes | None = None,
    audience: tuple[str, ...] | None = None,
) -> Steps[TokenPair | NotRefreshed]:
    """New tokens for a refresh token. `client_id` is who the client proved to be.

    `scopes` (RFC 6749 section 6) and `audience` (RFC 8707 section 2.2) narrow the access token, not the refresh token.

    Raises:
        AnswerFailed: where it could not be found out. The token may be spent: the client gets the same successor when
            it asks again within the grace.
    """
    presented = read_refresh_token(token)
    if presented is None:
        return NotRefreshed("invalid_grant", "malformed")
    country = yield from ask(FindCountry(request.peer.address))
    if scopes is not None or audience is not None or policy.judges_risk:
        # Looked at beforehand: a token that is refused for this is not spent.
        objection = yield from _objection(presented, request, policy, country, scopes, audience)
        if objection is not None:
            return objection
    successor = new_refresh_token(entropy, presented.handle)
    user_agent = _user_agent(request)
    answer = yield from ask(
        SpendRefresh(
            handle=presented.handle,
            fingerprint=presented.fingerprint,
            client_id=client_id,
            client=client_digest(
                policy.client_key, client_id=client_id, user_agent=user_agent, address=request.peer.address
            ),
            successor=successor.fingerprint,
            sealed=sealed(successor, presented, entropy),
            now=now,
            grace=policy.grace,
            address=request.peer.address,
            country=country,
            user_agent=user_agent,
        )
    )
    live: RefreshToken | None
    match answer:
        case NotRedeemed(reason):
            return NotRefreshed("invalid_grant", reason)
        case Reused(family):
            return NotRefreshed("invalid_grant", "redeemed before", family)
        case Rotated():
            live = successor
        case Repeated(sealed=chain):
            live = live_token(presented, chain)
            if live is None:
                return NotRefreshed("invalid_grant", "its successor cannot be read")
    if _lacks_second_factor(answer.account, answer.family, policy):
        return NotRefreshed("invalid_grant", "second-factor-due")
    granted = scopes if scopes is not None else answer.family.scopes
    access = yield from _access_token(answer.account, answer.family, policy, entropy, now, granted, audience)
    if access is None:
        return NotRefreshed("invalid_grant", "the account or the log-in ended meanwhile")
    return TokenPair(access, live.text, answer.family, answer.account, repeated=isinstance(answer, Repeated))


# --- how -------------------------------------------------------------------------------------------------------------


def _access_token(
    account: Account,
    family: Family,
    policy: TokenPolicy,
    entropy: Callable[[int], bytes],
    now: Instant,
    scopes: Scopes | None,
    audience: tuple[str, ...] | None = None,
) -> Steps[AccessToken | None]:
    return (
        yield from issue_access_token(
            account,
            proof=Proof(auth_time=family.auth_time, amr=family.amr, acr=family.acr),
            policy=policy,
            entropy=entropy,
            now=now,
            client_id=family.client_id,
            family=family,
            scopes=scopes,
            audience=audience or family.audience,
        )
    )


def _lacks_second_factor(account: Account, family: Family, policy: TokenPolicy) -> bool:
    """Whether the account needs a second factor by now, as when it was given a role, and the log-in had none."""
    needed = account.second_factor or not policy.second_factor_for.isdisjoint(account.roles)
    return needed and rests_on_password(family.amr, log_in=True)


def _changed() -> Refused:
    """The password was changed, or the account disabled or deleted, between the proof and now."""
    return unavailable(reason="account-changed", retry_after=1)


def _user_agent(request: Request) -> str:
    return (request.field(b"user-agent") or b"").decode("latin-1")[:LONGEST_USER_AGENT]


def _judged(
    granted: Granted, request: Request, space: ProtectionSpace, country: str, now: Instant
) -> Steps[Granted | Refused]:
    """The decision on the log-in once the policy was asked too. Its word goes through the table, like every other."""
    assert granted.principal is not None
    assert granted.by is not None
    risk = Risk(
        subject=granted.principal.subject,
        client_id=FIRST_PARTY,
        address=request.peer.address,
        country=country,
        user_agent=_user_agent(request),
    )
    attempt, requirement = granted.by, LOGIN_ROUTE
    match (yield from ask(CheckRisk(risk))):
        case Verdict.FINE:
            return granted
        case Verdict.STEP_UP:
            acr = STRONGER if space.second_factors is None else space.second_factors.acr
            requirement = Requirement(sets_session=True, acr=frozenset((acr,)))
        case Verdict.REFUSED:
            # Told like a wrong password: whoever guessed it does not learn that it is right.
            attempt = Attempt(attempt.mechanism, Rejected("refused-by-policy"))
    own = replace(space, mechanisms=(attempt.mechanism,))
    circumstances = with_login_route(read_circumstances(request, space))
    return decide(circumstances, (attempt,), requirement, space=own, now=now)


def _objection(
    presented: RefreshToken,
    request: Request,
    policy: TokenPolicy,
    country: str,
    scopes: Scopes | None,
    audience: tuple[str, ...] | None,
) -> Steps[NotRefreshed | None]:
    family = yield from ask(FindFamily(presented.handle))
    if family is None:
        return None  # to redeem it says so, too
    if scopes is not None and family.scopes is not None and not scopes <= family.scopes:
        return NotRefreshed("invalid_scope", "more than was granted")
    if audience is not None and not set(audience) <= set(family.audience or policy.audience):
        return NotRefreshed("invalid_target", "for others than was granted")
    if policy.judges_risk:
        risk = Risk(
            subject=family.subject,
            client_id=family.client_id,
            address=request.peer.address,
            country=country,
            user_agent=_user_agent(request),
            before=family,
        )
        if (yield from ask(CheckRisk(risk))) is not Verdict.FINE:
            return NotRefreshed("invalid_grant", "refused-by-policy")
    return None
