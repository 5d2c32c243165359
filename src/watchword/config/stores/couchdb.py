"""`[store.couchdb]`: a CouchDB that is asked whether a password is right."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from watchword.config.places import File
from watchword.config.section import Section
from watchword.config.values import Duration, Once, Text
from watchword.config.values.asked_url import AskedUrl
from watchword.stores import OutsideStore
from watchword.stores.couchdb.session import CouchDBSession


class CouchDBStoreSettings(Section):
    """A CouchDB whose users log in here, too, for a store of the kind `couchdb`: it is asked by a log-in at its
    `/_session`, whose cookie is let go of."""

    url: AskedUrl = Field(examples=["https://couchdb.example.com:6984"])
    """Where CouchDB is, without `/_session`. Beyond loopback it begins with `https://`. Its host may be on a private
    network, because you name it here."""

    admin_roles: Annotated[tuple[Text, ...], Once] = Field(default=(), examples=[["admin"]])
    """The roles that CouchDB's server admins (`_admin`) have here; none where nothing is said. All other roles are
    taken over, but those that begin with an underscore, which CouchDB keeps for itself."""

    ca_file: File | None = Field(default=None, examples=["couchdb-ca.pem"])
    """Certificates (PEM) of who may vouch for CouchDB, in place of the system's."""

    timeout: Duration = Field(default="2s", validate_default=True, examples=["1s"])
    """For how long an answer is waited for, from looking up the host to its last byte."""

    def made(self) -> OutsideStore:
        """The store."""
        from watchword.stores.http.asked import Asked

        url = self.url.rstrip("/") + "/_session"
        session = Asked("CouchDB", url, patience=self.timeout, authorities=self.ca_file)
        return CouchDBSession(session, admin_roles=frozenset(self.admin_roles))
