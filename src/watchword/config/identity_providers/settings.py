"""The settings of identity providers: the docstring of each is its entry in the manual."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from watchword.config.places import File, Page
from watchword.config.problems import shown
from watchword.config.providers.settings import PrivateHost
from watchword.config.second_factor.settings import Acr
from watchword.config.section import Section
from watchword.config.values import Duration, Once, Read, Some, Switch, Text, Unfit, choice, whole
from watchword.config.values.secret_file import password_in_file
from watchword.core.identity_providers import FirstLogIn, IdentityProvider, RolesFromClaim
from watchword.core.provider_metadata import is_endpoint
from watchword.crypto.secret import Secret
from watchword.http.authorization_code import ClientAuthentication

FirstLogInPolicy: TypeAlias = Literal["refuse", "create", "create-if"]
IdTokenAlgorithm: TypeAlias = Literal[
    "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"
]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,200}")  # scope-token of RFC 6749 section 3.3
_CLIENT_ID = re.compile(r"[\x20-\x7e]{1,255}")  # VSCHAR
_DOMAIN = re.compile(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+")


def _name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Unfit
    return value


def _issuer(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    host = re.match(r"http://(\[[^\]/]*\]|[^/:?#]*)", value)
    if "?" in value or "#" in value or not is_endpoint(value, () if host is None else (host[1].strip("[]"),)):
        raise ValueError(
            f"{shown(value)} is no issuer (a URL without query and fragment, as the provider's discovery document has "
            'it); write one such as "https://login.example.com"'
        )
    return value


def _client_id(value: object) -> str:
    if not isinstance(value, str) or not _CLIENT_ID.fullmatch(value):
        raise Unfit
    return value


def _scope(value: object) -> str:
    if not isinstance(value, str) or not _SCOPE.fullmatch(value):
        raise Unfit
    return value


def _domain(value: object) -> str:
    if not isinstance(value, str) or not _DOMAIN.fullmatch(value):
        raise Unfit
    return value


def _lists(value: object) -> Mapping[str, frozenset[str]]:
    """A table whose keys have a text, or a list of some, each."""
    if not isinstance(value, Mapping) or not value:
        raise Unfit
    read: dict[str, frozenset[str]] = {}
    for key, entry in value.items():
        listed = entry if isinstance(entry, list | tuple) else [entry]
        if not listed:
            raise Unfit
        read[_text(key)] = frozenset(map(_text, listed))
    return read


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise Unfit
    return value


IdentityProviderName: TypeAlias = Annotated[str, Read("lower-case letters, digits and hyphens, at most 63", _name)]
ProviderIssuer: TypeAlias = Annotated[str, Read("the issuer of an OpenID provider", _issuer)]
ClientId: TypeAlias = Annotated[str, Read("visible ASCII", _client_id)]
ScopeName: TypeAlias = Annotated[str, Read("a scope without spaces", _scope)]
EmailDomain: TypeAlias = Annotated[str, Read("a domain in lower case", _domain)]
Lists: TypeAlias = Annotated[Mapping[str, frozenset[str]], Read("a table, each key with a list of texts", _lists)]


class CreateIf(Section):
    """Who gets an account at the first log-in, where `first_log_in = "create-if"`: all that stands here must hold."""

    claims: Lists | None = Field(default=None, examples=[{"groups": ["staff", "doctors"]}])
    """Claims, each with values of which the provider must tell one at least."""

    email_domains: Annotated[tuple[EmailDomain, ...], Once] = Field(default=(), examples=[["example.com"]])
    """Domains in one of which the e-mail address must be (`email`), and the provider must say that it has verified it
    (`email_verified`). Subdomains are others."""


class ProviderRoles(Section):
    """Roles that follow a claim of the provider's, at every log-in."""

    claim: Text = Field(default="groups", examples=["realm_access.roles"])
    """The claim, a text or a list of texts; `.` leads to a member inside another."""

    map: Lists = Field(examples=[{"watchword-admins": ["admin"], "staff": ["clerk", "reader"]}])
    """Values of the claim, each with the roles that it gives here. All roles that stand here are the provider's alone:
    whoever does not have them by the claim loses them at the next log-in, however they were given. Roles that do not
    stand here are never touched."""


