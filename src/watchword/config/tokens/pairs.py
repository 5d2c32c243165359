"""Settings of tokens that are each right, and together unsafe or of no use."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.findings import Check, Finding
from watchword.config.settings import Settings

_DAY = 86400.0


def access_token_lives_long(settings: Settings) -> Iterator[Finding]:
    """Access tokens that live for more than a day, without `allow_long_access`."""
    tokens = settings.tokens
    if tokens.access_ttl > _DAY and not tokens.allow_long_access:
        yield Finding(
            ("tokens", "access_ttl"),
            "whoever gets hold of an access token could use it for longer than a day; write a shorter time, such as "
            '"15m" (refresh tokens bring new ones), or tokens.allow_long_access = true',
            depends=(("tokens", "allow_long_access"),),
        )


def access_token_outlives_its_log_in(settings: Settings) -> Iterator[Finding]:
    """Access tokens that live longer than the refresh tokens they come with."""
    tokens = settings.tokens
    if tokens.access_ttl > tokens.refresh_ttl:
        yield Finding(
            ("tokens", "access_ttl"),
            "is longer than tokens.refresh_ttl, with which every log-in ends; write a shorter time, or a longer "
            "tokens.refresh_ttl",
            depends=(("tokens", "refresh_ttl"),),
        )


def grace_is_long(settings: Settings) -> Iterator[Finding]:
    """A grace of more than a minute, in which a stolen refresh token could be redeemed once more."""
    if settings.tokens.grace > 60:
        yield Finding(
            ("tokens", "grace"),
            "is longer than a lost answer explains, and time for who has a copy of a refresh token; "
            'write "10s", and "60s" at most',
        )


def verifier_refuses_between_two_messages(settings: Settings) -> Iterator[Finding]:
    """An `offline_ttl` shorter than `staleness`."""
    tokens = settings.tokens
    if tokens.offline_ttl < tokens.staleness:
        yield Finding(
            ("tokens", "offline_ttl"),
            "is shorter than tokens.staleness, so that verifiers would refuse between two messages; write a longer "
            "time, or a shorter tokens.staleness",
            depends=(("tokens", "staleness"),),
        )


TOKEN_CHECKS: tuple[Check, ...] = (
    access_token_lives_long,
    access_token_outlives_its_log_in,
    grace_is_long,
    verifier_refuses_between_two_messages,
)
"""In the order of the manual."""
