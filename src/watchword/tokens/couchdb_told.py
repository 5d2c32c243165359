"""How CouchDB, or a server in front of it, is told who asks: three fields, and what proves them (S2.28, S2.31)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from watchword.core.principal import Instant, Principal
from watchword.crypto.couchdb_proxy import ProxySecrets
from watchword.http.couchdb_proxy import ProxyFields, roles_value, user_value
from watchword.http.message import Fields
from watchword.tokens.couchdb_identity import CouchDbIdentities

Proof: TypeAlias = ProxySecrets | CouchDbIdentities


@dataclass(frozen=True, slots=True)
class ToldToCouchDb:
    """Makes the fields by which upstreams learn who asks. They are for upstreams alone: no client may see a token."""

    proof: Proof
    names: ProxyFields = ProxyFields()

    def fields(self, principal: Principal | None, now: Instant) -> Fields:
        """The fields for this principal; none for nobody, nor for a name that CouchDB would read otherwise."""
        return () if principal is None else self.named(principal.subject, principal.roles, now)

    def named(self, user: str, roles: frozenset[str], now: Instant) -> Fields:
        """The same for a user of this name with these roles."""
        sent = user_value(user)
        if sent is None:
            return ()
        told = roles_value(roles)
        proof = self.proof
        token = proof.mint(sent, told, now) if isinstance(proof, CouchDbIdentities) else proof.mint(sent)
        return self.names.told(sent, told, token)
