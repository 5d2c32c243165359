"""What asks the configured providers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from watchword.config.providers.settings import ProviderSettings
from watchword.stores.admission.throttle import FailureRecords

if TYPE_CHECKING:
    from watchword.outgoing.http import Outgoing
    from watchword.stores.providers.asking import Providers

MOST_WAITING = 64
"""How many threads of one process may wait for providers, however many there are."""

PAUSE = 3.0
"""For how many seconds a provider that does not answer is left alone: once it answers again, so do we soon (F6)."""


def waiting_threads(providers: Sequence[ProviderSettings]) -> int:
    """How many threads of one process may wait for these providers: others have theirs."""
    return min(MOST_WAITING, sum(provider.at_once for provider in providers))


def providers_of(providers: Sequence[ProviderSettings], records: FailureRecords) -> Providers:
    """Whoever asks them. Connections are opened at first use, never here."""
    # What speaks HTTP is loaded where it is needed.
    from watchword.stores.providers.asking import Asked, Providers

    return Providers(
        asked={
            provider.name: Asked(
                outgoing=_outgoing(provider),
                method=provider.check.method,
                url=provider.check.url,
                carrier=provider.provider.carrier,
                fields=tuple((name.encode(), value.encode()) for name, value in (provider.fields or {}).items()),
            )
            for provider in providers
        },
        places=waiting_threads(providers),
        records=records,
    )


def _outgoing(provider: ProviderSettings) -> Outgoing:
    """One for everything that this provider is asked, so that it has one limit and one breaker."""
    from watchword.outgoing.breaker import Breaker
    from watchword.outgoing.http import LARGEST, Outgoing

    return Outgoing(
        provider.name,
        patience=provider.timeout,
        largest=LARGEST if provider.call is None else max(LARGEST, provider.call.largest),
        at_once=provider.at_once,
        private_hosts=provider.private_hosts,
        authorities=provider.ca_file,
        breaker=Breaker(pause=PAUSE),
    )
