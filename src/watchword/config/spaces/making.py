"""Protection spaces as requests are judged in them: those of the configuration, and the server's own."""

from __future__ import annotations

from dataclasses import dataclass, replace

from watchword.config.couchdb.making import couchdb_routes
from watchword.config.mechanisms.making import mechanisms_of
from watchword.config.mechanisms.makings import Makings
from watchword.config.spaces.resolved import ResolvedSpace
from watchword.core.requirement import Requirement
from watchword.core.space import Protection, ProtectionSpace
from watchword.core.token_manager import TokenManager
from watchword.http.authentication import Challenge
from watchword.mechanisms.api_key import ApiKeys
from watchword.mechanisms.body_key import BodyKeys
from watchword.server.rules import CLIENT_RULES, RPC, couchdb_rules, server_rules
from watchword.server.service import Couchdb


@dataclass(frozen=True, slots=True)
class OwnRoutes:
    """How the server's own routes are protected.

    `space` is that of nearly all of them, `client` that of OAuth's clients, `rpc` that of /rpc; `couchdb` is what
    CouchDB's own routes need.
    """

    space: ProtectionSpace
    client: ProtectionSpace
    rpc: ProtectionSpace
    couchdb: Couchdb | None
    protection: Protection


def space_of_targets(space: ResolvedSpace, makings: Makings, manager: TokenManager | None) -> ProtectionSpace:
    """A space of what stands behind the server. `manager` issues auth tokens there."""
    # What stands behind a proxy has other hosts than the server itself: its own origin is the one it was sent to.
    public = makings.settings.server.public_url
    return replace(
        _space(space, makings, manager),
        own_origins=space.own_origins if public is None else space.own_origins - {public},
    )


def own_space(first: ResolvedSpace, makings: Makings, manager: TokenManager | None) -> ProtectionSpace:
    """The space of the server's own routes, made of the first."""
    return replace(
        _space(first, makings, manager),
        # Our own routes tell whatever else is wrong as problems, too.
        face="problem",
        unnamed=_without_authorizers(first),
    )


def own_routes(own: ProtectionSpace, first: ResolvedSpace, makings: Makings) -> OwnRoutes:
    """All of the server's own routes, each in its space."""
    settings, of_server = makings.settings, _without_authorizers(first)
    client = replace(own, mechanisms=(), token_manager=None, path_parameter=b"", face="oauth", unnamed=Requirement())
    # /rpc is told as JSON-RPC, and takes API keys in the content where the space takes any.
    with_keys = tuple(BodyKeys(m) if isinstance(m, ApiKeys) else m for m in own.mechanisms)
    rpc = replace(own, mechanisms=with_keys, face="json-rpc", rpc_profile=first.rpc_profile)
    couchdb = couchdb_routes(own, first, makings)
    # /whoami is what clients try credentials on: what the configuration demands of it, it gets, in the space's face.
    tried = replace(own, face=first.face, rpc_profile=first.rpc_profile)
    rules = server_rules(of_server, sign_up=settings.passwords.sign_up, token_location=settings.tokens.srv_uri)
    placed = {"/whoami": tried, RPC: rpc}
    protection = Protection(
        [
            (own, [rule for rule in rules if rule.path not in placed]),
            *((space, [r for r in (*first.rules, *rules) if r.path == path]) for path, space in placed.items()),
            (client, CLIENT_RULES),
            *(() if couchdb is None else ((couchdb.space, couchdb_rules(of_server)),)),
        ]
    )
    return OwnRoutes(own, client, rpc, couchdb, protection)


def _without_authorizers(space: ResolvedSpace) -> Requirement:
    """Authorizers have a say in what stands behind the server, and not in whether somebody may log out."""
    return replace(space.unnamed, authorizers=())


def _space(space: ResolvedSpace, makings: Makings, manager: TokenManager | None) -> ProtectionSpace:
    places = makings.settings.url_session.places
    return ProtectionSpace(
        realm=space.realm,
        mechanisms=mechanisms_of(space, makings),
        cookie_challenge=Challenge(space.cookie_scheme, (("realm", space.realm),)),
        own_origins=space.own_origins,
        cors=space.cors,
        no_auth_challenge=space.no_auth_challenge,
        fetch_spares_popups=space.fetch_spares_popups,
        allow_cleartext=space.allow_cleartext,
        pass_preflights=space.pass_preflights,
        token_manager=manager,
        path_parameter=places.path_parameter if "url-session" in space.mechanisms else b"",
        face=space.face,
        rpc_profile=space.rpc_profile,
        unnamed=space.unnamed,
    )
