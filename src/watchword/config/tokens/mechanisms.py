"""What makes the mechanisms `auth-token` and `bearer`."""

from __future__ import annotations

from watchword.config.binding.making import bindings_of
from watchword.config.mechanisms.makings import Makings
from watchword.config.spaces.resolved import ResolvedSpace
from watchword.mechanisms.auth_token import AuthToken
from watchword.mechanisms.bearer import Bearer


def auth_token(space: ResolvedSpace, makings: Makings) -> AuthToken:
    """Auth tokens in place of a password."""
    return AuthToken(space.realm, makings.auth_tokens)


def bearer(space: ResolvedSpace, makings: Makings) -> Bearer:
    """Access tokens, and sessions of whoever sends theirs as one."""
    return Bearer(
        space.realm,
        makings.self_contained,
        makings.references,
        resource_metadata=makings.resource_metadata,
        bindings=bindings_of(makings.settings.session, makings.ring),
        sealed=makings.sealed,
        marks_answers=makings.sealed is not None,
    )
