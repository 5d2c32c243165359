"""Logging in by an identity provider: the authorization code grant with PKCE (OpenID Connect Core 1.0 section 3.1).

What comes back is worth nothing until it was seen that this very browser began the log-in, and that it comes back for
the first time. Nothing is asked of anybody before that (F27).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from watchword.core.ask import AnswerFailed, Steps, ask
from watchword.core.beside import unavailable
from watchword.core.cells import DETAILS
from watchword.core.circumstances import read_circumstances, with_login_route
from watchword.core.decision import Refused
from watchword.core.guard import guard
from watchword.core.identity_providers import CodeRefused, IdentityProvider
from watchword.core.linked import LinkedLogIn
from watchword.core.mechanism import Kind
from watchword.core.outcome import Accepted, Outcome, Rejected, Throttled, Unavailable
from watchword.core.policy import Ceiling, place_of
from watchword.core.principal import Authentication, Instant, Principal
from watchword.core.questions import FindProviderKey, FindProviderMetadata, RedeemCode, SpendOnce
from watchword.core.questions.mail import SpendTurn
from watchword.core.records import Account, principal_of
from watchword.core.second_factor import FEDERATED, SEVERAL, STRONGER
from watchword.core.space import ProtectionSpace
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.secret import Secret
from watchword.flows.linked_accounts import Identified, account_of
from watchword.flows.login import LOGIN_ROUTE, LoggedIn, SessionPolicy, start_session
from watchword.http.authorization_code import AuthorizationAnswer, authorization_url
from watchword.http.message import Request
from watchword.http.syntax import Unreadable
from watchword.mechanisms.identity_provider import NAME, IdentityProviderAnswer
from watchword.tokens.id_token import id_token_header, verify_id_token
from watchword.tokens.log_in_with import PendingLogIn, belongs_to
from watchword.tokens.log_out_hint import LogOutHint
from watchword.tokens.once import REMEMBERED_FOR

FROM_ONE_PLACE: Final = Ceiling(limit=300, window=60.0)
"""Log-ins that come back: each has a provider asked, whose patience with us is everybody's here (F38)."""

LOG_IN_WITH: Final = "log-in with"
"""The purpose under which log-ins are spent that came back from a provider."""

_SAID_NO: Final = frozenset(
    (
        "access_denied",
        "login_required",
        "interaction_required",
        "account_selection_required",
        "consent_required",
        "unmet_authentication_requirements",
    )
)
"""Errors by which a provider says that it logged nobody in (RFC 6749 section 4.1.2.1, OpenID Connect Core 1.0 section
3.1.2.6). All others are about the provider, or about how it is configured here."""
_NO: Final = "not-logged-in-elsewhere"
_KNOWN_ERRORS: Final = frozenset(
    (
        *("invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope", "server_error"),
        *("temporarily_unavailable", "invalid_request_uri", "invalid_request_object", "request_not_supported"),
        *("request_uri_not_supported", "registration_not_supported"),
    )
)


@dataclass(frozen=True, slots=True)
class Lost:
    """What came back belongs to no log-in of this browser. Nothing was done."""

    reason: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What is told to the decision table. `kind` says of a refusal whether it is the person's (PASSWORD), or the
    provider's word is not good."""

    outcome: Outcome
    kind: Kind = Kind.OTHER


@dataclass(frozen=True, slots=True)
class CameBack:
    """What became of a log-in, and by what its provider will know at a log-out whose it was. That is there where a
    session has begun, or nothing is missing but the second step."""

    outcome: LoggedIn | Refused
    hint: LogOutHint | None = None


def departure(
    provider: IdentityProvider, pending: PendingLogIn, *, redirect_uri: str, acr_values: str = "", prompt: str = ""
) -> Steps[str | Refused]:
    """The URL at the provider where the log-in goes on. `acr_values` and `prompt` as OpenID Connect has them."""
    try:
        metadata = yield from ask(FindProviderMetadata(provider.name))
    except AnswerFailed as failure:
        return unavailable(str(failure))
    optional = {
        "acr_values": acr_values,
        "prompt": prompt,
        "max_age": "" if pending.max_age is None else str(pending.max_age),
    }
    parameters = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(provider.scopes),
        "state": pending.state,
        "nonce": pending.nonce,
        "code_challenge": pending.challenge,
        "code_challenge_method": "S256",
        **{name: value for name, value in optional.items() if value},
    }
    return authorization_url(metadata.authorization_endpoint, parameters)


