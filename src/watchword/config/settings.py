"""The settings of `watchword.toml`: the docstring of each is its entry in the manual."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from watchword.config import later
from watchword.config.auth_key import AuthKeySettings, BindingMode, Ipv4Prefix, MismatchAction
from watchword.config.authorizers.making import authorizers_of
from watchword.config.authorizers.settings import AuthorizerSettings
from watchword.config.client_certificate import ClientCertificateSettings
from watchword.config.couchdb.settings import CouchdbSettings
from watchword.config.digest import DigestSettings
from watchword.config.identity_providers.settings import IdentityProviderSettings
from watchword.config.mail.settings import MailSettings
from watchword.config.names import ApiKeyScheme, CookieDomain, CookieName, CookieScheme, RealmName, SameSite
from watchword.config.personas import PERSONAS, Defaults, PersonaName, defaults_of
from watchword.config.places import Database, File, Issuer, ListenHost, Proxies, PublicUrl, Route
from watchword.config.plug_ins.settings import MechanismSettings, TokenManagerSettings
from watchword.config.providers.settings import ProviderSettings
from watchword.config.proxy_header import ProxyHeaderSettings
from watchword.config.second_factor import SecondFactorSettings
from watchword.config.section import Section
from watchword.config.service_accounts import ServiceAccount
from watchword.config.signed_request import SignedRequestSettings
from watchword.config.spaces import ResolvedSpace, Space, resolved
from watchword.config.stores.settings import Store
from watchword.config.url_credentials import UrlKey, UrlSession
from watchword.config.values import Duration, Minutes, Once, Some, Switch, Text, choice, whole
from watchword.crypto.password import MOST_LANES, MOST_MEMORY, MOST_PASSES
from watchword.http.fields import IDENTITY_FIELDS
from watchword.http.forwarded import Trust, trusted_proxies

Format: TypeAlias = Literal["console", "json"]
AccessKind: TypeAlias = Literal["jwt", "opaque"]
WhenFull: TypeAlias = Literal["evict", "refuse"]
Algorithm: TypeAlias = Literal["ES256", "EdDSA", "RS256", "PS256", "HS256"]
Backend: TypeAlias = Literal["stored", "signed", "encrypted"]
ClientCertificates: TypeAlias = Literal["off", "optional", "required"]
Level: TypeAlias = Literal["debug", "info", "warning", "error"]


class Tls(Section):
    """Certificate and key with which the server speaks TLS itself. Both are PEM files, and must belong together."""

    certificate: File = Field(examples=["certificate.pem"])
    """The certificate, followed by those that lead to the root. A relative name begins at the configuration file."""

    key: File = Field(examples=["key.pem"])
    """Its private key, without a passphrase, readable for nobody but its owner (and group)."""

    client_ca: File | None = Field(default=None, examples=["clients-ca.pem"])
    """Certificates (PEM) of those who vouch for clients. Whatever stands there is trusted, be it a root or not.
    With it the server speaks TLS 1.3 alone, whose sessions it can keep from being resumed without a look."""

    client_certificates: Annotated[ClientCertificates, choice("off", "optional", "required")] = Field(
        default="off", examples=["optional"]
    )
    """Whether clients are asked for a certificate, and whether they must show one. A certificate that is not good ends
    the handshake in both cases."""

    client_crl: File | None = Field(default=None, examples=["clients.crl"])
    """Certificates of clients that were revoked, as a signed list (PEM). It is read again within seconds of a change.
    Once a list is older than its own next update, no certificate is taken until there is a newer one."""


class Server(Section):
    """Where the server listens, and whom it believes."""

    host: ListenHost = Field(default="127.0.0.1", examples=["::1"])
    """The address to listen on. Beyond loopback it needs `[server.tls]`, or trusted proxies that speak TLS, or
    `allow_cleartext`."""

    port: Annotated[int, whole(0, 65535)] = Field(default=8080, examples=[8443])
    """The port to listen on; 0 takes a free one."""

    public_url: PublicUrl | None = Field(default=None, examples=["https://auth.example.com"])
    """The origin under which clients reach the server: scheme, host, and port where it is not the scheme's own."""

    workers: Annotated[int, whole(1, 256)] = Field(default=1, examples=[4])
    """Processes that serve. They share one database and see each other's changes at the next check."""

    trusted_proxies: Proxies = Field(default=(), examples=[["10.0.0.5", "10.1.0.0/16"]])
    """Addresses and networks of proxies whose word about clients counts (`X-Forwarded-*`, `Forwarded`), and `unix`
    for a Unix socket. Nobody by default; everybody is refused."""

    allow_cleartext: Switch = Field(default=False, examples=[True])
    """Credentials may travel without TLS beyond loopback. Everybody on the way can read them then."""

    tls: Tls | None = Field(default=None, examples=[{"certificate": "certificate.pem", "key": "key.pem"}])
    """Certificate and key; see below. Without them the server speaks cleartext, to loopback or to proxies."""

    @property
    def trust(self) -> Trust:
        """The trusted proxies, as they are looked up."""
        return trusted_proxies(self.trusted_proxies)


