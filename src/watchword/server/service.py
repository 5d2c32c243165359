"""What the server's routes work with: made once per process by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from watchword.core.identity_providers import IdentityProvider
from watchword.core.principal import Instant
from watchword.core.providers import Provider
from watchword.core.space import Protection, ProtectionSpace
from watchword.core.token_manager import TokenManager
from watchword.edge.engine import Engine
from watchword.flows.access_tokens import TokenPolicy
from watchword.flows.login import SessionPolicy
from watchword.flows.password_policy import PasswordPolicy
from watchword.flows.second_factor import SecondFactorPolicy
from watchword.mechanisms.couchdb import CouchdbSession
from watchword.mechanisms.session_cookie import SessionCookie
from watchword.server.mailing import Mailing
from watchword.tokens.access_key import AccessKeys
from watchword.tokens.couchdb_told import ToldToCouchDb
from watchword.tokens.digest_secret import DigestSecrets
from watchword.tokens.self_contained import SelfContainedTokens


@dataclass(frozen=True, slots=True)
class Couchdb:
    """What CouchDB's own routes work with: the space that they are refused in, and their cookie."""

    space: ProtectionSpace
    session: CouchdbSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The engine, and what log-in, accounts and tokens need beside it.

    - `own` protects the server's own routes, `targets` what stands behind forward-auth and `/decide`.
    - `space` is the protection space of the server's own routes, `cookie` its session cookie.
    - `client_space` is that of the endpoints for OAuth clients, which prove themselves in ways of their own. `location`
      is the URL under which clients reach the server. `rpc_space` is that of JSON-RPC.
    - `tokens` is the auth tokens' manager; `show_tokens` tells whether answers to Basic carry them unasked.
    - `token_policy` says what access and refresh tokens are like, `self_contained` judges those that are JWTs, and
      `published_keys` are the keys that verify them, as JWKs, `key_names` the names of those and of the keys that are
      shared and not published. Every verifier knows of a revocation within `staleness` seconds.
    - `sessions` and `auth_keys` say how long those live, and what they are bound to.
    - `second_factors` says what they are like, and judges them.
    - `digest_secrets` keeps what Digest needs of passwords, `access_keys` makes those that sign requests.
    - `couchdb` is there where CouchDB's own routes are served.
    - `sign_up`: everybody may make an account; `uniform_sign_up`: without learning which names are taken (202).
    - `told_to_couchdb` names users to what stands behind forward-auth in CouchDB's fields; None: nothing does.
      `relays_to_couchdb`: who logs in here is logged in there, too.
    - `identity_providers` are those by which people log in, by their names.
    - `providers` are the third parties, by their names, for which users keep credentials.
    - `mailing` is there where mails are sent.
    - `ready` raises `AnswerFailed` where the storage does not answer.
    """

    engine: Engine
    own: Protection
    targets: Protection
    space: ProtectionSpace
    client_space: ProtectionSpace
    rpc_space: ProtectionSpace
    location: str
    cookie: SessionCookie
    tokens: TokenManager
    token_policy: TokenPolicy
    self_contained: SelfContainedTokens
    published_keys: Callable[[], list[dict[str, str]]]
    key_names: Callable[[], tuple[str, ...]]
    staleness: float
    sessions: SessionPolicy
    auth_keys: SessionPolicy
    passwords: PasswordPolicy
    second_factors: SecondFactorPolicy
    digest_secrets: DigestSecrets
    access_keys: AccessKeys
    show_tokens: bool
    couchdb: Couchdb | None
    sign_up: bool
    uniform_sign_up: bool
    ready: Callable[[], None]
    told_to_couchdb: ToldToCouchDb | None = None
    relays_to_couchdb: bool = False
    mailing: Mailing | None = None
    identity_providers: Mapping[str, IdentityProvider] = field(default_factory=dict[str, IdentityProvider])
    providers: Mapping[str, Provider] = field(default_factory=dict[str, Provider])

    def now(self) -> Instant:
        """The time by the engine's clock."""
        return self.engine.clock()