def log_in_with(
    answer: AuthorizationAnswer | Unreadable,
    pending: PendingLogIn | None,
    provider: IdentityProvider,
    request: Request,
    space: ProtectionSpace,
    *,
    redirect_uri: str,
    policy: SessionPolicy,
    entropy: Callable[[int], bytes],
    now: Instant,
    replaces: Sequence[bytes] = (),
) -> Steps[CameBack]:
    """A session for whom the provider has logged in. Everything is refused by the decision table.

    `pending` is what the browser kept of the log-in that the answer is about. `replaces` as in `log_in`.
    """
    who = yield from identified(answer, pending, provider, request, redirect_uri=redirect_uri, now=now)
    if isinstance(who, Identified):
        proven: Judged | Lost = yield from _proven(who, request, space, entropy, now)
    else:
        proven = who
    refused, principal = yield from decided(proven, request, space, now)
    linked = LinkedLogIn(who.token.issuer, who.token.sid) if isinstance(who, Identified) else None
    if refused is not None:
        refused = _with_second_step(refused, linked, space, now)
        return CameBack(refused, _hint(who, refused.principal if "mfa_token" in refused.members else None, policy, now))
    assert principal is not None
    begun = yield from start_session(
        principal, request, policy=policy, entropy=entropy, now=now, replaces=replaces, linked=linked
    )
    return CameBack(begun, _hint(who, principal if isinstance(begun, LoggedIn) else None, policy, now))


def identified(
    answer: AuthorizationAnswer | Unreadable,
    pending: PendingLogIn | None,
    provider: IdentityProvider,
    request: Request,
    *,
    redirect_uri: str,
    now: Instant,
    links: str | None = None,
) -> Steps[Identified | Judged | Lost]:
    """Who has logged in at the provider, by what the browser brought back and what it kept.

    `links` is the session of whom they are to be linked to: what was begun to link is no log-in, nor the other way.
    """
    if isinstance(answer, Unreadable):
        return Lost(answer.reason)
    if pending is None or not belongs_to(pending, answer.state):
        return Lost("unknown-log-in")
    if pending.provider != provider.name or pending.links != links:
        return Lost("another-log-in")
    if pending.expires_at <= now:
        return Lost("log-in-expired")
    try:
        turn = SpendTurn(f"log-in-with-from:{place_of(request.peer.address)}", FROM_ONE_PLACE, now)
        if wait := (yield from ask(turn)):
            return Judged(Throttled(wait))
        if not (yield from ask(SpendOnce(LOG_IN_WITH, pending.state.encode(), pending.expires_at + REMEMBERED_FOR))):
            return Lost("log-in-replayed")
        metadata = yield from ask(FindProviderMetadata(provider.name))
        if answer.issuer != provider.issuer and (answer.issuer is not None or metadata.tells_issuer):
            return Lost("another-log-in")  # RFC 9207 section 2.4: somebody mixes providers up
        if answer.code is None:
            return _not_logged_in(answer.error or "")
        who = yield from _redeemed(Secret(answer.code), pending, provider, redirect_uri, now)
        if isinstance(who, Identified) and (metadata.end_session_endpoint is None or not provider.id_token_hint):
            return replace(who, id_token=None)
        return who
    except AnswerFailed as failure:
        return Judged(Unavailable("no-answer", str(failure)))
    except JoseRefused as refused:
        return Judged(Rejected(refused.code, provider.name))


def _not_logged_in(error: str) -> Judged:
    if error in _SAID_NO:
        return Judged(Rejected("not-logged-in-elsewhere", error), Kind.PASSWORD)
    told = error if error in _KNOWN_ERRORS else "an error that no standard has"
    return Judged(Unavailable("no-answer", f"the identity provider answers {told}"))