class Realm(Section):
    """What clients are told they authenticate to."""

    name: RealmName | None = Field(default=None, examples=["Clinic"])
    """The realm in challenges. The first persona's that has one where nothing is said, else `Watchword`."""

    cookie_scheme: CookieScheme | None = Field(default=None, examples=["Clinic-Cookie"])
    """The authentication scheme that stands for the session cookie in challenges: a token of RFC 9110 that is no
    other scheme's name. The first persona's that has one where nothing is said, else `Watchword-Cookie`."""

    apikey_scheme: ApiKeyScheme | None = Field(default=None, examples=["Token"])
    """The authentication scheme of API keys, in challenges and in `Authorization: <scheme> <key>`; `APIKEY` where
    nothing is said. Case does not matter there, and `X-API-Key: <key>` needs no scheme."""

    personas: Annotated[
        tuple[Annotated[PersonaName, choice(*PERSONAS, later=later.PERSONAS, what="persona")], ...], Once
    ] = Field(default=(), examples=[["openmrs", "restheart"]])
    """Products whose clients are served in their dialect. A persona changes names, formats and defaults, never what
    is decided; what is written here wins over it."""


class Storage(Section):
    """Where accounts, sessions and tokens are kept."""

    url: Database = Field(default="sqlite:///watchword.db", examples=["sqlite:////srv/watchword/watchword.db"])
    """An SQLite file. With three slashes it lies in the data folder, with four anywhere."""


class Cookie(Section):
    """The session cookie. It is always HttpOnly, has Path=/, and is Secure wherever the request came by TLS."""

    name: CookieName | None = Field(default=None, examples=["__Host-clinic"])
    """Its name over TLS; `__Host-watchword` where nothing is said (`__Secure-watchword` with a domain). On cleartext
    loopback it goes without its prefix."""

    domain: CookieDomain | None = Field(default=None, examples=["example.com"])
    """The domain whose hosts all get the cookie; only the server's own host where nothing is said."""

    same_site: SameSite = Field(default="Lax", examples=["Strict"])
    """When browsers send it along with requests that other sites began: `Lax` for links followed, `Strict` never."""

    @property
    def secure_name(self) -> str:
        """The name over TLS."""
        return self.name or ("__Host-watchword" if self.domain is None else "__Secure-watchword")

    @property
    def cleartext_name(self) -> str:
        """The name on cleartext loopback, where a prefix would promise what is not so."""
        return self.secure_name.removeprefix("__Host-").removeprefix("__Secure-")


