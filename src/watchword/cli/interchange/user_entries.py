"""What an entry of an import says of one user, and how an account of ours is written as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from watchword.cli.interchange.couchdb_users import is_couchdb_user, of_couchdb_user
from watchword.cli.interchange.members import (
    NO_OBJECT,
    Members,
    Unfit,
    Wrong,
    instant,
    label,
    labels,
    name,
    switch,
    text,
)
from watchword.core.records import Account, AuthTokenInputs
from watchword.crypto.password import FLASK_SECURITY, is_known_format, normalise
from watchword.crypto.secret import Secret

if TYPE_CHECKING:
    from watchword.core.principal import Instant
    from watchword.core.records import Json

LONGEST_PASSWORD = 100_000
LONGEST_ATTRIBUTE = 4096
"""In characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserEntry:
    """What an entry says of one user; None where it says nothing, so that what is kept stays.

    `no_password`: it says that no password can be used.
    """

    name: str
    password: Secret | None = None
    password_hash: str | None = field(default=None, repr=False)
    no_password: bool = False
    roles: frozenset[str] | None = None
    permissions: frozenset[str] | None = None
    disabled: bool | None = None
    attributes: Mapping[str, str] | None = None
    created_at: Instant | None = None
    stamp: str | None = None
    auth_token: AuthTokenInputs | None = None
    second_factor: bool | None = None
    store: str | None = None


_USER = (
    "name",
    "password",
    "password_hash",
    "roles",
    "permissions",
    "disabled",
    "attributes",
    "created_at",
    "stamp",
    "auth_token",
    "second_factor",
    "store",
)


def read_user(value: Json) -> UserEntry | Wrong:
    """What the entry says, or what is wrong with it."""
    if not isinstance(value, dict):
        return NO_OBJECT
    members = Members(of_couchdb_user(value) if is_couchdb_user(value) else value, _USER)
    members.require("name")
    who = members.read("name", name)
    if "password" in members and "password_hash" in members:
        members.problems.append("has a password and a password_hash; write one of them")
    if not members.is_null("store") and "store" in members and ("password" in members or "password_hash" in members):
        members.problems.append("has a store that keeps its password, and a password; write one of them")
    entry = UserEntry(
        name=who or "",
        password=members.read("password", _password),
        password_hash=members.read("password_hash", _password_hash),
        no_password=members.is_null("password_hash") and "password" not in members,
        roles=members.read("roles", labels),
        permissions=members.read("permissions", labels),
        disabled=members.read("disabled", switch),
        attributes=members.read("attributes", _attributes),
        created_at=members.read("created_at", instant),
        stamp=members.read("stamp", label),
        auth_token=members.read("auth_token", _auth_token),
        second_factor=members.read("second_factor", switch),
        store=members.read("store", label),
    )
    return Wrong(who, tuple(members.problems)) if members.problems else entry


def written_user(account: Account) -> dict[str, Json]:
    """The entry of an account."""
    token = account.auth_token
    return {
        "name": account.name,
        **({"password_hash": account.password_hash} if not account.store else {"store": account.store}),
        "roles": [*sorted(account.roles)],
        "permissions": [*sorted(account.permissions)],
        "disabled": account.disabled,
        "attributes": {key: account.attributes[key] for key in sorted(account.attributes)},
        "created_at": account.created_at,
        "stamp": account.stamp,
        "auth_token": None
        if token is None
        else {"generation": token.generation, "issued_at": token.issued_at, "valid_until": token.valid_until},
        "second_factor": account.second_factor,
    }


def _password(value: Json) -> Secret:
    password = text(LONGEST_PASSWORD)(value)
    if not password:
        raise Unfit("is empty; leave it out where no password can be used")
    return Secret(normalise(password))


def _password_hash(value: Json) -> str:
    stored = text(LONGEST_PASSWORD)(value)
    if not is_known_format(stored.removeprefix(FLASK_SECURITY)):
        raise Unfit("is in no format that this version can check; write Argon2id, bcrypt, scrypt, PBKDF2 or crypt(3)")
    return stored


def _attributes(value: Json) -> dict[str, str]:
    if not isinstance(value, dict):
        raise Unfit('is no object; write {"...": "..."}')
    read = text(LONGEST_ATTRIBUTE)
    found: dict[str, str] = {}
    for key, inner in value.items():
        try:
            found[label(key)] = read(inner)
        except Unfit as unfit:
            raise Unfit(f"has {key[:100]!a}, of which key or value {unfit}") from None
    return found


def _auth_token(value: Json) -> AuthTokenInputs:
    if not isinstance(value, dict) or value.keys() != {"generation", "issued_at", "valid_until"}:
        raise Unfit("is none that was exported; leave it out")
    generation = value["generation"]
    if isinstance(generation, bool) or not isinstance(generation, int) or not 0 < generation < 2**62:
        raise Unfit("has a generation that none has; leave the token out")
    return AuthTokenInputs(
        generation=generation, issued_at=instant(value["issued_at"]), valid_until=instant(value["valid_until"])
    )
