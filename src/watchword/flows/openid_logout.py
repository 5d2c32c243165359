"""Log-out that an identity provider asks for: what began by it ends here, on every node.

By the back channel the provider itself tells us, in a token that it has signed. By the front channel the person's
browser loads a page of ours, and what it knows of the session at the provider (`sid`) is all the proof there is.
Who logs out here may go on to log out there.
"""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Steps, ask
from watchword.core.identity_providers import IdentityProvider
from watchword.core.principal import Instant
from watchword.core.questions import FindLinkedIdentity, FindProviderKey, FindProviderMetadata, SpendOnce
from watchword.crypto.jose.refused import JoseRefused
from watchword.flows.session_backend import SessionBackend
from watchword.http.authorization_code import authorization_url
from watchword.tokens.logout_token import LOGOUT_TOKEN, logout_token_header, verify_logout_token


@dataclass(frozen=True, slots=True)
class Ended:
    """How many sessions ended, as far as that is known, and whose; None where only the provider knows whose."""

    count: int
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class NotEnded:
    """Nothing ended. `reason` is a code for operators."""

    reason: str


def end_by_token(
    token: str, provider: IdentityProvider, *, backend: SessionBackend, now: Instant
) -> Steps[Ended | NotEnded]:
    """End what a logout token of this provider names. Whoever is logged out already stays so.

    Raises:
        AnswerFailed: where the provider's keys cannot be had, or the storage does not answer.
    """
    try:
        header = logout_token_header(token, provider.algorithms)
        key = yield from ask(FindProviderKey(provider.name, header.kid, header.alg))
        if key is None:
            return NotEnded("unknown-key")
        told = verify_logout_token(
            token, key, expected_issuer=provider.issuer, expected_client=provider.client_id, now=now
        )
    except JoseRefused as refused:
        return NotEnded(refused.code)
    # Before anything ends: a token that is told twice would end the sessions that were begun in between.
    if not (yield from ask(SpendOnce(LOGOUT_TOKEN, told.once, told.remember_until))):
        return NotEnded("replayed-logout-token")
    account: str | None = None
    if told.subject is not None:
        linked = yield from ask(FindLinkedIdentity(provider.issuer, told.subject))
        if linked is None:
            return Ended(0)  # an identity that is not linked any more has no sessions
        account = linked.account
    return Ended((yield from backend.end_linked(provider.issuer, told.sid, account)), account)


def end_by_sid(
    issuer: str | None, sid: str | None, provider: IdentityProvider, *, backend: SessionBackend
) -> Steps[Ended | NotEnded]:
    """End the sessions that began by this session at the provider, which a browser names.

    Both parameters are needed: without them any page could log everybody out who looks at it.

    Raises:
        AnswerFailed: where the storage does not answer.
    """
    if not issuer or not sid:
        return NotEnded("missing-parameter")
    if issuer != provider.issuer:
        return NotEnded("issuer")
    return Ended((yield from backend.end_linked(provider.issuer, sid)))


def farewell(provider: IdentityProvider, location: str) -> Steps[str | None]:
    """Where the provider logs people out, with where it sends them afterwards; None where it has no such page.

    `location` is the URL under which clients reach the server. Nothing in it comes from a request, so nobody is sent
    elsewhere (F32).

    Raises:
        AnswerFailed: where it is not known, because the provider is away.
    """
    metadata = yield from ask(FindProviderMetadata(provider.name))
    if metadata.end_session_endpoint is None:
        return None
    parameters = {"client_id": provider.client_id}
    if provider.after_logout is not None:
        here = location if provider.after_logout.startswith("/") else ""
        parameters["post_logout_redirect_uri"] = here + provider.after_logout
    return authorization_url(metadata.end_session_endpoint, parameters)
