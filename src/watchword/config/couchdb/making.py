"""What makes the mechanisms `couchdb` and `couchdb-proxy`, and the space of CouchDB's own routes."""

from __future__ import annotations

from dataclasses import replace

from watchword.config.couchdb.bridge import proof_of
from watchword.config.couchdb.settings import couchdb_cookies
from watchword.config.mechanisms.makings import Makings
from watchword.config.spaces.resolved import ResolvedSpace
from watchword.core.space import ProtectionSpace
from watchword.mechanisms.couchdb import CouchdbSession
from watchword.mechanisms.couchdb_proxy import CouchDbProxy
from watchword.server.service import Couchdb


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


def couchdb_proxy(space: ResolvedSpace, makings: Makings) -> CouchDbProxy:
    """Identities in CouchDB's own fields. Reads the secret."""
    settings = makings.settings.couchdb
    assert settings.proxy is not None, "proxy_pairs.py has seen to that"
    return CouchDbProxy(
        space.realm,
        proof=proof_of(settings, settings.proxy, makings.ring, settings.proxy.believe),
        peers=settings.proxy.trust,
        names=settings.proxy.names,
        trust_roles=settings.proxy.trust_roles,
    )


def couchdb_routes(own: ProtectionSpace, space: ResolvedSpace, makings: Makings) -> Couchdb | None:
    """What CouchDB's own routes need: they are told in its words, and may be closed to all but some peers (S2.29).
    None without the persona."""
    if "couchdb" not in makings.settings.realm.personas:
        return None
    peers = makings.settings.couchdb.peers
    # No code is asked for in CouchDB's dialect: whoever has a second factor gets no cookie by password.
    closed = replace(own, face="couchdb", peer_filter=None if peers is None else peers.trusts, second_factors=None)
    session = next((m for m in own.mechanisms if isinstance(m, CouchdbSession)), couchdb_session(space, makings))
    return Couchdb(closed, session)
