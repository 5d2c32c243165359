"""What asks the configured identity providers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from watchword.config.identity_providers.settings import IdentityProviderSettings

if TYPE_CHECKING:
    from watchword.outgoing.openid import OpenIdClient, OpenIdProviders

MOST_WAITING = 64
"""How many threads of one process may wait for identity providers, however many there are."""


def waiting_threads_of(providers: Sequence[IdentityProviderSettings]) -> int:
    """How many threads of one process may wait for these providers: others have theirs."""
    return min(MOST_WAITING, sum(2 * provider.at_once for provider in providers))


def openid_providers(providers: Sequence[IdentityProviderSettings]) -> OpenIdProviders:
    """Whoever asks them. Connections are opened at first use, never here. Reads the clients' secrets."""
    # What speaks HTTP is loaded where it is needed.
    from watchword.outgoing.openid import OpenIdProviders

    return OpenIdProviders({provider.name: _client(provider) for provider in providers})


def _client(provider: IdentityProviderSettings) -> OpenIdClient:
    from watchword.outgoing.breaker import Breaker
    from watchword.outgoing.http import Outgoing
    from watchword.outgoing.openid import LARGEST, OpenIdClient

    return OpenIdClient(
        issuer=provider.issuer,
        client_id=provider.client_id,
        algorithms=frozenset(provider.algorithms),
        authentication=provider.proves_itself_by,
        secret=provider.secret(),
        outgoing=Outgoing(
            provider.name,
            patience=provider.timeout,
            largest=LARGEST,
            at_once=provider.at_once,
            private_hosts=provider.private_hosts,
            authorities=provider.ca_file,
            breaker=Breaker(),
        ),
        patience=provider.timeout,
        at_once=provider.at_once,
        private_hosts=frozenset(provider.private_hosts),
    )
