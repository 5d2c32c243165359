"""What an entry of an import says of one OAuth client, and how a client of ours is written as one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from watchword.cli.interchange.members import (
    NO_OBJECT,
    Members,
    Unfit,
    Wrong,
    each,
    instant,
    label,
    labels,
    scopes,
    switch,
    text,
)
from watchword.core.grants import FIRST_PARTY, LONGEST_CLIENT_ID, is_client_id
from watchword.crypto.jose.jwk_set import read_jwk_set
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.password import is_known_format
from watchword.crypto.secret import Secret

if TYPE_CHECKING:
    from watchword.core.grants import Client, Scopes
    from watchword.core.principal import Instant
    from watchword.core.records import Json

LONGEST_SECRET = 1024
LONGEST_URI = 2048
LONGEST_KEYS = 65_536
"""In characters."""

GRANTS = (
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "password",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
)
"""Grant types by their names in the registry of OAuth parameters. The implicit grant is none of them (RFC 9700)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientEntry:
    """What an entry says of one client; None where it says nothing, so that what is kept stays.

    `no_secret`: it says that the client has none.
    """

    id: str
    secret: Secret | None = None
    secret_hash: str | None = field(default=None, repr=False)
    no_secret: bool = False
    jwks: str | None = None
    redirect_uris: tuple[str, ...] | None = None
    grants: frozenset[str] | None = None
    scopes: Scopes | None = None
    roles: frozenset[str] | None = None
    disabled: bool | None = None
    created_at: Instant | None = None
    stamp: str | None = None


_CLIENT = (
    "id",
    "secret",
    "secret_hash",
    "jwks",
    "redirect_uris",
    "grants",
    "scopes",
    "roles",
    "disabled",
    "created_at",
    "stamp",
)

# VSCHAR = %x20-7E  (RFC 6749 appendix A)
_SECRET = re.compile(rf"[\x20-\x7e]{{1,{LONGEST_SECRET}}}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+")


def read_client(value: Json) -> ClientEntry | Wrong:
    """What the entry says, or what is wrong with it."""
    if not isinstance(value, dict):
        return NO_OBJECT
    members = Members(value, _CLIENT)
    members.require("id")
    if "secret" in members and "secret_hash" in members:
        members.problems.append("has a secret and a secret_hash; write one of them")
    entry = ClientEntry(
        id=members.read("id", _id) or "",
        secret=members.read("secret", _secret),
        secret_hash=members.read("secret_hash", _secret_hash),
        no_secret=members.is_null("secret_hash") and "secret" not in members,
        jwks=members.read("jwks", _jwks),
        redirect_uris=members.read("redirect_uris", _redirect_uris),
        grants=members.read("grants", _grants),
        scopes=members.read("scopes", scopes),
        roles=members.read("roles", labels),
        disabled=members.read("disabled", switch),
        created_at=members.read("created_at", instant),
        stamp=members.read("stamp", label),
    )
    return Wrong(None, tuple(members.problems)) if members.problems else entry


def written_client(client: Client) -> dict[str, Json]:
    """The entry of a client."""
    return {
        "id": client.id,
        "secret_hash": client.secret_hash,
        "jwks": json.loads(client.jwks) if client.jwks else None,
        "redirect_uris": [*client.redirect_uris],
        "grants": [*sorted(client.grants)],
        "scopes": [*sorted(client.scopes)],
        "roles": [*sorted(client.roles)],
        "disabled": client.disabled,
        "created_at": client.created_at,
        "stamp": client.stamp,
    }


def _id(value: Json) -> str:
    if value == FIRST_PARTY:
        raise Unfit(f"cannot be {FIRST_PARTY}, which is the server's own; write another")
    if not isinstance(value, str) or not is_client_id(value):
        raise Unfit(f"cannot be used; write 1 to {LONGEST_CLIENT_ID} visible ASCII characters without a colon")
    return value


def _secret(value: Json) -> Secret:
    if not isinstance(value, str) or not _SECRET.fullmatch(value):
        raise Unfit(f"is no secret of a client; write 1 to {LONGEST_SECRET} characters of ASCII")
    return Secret(value)


def _secret_hash(value: Json) -> str:
    stored = text(LONGEST_SECRET)(value)
    if not (_DIGEST.fullmatch(stored) or is_known_format(stored)):
        raise Unfit("is in no format that this version can check; write sha256:<hex>, or a hash as for passwords")
    return stored


def _jwks(value: Json) -> str:
    document = json.dumps(value, separators=(",", ":"), sort_keys=True)
    if len(document) > LONGEST_KEYS:
        raise Unfit(f"is longer than {LONGEST_KEYS} characters; write less")
    try:
        usable = read_jwk_set(document).keys
    except JoseRefused:
        usable = ()
    if not usable:
        raise Unfit('is no JWK Set with a public key that can be used; write {"keys": [...]}')
    return document


def _redirect_uris(value: Json) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each(value, _redirect_uri)))


def _redirect_uri(value: Json) -> str:
    uri = text(LONGEST_URI)(value)
    if not _URI.fullmatch(uri) or "#" in uri or "*" in uri or "\\" in uri:
        raise Unfit(
            "is no redirect URI; write an absolute one without a fragment or a wildcard (RFC 6749 section 3.1.2)"
        )
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:
        raise Unfit("is no redirect URI; write it as https://app.example.com/callback") from None
    if parts.scheme.lower() in ("http", "https") and not host:
        raise Unfit("is no redirect URI; write it as https://app.example.com/callback")
    if parts.scheme.lower() in ("javascript", "data", "vbscript", "file", "blob", "about"):
        raise Unfit("has a scheme that runs in the browser; write https")
    return uri


def _grants(value: Json) -> frozenset[str]:
    return frozenset(each(value, _grant))


def _grant(value: Json) -> str:
    if not isinstance(value, str) or value not in GRANTS:
        raise Unfit(f"is no grant type; write one of {', '.join(GRANTS)}")
    return value
