"""What makes the mechanism `auth-key`, and says how long its keys last."""

from __future__ import annotations

from watchword.config.binding.making import bindings_of
from watchword.config.mechanisms.makings import Makings
from watchword.config.settings import Settings
from watchword.config.spaces.resolved import ResolvedSpace
from watchword.core.records import AUTH_KEY
from watchword.flows.login import SessionPolicy
from watchword.mechanisms.auth_key import AuthKeys
from watchword.tokens.keys import KeyRing


def auth_key(space: ResolvedSpace, makings: Makings) -> AuthKeys:
    """Auth-Keys in their field."""
    return AuthKeys(space.realm, bindings_of(makings.settings.auth_key, makings.ring))


def auth_key_policy(settings: Settings, ring: KeyRing) -> SessionPolicy:
    """How Auth-Keys are given."""
    return SessionPolicy(
        idle_timeout=settings.auth_key.idle,
        lifetime=settings.auth_key.absolute,
        max_per_user=settings.session.max_per_user,
        kind=AUTH_KEY,
        bindings=bindings_of(settings.auth_key, ring),
    )
