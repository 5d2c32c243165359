"""What the server's keys are for."""

from __future__ import annotations

from watchword.tokens.couchdb_identity import PURPOSE as COUCHDB_IDENTITIES
from watchword.tokens.session_keys import PURPOSE as SESSIONS
from watchword.tokens.third_party_seal import PURPOSE as THIRD_PARTY

AUTH_TOKENS = "auth-token"
REFRESH_CLIENTS = "refresh-client"
BINDINGS = "binding"  # of tokens to what their client looks like
CREDENTIALS = "credential"  # seals what is kept to prove an account by
ACCESS_KEYS = "access-key"  # the secrets of signed requests are derived from it
NONCES = "nonce"  # of Digest
COUCHDB = "couchdb"  # CouchDB's cookie, where CouchDB's own secret is not configured
PURPOSES = (
    AUTH_TOKENS,
    REFRESH_CLIENTS,
    BINDINGS,
    CREDENTIALS,
    SESSIONS,
    ACCESS_KEYS,
    NONCES,
    COUCHDB_IDENTITIES,
    COUCHDB,
    THIRD_PARTY,
)
"""There is one for each at least, beside those that sign access tokens."""
