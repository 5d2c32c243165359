"""The mechanisms that have no table of their own: what is to be said of them stands in their spaces."""

from __future__ import annotations

from watchword.config.mechanisms.makings import Makings
from watchword.config.spaces.resolved import ResolvedSpace
from watchword.mechanisms.api_key import ApiKeys
from watchword.mechanisms.basic import Basic


def basic(space: ResolvedSpace, makings: Makings) -> Basic:
    """Basic, whose passwords auth tokens may stand in for."""
    return Basic(space.realm, leaves_tokens="auth-token" in space.mechanisms)


def api_key(space: ResolvedSpace, makings: Makings) -> ApiKeys:
    """API keys in header fields."""
    return ApiKeys(space.realm, space.apikey_scheme, says_wrong=space.says_wrong_key)
