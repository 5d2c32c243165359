"""`[couchdb]`: the bridge to CouchDB, of which the cookie of its sessions is one end."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from watchword.config.couchdb.proxy import CouchdbProxySettings
from watchword.config.couchdb.relay import CouchdbRelaySettings
from watchword.config.keys.purposes import COUCHDB
from watchword.config.places import File
from watchword.config.section import Section
from watchword.config.values import Duration, Once, Some, choice
from watchword.config.values.hosts import Proxies
from watchword.config.values.secret_file import secrets_in_file
from watchword.crypto.secret import Secret
from watchword.http.forwarded import Trust, trusted_proxies
from watchword.tokens.couchdb_cookie import CouchdbCookies
from watchword.tokens.keys import KeyRing

HashName: TypeAlias = Literal["sha256", "sha1"]
Hash: TypeAlias = Annotated[HashName, choice("sha256", "sha1")]


class CouchdbSettings(Section):
    """The bridge to CouchDB: its session cookie (mechanism and persona `couchdb`)."""

    secret_file: File | None = Field(default=None, examples=["couchdb.secret"])
    """A file with CouchDB's own secret (`[chttpd_auth] secret`), readable for nobody but its owner: 32 or more random
    visible characters. Cookies are then good at both servers, for accounts with the salt of their user documents
    (`watchword import`), and CouchDB can make some for these. While it is changed, both may stand there, one on each
    line: all are taken, and cookies are made with the last. Where nothing is said, the key is one of the server's
    own."""

    hash: Annotated[tuple[Hash, ...], Some, Once] = Field(default=("sha256",), examples=[["sha256", "sha1"]])
    """With which hashes the cookie's HMAC may be made. New cookies have the first. CouchDB before 3.3 knows `sha1`
    alone; later ones have the same list in `[chttpd_auth] hash_algorithms`."""

    timeout: Duration = Field(default="10m", validate_default=True, examples=["5m"])
    """How long a cookie lives; the same as CouchDB's `[chttpd_auth] timeout`. One that is used is renewed when less
    than 90 % of it is left."""

    session_peers: Annotated[Proxies, Some] | None = Field(default=None, examples=[["10.0.0.7"]])
    """Addresses and networks for which `/_session` answers, such as that of an application's server, and `unix` for a
    Unix socket; everybody else is refused. Everybody may ask where nothing is said."""

    proxy: CouchdbProxySettings | None = Field(default=None, examples=[{"emit": "proxy"}])
    """CouchDB's proxy authentication; see below."""

    relay: CouchdbRelaySettings | None = Field(default=None, examples=[{"url": "http://127.0.0.1:5984"}])
    """Log-ins here are log-ins at a CouchDB, too; see below."""

    def secrets(self) -> tuple[Secret, ...] | None:
        """CouchDB's secrets, oldest first; None where our own key does. Reads the file.

        Raises:
            ValueError: where it cannot be used, with what is to go on after its name.
        """
        return None if self.secret_file is None else secrets_in_file(self.secret_file)

    @property
    def peers(self) -> Trust | None:
        """For whom `/_session` answers, as they are looked up; None for everybody."""
        return None if self.session_peers is None else trusted_proxies(self.session_peers)


def couchdb_cookies(settings: CouchdbSettings, ring: KeyRing) -> CouchdbCookies:
    """What makes and judges CouchDB's cookies. Reads the secret.

    Raises:
        ValueError: as above.
    """
    secrets = settings.secrets() or tuple(key.secret for key in ring.all(COUCHDB))
    return CouchdbCookies(secrets=secrets, hashes=settings.hash, timeout=settings.timeout)
