"""The configured identity providers, as routes look them up."""

from __future__ import annotations

from watchword.core.identity_providers import IdentityProvider
from watchword.server.api.call import Call
from watchword.server.api.errors import NotHere


def provider_of(call: Call, name: str) -> IdentityProvider:
    """The provider of this name.

    Raises:
        NotHere: where there is none.
    """
    provider = call.service.identity_providers.get(name)
    if provider is None:
        raise NotHere
    return provider


def provider_with(call: Call, issuer: str) -> IdentityProvider | None:
    """The provider with this issuer; None where it is configured no more."""
    return next((each for each in call.service.identity_providers.values() if each.issuer == issuer), None)


def provider_logout_url(call: Call, issuer: str) -> str | None:
    """Where a browser goes on to log out at this issuer; None where that is configured no more."""
    provider = provider_with(call, issuer)
    return None if provider is None else f"{call.service.location}/login/with/{provider.name}/logout"
