"""`[couchdb.relay]`: a CouchDB where who logs in here is logged in, too."""

from __future__ import annotations

from pydantic import Field

from watchword.config.places import File
from watchword.config.section import Section
from watchword.config.values import Duration
from watchword.config.values.asked_url import AskedUrl


class CouchdbRelaySettings(Section):
    """A CouchDB where who logs in with `POST /login` is logged in, too, with the same name and password: its cookie
    `AuthSession` is handed on beside ours. What it answers never changes what becomes of the log-in here. There is none
    where this table is left out."""

    url: AskedUrl = Field(examples=["https://couchdb.example.com:6984"])
    """Where CouchDB is, without `/_session`. Beyond loopback it begins with `https://`. Its host may be on a private
    network, because you name it here."""

    ca_file: File | None = Field(default=None, examples=["couchdb-ca.pem"])
    """Certificates (PEM) of who may vouch for CouchDB, in place of the system's."""

    timeout: Duration = Field(default="2s", validate_default=True, examples=["1s"])
    """For how long a log-in waits for CouchDB, from looking up the host to its last byte."""
