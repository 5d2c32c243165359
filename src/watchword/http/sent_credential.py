"""How a credential goes to a server that asks for it in its own way: in which field, or in the query."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, TypeAlias
from urllib.parse import quote

from watchword.http.message import Fields

SendKind: TypeAlias = Literal["bearer", "token", "basic", "basic-user", "basic-password", "header", "query"]

LONGEST_CREDENTIAL: Final = 4096
"""In bytes."""


class Revealable(Protocol):
    """A secret, which only whoever sends it looks into."""

    def reveal(self) -> bytes: ...


# Visible ASCII: what every field and every query can carry, and what ends none of them.
_SENDABLE = re.compile(rb"[\x21-\x7e]{1,4096}")


@dataclass(frozen=True, slots=True)
class Carrier:
    """Where a credential goes.

    | kind           | what is sent                                                            |
    |----------------|-------------------------------------------------------------------------|
    | bearer         | `Authorization: Bearer …` (RFC 6750)                                    |
    | token          | `Authorization: token …`                                                |
    | basic          | `Authorization: Basic …`; the credential is `user:password`             |
    | basic-user     | the same with the credential as the user name, and an empty password    |
    | basic-password | the same with `name` as the user name, and the credential as password   |
    | header         | the field `name`                                                        |
    | query          | the parameter `name` of the query, where logs of servers on the way see it |
    """

    kind: SendKind = "bearer"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Carried:
    """What goes into the request: fields, and a query, without its question mark."""

    fields: Fields = field(default=(), repr=False)
    query: str = field(default="", repr=False)


def can_carry(carrier: Carrier, credential: Revealable) -> bool:
    """Whether the credential can go this way, and be read over there as what it is."""
    revealed = credential.reveal()
    if not _SENDABLE.fullmatch(revealed):
        return False
    # RFC 7617 section 2: the first colon ends the user name.
    if carrier.kind == "basic":
        return b":" in revealed
    return carrier.kind != "basic-user" or b":" not in revealed


def carried(carrier: Carrier, credential: Revealable) -> Carried:
    """The fields and the query with which the credential goes.

    Raises:
        ValueError: where it cannot, see `can_carry`.
    """
    if not can_carry(carrier, credential):
        raise ValueError("the credential cannot be sent this way")
    revealed, name = credential.reveal(), carrier.name.encode("ascii")
    match carrier.kind:
        case "bearer":
            return Carried(((b"authorization", b"Bearer " + revealed),))
        case "token":
            return Carried(((b"authorization", b"token " + revealed),))
        case "basic":
            return _basic(revealed)
        case "basic-user":
            return _basic(revealed + b":")
        case "basic-password":
            return _basic(name + b":" + revealed)
        case "header":
            return Carried(((name.lower(), revealed),))
        case "query":
            return Carried((), f"{quote(carrier.name, safe='')}={quote(revealed, safe='')}")


def _basic(user_pass: bytes) -> Carried:
    return Carried(((b"authorization", b"Basic " + b64encode(user_pass)),))
