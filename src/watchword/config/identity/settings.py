"""How identities that others have proven are searched among the accounts: what two mechanisms are told alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import Field

from watchword.config.problems import meant, shown
from watchword.config.section import Section
from watchword.config.values import Once, Read, Some, Unfit
from watchword.core.names import NameRefused, account_name
from watchword.tokens.identity import ByAttribute, Exact, Mapped, Profile, Search

EXACT, MAPPING, DEFAULT, ATTRIBUTE = "exact", "mapping", "default", "attribute:"

_STEPS = (EXACT, "attribute:email", MAPPING, DEFAULT)


def _step(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    if value in (EXACT, MAPPING, DEFAULT) or (value.startswith(ATTRIBUTE) and value.removeprefix(ATTRIBUTE).strip()):
        return value
    near = meant(value, _STEPS)
    raise ValueError(
        f'{shown(value)} is no step of a search; write "exact", "attribute:email" (or another attribute of accounts), '
        '"mapping" or "default"' + (f"; did you mean {shown(near)}?" if near else "")
    )


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    try:
        return account_name(value)
    except NameRefused as error:
        raise ValueError(f"cannot be used: {error}") from None


@dataclass(frozen=True, slots=True)
class Users:
    """Identities, each with the name of its account."""

    pairs: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.pairs)


def _users(value: object) -> Users:
    if not isinstance(value, Mapping) or not all(isinstance(identity, str) and identity for identity in value):
        raise Unfit
    return Users(tuple((identity, _name(name)) for identity, name in value.items()))


# Letters, digits and hyphens: whatever stands between proxies and us agrees on what such a name is (F21).
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,62}")
_TAKEN = frozenset(
    "accept api-key auth-key authorization connection cookie expect forwarded from host no-auth-challenge origin range "
    "referer remote-roles remote-scopes remote-session te trailer transfer-encoding upgrade user-agent via "
    "watchword-identity www-authenticate x-api-key x-real-ip x-rewrite-url".split()
)
_TAKEN_BEFORE = ("access-control-", "content-", "if-", "proxy-", "sec-", "x-forwarded-", "x-original-")


def _field_name(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    if not _FIELD.fullmatch(value):
        raise ValueError(
            f"{shown(value)} is no name that all proxies and servers read alike; "
            'write letters, digits and hyphens, such as "X-Remote-User"'
        )
    if value.lower() in _TAKEN or value.lower().startswith(_TAKEN_BEFORE):
        raise ValueError(f'{shown(value)} means something else already; write another field, such as "X-Remote-User"')
    return value


AccountName: TypeAlias = Annotated[str, Read("a name as accounts may have", _name)]
FieldName: TypeAlias = Annotated[str, Read("the name of a request field", _field_name)]
SearchStep: TypeAlias = Annotated[str, Read("a step of a search", _step)]
UserTable: TypeAlias = Annotated[Users, Read("a table of identities, each with the name of an account", _users)]


class IdentitySearch(Section):
    """How an identity finds its account. Whom the search does not find is refused with 403 `unknown-identity`."""

    search: Annotated[tuple[SearchStep, ...], Some, Once] = Field(
        default=(EXACT,), examples=[["exact", "attribute:email", "mapping"]]
    )
    """The steps, in order. `exact`: the account of that name. `attribute:<name>`: the one account with an attribute of
    exactly that value. `mapping`: what stands in `users`. `default`: the identity itself, with the roles of the account
    `default`."""

    users: UserTable = Field(default=Users(), examples=[{"CN=ann,O=Clinic": "ann"}])
    """For the step `mapping`: identities, each with the name of its account."""

    default: AccountName | None = Field(default=None, examples=["visitor"])
    """For the step `default`: the account whose roles and permissions an identity gets that has no account. Its subject
    stays the identity. While this account is disabled, nobody gets anything."""

    @property
    def steps(self) -> Search:
        """The same, as it is searched."""
        return tuple(self._step(step) for step in self.search)

    def _step(self, step: str) -> Exact | ByAttribute | Mapped | Profile:
        if step == EXACT:
            return Exact()
        if step == MAPPING:
            return Mapped(dict(self.users.pairs))
        if step == DEFAULT:
            assert self.default is not None, "pairs.py has seen to that"
            return Profile(self.default)
        return ByAttribute(step.removeprefix(ATTRIBUTE))
