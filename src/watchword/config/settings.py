"""All tables of `watchword.toml`, put together. Each has a room of its own, and its docstrings are the manual.

A new table needs a room with `settings.py`, and a line here; its checks, where it has any, a line in `pairs.py`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from watchword.config.auth_key.settings import AuthKeySettings
from watchword.config.authorizers.making import authorizers_of
from watchword.config.authorizers.settings import AuthorizerSettings
from watchword.config.client_certificate.settings import ClientCertificateSettings
from watchword.config.couchdb.settings import CouchdbSettings
from watchword.config.digest.settings import DigestSettings
from watchword.config.identity_providers.settings import IdentityProviderSettings
from watchword.config.limits import LimitSettings
from watchword.config.log import Log
from watchword.config.mail.settings import MailSettings
from watchword.config.passwords.settings import Passwords
from watchword.config.plug_ins.settings import MechanismSettings
from watchword.config.providers.settings import ProviderSettings
from watchword.config.proxy_header.settings import ProxyHeaderSettings
from watchword.config.realm.personas import Defaults, defaults_of
from watchword.config.realm.settings import Realm
from watchword.config.second_factor.settings import SecondFactorSettings
from watchword.config.section import Section
from watchword.config.server.settings import Server
from watchword.config.service_accounts.settings import ServiceAccount
from watchword.config.sessions.settings import Session
from watchword.config.signed_request.settings import SignedRequestSettings
from watchword.config.spaces.resolved import ResolvedSpace, resolved
from watchword.config.spaces.settings import Space
from watchword.config.storage.settings import Storage
from watchword.config.stores.settings import Store
from watchword.config.tokens.settings import Tokens
from watchword.config.url_credentials.settings import UrlKey, UrlSession
from watchword.config.values import Some
from watchword.http.fields import IDENTITY_FIELDS
from watchword.http.forwarded import Trust


class Settings(Section):
    """Everything that can be configured. Without any file, the defaults serve loopback from SQLite."""

    server: Server = Server()
    realm: Realm = Realm()
    storage: Storage = Storage()
    store: Annotated[tuple[Store, ...], Some] = (Store(),)
    session: Session = Session()
    auth_key: AuthKeySettings = AuthKeySettings()
    url_session: UrlSession = UrlSession()
    url_key: UrlKey = UrlKey()
    tokens: Tokens = Tokens()
    space: tuple[Space, ...] = ()
    mechanism: tuple[MechanismSettings, ...] = ()
    authorizer: tuple[AuthorizerSettings, ...] = ()
    service_account: tuple[ServiceAccount, ...] = ()
    identity_provider: tuple[IdentityProviderSettings, ...] = ()
    provider: tuple[ProviderSettings, ...] = ()
    passwords: Passwords = Passwords()
    mail: MailSettings | None = None
    second_factor: SecondFactorSettings = SecondFactorSettings()
    client_certificate: ClientCertificateSettings = ClientCertificateSettings()
    proxy_header: ProxyHeaderSettings | None = None
    digest: DigestSettings = DigestSettings()
    couchdb: CouchdbSettings = CouchdbSettings()
    signed_request: SignedRequestSettings = SignedRequestSettings()
    limits: LimitSettings = LimitSettings()
    log: Log = Log()

    @property
    def trust(self) -> Trust:
        """The trusted proxies, and what they may tell."""
        return replace(self.server.trust, certificate=self.client_certificate.told)

    @property
    def authorities(self) -> Path | None:
        """The file of those who vouch for the certificates that proxies tell; None where the proxies' word counts."""
        return self.client_certificate.ca or (None if self.server.tls is None else self.server.tls.client_ca)

    @property
    def withheld(self) -> frozenset[str]:
        """The fields that no application gets to see: those by which it is told who asks, and by which we are."""
        header, couchdb = self.proxy_header, self.couchdb.proxy
        told = frozenset(() if header is None else (header.field, header.proof_field))
        return IDENTITY_FIELDS | told | frozenset(() if couchdb is None else couchdb.fields)

    @property
    def defaults(self) -> Defaults:
        """What `[realm]` says, and its personas where it says nothing."""
        of_personas = defaults_of(self.realm.personas)
        return Defaults(
            realm=self.realm.name or of_personas.realm,
            cookie_scheme=self.realm.cookie_scheme or of_personas.cookie_scheme,
            apikey_scheme=self.realm.apikey_scheme or of_personas.apikey_scheme,
            mechanisms=of_personas.mechanisms,
            no_auth_challenge=of_personas.no_auth_challenge,
            rpc_profile=of_personas.rpc_profile,
            says_wrong_key=of_personas.says_wrong_key,
        )

    def spaces(self) -> tuple[ResolvedSpace, ...]:
        """The protection spaces, every default filled in; one where none is configured."""
        authorizers = authorizers_of(self.authorizer, self.defaults.realm)
        return tuple(
            resolved(
                space,
                self.defaults,
                public_url=self.server.public_url,
                allow_cleartext=self.server.allow_cleartext,
                second_factor_for=self.second_factor.required_for_roles,
                authorizers=authorizers,
            )
            for space in self.space or (Space(),)
        )
