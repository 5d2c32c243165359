"""What a token stands for, for whoever may know it (RFC 7662)."""

from __future__ import annotations

from typing import Final

from watchword.core.ask import Steps
from watchword.core.grants import Client
from watchword.core.principal import Instant
from watchword.core.records import Json
from watchword.core.second_factor import rests_on_password
from watchword.flows.known_tokens import KnownToken, TokenKind, find_known
from watchword.flows.session_backend import SessionBackend, StoredSessions
from watchword.tokens.scope import written_scope
from watchword.tokens.self_contained import SelfContainedTokens

VERIFIER: Final = "verifier"
"""The role of resource servers, which may learn of any token that can be sent to them."""

_STORED = StoredSessions()
_TYPES = {
    TokenKind.ACCESS: "Bearer",
    TokenKind.SESSION: "Bearer",
    TokenKind.API_KEY: "APIKEY",
    TokenKind.REFRESH: "refresh_token",
}
"""As in RFC 6749 section 5.1: how it is sent. A refresh token is sent to nobody but us."""


def introspect(
    token: str,
    client: Client,
    *,
    self_contained: SelfContainedTokens,
    now: Instant,
    sessions: SessionBackend = _STORED,
    second_factor_for: frozenset[str] = frozenset(),
) -> Steps[KnownToken | None]:
    """The token, if it is alive and this client may know of it. Whoever has one of the roles `second_factor_for` is
    not told of by what rests on a password alone: other servers would let them in.

    Raises:
        AnswerFailed: where that cannot be found out.
    """
    known = yield from find_known(token, now, self_contained=self_contained, sessions=sessions)
    if known is None or not may_know(client, known):
        return None
    needs_more = known.account and not second_factor_for.isdisjoint(known.roles)
    return None if needs_more and rests_on_password(known.amr, log_in=known.session is not None) else known


def may_know(client: Client, token: KnownToken) -> bool:
    """A client may know of its own tokens, and a verifier of every other but refresh tokens.

    A resource server that asks for nothing but `active` would take a refresh token for an access token.
    """
    if token.client_id == client.id:
        return True
    return VERIFIER in client.roles and token.kind is not TokenKind.REFRESH


def described(token: KnownToken | None, *, issuer: str) -> dict[str, Json]:
    """The members of the answer (section 2.2). Of what is not alive, or not for the caller's eyes, nothing is told."""
    if token is None:
        return {"active": False}
    told: dict[str, Json] = {
        "active": True,
        "token_type": _TYPES[token.kind],
        "iss": issuer,
        "sub": token.subject,
        "username": token.subject if token.account else None,
        "client_id": token.client_id,
        "aud": [*token.audience] or None,
        "scope": None if token.scopes is None else written_scope(token.scopes),
        "iat": int(token.issued_at),
        "exp": None if token.expires_at is None else int(token.expires_at),
        "jti": token.id,
        "sid": token.session,
        "auth_time": None if token.auth_time is None else int(token.auth_time),
        "acr": token.acr,
        "amr": [*sorted(token.amr)] or None,
        "roles": [*sorted(token.roles)],
        "permissions": [*sorted(token.permissions)],
    }
    return {name: value for name, value in told.items() if value is not None}