class IdentityProviderSettings(Section):
    """An OpenID provider by which people log in at `/login/with/{name}`. It must send them back to
    `{server.public_url}/login/with/{name}/callback` (the redirect URI to register there, character for character).
    Accounts are found by issuer and subject alone, never by a name or an e-mail address."""

    name: IdentityProviderName = Field(examples=["corp"])
    """What it is called in paths, such as `/login/with/corp`."""

    title: Text | None = Field(default=None, examples=["Example Corp."])
    """What people call it, for the button of a log-in page; its name where nothing is said."""

    issuer: ProviderIssuer = Field(examples=["https://login.example.com"])
    """Its issuer, character for character as its discovery document has it
    (`{issuer}/.well-known/openid-configuration`). Accounts remember it: with another one they are somebody else's."""

    client_id: ClientId = Field(examples=["watchword"])
    """What this server is called there."""

    client_secret_file: File | None = Field(default=None, examples=["corp.client-secret"])
    """A file with the secret that the provider gave for it, on its only line, readable for nobody but its owner. A
    public client, which has none, proves itself by PKCE alone (which is used in any case)."""

    authentication: Annotated[
        ClientAuthentication | None, choice("client_secret_basic", "client_secret_post", "none")
    ] = Field(default=None, examples=["client_secret_post"])
    """How this server proves itself there. `client_secret_basic` where there is a secret and nothing is said, else
    `none`."""

    scopes: Annotated[tuple[ScopeName, ...], Once] = Field(
        default=("openid", "profile"), examples=[["openid", "profile", "email", "groups"]]
    )
    """What is asked for; `openid` must be among it. The claims that are used below often need a scope of their own."""

    algorithms: Annotated[
        tuple[
            Annotated[
                IdTokenAlgorithm,
                choice("ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"),
            ],
            ...,
        ],
        Some,
        Once,
    ] = Field(default=("ES256", "RS256", "EdDSA", "PS256"), examples=[["RS256"]])
    """With which algorithms its ID tokens may be signed. Never `none`, and no shared secrets."""

    username_claim: Text = Field(default="preferred_username", examples=["email"])
    """What a new account is called, and nothing else: it never leads to an account that is there. A name that is taken
    gets a number; where there is none that an account can have, it is called after the provider."""

    first_log_in: Annotated[FirstLogInPolicy, choice("refuse", "create", "create-if")] = Field(
        default="refuse", examples=["create"]
    )
    """What becomes of somebody who was never here: `refuse` (403 `unknown-identity`; an account can be linked while
    logged in), `create` an account for everybody whom the provider logs in, or `create-if` what stands in that table
    holds. Without `roles` below, new accounts have no roles."""

    create_if: CreateIf | None = Field(default=None, examples=[{"email_domains": ["example.com"]}])
    """Who gets an account; see below."""

    roles: ProviderRoles | None = Field(default=None, examples=[{"map": {"staff": ["clerk"]}}])
    """Which roles follow which claim; see below. Roles are given here by hand where nothing is said."""

    second_factor_acr: frozenset[Acr] = Field(default=frozenset(), examples=[["https://refeds.org/profile/mfa"]])
    """Values of the provider's `acr` that count as our second factor. By default none does: whoever has an
    authenticator here gives its code after the provider's log-in, too."""

    second_factor_amr: frozenset[Acr] = Field(default=frozenset(), examples=[["mfa", "hwk"]])
    """Values of its `amr`, one of which counts as our second factor."""

    after_logout: Page | None = Field(default=None, examples=["/"])
    """Where the provider sends people who have gone on to log out there (`/login/with/{name}/logout`): a page of this
    server, or an https URL. The same must be registered there (`post_logout_redirect_uris`), character for character.
    They stay at the provider where nothing is said."""

    id_token_hint: Switch = Field(default=True, examples=[False])
    """Whether the provider is told there who logs out (`id_token_hint`): many ask a further question otherwise, and
    some refuse. The ID token is kept sealed in a cookie of the person's browser, which sends it to `/logout` alone; it
    stands in the URL of the provider's page then, with whatever it says of the person."""

    timeout: Duration = Field(default="4s", validate_default=True, examples=["2s"])
    """For how long each of its answers is waited for, from looking up the host to the last byte; at most 4 seconds.
    Whoever logs in meanwhile gets 503, never 401."""

    at_once: Annotated[int, whole(1, 32)] = Field(default=8, examples=[4])
    """How many questions to it there are at once; whoever comes beyond that gets 503."""

    private_hosts: Annotated[tuple[PrivateHost, ...], Once] = Field(default=(), examples=[["login.internal.example"]])
    """Hosts of the provider that may have private addresses, and may be asked by `http://`. All others must have public
    addresses, whatever their names lead to at the moment."""

    ca_file: File | None = Field(default=None, examples=["login-ca.pem"])
    """Certificates (PEM) of who may vouch for the provider, in place of the system's."""

    @property
    def proves_itself_by(self) -> ClientAuthentication:
        """How this server proves itself there, whether that was said or not."""
        return self.authentication or ("none" if self.client_secret_file is None else "client_secret_basic")

    def secret(self) -> Secret | None:
        """The client's secret; None for a public client. Reads the file.

        Raises:
            ValueError: where it cannot be used, with what is to go on after its name.
        """
        return None if self.client_secret_file is None else password_in_file(self.client_secret_file)

    @property
    def provider(self) -> IdentityProvider:
        """The same for whoever uses it."""
        conditions = self.create_if or CreateIf()
        return IdentityProvider(
            name=self.name,
            title=self.title or self.name,
            issuer=self.issuer,
            client_id=self.client_id,
            scopes=self.scopes,
            algorithms=frozenset(self.algorithms),
            username_claim=self.username_claim,
            first_log_in=FirstLogIn(
                creates=self.first_log_in != "refuse",
                claims=conditions.claims or {},
                email_domains=frozenset(conditions.email_domains),
            ),
            roles=None if self.roles is None else RolesFromClaim(claim=self.roles.claim, roles=self.roles.map),
            second_factor_acr=self.second_factor_acr,
            second_factor_amr=self.second_factor_amr,
            after_logout=self.after_logout,
            id_token_hint=self.id_token_hint,
        )
