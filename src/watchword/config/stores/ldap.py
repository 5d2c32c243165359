"""`[store.ldap]`: where a directory is, how people and groups are found in it, and what groups give."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field

from watchword.config.places import File
from watchword.config.problems import shown
from watchword.config.section import Section
from watchword.config.stores.role_mapping import RoleMapping
from watchword.config.values import Duration, Once, Read, Some, Switch, Text, Unfit, choice
from watchword.config.values.hosts import is_address
from watchword.http.forwarded import is_loopback

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?")
_PORTS: Mapping[str, int] = {"ldap": 389, "ldaps": 636}
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")


@dataclass(frozen=True, slots=True)
class LdapUrl:
    """Where a server of a directory is."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")

    @property
    def is_here(self) -> bool:
        """Whether nothing leaves this machine on the way there."""
        return self.host.lower() == "localhost" or is_loopback(self.host)


def _url(value: object) -> LdapUrl:
    if not isinstance(value, str):
        raise Unfit
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Unfit from None
    known = parts.scheme in _PORTS and (is_address(host) or _HOST.fullmatch(host))
    if not known or parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc or port == 0:
        raise ValueError(
            f"{shown(value)} is no server of a directory; write scheme, host, and the port where it is not 389 or 636, "
            'such as "ldap://ldap.example.com" or "ldaps://dc1.corp.example"'
        )
    return LdapUrl(parts.scheme, host, port or _PORTS[parts.scheme])


def _attribute(value: object) -> str:
    if not isinstance(value, str) or not _ATTRIBUTE.fullmatch(value):
        raise Unfit
    return value


def _said(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise Unfit
    return value


@dataclass(frozen=True, slots=True)
class AttributeNames:
    """Attributes of accounts, each with the directory's attribute that it is taken from."""

    pairs: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.pairs)


def _attributes(value: object) -> AttributeNames:
    if not isinstance(value, Mapping):
        raise Unfit
    return AttributeNames(tuple((_said(ours), _attribute(theirs)) for ours, theirs in value.items()))


Url: TypeAlias = Annotated[LdapUrl, Read("the URL of a directory's server", _url)]
AttributeName: TypeAlias = Annotated[str, Read("the name of a directory's attribute", _attribute)]
AttributeTable: TypeAlias = Annotated[
    AttributeNames, Read("a table of attributes, each with the directory's", _attributes)
]
GroupSearch: TypeAlias = Literal["members", "member-of", "matching-rule"]


class ActiveDirectory(Section):
    """People are named as Active Directory does: `ann` (`sAMAccountName`), `ann@corp.example` (`userPrincipalName`) and
    `CORP\\ann`. All are the account `ann`."""

    domain: Text | None = Field(default=None, examples=["corp.example"])
    """The domain in DNS. With it `ann@corp.example` is also whoever has the account name `ann`, as at Windows' own
    log-in; without it only who has been given just that `userPrincipalName`."""

    netbios_name: Text | None = Field(default=None, examples=["CORP"])
    """The domain in front of a backslash. Without it, and with any other, a name with a backslash is nobody's."""


class LdapSettings(Section):
    """A directory: OpenLDAP, Active Directory or another. Passwords are judged by a bind as the person, which is found
    by a search (`base`), or whose name in the directory is made by a template (`user_dn`)."""

    urls: Annotated[tuple[Url, ...], Some, Once] = Field(examples=[["ldap://ldap.example.com"]])
    """The servers, tried in this order: `ldap://` with StartTLS, or `ldaps://`. Where none can be reached, nobody is
    told that a password is wrong."""

    start_tls: Switch = Field(default=True, examples=[False])
    """Whether `ldap://` is turned into TLS before anything is said. Without it passwords go in cleartext, which is
    refused unless the server is on this machine."""

    ca_file: File | None = Field(default=None, examples=["ldap-ca.pem"])
    """Certificates (PEM) of those who vouch for the servers; the machine's own list where nothing is said. A server's
    certificate must name the host in its URL."""

    timeout: Duration = Field(default="2s", validate_default=True, examples=["1s"])
    """How long one check may take in all, connecting to every server included; 10 seconds at most."""

    base: Text | None = Field(default=None, examples=["ou=people,dc=example,dc=com"])
    """The entry below which people are searched. Either this or `user_dn`."""

    bind_dn: Text | None = Field(default=None, examples=["cn=watchword,ou=services,dc=example,dc=com"])
    """The service account that searches; nobody in particular (anonymously) where nothing is said. It needs to read
    people and groups, and nothing else."""

    bind_password_file: File | None = Field(default=None, examples=["ldap.password"])
    """A file with its password, readable for nobody but its owner. It is read whenever a connection is opened."""

    user_dn: Text | None = Field(default=None, examples=["uid={name},ou=people,dc=example,dc=com"])
    """Instead of a search: how the entries of people are called, all alike. Everybody must be allowed to read their own
    entry. An unknown name looks like a wrong password then, so that the next store is asked about every failure."""

    name_attribute: AttributeName | None = Field(default=None, examples=["cn"])
    """The attribute that is the account's name here, as the directory writes it. `uid` where nothing is said, and
    `sAMAccountName` for Active Directory."""

    user_filter: Text | None = Field(default=None, examples=["(|(uid={name})(mail={name}))"])
    """What finds whoever types `{name}`: the name attribute where nothing is said. Where it finds more than one entry,
    none of them can come in. Not for Active Directory."""

    only: Text | None = Field(default=None, examples=["(memberOf=cn=staff,ou=groups,dc=example,dc=com)"])
    """A filter that people have to meet besides; others are unknown here."""

    attributes: AttributeTable = Field(default=AttributeNames(), examples=[{"email": "mail", "name": "cn"}])
    """Attributes of accounts, each with the directory's attribute that it is taken from."""

    group_base: Text | None = Field(default=None, examples=["ou=groups,dc=example,dc=com"])
    """The entry below which groups are searched; `base` where nothing is said."""

    group_search: Annotated[GroupSearch, choice("members", "member-of", "matching-rule")] | None = Field(
        default=None, examples=["member-of"]
    )
    """How groups are found. `members`: those that name the person as `member`, `uniqueMember` or `memberUid`.
    `member-of`: those that the person's entry names. `matching-rule`: Active Directory looks itself, which is usual
    there; `members` everywhere else."""

    nested: Switch = Field(default=True, examples=[False])
    """Whether who is in a group is also in those that this group is in, ten of them deep."""

    roles: RoleMapping = Field(default={}, examples=[{"clerk": ["cn=clerks,ou=groups,dc=example,dc=com"]}])
    """Roles, each with the groups that give it: a distinguished name, or a `cn` alone, which any group below
    `group_base` may have. Other groups give nothing, and without this table nobody asks for groups."""

    active_directory: ActiveDirectory | None = Field(default=None, examples=[{"domain": "corp.example"}])
    """What Active Directory needs to know; it may be empty. See below."""
