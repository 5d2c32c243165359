"""What makes the mechanism `session`, and says how long sessions last."""

from __future__ import annotations

from watchword.config.binding.making import bindings_of
from watchword.config.mechanisms.makings import Makings
from watchword.config.sessions.sealed import session_backend
from watchword.config.settings import Settings
from watchword.config.spaces.resolved import ResolvedSpace
from watchword.flows.login import SessionPolicy
from watchword.mechanisms.session_cookie import CookieSettings, SessionCookie
from watchword.tokens.keys import KeyRing
from watchword.tokens.sealed_sessions import SealedSessions


def session_cookie(space: ResolvedSpace, makings: Makings) -> SessionCookie:
    """The session cookie of a space, whether or not it is one of its mechanisms."""
    cookie = makings.settings.session.cookie
    return SessionCookie(
        space.realm,
        space.cookie_scheme,
        CookieSettings(cookie.secure_name, cookie.cleartext_name, cookie.domain, cookie.same_site),
        bindings=bindings_of(makings.settings.session, makings.ring),
        sealed=makings.sealed,
        marks_answers=makings.sealed is not None,
    )


def session_policy(settings: Settings, ring: KeyRing, sealed: SealedSessions | None) -> SessionPolicy:
    """How sessions are begun. `sealed` judges those that clients keep."""
    return SessionPolicy(
        idle_timeout=settings.session.idle,
        lifetime=settings.session.absolute,
        max_per_user=settings.session.max_per_user,
        backend=session_backend(sealed),
        bindings=bindings_of(settings.session, ring),
    )
