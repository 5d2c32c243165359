"""The fields of CouchDB's proxy authentication, in which a proxy tells CouchDB whom it speaks for (S2.28).

`X-Auth-CouchDB-UserName` holds the name, `X-Auth-CouchDB-Roles` the roles with commas between them, and
`X-Auth-CouchDB-Token` what proves both, or the name alone. CouchDB lets its operator rename all three
(`[chttpd_auth] x_auth_username`, `x_auth_roles`, `x_auth_token`). It decodes nothing: a name is sent as its UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from watchword.http.message import Fields

USER_FIELD: Final = "X-Auth-CouchDB-UserName"
ROLES_FIELD: Final = "X-Auth-CouchDB-Roles"
TOKEN_FIELD: Final = "X-Auth-CouchDB-Token"
COUCHDB_FIELDS: Final = (USER_FIELD, ROLES_FIELD, TOKEN_FIELD)

# Nothing that ends a field, and no white space at an end, which the receiver would drop.
_NAME = re.compile(rb"(?! )[^\x00-\x1f\x7f]{1,2048}(?<! )")
_ROLE = re.compile(rb"(?![_ ])[^\x00-\x1f\x7f,]{1,2048}(?<! )")


@dataclass(frozen=True, slots=True)
class ProxyFields:
    """What the three are called (lower-case)."""

    user: bytes = USER_FIELD.lower().encode("ascii")
    roles: bytes = ROLES_FIELD.lower().encode("ascii")
    token: bytes = TOKEN_FIELD.lower().encode("ascii")

    def told(self, user: bytes, roles: bytes, token: bytes) -> Fields:
        """The three with these values."""
        return (self.user, user), (self.roles, roles), (self.token, token)

    @property
    def empty(self) -> Fields:
        """The three without values, so that a proxy overwrites what a client sent by these names."""
        return self.told(b"", b"", b"")


def user_value(name: str) -> bytes | None:
    """The name as CouchDB reads it; None for what could not be sent, or would be read as another."""
    sent = name.encode("utf-8", "ignore")
    return sent if _NAME.fullmatch(sent) and sent.decode() == name else None


def roles_value(roles: Iterable[str]) -> bytes:
    """The roles as CouchDB reads them, in order, without those that cannot be told.

    A role with a comma would become two. One that begins with `_` is CouchDB's own: with `_admin` a user could do
    whatever the server's administrator can.
    """
    sent = ((role, role.encode("utf-8", "ignore")) for role in sorted(roles))
    return b",".join(told for role, told in sent if _ROLE.fullmatch(told) and told.decode() == role)


def read_roles(value: bytes) -> frozenset[str] | None:
    """The roles in a field's value, without CouchDB's own; None where it is no UTF-8, or holds what no role can."""
    try:
        roles = [role.strip(" ") for role in value.decode().split(",")]
    except UnicodeDecodeError:
        return None
    told = [role for role in roles if role and not role.startswith("_")]
    return frozenset(told) if all(_ROLE.fullmatch(role.encode()) for role in told) else None
