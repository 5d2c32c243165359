"""The records of what acts for an account, or for itself: clients, refresh families, reference tokens, API keys."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256

from watchword.core.principal import Instant
from watchword.core.records import Account

FIRST_PARTY = "watchword"
"""The client id of log-ins that no client of its own asked for. No registered client may have it."""

CLIENT_SUBJECT = "client:"
"""What stands before the id of a client that acts for itself, where a subject is named: no account's name has a
colon."""

LONGEST_CLIENT_ID = 255

# VSCHAR = %x20-7E (RFC 6749 appendix A.1), less spaces, which get lost, and the colon, which would end the id in Basic
# credentials of clients that do not encode it.
_CLIENT_ID = re.compile(rf"[\x21-\x39\x3b-\x7e]{{1,{LONGEST_CLIENT_ID}}}")

Scopes = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An OAuth client (RFC 6749 section 2).

    `secret_hash` is `sha256:<hex>` for secrets that we made (256 random bits), else a PHC string; None where the client
    has none. `jwks` is a JWK Set as JSON for `private_key_jwt` (RFC 7523), empty where there is none. `grants` are
    grant types by their names in RFC 6749; `scopes` are all that it may ever be given. `stamp` is random and tells a
    client from a later one of the same id.
    """

    id: str
    stamp: str
    secret_hash: str | None = field(default=None, repr=False)
    jwks: str = ""
    redirect_uris: tuple[str, ...] = ()
    grants: frozenset[str] = frozenset()
    scopes: Scopes = frozenset()
    roles: frozenset[str] = frozenset()
    disabled: bool = False
    created_at: Instant = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A refresh token that has been redeemed, remembered for the grace.

    `client` is what told its client from others (a keyed digest), `sealed` the token that came in its place, readable
    for nobody but who holds the spent one.
    """

    fingerprint: bytes = field(repr=False)
    client: bytes = field(repr=False)
    at: Instant
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """All refresh tokens that descend from one log-in, of which one is live (RFC 9700 section 4.14.2).

    - `id` is public: lists and revocations name it, and access tokens carry it as `sid`. `handle` stands in every
      refresh token of the family and finds it; `fingerprint` is that of the live one.
    - `stamp` is the account's at log-in. `client_id` is FIRST_PARTY where no client of its own asked.
    - `expires_at` is absolute: rotation does not move it (ASVS 10.4.8).
    - `scopes` is None where everything that the account may do is granted.
    - `address`, `country`, `user_agent` are those of the latest use, `device` is what the client called itself.
    - `spent` are the tokens redeemed within the grace, oldest first.
    """

    id: str
    handle: bytes = field(repr=False)
    fingerprint: bytes = field(repr=False)
    subject: str
    stamp: str
    client_id: str = FIRST_PARTY
    created_at: Instant
    auth_time: Instant
    last_used: Instant
    expires_at: Instant
    scopes: Scopes | None = None
    audience: tuple[str, ...] = ()
    amr: frozenset[str] = frozenset()
    acr: str | None = None
    address: str = ""
    country: str = ""
    user_agent: str = ""
    device: str = ""
    spent: tuple[Spent, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceToken:
    """An access token that means nothing outside of this server: only its fingerprint is kept.

    `id` is public. `subject` is an account's name, or the client's own id where it acts for itself; `stamp` is that of
    the account or client. `family` is None where no refresh token came with it.
    """

    id: str
    fingerprint: bytes = field(repr=False)
    subject: str
    stamp: str
    client_id: str = FIRST_PARTY
    family: str | None = None
    scopes: Scopes | None = None
    audience: tuple[str, ...] = ()
    amr: frozenset[str] = frozenset()
    acr: str | None = None
    auth_time: Instant
    issued_at: Instant
    expires_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of an account, for programs. Only its fingerprint is kept.

    `hint` is its last four characters, by which its owner knows it again. `scopes` is None where it may do all that
    the account may. `expires_at` is None where it never expires. `superseded_by` is the id of the key that a rotation
    put in its place: it lives on until `expires_at`, for the overlap.
    """

    id: str
    fingerprint: bytes = field(repr=False)
    subject: str
    name: str
    hint: str
    created_at: Instant
    expires_at: Instant | None = None
    last_used: Instant | None = None
    scopes: Scopes | None = None
    superseded_by: str | None = None


def is_client_id(text: str) -> bool:
    """Whether a registered client may be called so."""
    return _CLIENT_ID.fullmatch(text) is not None and text != FIRST_PARTY


def state_of(account: Account) -> str:
    """A digest of what self-contained tokens tell of the account: with any other, they are out of date.

    It changes with the password, the roles and the permissions, and with nothing that happens at each log-in.
    """
    flag = "disabled" if account.disabled else ""
    return _digest((account.stamp, flag, *sorted(account.roles), "", *sorted(account.permissions)))


def state_of_client(client: Client) -> str:
    """The same of a client that acts for itself. What else it may have is told beside it: its scopes."""
    return _digest((client.stamp, *sorted(client.roles)))


def _digest(parts: tuple[str, ...]) -> str:
    message = b"".join(
        len(part).to_bytes(4, "big") + part for part in (text.encode("utf-8", "surrogatepass") for text in parts)
    )
    return urlsafe_b64encode(sha256(message).digest()[:9]).decode("ascii")
