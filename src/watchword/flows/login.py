"""Logging in: a proof becomes a session, under a new id, and the session before it ends (ASVS 7.2.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from watchword.core.ask import AnswerFailed, Steps, ask
from watchword.core.circumstances import read_circumstances, with_login_route
from watchword.core.decide import Decision, Refused, unavailable
from watchword.core.guard import guard
from watchword.core.principal import Instant, Principal
from watchword.core.questions import StartSession
from watchword.core.records import Session
from watchword.core.requirement import Requirement
from watchword.core.space import ProtectionSpace
from watchword.http.message import Request
from watchword.mechanisms.login_form import LoginForm
from watchword.tokens.password import Password
from watchword.tokens.session import new_session

LOGIN_ROUTE = Requirement(sets_session=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPolicy:
    """How long sessions live, in seconds, and how many one subject may have (None: any number)."""

    idle_timeout: float = 30 * 60.0
    lifetime: float = 12 * 3600.0
    max_per_user: int | None = None


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new session, with the token that nobody else knows and the principal it stands for."""

    principal: Principal
    session: Session
    token: str = field(repr=False)


def log_in(
    credentials: Password,
    request: Request,
    space: ProtectionSpace,
    *,
    policy: SessionPolicy,
    entropy: Callable[[int], bytes],
    now: Instant,
    replaces: bytes | None = None,
) -> Steps[LoggedIn | Refused]:
    """A session for who has this user name and password. Everything is refused by the decision table.

    `entropy(n)` gives n random bytes. `replaces` is the fingerprint of the session that the client had before.
    """
    decision = yield from prove(credentials, request, space, now)
    if isinstance(decision, Refused):
        return decision
    assert decision.principal is not None
    return (
        yield from start_session(
            decision.principal, request, policy=policy, entropy=entropy, now=now, replaces=replaces
        )
    )


def prove(credentials: Password, request: Request, space: ProtectionSpace, now: Instant) -> Steps[Decision]:
    """The decision on a user name and a password in the content of a request, whatever else the request carries."""
    form = LoginForm(space.realm, space.cookie_challenge.scheme, credentials)
    own = replace(space, mechanisms=(form,))
    circumstances = with_login_route(read_circumstances(request, space))
    return (yield from guard(request, own, LOGIN_ROUTE, circumstances, now))


def start_session(
    principal: Principal,
    request: Request,
    *,
    policy: SessionPolicy,
    entropy: Callable[[int], bytes],
    now: Instant,
    replaces: bytes | None = None,
) -> Steps[LoggedIn | Refused]:
    """A session for a principal that this very request has proven."""
    session, token = new_session(
        principal,
        entropy(32),
        now,
        idle_timeout=policy.idle_timeout,
        lifetime=policy.lifetime,
        address=request.peer.address,
        user_agent=(request.field(b"user-agent") or b"").decode("latin-1"),
    )
    try:
        kept = yield from ask(StartSession(session, replaces, policy.max_per_user))
    except AnswerFailed as failure:
        return unavailable(str(failure))
    if not kept:
        # The password was changed, or the account disabled or deleted, between the proof and now.
        return unavailable("the account changed while it logged in", retry_after=1)
    authentication = replace(principal.authentication, session=session.id, auth_time=session.auth_time)
    return LoggedIn(replace(principal, authentication=authentication), session, token)
