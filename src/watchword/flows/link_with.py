"""Linking an identity at a provider to the account of whoever is logged in, by a log-in at the provider.

It needs the session that began it and the browser that began it: whoever has either alone links nothing. Otherwise
somebody's account could be opened to a stranger, or somebody's identity lead to a stranger's account (F27).
"""

from __future__ import annotations

from enum import Enum

from watchword.core.ask import AnswerFailed, Steps, ask
from watchword.core.beside import unavailable
from watchword.core.decision import Refused
from watchword.core.identity_providers import IdentityProvider
from watchword.core.linked import LinkedIdentity
from watchword.core.principal import Instant
from watchword.core.questions import AddLinkedIdentity, FindLinkedIdentity
from watchword.core.records import Session
from watchword.core.space import ProtectionSpace
from watchword.flows.linked_accounts import Identified
from watchword.flows.log_in_with import Lost, decided, identified
from watchword.http.authorization_code import AuthorizationAnswer
from watchword.http.message import Request
from watchword.http.syntax import Unreadable
from watchword.tokens.log_in_with import PendingLogIn


class NotLinked(Enum):
    """Why an identity was not linked, as pages are told. Nothing was changed."""

    TAKEN = "identity-taken"  # by another account
    TOO_MANY = "too-many-identities"  # of this account, or it is disabled


def link_with(
    answer: AuthorizationAnswer | Unreadable,
    pending: PendingLogIn,
    provider: IdentityProvider,
    session: Session | None,
    request: Request,
    space: ProtectionSpace,
    *,
    redirect_uri: str,
    now: Instant,
) -> Steps[LinkedIdentity | NotLinked | Refused]:
    """The identity that the provider has proven, linked to the account of the session that came along.

    That must be the one that began it.
    """
    if session is None or session.id != pending.links:
        refused, _ = yield from decided(Lost("another-session"), request, space, now)
        assert refused is not None
        return refused
    who = yield from identified(
        answer, pending, provider, request, redirect_uri=redirect_uri, now=now, links=session.id
    )
    if not isinstance(who, Identified):
        refused, _ = yield from decided(who, request, space, now)
        assert refused is not None
        return refused
    identity = LinkedIdentity(
        issuer=who.token.issuer, subject=who.token.subject, account=session.subject, created_at=now
    )
    try:
        if (yield from ask(AddLinkedIdentity(identity))):
            return identity
        held = yield from ask(FindLinkedIdentity(identity.issuer, identity.subject))
    except AnswerFailed as failure:
        return unavailable(str(failure))
    if held is None:
        return NotLinked.TOO_MANY
    return held if held.account == session.subject else NotLinked.TAKEN
