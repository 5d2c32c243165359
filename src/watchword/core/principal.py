"""Who a request was proven to come from, and how that was proven."""

from __future__ import annotations

from dataclasses import dataclass, field

Instant = float
"""Seconds since 1970-01-01T00:00:00Z."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """How the principal was proven.

    `mechanism` is the name of the deciding mechanism; `amr` holds authentication method references (RFC 8176),
    `acr` the context class; `auth_time` is when the person last proved who they are; `session` is the public id
    of the session, where there is one. `second_factor_due`: a password was right, and is not enough for this account.
    """

    mechanism: str
    amr: frozenset[str] = frozenset()
    acr: str | None = None
    auth_time: Instant = 0.0
    session: str | None = None
    second_factor_due: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who the request comes from.

    `scopes` is None where the credential holds every scope that the roles allow (sessions and passwords), else
    the scopes of the token or key. `registered` is False for an identity that was proven but is unknown here.
    `stamp` is the account's stamp when it was proven: what is derived from this proof dies when that changes.
    """

    subject: str
    realm: str
    authentication: Authentication
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    scopes: frozenset[str] | None = None
    client_id: str | None = None
    registered: bool = True
    stamp: str = field(default="", repr=False)
