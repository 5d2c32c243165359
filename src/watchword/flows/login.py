"""Logging in: a proof becomes a session, under a new id, and the session before it ends (ASVS 7.2.4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from watchword.core.ask import AnswerFailed, Steps
from watchword.core.beside import unavailable
from watchword.core.circumstances import read_circumstances, with_login_route
from watchword.core.decision import Decision, Refused
from watchword.core.guard import guard
from watchword.core.linked import LinkedLogIn
from watchword.core.principal import Instant, Principal
from watchword.core.records import SESSION, Session
from watchword.core.requirement import Requirement
from watchword.core.space import ProtectionSpace
from watchword.flows.session_backend import SessionBackend, StoredSessions
from watchword.http.message import Request
from watchword.mechanisms.login_form import LoginForm
from watchword.mechanisms.second_factor import SecondFactorForm
from watchword.tokens.binding import Bindings
from watchword.tokens.password import Password
from watchword.tokens.second_factor import HalfProven, SecondStep
from watchword.tokens.session import new_session

LOGIN_ROUTE = Requirement(sets_session=True)

Claim: TypeAlias = Password | SecondStep
"""What is judged at a log-in route: a user name and a password, or the second step after that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPolicy:
    """How long sessions live, in seconds, and how many one subject may have (None: any number); of which kind they are,
    what they are bound to, and where they are kept."""

    idle_timeout: float = 30 * 60.0
    lifetime: float = 12 * 3600.0
    max_per_user: int | None = None
    kind: str = SESSION
    bindings: Bindings = Bindings()
    backend: SessionBackend = StoredSessions()


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new session, with the token that nobody else knows and the principal it stands for."""

    principal: Principal
    session: Session
    token: str = field(repr=False)


def log_in(
    credentials: Claim,
    request: Request,
    space: ProtectionSpace,
    *,
    policy: SessionPolicy,
    entropy: Callable[[int], bytes],
    now: Instant,
    replaces: Sequence[bytes] = (),
    continues: Session | None = None,
) -> Steps[LoggedIn | Refused]:
    """A session for who has this user name and password. Everything is refused by the decision table.

    `entropy(n)` gives n random bytes. `replaces` are tokens of sessions that the client had before.
    `continues` is the session whose proof is raised: its end and its data are the new one's.
    """
    decision = yield from prove(credentials, request, space, now)
    if isinstance(decision, Refused):
        return decision
    assert decision.principal is not None
    return (
        yield from start_session(
            decision.principal,
            request,
            policy=policy,
            entropy=entropy,
            now=now,
            replaces=replaces,
            continues=continues,
            linked=_linked_by(credentials, space, continues),
        )
    )


def _linked_by(credentials: Claim, space: ProtectionSpace, continues: Session | None) -> LinkedLogIn | None:
    """By which identity provider the log-in began that a second step finishes, or whose proof it raises."""
    if isinstance(credentials, HalfProven) and space.second_factors is not None:
        return space.second_factors.linked_log_in_of(credentials.token)
    return None if continues is None else continues.linked


def prove(
    credentials: Claim,
    request: Request,
    space: ProtectionSpace,
    now: Instant,
    requirement: Requirement = LOGIN_ROUTE,
) -> Steps[Decision]:
    """The decision on a user name and a password in the content of a request, or on the second step after them,
    whatever else the request carries.

    Where the password was right and a second factor is due, the refusal (C15) carries the token of the half-finished
    log-in, `mfa_token`, by which the second step goes on.
    """
    own = replace(space, mechanisms=(_form(credentials, space),))
    circumstances = with_login_route(read_circumstances(request, space))
    decision = yield from guard(request, own, requirement, circumstances, now)
    if isinstance(decision, Refused) and decision.cell == "C15" and space.second_factors is not None:
        who = decision.principal
        if who is not None and who.authentication.second_factor_due:
            return replace(decision, members={"mfa_token": space.second_factors.half_log_in(who, now)})
    return decision


def _form(credentials: Claim, space: ProtectionSpace) -> LoginForm | SecondFactorForm:
    scheme = space.cookie_challenge.scheme
    if isinstance(credentials, Password):
        return LoginForm(space.realm, scheme, credentials, space.second_factors)
    if space.second_factors is None:
        raise LookupError("no second factors are judged in this space")
    return SecondFactorForm(space.realm, scheme, credentials, space.second_factors)


def start_session(
    principal: Principal,
    request: Request,
    *,
    policy: SessionPolicy,
    entropy: Callable[[int], bytes],
    now: Instant,
    replaces: Sequence[bytes] = (),
    continues: Session | None = None,
    linked: LinkedLogIn | None = None,
) -> Steps[LoggedIn | Refused]:
    """A session for a principal that this very request has proven. `replaces` and `continues` as above.

    `linked` is there where an identity provider proved it.
    """
    session, token = new_session(
        principal,
        entropy(32),
        now,
        idle_timeout=policy.idle_timeout,
        lifetime=policy.lifetime,
        address=request.peer.address,
        user_agent=(request.field(b"user-agent") or b"").decode("latin-1"),
        kind=policy.kind,
    )
    binding = policy.bindings.bind(request, session.fingerprint)
    if binding is None:
        return unavailable("address-not-told")
    session = replace(session, binding=binding, linked=linked)
    if continues is not None:
        # A code alone prolongs nothing: the absolute maximum counts from the whole proof (ASVS 7.3.2).
        session = replace(
            session,
            created_at=continues.created_at,
            expires_at=continues.expires_at,
            idle_timeout=continues.idle_timeout,
            data=continues.data,
        )
    try:
        begun = yield from policy.backend.begin(session, token, replaces=replaces, most=policy.max_per_user, now=now)
    except AnswerFailed as failure:
        return unavailable(str(failure))
    if begun is None:
        # The password was changed, or the account disabled or deleted, between the proof and now.
        return unavailable(reason="account-changed", retry_after=1)
    session = begun.session
    authentication = replace(principal.authentication, session=session.id, auth_time=session.auth_time)
    return LoggedIn(replace(principal, authentication=authentication), session, begun.token)
