"""Identity providers: OpenID providers of somebody else's, by which people log in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from watchword.core.principal import Instant
from watchword.core.records import Json
from watchword.crypto.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstLogIn:
    """Whether somebody who was never here before gets an account.

    Where it `creates` any: for everybody, unless `claims` or `email_domains` narrow that. Of each claim that is named,
    one of the values must be there; the e-mail address must be verified by the provider and in one of the domains.
    """

    creates: bool = False
    claims: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    email_domains: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesFromClaim:
    """Which of our roles the values of a claim give. Exactly these roles are the provider's to give and to take."""

    claim: str
    roles: Mapping[str, frozenset[str]]

    @property
    def managed(self) -> frozenset[str]:
        """The roles that the provider alone decides about."""
        return frozenset[str]().union(*self.roles.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProvider:
    """What is configured of one. `name` is a segment of paths; `issuer` is compared character for character.

    `algorithms` are those that its tokens may be signed with. `username_claim` is what a new account is called, and
    nothing else. A log-in whose `acr` is in `second_factor_acr`, or whose `amr` has one of `second_factor_amr`, counts
    as one with our second factor. `after_logout` is the page to which the provider sends people who have gone on to log
    out there: a path, or a URL. `id_token_hint`: it is told then who they are, by the ID token that it gave.
    """

    name: str
    title: str
    issuer: str
    client_id: str
    scopes: tuple[str, ...] = ("openid", "profile")
    algorithms: frozenset[str] = frozenset(("ES256", "RS256", "EdDSA", "PS256"))
    username_claim: str = "preferred_username"
    first_log_in: FirstLogIn = FirstLogIn()
    roles: RolesFromClaim | None = None
    second_factor_acr: frozenset[str] = frozenset()
    second_factor_amr: frozenset[str] = frozenset()
    after_logout: str | None = None
    id_token_hint: bool = True

    @property
    def wanted_claims(self) -> frozenset[str]:
        """The claims that are looked at beside those of every ID token."""
        wanted = set[str]() if self.roles is None else {self.roles.claim}
        if self.first_log_in.creates:
            wanted |= {self.username_claim, *self.first_log_in.claims}
            wanted |= {"email", "email_verified"} if self.first_log_in.email_domains else set()
        return frozenset(wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderMetadata:
    """What a provider says of itself (OpenID Connect Discovery 1.0 section 3), as far as it is used here.

    `tells_issuer`: every answer to an authorization request says whose it is (RFC 9207).
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    tells_issuer: bool = False


@dataclass(frozen=True, slots=True)
class RedeemedCode:
    """What a provider gives for a code."""

    id_token: str = field(repr=False)
    access_token: Secret | None = None


@dataclass(frozen=True, slots=True)
class CodeRefused:
    """The provider does not take the code: it was used, is too old, or was given to another client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdToken:
    """What a provider says of somebody who has just logged in there, once all of it was verified.

    `auth_time` is None where it does not tell when the person last proved who they are. `claims` is everything it said.
    """

    issuer: str
    subject: str
    issued_at: Instant
    auth_time: Instant | None = None
    acr: str | None = None
    amr: frozenset[str] = frozenset()
    sid: str | None = None
    claims: Mapping[str, Json] = field(default_factory=dict[str, Json], repr=False)
