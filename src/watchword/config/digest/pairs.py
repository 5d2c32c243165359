"""Settings of Digest that are each right, and together useless or weaker than they need be."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.digest.settings import ALGORITHMS
from watchword.config.findings import Check, Finding
from watchword.config.settings import Settings


def digest_has_no_secrets(settings: Settings) -> Iterator[Finding]:
    """A space with Digest where nothing is kept that it needs."""
    for index, space in enumerate(settings.spaces()):
        if not settings.digest.keep_secrets and any(name in ALGORITHMS for name in space.mechanisms):
            yield Finding(
                ("space", index, "mechanisms"),
                "nobody could log in by Digest, for which a secret of each account must be kept; write "
                "digest.keep_secrets = true, or leave Digest out",
                depends=(("digest", "keep_secrets"),),
            )


def digest_secrets_are_nobody_s(settings: Settings) -> Iterator[Finding]:
    """Secrets for Digest that are kept where no space has it."""
    spaces = settings.spaces()
    if settings.digest.keep_secrets and not any(name in ALGORITHMS for space in spaces for name in space.mechanisms):
        yield Finding(
            ("digest", "keep_secrets"),
            'secrets would be kept that no space uses; add "digest" to the mechanisms of one, or leave it out',
            depends=(("space",), ("realm", "personas")),
        )


def md5_stands_alone(settings: Settings) -> Iterator[Finding]:
    """A space with `digest-md5` and without `digest`."""
    for index, space in enumerate(settings.spaces()):
        if "digest-md5" in space.mechanisms and "digest" not in space.mechanisms:
            yield Finding(
                ("space", index, "mechanisms"),
                'clients that know SHA-256 would use MD5; write "digest" before "digest-md5"',
            )


DIGEST_CHECKS: tuple[Check, ...] = (digest_has_no_secrets, digest_secrets_are_nobody_s, md5_stands_alone)
"""In the order of the manual."""