def _redeemed(
    code: Secret,
    pending: PendingLogIn,
    provider: IdentityProvider,
    redirect_uri: str,
    now: Instant,
) -> Steps[Identified | Judged]:
    """Raises JoseRefused where the ID token is not good."""
    given = yield from ask(RedeemCode(provider.name, code, pending.verifier, redirect_uri))
    if isinstance(given, CodeRefused):
        return Judged(Rejected("code-refused", provider.name))
    header = id_token_header(given.id_token, provider.algorithms)
    key = yield from ask(FindProviderKey(provider.name, header.kid, header.alg))
    if key is None:
        raise JoseRefused("unknown-key")
    token = verify_id_token(
        given.id_token,
        key,
        expected_issuer=provider.issuer,
        expected_client=provider.client_id,
        expected_nonce=pending.nonce,
        now=now,
        max_age=pending.max_age,
        access_token=given.access_token,
    )
    return Identified(provider, token, given.access_token, Secret(given.id_token))


def _proven(
    who: Identified, request: Request, space: ProtectionSpace, entropy: Callable[[int], bytes], now: Instant
) -> Steps[Judged]:
    """Whether who was identified may come in here."""
    try:
        account = yield from account_of(who, asked_from=request.peer.address, entropy=entropy, now=now)
    except AnswerFailed as failure:
        return Judged(Unavailable("no-answer", str(failure)))
    match account:
        case Account(disabled=True):
            return Judged(Rejected("account-disabled"), Kind.PASSWORD)
        case Account():
            return Judged(Accepted(principal_of(account, space.realm, _authentication(who, space))))
        case Rejected("unknown-identity"):
            stranger = Principal(
                subject=who.token.subject,
                realm=space.realm,
                authentication=_authentication(who, space),
                registered=False,
            )
            return Judged(Accepted(stranger))
        case Rejected("account-changed"):
            return Judged(account, Kind.PASSWORD)
        case _:
            return Judged(account)


def _authentication(who: Identified, space: ProtectionSpace) -> Authentication:
    """How the person was proven. What is not told, or not trusted to the provider, counts as the weakest there is."""
    provider, token = who.provider, who.token
    strong = token.acr in provider.second_factor_acr or not token.amr.isdisjoint(provider.second_factor_amr)
    own = STRONGER if space.second_factors is None else space.second_factors.acr
    return Authentication(
        mechanism=NAME,
        amr=frozenset((FEDERATED, SEVERAL)) if strong else frozenset((FEDERATED,)),
        acr=own if strong else None,
        auth_time=token.auth_time or 0.0,
    )


def decided(
    proven: Judged | Lost, request: Request, space: ProtectionSpace, now: Instant
) -> Steps[tuple[Refused | None, Principal | None]]:
    """What the decision table says of it: why it is refused, or who was proven."""
    if isinstance(proven, Lost):
        circumstances = read_circumstances(request, space, broken=proven.reason)
        decision = yield from guard(request, space, LOGIN_ROUTE, circumstances, now)
    else:
        judged = IdentityProviderAnswer(space.realm, space.cookie_challenge.scheme, proven.outcome, proven.kind)
        circumstances = with_login_route(read_circumstances(request, space))
        own = replace(space, mechanisms=(judged,))
        decision = yield from guard(request, own, LOGIN_ROUTE, circumstances, now)
    if not isinstance(decision, Refused):
        return None, decision.principal
    if decision.cell == "C10":
        return _told_as(decision, "unknown-log-in"), None
    said_no = isinstance(proven, Judged) and isinstance(proven.outcome, Rejected) and proven.outcome.reason == _NO
    return _told_as(decision, "log-in-refused") if said_no else decision, None


def _told_as(refused: Refused, code: str) -> Refused:
    return replace(refused, code=code, detail=DETAILS[code])


def _hint(
    who: Identified | Judged | Lost, principal: Principal | None, policy: SessionPolicy, now: Instant
) -> LogOutHint | None:
    if principal is None or not isinstance(who, Identified) or who.id_token is None:
        return None
    return LogOutHint(
        provider=who.provider.name,
        subject=principal.subject,
        id_token=who.id_token,
        expires_at=now + policy.lifetime,
    )


def _with_second_step(refused: Refused, linked: LinkedLogIn | None, space: ProtectionSpace, now: Instant) -> Refused:
    """Where a second factor is due, the refusal carries the token by which the log-in goes on."""
    who = refused.principal
    if refused.cell != "C15" or who is None or space.second_factors is None:
        return refused
    return replace(refused, members={"mfa_token": space.second_factors.half_log_in(who, now, linked)})
