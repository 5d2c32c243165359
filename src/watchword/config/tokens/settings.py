"""`[tokens]`: access tokens, refresh tokens and auth tokens."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from watchword.config.places import Route
from watchword.config.plug_ins.settings import TokenManagerSettings
from watchword.config.section import Section
from watchword.config.values import Duration, Minutes, Once, Some, Switch, Text, choice, whole
from watchword.config.values.hosts import Issuer

AccessKind: TypeAlias = Literal["jwt", "opaque"]
WhenFull: TypeAlias = Literal["evict", "refuse"]
Algorithm: TypeAlias = Literal["ES256", "EdDSA", "RS256", "PS256", "HS256"]


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
