"""Tokens for clients that act for themselves (RFC 6749 section 4.4), for as much as they may have (RFC 8707)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from watchword.core.ask import AnswerFailed, Steps
from watchword.core.beside import unavailable
from watchword.core.decision import Refused
from watchword.core.grants import Client, Scopes
from watchword.core.principal import Instant
from watchword.flows.access_tokens import AccessToken, Proof, TokenPolicy, issue_access_token
from watchword.http.oauth_error import OAuthError
from watchword.mechanisms.client import is_public

GRANT_TYPE = "client_credentials"


def client_token(
    client: Client,
    *,
    scopes: Scopes | None,
    audience: tuple[str, ...] | None,
    policy: TokenPolicy,
    entropy: Callable[[int], bytes],
    now: Instant,
) -> Steps[AccessToken | OAuthError | Refused]:
    """An access token for a client that has just authenticated. There is no refresh token: it can ask again.

    `scopes` are those that it asks for; None: all that it may have. `audience` as `audience_of` gives it.
    """
    if is_public(client):
        return OAuthError("unauthorized_client", "Only a client that can authenticate may act for itself.")
    if scopes is not None and not scopes <= client.scopes:
        return OAuthError("invalid_scope", "The client may not have all of these scopes.")
    try:
        issued = yield from issue_access_token(
            client,
            proof=Proof(auth_time=now),
            policy=policy,
            entropy=entropy,
            now=now,
            client_id=client.id,
            scopes=client.scopes if scopes is None else scopes,
            audience=audience,
        )
    except AnswerFailed as failure:
        return unavailable(str(failure))
    return unavailable(reason="client-changed", retry_after=1) if issued is None else issued


def audience_of(resources: Sequence[str], policy: TokenPolicy) -> tuple[str, ...] | OAuthError | None:
    """For whom a token is to be meant, by the `resource` parameters of its request; None where there are none."""
    if not resources:
        return None
    if not set(resources) <= set(policy.audience):
        return OAuthError("invalid_target", "Tokens for this resource are not issued here.")
    return tuple(dict.fromkeys(resources))
