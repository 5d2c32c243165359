"""What makes the mechanism `proxy-header`."""

from __future__ import annotations

from watchword.config.mechanisms.makings import Makings
from watchword.config.spaces.resolved import ResolvedSpace
from watchword.mechanisms.proxy_header import ProxyHeader


def proxy_header(space: ResolvedSpace, makings: Makings) -> ProxyHeader:
    """Identities that a proxy tells, and proves. Reads the secret."""
    settings = makings.settings.proxy_header
    assert settings is not None, "pairs.py has seen to that"
    return ProxyHeader(
        space.realm,
        identity_field=settings.field.lower().encode("ascii"),
        proof=settings.proof(),
        peers=settings.trust,
        search=settings.steps,
    )
