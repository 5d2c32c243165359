"""What makes each mechanism of a protection space out of the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from watchword.config.personas import MechanismName
from watchword.config.settings import Settings
from watchword.config.spaces import ResolvedSpace
from watchword.core.mechanism import AnyMechanism
from watchword.mechanisms.api_key import ApiKeys
from watchword.mechanisms.auth_token import AuthToken
from watchword.mechanisms.basic import Basic
from watchword.mechanisms.bearer import Bearer
from watchword.mechanisms.session_cookie import CookieSettings, SessionCookie
from watchword.tokens.auth_token import DerivedTokens
from watchword.tokens.keys import KeyRing
from watchword.tokens.reference import ReferenceTokens
from watchword.tokens.self_contained import SelfContainedTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Makings:
    """What mechanisms are made of, beside the space that they stand in.

    `ring` holds the server's own keys; `clock` tells the time, in seconds since 1970, where no question carries it.
    """

    settings: Settings
    ring: KeyRing
    clock: Callable[[], float]
    auth_tokens: DerivedTokens
    self_contained: SelfContainedTokens
    references: ReferenceTokens


def mechanisms_of(
    space: ResolvedSpace, makings: Makings, *, resource_metadata: str | None = None
) -> tuple[AnyMechanism, ...]:
    """The mechanisms of a space, in its order. `resource_metadata` is the URL that Bearer challenges name."""
    return tuple(_MAKERS[name](space, makings, resource_metadata) for name in space.mechanisms)


def session_cookie(space: ResolvedSpace, makings: Makings) -> SessionCookie:
    """The session cookie of a space, whether or not it is one of its mechanisms."""
    cookie = makings.settings.session.cookie
    return SessionCookie(
        space.realm,
        space.cookie_scheme,
        CookieSettings(cookie.secure_name, cookie.cleartext_name, cookie.domain, cookie.same_site),
    )


def _session(space: ResolvedSpace, makings: Makings, resource_metadata: str | None) -> AnyMechanism:
    return session_cookie(space, makings)


def _auth_token(space: ResolvedSpace, makings: Makings, resource_metadata: str | None) -> AnyMechanism:
    return AuthToken(space.realm, makings.auth_tokens)


def _basic(space: ResolvedSpace, makings: Makings, resource_metadata: str | None) -> AnyMechanism:
    return Basic(space.realm, leaves_tokens="auth-token" in space.mechanisms)


def _bearer(space: ResolvedSpace, makings: Makings, resource_metadata: str | None) -> AnyMechanism:
    return Bearer(space.realm, makings.self_contained, makings.references, resource_metadata=resource_metadata)


def _api_key(space: ResolvedSpace, makings: Makings, resource_metadata: str | None) -> AnyMechanism:
    return ApiKeys(space.realm, space.apikey_scheme)


_MAKERS: Mapping[MechanismName, Callable[[ResolvedSpace, Makings, str | None], AnyMechanism]] = {
    "session": _session,
    "auth-token": _auth_token,
    "basic": _basic,
    "bearer": _bearer,
    "api-key": _api_key,
}
