"""Settings of Auth-Keys that are each right, and together of no use."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.findings import Check, Finding
from watchword.config.settings import Settings


def auth_key_idles_longer_than_it_lives(settings: Settings) -> Iterator[Finding]:
    """An Auth-Key's inactivity timeout longer than its absolute lifetime."""
    keys = settings.auth_key
    if keys.idle > keys.absolute:
        yield Finding(
            ("auth_key", "idle"),
            "is longer than auth_key.absolute, so that it never ends a key; write a shorter time, or a longer "
            "auth_key.absolute",
            depends=(("auth_key", "absolute"),),
        )


AUTH_KEY_CHECKS: tuple[Check, ...] = (auth_key_idles_longer_than_it_lives,)
"""In the order of the manual."""
