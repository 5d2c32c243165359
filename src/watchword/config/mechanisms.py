"""What makes each mechanism of a protection space out of the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from watchword.config.binding import bindings_of
from watchword.config.couchdb.bridge import proof_of
from watchword.config.couchdb.settings import couchdb_cookies
from watchword.config.digest import ALGORITHMS, nonces_of
from watchword.config.plug_ins import making
from watchword.config.settings import Settings
from watchword.config.signed_request import access_keys_of
from watchword.config.spaces import ResolvedSpace
from watchword.core.mechanism import AnyMechanism
from watchword.core.token_manager import TokenManager
from watchword.crypto.certificate_chain import Authorities
from watchword.mechanisms.api_key import ApiKeys
from watchword.mechanisms.auth_key import AuthKeys
from watchword.mechanisms.auth_token import AuthToken
from watchword.mechanisms.basic import Basic
from watchword.mechanisms.bearer import Bearer
from watchword.mechanisms.client_certificate import ClientCertificates, Naming
from watchword.mechanisms.couchdb import CouchdbSession
from watchword.mechanisms.couchdb_proxy import CouchDbProxy
from watchword.mechanisms.digest import Digest
from watchword.mechanisms.proxy_header import ProxyHeader
from watchword.mechanisms.session_cookie import CookieSettings, SessionCookie
from watchword.mechanisms.signed_request import SignedRequests
from watchword.mechanisms.url_key import UrlKeys
from watchword.mechanisms.url_session import UrlSession
from watchword.tokens.keys import KeyRing
from watchword.tokens.reference import ReferenceTokens
from watchword.tokens.sealed_sessions import SealedSessions
from watchword.tokens.self_contained import SelfContainedTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Makings:
    """What mechanisms are made of, beside the space that they stand in.

    `ring` holds the server's own keys; `clock` tells the time, in seconds since 1970, where no question carries it.
    """

    settings: Settings
    ring: KeyRing
    clock: Callable[[], float]
    auth_tokens: TokenManager
    self_contained: SelfContainedTokens
    references: ReferenceTokens
    sealed: SealedSessions | None = None


def mechanisms_of(
    space: ResolvedSpace, makings: Makings, *, resource_metadata: str | None = None
) -> tuple[AnyMechanism, ...]:
    """The mechanisms of a space, in its order. `resource_metadata` is the URL that Bearer challenges name."""
    return tuple(
        _MAKERS[name](space, makings, resource_metadata) if name in _MAKERS else _plug_in(name, space, makings)
        for name in space.mechanisms
    )


def _plug_in(name: str, space: ResolvedSpace, makings: Makings) -> AnyMechanism:
    written = next((entry.settings for entry in makings.settings.mechanism if entry.kind == name), None)
    return making.mechanism(name, written, realm=space.realm, clock=makings.clock)


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


def _session(space: ResolvedSpace, makings: Makings, resource_metadata: str | None) -> AnyMechanism:
    return session_cookie(space, makings)


def couchdb_session(space: ResolvedSpace, makings: Makings) -> CouchdbSession:
    """CouchDB's cookie in a space, whether or not it is one of its mechanisms."""
    cookie = makings.settings.session.cookie
    return CouchdbSession(
        space.realm,
        space.cookie_scheme,
        couchdb_cookies(makings.settings.couchdb, makings.ring),
        domain=cookie.domain,
        same_site=cookie.same_site,
    )


def _couchdb(space: ResolvedSpace, makings: Makings, resource_metadata: str | None) -> AnyMechanism:
    return couchdb_session(space, makings)


def _auth_token(space: ResolvedSpace, makings: Makings, resource_metadata: str | None) -> AnyMechanism:
    return AuthToken(space.realm, makings.auth_tokens)


def _basic(space: ResolvedSpace, makings: Makings, resource_metadata: str | None) -> AnyMechanism:
    return Basic(space.realm, leaves_tokens="auth-token" in space.mechanisms)


