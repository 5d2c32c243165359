"""Log-out that an identity provider asks for: what began by it ends here, on every node.

By the back channel the provider itself tells us, in a token that it has signed. By the front channel the person's
browser loads a page of ours, and what it knows of the session at the provider (`sid`) is all the proof there is.
Who logs out here may go on to log out there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from watchword.core.ask import Steps, ask
from watchword.core.identity_providers import IdentityProvider
from watchword.core.policy import Ceiling, place_of
from watchword.core.principal import Instant
from watchword.core.questions import FindLinkedIdentity, FindProviderKey, FindProviderMetadata, SpendOnce
from watchword.core.questions.mail import SpendTurn
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.secret import Secret
from watchword.flows.session_backend import SessionBackend
from watchword.http.authorization_code import authorization_url
from watchword.tokens.logout_token import LOGOUT_TOKEN, logout_token_header, verify_logout_token

FROM_ONE_PLACE: Final = Ceiling(limit=300, window=60.0)
"""Log-outs by the front channel that are remembered for log-ins that are no sessions yet. Sessions end by all."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How many sessions ended, as far as that is known, and whose; None where only the provider knows whose."""

    count: int
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class NotEnded:
    """Nothing ended. `reason` is a code for operators."""

    reason: str


_REPLAYED = NotEnded("replayed-logout-token")


def end_by_token(
    token: str, provider: IdentityProvider, *, backend: SessionBackend, clock: Callable[[], Instant]
) -> Steps[Ended | NotEnded]:
    """End what a logout token of this provider names, log-ins that wait for their second step among it. Whoever is
    logged out already stays so.

    The clock is read once more at the end, because what begins while the provider is asked for its keys ends, too.

    Raises:
        AnswerFailed: where the provider's keys cannot be had, or the storage does not answer.
    """
    try:
        header = logout_token_header(token, provider.algorithms)
        key = yield from ask(FindProviderKey(provider.name, header.kid, header.alg))
        if key is None:
            return NotEnded("unknown-key")
        told = verify_logout_token(
            token, key, expected_issuer=provider.issuer, expected_client=provider.client_id, now=clock()
        )
    except JoseRefused as refused:
        return NotEnded(refused.code)
    # A token that is told twice would end the sessions that were begun in between. It is spent in the step that ends
    # them: where that fails, the provider may tell it again.
    spends = SpendOnce(LOGOUT_TOKEN, told.once, told.remember_until)
    account: str | None = None
    if told.subject is not None:
        linked = yield from ask(FindLinkedIdentity(provider.issuer, told.subject))
        if linked is None:
            # An identity that is not linked any more has no sessions.
            return Ended(0) if (yield from ask(spends)) else _REPLAYED
        account = linked.account
    ended = yield from backend.end_linked(provider.issuer, clock(), sid=told.sid, account=account, spends=spends)
    return _REPLAYED if ended is None else Ended(ended, account)


def end_by_sid(
    issuer: str | None,
    sid: str | None,
    provider: IdentityProvider,
    *,
    asked_from: str,
    backend: SessionBackend,
    now: Instant,
) -> Steps[Ended | NotEnded]:
    """End the sessions that began by this session at the provider, which a browser names.

    Both parameters are needed: without them any page could log everybody out who looks at it. Anybody may make a `sid`
    up: what is remembered of it, for log-ins that wait for their second step, is limited for each place.

    Raises:
        AnswerFailed: where the storage does not answer.
    """
    if not issuer or not sid:
        return NotEnded("missing-parameter")
    if issuer != provider.issuer:
        return NotEnded("issuer")
    wait = yield from ask(SpendTurn(f"log-out-from:{place_of(asked_from)}", FROM_ONE_PLACE, now))
    return Ended((yield from backend.end_linked(provider.issuer, None if wait else now, sid=sid)) or 0)


def farewell(provider: IdentityProvider, location: str, id_token: Secret | None = None) -> Steps[str | None]:
    """Where the provider logs people out, with where it sends them afterwards; None where it has no such page.

    `location` is the URL under which clients reach the server. Nothing in it comes from a request, so nobody is sent
    elsewhere (F32). `id_token` is what the provider said of who logs out: it is the only URL that ever holds one.

    Raises:
        AnswerFailed: where it is not known, because the provider is away.
    """
    metadata = yield from ask(FindProviderMetadata(provider.name))
    if metadata.end_session_endpoint is None:
        return None
    parameters = {"client_id": provider.client_id}
    if id_token is not None:
        parameters["id_token_hint"] = id_token.reveal_text()
    if provider.after_logout is not None:
        here = location if provider.after_logout.startswith("/") else ""
        parameters["post_logout_redirect_uri"] = here + provider.after_logout
    return authorization_url(metadata.end_session_endpoint, parameters)
