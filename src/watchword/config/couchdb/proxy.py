"""`[couchdb.proxy]`: who may tell in CouchDB's fields who the client is, and whether CouchDB is told so."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from watchword.config.identity.settings import FieldName
from watchword.config.places import File
from watchword.config.section import Section
from watchword.config.values import Duration, Some, Switch, Text, choice
from watchword.config.values.hosts import Proxies
from watchword.config.values.secret_file import secrets_in_file
from watchword.crypto.secret import Secret
from watchword.http.couchdb_proxy import ROLES_FIELD, TOKEN_FIELD, USER_FIELD, ProxyFields
from watchword.http.forwarded import Trust, trusted_proxies
from watchword.tokens.couchdb_identity import PURPOSE, CouchDbIdentities
from watchword.tokens.keys import KeyRing

Kind: TypeAlias = Literal["proxy", "safe"]
Emitted: TypeAlias = Literal["off", "proxy", "safe"]

PROXY, SAFE = "proxy", "safe"


class CouchdbProxySettings(Section):
    """CouchDB's proxy authentication: three fields in which a proxy tells who the client is. The mechanism
    `couchdb-proxy` believes them, and forward-auth (`/verify`) has a proxy send them to CouchDB. No application gets
    to see them from a client. There is none of it where this table is left out."""

    peers: Annotated[Proxies, Some] | None = Field(default=None, examples=[["10.0.0.5"]])
    """For the mechanism `couchdb-proxy`: addresses and networks of the proxies that may tell identities, and `unix` for
    a Unix socket. From anybody else the fields are not even read. Nobody may where nothing is said."""

    believe: Annotated[Kind, choice("proxy", "safe")] = Field(default="safe", examples=["proxy"])
    """What proves an identity to the mechanism `couchdb-proxy`: CouchDB's own token (`proxy`), which covers the name
    alone and never expires, or Watchword's (`safe`), which covers roles and audience too, and expires."""

    emit: Annotated[Emitted, choice("off", "proxy", "safe")] = Field(default="off", examples=["proxy"])
    """With which token forward-auth names the user to what stands behind the proxy: `proxy` for CouchDB itself, `safe`
    for a server that checks those. The proxy must never pass these fields on to clients."""

    trust_roles: Switch = Field(default=False, examples=[True])
    """The mechanism `couchdb-proxy` takes roles from the field, as CouchDB does, instead of from the account. With
    `believe = "proxy"` nothing proves them: a proxy's word alone."""

    audience: Text = Field(default="couchdb", examples=["couchdb.example.com"])
    """Whom safe tokens are meant for. Both sides have to say the same."""

    lifetime: Duration = Field(default="1m", validate_default=True, examples=["30s"])
    """How long a safe token is good, and a copy of it. At most five minutes."""

    identity_secret_file: File | None = Field(default=None, examples=["couchdb-identity.secret"])
    """A file with the secret of safe tokens, for servers that make and check them without a common data folder:
    readable for nobody but its owner, 32 or more random visible characters. While it is changed, several may stand
    there, one on each line: all are good, and the last makes tokens. Where nothing is said, the key is one of the
    server's own."""

    user_field: FieldName = Field(default=USER_FIELD, examples=["X-Clinic-User"])
    """The field with the name, as CouchDB's `[chttpd_auth] x_auth_username` says."""

    roles_field: FieldName = Field(default=ROLES_FIELD, examples=["X-Clinic-Roles"])
    """The field with the roles (`x_auth_roles`)."""

    token_field: FieldName = Field(default=TOKEN_FIELD, examples=["X-Clinic-Token"])
    """The field with the token (`x_auth_token`)."""

    @property
    def fields(self) -> tuple[str, str, str]:
        """The three, as they are written."""
        return self.user_field, self.roles_field, self.token_field

    @property
    def names(self) -> ProxyFields:
        """The same, as they are looked up."""
        user, roles, token = (name.lower().encode("ascii") for name in self.fields)
        return ProxyFields(user, roles, token)

    @property
    def trust(self) -> Trust:
        """The peers, as they are looked up."""
        return trusted_proxies(self.peers or ())

    def identities(self, ring: KeyRing) -> CouchDbIdentities:
        """What makes and judges safe tokens. Reads the file, where there is one.

        Raises:
            ValueError: where it cannot be used, with what is to go on after its name.
        """
        keys = self.own_secrets() or tuple(key.secret for key in ring.all(PURPOSE))
        return CouchDbIdentities(keys, self.audience, int(self.lifetime))

    def own_secrets(self) -> tuple[Secret, ...] | None:
        """The secrets in the file, oldest first; None where there is no file. Raises as above."""
        return None if self.identity_secret_file is None else secrets_in_file(self.identity_secret_file)