class Session(Section):
    """How long log-ins last."""

    idle: Duration = Field(default="30m", validate_default=True, examples=["15m"])
    """The inactivity timeout: unused for so long, a session ends."""

    absolute: Duration = Field(default="12h", validate_default=True, examples=["8h"])
    """The absolute maximum session lifetime: it ends then, however much it is used."""

    max_per_user: Annotated[int, whole(1, 10_000)] | None = Field(default=None, examples=[10])
    """How many sessions an account may have, Auth-Keys among them; the oldest ends for one more. Any number where
    nothing is said."""

    binding: BindingMode = Field(default="off", examples=["user-agent"])
    """What a session is bound to, besides its token: the `user-agent` of whom it was given to, the `address`, `both`,
    or nothing (`off`). It is a signal and no proof. Sessions that there are stay bound to what they were bound to;
    servers that ask by introspection refuse bound ones, whose client they cannot show."""

    mismatch: MismatchAction = Field(default="ask", examples=["end"])
    """What becomes of a session that another client presents: that client is asked to log in, and the session goes on
    (`ask`), or it ends for everybody, because its token was stolen, it seems (`end`)."""

    ipv4_prefix: Ipv4Prefix = Field(default=32, examples=[24])
    """Where sessions are bound to addresses: how many bits of an IPv4 address must stay the same. Of IPv6 it is always
    64."""

    backend: Annotated[Backend, choice("stored", "signed", "encrypted")] = Field(
        default="stored", examples=["encrypted"]
    )
    """Where new sessions are kept: on the server (`stored`), or by the client, in a cookie that it can read and nobody
    can change (`signed`), or that nobody but the server can read either (`encrypted`)."""

    cookie: Cookie = Field(default=Cookie(), examples=[{"same_site": "Strict"}])
    """The session cookie; see below."""


class Tokens(Section):
    """Access tokens and refresh tokens; and auth tokens, which stand in for the password in Basic credentials, under
    the option names of RESTHeart."""

    ttl: Minutes = Field(default=15, validate_default=True, examples=[60])
    """Minutes that an auth token lives."""

    srv_uri: Route = Field(default="/tokens", alias="srv-uri", examples=["/tokens"])
    """The path under which clients look at their auth token and revoke it: `GET` and `DELETE <srv-uri>/<userid>`."""

    sliding: Switch = Field(default=False, examples=[True])
    """An auth token lives for `ttl` from when it was last shown, instead of from its issue."""

    access: Annotated[AccessKind, choice("jwt", "opaque")] = Field(default="jwt", examples=["opaque"])
    """What access tokens are: `jwt` can be verified by other servers without asking (RFC 9068), `opaque` means nothing
    to anybody but this server."""

    access_ttl: Duration = Field(default="15m", validate_default=True, examples=["5m"])
    """How long an access token lives, at most."""

    allow_long_access: Switch = Field(default=False, examples=[True])
    """Access tokens may live for more than a day. Every verifier must remember revocations for as long."""

    refresh_ttl: Duration = Field(default="30d", validate_default=True, examples=["14d"])
    """How long after its log-in refresh tokens can be redeemed. Redeeming them does not move it."""

    max_refresh: Annotated[int, whole(1, 10_000)] = Field(default=20, examples=[10])
    """How many log-ins with refresh tokens an account may have at a time."""

    when_full: Annotated[WhenFull, choice("evict", "refuse")] = Field(default="evict", examples=["refuse"])
    """What happens at one more: `evict` ends the oldest, `refuse` refuses the new one (409)."""

    grace: Duration = Field(default="10s", validate_default=True, examples=["5s"])
    """For how long after it was redeemed the same client, whose answer may have been lost, gets the same successor of
    a refresh token again. Whoever else redeems it, or later, ends the log-in."""

    algorithm: Annotated[Algorithm, choice("ES256", "EdDSA", "RS256", "PS256", "HS256")] = Field(
        default="ES256", examples=["EdDSA"]
    )
    """With which algorithm access tokens are signed. After a change the new key is published first, and signs ten
    minutes later. A key of `HS256` is never published: verifiers get it by `watchword keys
    share`, and can make up tokens with it."""

    issuer: Issuer | None = Field(default=None, examples=["https://auth.example.com"])
    """The issuer that access tokens name (`iss`); `server.public_url` where nothing is said, else the address that the
    server listens on."""

    audience: Annotated[tuple[Text, ...], Some, Once] | None = Field(
        default=None, examples=[["https://api.example.com"]]
    )
    """For whom access tokens are meant (`aud`), the first being what this server itself answers to; the issuer where
    nothing is said."""

    resource_metadata: Switch = Field(default=False, examples=[True])
    """Bearer challenges of the server's own routes say where clients learn whom to ask for tokens (RFC 9728)."""

    staleness: Duration = Field(default="2s", validate_default=True, examples=["1s"])
    """Within what time every verifier that is connected knows of a revocation."""

    offline_ttl: Duration = Field(default="30s", validate_default=True, examples=["10s"])
    """For how long a verifier goes on by what it knew when it lost its connection. After that it refuses (503)."""

    manager: TokenManagerSettings | None = Field(default=None, examples=[{"kind": "short-tokens"}])
    """A plug-in that issues and judges auth tokens instead of the server; see below."""

    @property
    def keep_changes_for(self) -> float:
        """For how many seconds revocations are remembered: no token that was revoked may live longer."""
        return max(3600.0, self.access_ttl + 600.0)

    @property
    def ttl_seconds(self) -> float:
        """The same in seconds."""
        return self.ttl * 60


