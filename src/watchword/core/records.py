"""The records that Watchword keeps: accounts, sessions, the inputs of auth tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from watchword.core.linked import LinkedLogIn
from watchword.core.principal import Authentication, Instant, Principal
from watchword.core.second_factor import rests_on_password

SESSION = "session"
AUTH_KEY = "auth-key"
SEALED = "sealed"  # no log-in itself: what the log-ins of one account hang on that are kept by the client
SESSION_KINDS = (SESSION, AUTH_KEY, SEALED)
"""The kinds of sessions."""

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthTokenInputs:
    """What an auth token is derived from, beside the server's key and the account's stamp.

    A token itself is never stored. `generation` grows with every issue and every revocation.
    """

    generation: int
    issued_at: Instant
    valid_until: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One user. `name` is the canonical name (NFC) and the subject of principals.

    `stamp` is random and changes with the password: credentials derived under another stamp are dead. It also
    tells an account from a later one of the same name. `second_factor` says that the password alone proves too
    little, because an authenticator was confirmed. `password_hash` is a PHC or legacy crypt string, or None
    where no password can be used. `auth_token` is None where none is alive.

    `store` names the credential store that keeps the password, and says what roles there are, where that is not our
    own; `password_hash` is then what changes with the password, as far as that store tells, and no password's hash.
    """

    name: str
    stamp: str
    password_hash: str | None = field(default=None, repr=False)
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    disabled: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    created_at: Instant = 0.0
    auth_token: AuthTokenInputs | None = None
    second_factor: bool = False
    store: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One log-in. Only the token's fingerprint (SHA-256) is kept.

    `kind` says by what it is carried: `session` (a cookie, or Bearer) or `auth-key` (the field Auth-Key). `binding` is
    what the client must look like, as `tokens/binding.py` writes it; empty where anybody may bring the token.

    `linked` is there where the log-in came by somebody else's identity provider, which may end it again.

    `id` is public (for lists and revocation); `stamp` is the account's stamp at log-in; `expires_at` is the
    absolute maximum lifetime and `idle_timeout` the inactivity timeout in seconds (ASVS 7.3). `data` is the
    application's own key/value store, at most 4 KiB as JSON.
    """

    id: str
    fingerprint: bytes = field(repr=False)
    subject: str
    stamp: str
    created_at: Instant
    auth_time: Instant
    last_seen: Instant
    expires_at: Instant
    idle_timeout: float
    amr: frozenset[str] = frozenset()
    address: str = ""
    user_agent: str = ""
    data: Mapping[str, Json] = field(default_factory=dict[str, Json])
    kind: str = SESSION
    binding: str = ""
    acr: str | None = None
    linked: LinkedLogIn | None = None

    @property
    def idle_expires_at(self) -> Instant:
        """When it ends if nothing more is heard."""
        return min(self.expires_at, self.last_seen + self.idle_timeout)


def principal_of(account: Account, realm: str, authentication: Authentication) -> Principal:
    """Who the account is, once it has been proven in this way. This is the one place that says whether a second factor
    is due, for every door and every store (F28)."""
    if account.second_factor and rests_on_password(authentication.amr, log_in=authentication.session is not None):
        authentication = replace(authentication, second_factor_due=True)
    return Principal(
        subject=account.name,
        realm=realm,
        authentication=authentication,
        roles=account.roles,
        permissions=account.permissions,
        stamp=account.stamp,
    )
