"""What is allowed of providers, and not always meant."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.settings import Settings


def credentials_in_urls(settings: Settings) -> Iterator[tuple[str, str]]:
    """The providers whose credentials go in the query, each with a sentence about it."""
    for provider in settings.provider:
        if provider.send == "query":
            yield (
                provider.name,
                f"the provider {provider.name} gets credentials in the query (send), where logs of servers on the way "
                "hold them: send them in a field where it takes that.",
            )
