"""Schemes of the realm that nobody could tell from each other."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.findings import Check, Finding
from watchword.config.problems import shown
from watchword.config.settings import Settings


def key_scheme_is_the_cookie_s(settings: Settings) -> Iterator[Finding]:
    """The same authentication scheme for API keys and for the session cookie."""
    realm = settings.defaults
    if realm.apikey_scheme.lower() == realm.cookie_scheme.lower():
        yield Finding(
            ("realm", "apikey_scheme"),
            f"{shown(realm.apikey_scheme)} is the session cookie's scheme; write another",
            depends=(("realm", "cookie_scheme"),),
        )


REALM_CHECKS: tuple[Check, ...] = (key_scheme_is_the_cookie_s,)
"""In the order of the manual."""
