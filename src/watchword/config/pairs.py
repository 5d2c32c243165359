"""Settings that are each right and together unsafe or impossible: refused at start-up.

Each check's first line is its entry in the manual. It sees whole settings; where something wrong was left out of
them, findings that depend on it are dropped (`depends`), so that nobody is told off twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.auth_key.pairs import AUTH_KEY_CHECKS
from watchword.config.authorizers.pairs import AUTHORIZER_CHECKS
from watchword.config.binding.pairs import BINDING_CHECKS
from watchword.config.client_certificate.pairs import CERTIFICATE_CHECKS
from watchword.config.couchdb.pairs import COUCHDB_CHECKS
from watchword.config.couchdb.proxy_pairs import COUCHDB_PROXY_CHECKS
from watchword.config.couchdb.relay_pairs import COUCHDB_RELAY_CHECKS
from watchword.config.digest.pairs import DIGEST_CHECKS
from watchword.config.findings import Check, Finding
from watchword.config.identity.pairs import IDENTITY_CHECKS
from watchword.config.identity_providers.pairs import IDENTITY_PROVIDER_CHECKS
from watchword.config.mail.pairs import MAIL_CHECKS
from watchword.config.passwords.pairs import HASHING_CHECKS, PASSWORD_CHECKS
from watchword.config.plug_ins.pairs import PLUG_IN_CHECKS
from watchword.config.providers.pairs import PROVIDER_CHECKS
from watchword.config.proxy_header.pairs import PROXY_HEADER_CHECKS
from watchword.config.realm.pairs import REALM_CHECKS
from watchword.config.second_factor.pairs import SECOND_FACTOR_CHECKS
from watchword.config.server.pairs import SERVER_CHECKS
from watchword.config.service_accounts.pairs import SERVICE_ACCOUNT_CHECKS
from watchword.config.sessions.pairs import SESSION_CHECKS
from watchword.config.sessions.sealed_pairs import SEALED_CHECKS
from watchword.config.settings import Settings
from watchword.config.spaces.pairs import OWNER_CHECKS, TARGET_CHECKS
from watchword.config.spaces.rpc_pairs import RPC_CHECKS
from watchword.config.stores.pairs import STORE_CHECKS
from watchword.config.tokens.pairs import TOKEN_CHECKS
from watchword.config.url_credentials.pairs import URL_CHECKS


def findings(settings: Settings) -> Iterator[Finding]:
    """Everything that the checks find."""
    for check in CHECKS:
        yield from check(settings)


CHECKS: tuple[Check, ...] = (
    *SERVER_CHECKS,
    *HASHING_CHECKS,
    *SESSION_CHECKS,
    *AUTH_KEY_CHECKS,
    *URL_CHECKS,
    *BINDING_CHECKS,
    *SEALED_CHECKS,
    *TOKEN_CHECKS,
    *AUTHORIZER_CHECKS,
    *PLUG_IN_CHECKS,
    *STORE_CHECKS,
    *IDENTITY_PROVIDER_CHECKS,
    *PROVIDER_CHECKS,
    *PASSWORD_CHECKS,
    *MAIL_CHECKS,
    *TARGET_CHECKS,
    *REALM_CHECKS,
    *OWNER_CHECKS,
    *SECOND_FACTOR_CHECKS,
    *RPC_CHECKS,
    *DIGEST_CHECKS,
    *CERTIFICATE_CHECKS,
    *IDENTITY_CHECKS,
    *PROXY_HEADER_CHECKS,
    *COUCHDB_CHECKS,
    *COUCHDB_PROXY_CHECKS,
    *COUCHDB_RELAY_CHECKS,
    *SERVICE_ACCOUNT_CHECKS,
)
"""In the order of the manual. A room's own list stands in its `pairs.py`."""
