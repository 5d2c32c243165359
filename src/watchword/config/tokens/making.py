"""What tokens are like, and what issues and judges them."""

from __future__ import annotations

from collections.abc import Callable

from watchword.config.keys.purposes import AUTH_TOKENS, REFRESH_CLIENTS
from watchword.config.plug_ins import making
from watchword.config.server.making import location_of
from watchword.config.settings import Settings
from watchword.core.token_manager import TokenManager
from watchword.flows.access_tokens import TokenPolicy
from watchword.tokens.auth_token import DerivedTokens
from watchword.tokens.keys import KeyRing


def token_policy(
    settings: Settings, ring: KeyRing, *, address: str | None = None, judges_risk: bool = False
) -> TokenPolicy:
    """What access and refresh tokens are like. `address` is the URL that the server listens on."""
    tokens = settings.tokens
    issuer = tokens.issuer or location_of(settings.server, address)
    client_key = ring.newest(REFRESH_CLIENTS)
    assert client_key is not None, "there is a key for each purpose"
    return TokenPolicy(
        issuer=issuer,
        audience=tokens.audience or (issuer,),
        client_key=client_key.secret,
        opaque=tokens.access == "opaque",
        access_ttl=tokens.access_ttl,
        refresh_ttl=tokens.refresh_ttl,
        most=tokens.max_refresh,
        evict=tokens.when_full == "evict",
        grace=tokens.grace,
        judges_risk=judges_risk,
        second_factor_for=settings.second_factor.required_for_roles,
    )


def auth_tokens(settings: Settings, ring: KeyRing, clock: Callable[[], float]) -> TokenManager:
    """What issues and judges auth tokens: a plug-in, where one is asked for."""
    chosen = settings.tokens.manager
    if chosen is not None:
        return making.token_manager(chosen.kind, chosen.settings, realm=settings.defaults.realm, clock=clock)
    return DerivedTokens(
        keys=[key.secret for key in ring.all(AUTH_TOKENS)],
        ttl=settings.tokens.ttl_seconds,
        sliding=settings.tokens.sliding,
    )