def _bearer(space: ResolvedSpace, makings: Makings, resource_metadata: str | None) -> AnyMechanism:
    return Bearer(
        space.realm,
        makings.self_contained,
        makings.references,
        resource_metadata=resource_metadata,
        bindings=bindings_of(makings.settings.session, makings.ring),
        sealed=makings.sealed,
        marks_answers=makings.sealed is not None,
    )


def _api_key(space: ResolvedSpace, makings: Makings, resource_metadata: str | None) -> AnyMechanism:
    return ApiKeys(space.realm, space.apikey_scheme, says_wrong=space.says_wrong_key)


def _auth_key(space: ResolvedSpace, makings: Makings, resource_metadata: str | None) -> AnyMechanism:
    return AuthKeys(space.realm, bindings_of(makings.settings.auth_key, makings.ring))


def _url_session(space: ResolvedSpace, makings: Makings, resource_metadata: str | None) -> AnyMechanism:
    bindings = bindings_of(makings.settings.session, makings.ring)
    return UrlSession(space.realm, space.cookie_scheme, makings.settings.url_session.places, bindings)


def _url_key(space: ResolvedSpace, makings: Makings, resource_metadata: str | None) -> AnyMechanism:
    places = makings.settings.url_key.places
    return UrlKeys(space.realm, places, space.apikey_scheme, says_wrong=space.says_wrong_key)


def _client_certificate(space: ResolvedSpace, makings: Makings, resource_metadata: str | None) -> AnyMechanism:
    settings = makings.settings.client_certificate
    authorities = makings.settings.authorities
    return ClientCertificates(
        space.realm,
        naming=Naming(settings.map),
        affixes=settings.affixes,
        search=settings.steps,
        authorities=None if authorities is None else Authorities(authorities.read_bytes()),
        fields=() if settings.proxy_field is None else (settings.proxy_field.lower(),),
    )


def _proxy_header(space: ResolvedSpace, makings: Makings, resource_metadata: str | None) -> AnyMechanism:
    settings = makings.settings.proxy_header
    assert settings is not None, "identity_pairs.py has seen to that"
    name = settings.field.lower()
    return ProxyHeader(
        space.realm,
        identity_field=name.encode("ascii"),
        proof=settings.proof(),
        peers=settings.trust,
        search=settings.steps,
    )


def _couchdb_proxy(space: ResolvedSpace, makings: Makings, resource_metadata: str | None) -> AnyMechanism:
    settings = makings.settings.couchdb
    assert settings.proxy is not None, "couchdb/proxy_pairs.py has seen to that"
    return CouchDbProxy(
        space.realm,
        proof=proof_of(settings, settings.proxy, makings.ring, settings.proxy.believe),
        peers=settings.proxy.trust,
        names=settings.proxy.names,
        trust_roles=settings.proxy.trust_roles,
    )


def _digest(space: ResolvedSpace, makings: Makings, resource_metadata: str | None) -> AnyMechanism:
    return Digest(space.realm, nonces_of(makings.settings.digest, makings.ring, makings.clock))


def _digest_md5(space: ResolvedSpace, makings: Makings, resource_metadata: str | None) -> AnyMechanism:
    nonces = nonces_of(makings.settings.digest, makings.ring, makings.clock)
    return Digest(space.realm, nonces, ALGORITHMS["digest-md5"], name="digest-md5")


def _signed_request(space: ResolvedSpace, makings: Makings, resource_metadata: str | None) -> AnyMechanism:
    chosen = makings.settings.signed_request
    return SignedRequests(space.realm, access_keys_of(makings.ring), chosen.policy, chosen.most_content)


_MAKERS: Mapping[str, Callable[[ResolvedSpace, Makings, str | None], AnyMechanism]] = {
    "session": _session,
    "couchdb": _couchdb,
    "auth-token": _auth_token,
    "basic": _basic,
    "digest": _digest,
    "digest-md5": _digest_md5,
    "bearer": _bearer,
    "api-key": _api_key,
    "signed-request": _signed_request,
    "auth-key": _auth_key,
    "url-session": _url_session,
    "url-key": _url_key,
    "client-certificate": _client_certificate,
    "proxy-header": _proxy_header,
    "couchdb-proxy": _couchdb_proxy,
}