class Hashing(Section):
    """What an Argon2id hash costs (RFC 9106). Not below OWASP's minimum; stored hashes are upgraded at log-in."""

    t: Annotated[int, whole(1, MOST_PASSES)] = Field(default=2, examples=[3])
    """Passes over the memory."""

    m: Annotated[int, whole(8, MOST_MEMORY)] = Field(default=19456, examples=[47104])
    """Memory in KiB."""

    p: Annotated[int, whole(1, MOST_LANES)] = Field(default=1, examples=[1])
    """Lanes."""


class Passwords(Section):
    """What new passwords must be like, how they are kept, and who may make an account."""

    min_length: Annotated[int, whole(8, 64)] = Field(default=8, examples=[15])
    """Characters that a new password needs at least. ASVS 6.2.1 recommends 15."""

    context_words: tuple[Text, ...] = Field(default=(), examples=[["clinic", "openmrs"]])
    """Words that everybody here would guess, besides the user's name, attributes (an e-mail address up to its at sign
    as well), the realms' names and `watchword`. A new password may hold them; it is refused where it consists of them,
    in whatever case, accents and width, with fewer than `min_length` digits, marks and spaces between."""

    breached_list: File | None = Field(default=None, examples=["pwned-passwords-sha1-ordered-by-hash.txt"])
    """A file of passwords that have become known, all of which are refused: Pwned Passwords' SHA-1 file, ordered by
    hash (`HASH:count`), which is searched where it lies, however large it is; or a password on each line, at most 16
    MiB. Nobody is asked over the network. More than 16,000 common passwords are refused in any case."""

    flask_security_salt_file: File | None = Field(default=None, examples=["flask-security.salt"])
    """A file with the SECURITY_PASSWORD_SALT of an application whose users were imported with its hashes, readable for
    nobody but its owner. Flask-Security's hashes cannot be checked without it; an import says which they are by
    `{flask-security}` before them. It is needed until everybody has logged in once."""

    hashing: Hashing = Field(default=Hashing(), examples=[{"t": 3, "m": 19456, "p": 1}])
    """What hashing costs; see below."""

    sign_up: Switch = Field(default=False, examples=[True])
    """Everybody may make an account with `POST /users`; otherwise administrators only."""

    enumeration_safe: Switch = Field(default=False, examples=[True])
    """`POST /users` answers 202 whether or not the name was free, instead of 201 or 409. Accounts made so are disabled
    until an administrator enables them: logging in would tell otherwise."""


class Limits(Section):
    """How many wrong passwords are looked at (ASVS 6.3.1)."""

    account_failures: Annotated[int, whole(1, 100)] = Field(default=10, examples=[5])
    """Failures under one name after which its next attempts must wait, longer each time. At most 100 (NIST SP
    800-63B)."""

    address_per_minute: Annotated[int, whole(1, 1_000_000)] = Field(default=100, examples=[30])
    """Failures a minute from one address after which its attempts must wait."""

    overall_per_minute: Annotated[int, whole(1, 100_000_000)] = Field(default=1000, examples=[5000])
    """Failures a minute in all after which attempts must wait."""

    max_delay: Duration = Field(default="5m", validate_default=True, examples=["1m"])
    """The longest wait that an account is given: its owner is never locked out for longer."""


class Log(Section):
    """What the server writes to standard error. It never holds a secret."""

    format: Annotated[Format, choice("console", "json")] = Field(default="console", examples=["json"])
    """For people or for programs."""

    level: Annotated[Level, choice("debug", "info", "warning", "error")] = Field(default="info", examples=["warning"])
    """The least that is written."""


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
    limits: Limits = Limits()
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
