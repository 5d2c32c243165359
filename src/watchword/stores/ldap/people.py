"""Whom a typed name means, and what their entry tells: the name itself, attributes, and whether they may come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from watchword.core.names import NameRefused, account_name
from watchword.core.principal import Instant
from watchword.stores import Denied, Identity
from watchword.stores.ldap.conversation import Entry
from watchword.stores.ldap.text import in_filter, normal, parts_of

UNKNOWN: Final = Denied("unknown-user", knows=False)

_CHANGED: Final = ("pwdChangedTime", "pwdLastSet")
"""When the password was changed: of draft-behera-ldap-password-policy and of Active Directory."""
_STANDING: Final = ("pwdAccountLockedTime", "nsAccountLock", "userAccountControl", "accountExpires")
_LOCKED_FOR_GOOD: Final = "000001010000Z"
_ACCOUNTDISABLE: Final = 0x2
_BEGIN_OF_WINDOWS: Final = 11_644_473_600
"""Seconds from 1601 to 1970; a FILETIME counts tenths of microseconds from the former."""


@dataclass(frozen=True, slots=True)
class People:
    """How people are known. `condition` are filters that everybody has to meet; `attributes` are ours, each with the
    directory's."""

    name_attribute: str = "uid"
    condition: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])

    def filter_called(self, name: str) -> str:
        """What finds the person whose name this is."""
        return f"(&{self.condition}({self.name_attribute}={in_filter(name)}))"

    def read(self) -> tuple[str, ...]:
        """The attributes to ask for."""
        return (*dict.fromkeys((self.name_attribute, *self.attributes.values(), "memberOf", *_CHANGED, *_STANDING)),)


@dataclass(frozen=True, slots=True)
class TypedNames:
    """Who is meant by what somebody typed: `wanted` is a filter with `{name}`."""

    wanted: str

    def filter_for(self, name: str) -> str | None:
        """What finds whoever is called so; None where nobody can be."""
        return self.wanted.replace("{name}", in_filter(name))


@dataclass(frozen=True, slots=True)
class ActiveDirectoryNames:
    """Who is meant in Active Directory: it takes `ann`, `CORP\\ann` and `ann@corp.example`.

    Without `netbios` no name with a backslash is anybody's.
    """

    condition: str
    netbios: str | None = None
    domain: str | None = None

    def filter_for(self, name: str) -> str | None:
        """See `TypedNames`."""
        domain, backslash, account = name.partition("\\")
        if not backslash:
            domain, account = "", name
        elif self.netbios is None or not account or normal(domain) != normal(self.netbios):
            return None
        of_account = f"(sAMAccountName={in_filter(account)})"
        local, at, suffix = account.rpartition("@")
        if at and not backslash:
            of_account = f"(userPrincipalName={in_filter(account)})"
            if self.domain is not None and normal(suffix) == normal(self.domain):
                # Everybody has this name, even who was given another one, or none ([MS-ADTS] 5.1.1.1.1).
                of_account = f"(|{of_account}(sAMAccountName={in_filter(local)}))"
        return f"(&{self.condition}{of_account})"


def usable(name: str) -> str | None:
    """The name as it is asked for, None where no account could be called so.

    Directories leave out of names what nobody sees, or take compatibility forms for the plain ones (RFC 4518): such a
    spelling would come in, and be counted as somebody else (F14).
    """
    try:
        return account_name(name)
    except NameRefused:
        return None


def standing(entry: Entry, now: Instant) -> Denied | None:
    """Why this person may not come in, whatever the password; None where they may."""
    if entry.first("pwdAccountLockedTime") == _LOCKED_FOR_GOOD:
        return Denied("account-locked")
    control = _number(entry.first("userAccountControl"))
    if (control or 0) & _ACCOUNTDISABLE or normal(entry.first("nsAccountLock") or "") == "true":
        return Denied("account-disabled")
    expires = _number(entry.first("accountExpires"))
    if expires is not None and 0 < expires < 2**63 - 1 and expires / 10_000_000 - _BEGIN_OF_WINDOWS <= now:
        return Denied("account-expired")
    return None


def identity_of(entry: Entry, people: People, roles: frozenset[str]) -> Identity | Denied:
    """Whose entry it is."""
    name = _name_in(entry, people.name_attribute)
    if name is None:
        return Denied("unusable-name")
    told = ((ours, entry.first(theirs)) for ours, theirs in people.attributes.items())
    return Identity(
        name=name,
        roles=roles,
        attributes={ours: value for ours, value in told if value is not None},
        version="\n".join(f"{key}={value}" for key in _CHANGED for value in entry.all(key)),
    )


def _name_in(entry: Entry, attribute: str) -> str | None:
    """The one name: where there are several, the one that the entry is called by."""
    names = entry.all(attribute)
    if len(names) == 1:
        return names[0]
    try:
        leaf = {kind.lower(): normal(value) for kind, value in parts_of(entry.dn)[0]}
    except ValueError:
        return None
    return next((name for name in names if normal(name) == leaf.get(attribute.lower())), None)


def _number(text: str | None) -> int | None:
    try:
        return None if text is None else int(text)
    except ValueError:
        return None
