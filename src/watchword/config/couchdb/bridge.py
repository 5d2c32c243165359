"""What the bridge to CouchDB is made of: what proves identities, what tells them, and what logs in there."""

from __future__ import annotations

from watchword.config.couchdb.proxy import SAFE, CouchdbProxySettings
from watchword.config.couchdb.relay import CouchdbRelaySettings
from watchword.config.couchdb.settings import CouchdbSettings
from watchword.crypto.couchdb_proxy import ProxySecrets
from watchword.stores.couchdb.relay import CouchDBRelay
from watchword.tokens.couchdb_told import Proof, ToldToCouchDb
from watchword.tokens.keys import KeyRing


def proof_of(settings: CouchdbSettings, proxy: CouchdbProxySettings, ring: KeyRing, kind: str) -> Proof:
    """What makes and judges tokens of this kind. Reads secrets from their files.

    Raises:
        ValueError: where one cannot be used, with what is to go on after its name.
    """
    if kind == SAFE:
        return proxy.identities(ring)
    secrets = settings.secrets()
    assert secrets is not None, "proxy_pairs.py has seen to that"
    return ProxySecrets(secrets, settings.hash)


def told_to_couchdb(settings: CouchdbSettings, ring: KeyRing) -> ToldToCouchDb | None:
    """What names users to CouchDB in answers of forward-auth; None where nothing does."""
    proxy = settings.proxy
    if proxy is None or proxy.emit == "off":
        return None
    return ToldToCouchDb(proof_of(settings, proxy, ring, proxy.emit), proxy.names)


def couchdb_relay(settings: CouchdbRelaySettings) -> CouchDBRelay:
    """What logs in at CouchDB. It connects at first use."""
    from watchword.stores.http.asked import Asked

    url = settings.url.rstrip("/") + "/_session"
    return CouchDBRelay(Asked("CouchDB", url, patience=settings.timeout, authorities=settings.ca_file))
