"""What makes the mechanisms `url-session` and `url-key`."""

from __future__ import annotations

from watchword.config.binding.making import bindings_of
from watchword.config.mechanisms.makings import Makings
from watchword.config.spaces.resolved import ResolvedSpace
from watchword.mechanisms.url_key import UrlKeys
from watchword.mechanisms.url_session import UrlSession


def url_session(space: ResolvedSpace, makings: Makings) -> UrlSession:
    """Sessions in URLs and forms."""
    settings = makings.settings
    bindings = bindings_of(settings.session, makings.ring)
    return UrlSession(space.realm, space.cookie_scheme, settings.url_session.places, bindings)


def url_key(space: ResolvedSpace, makings: Makings) -> UrlKeys:
    """API keys in URLs and forms."""
    places = makings.settings.url_key.places
    return UrlKeys(space.realm, places, space.apikey_scheme, says_wrong=space.says_wrong_key)
