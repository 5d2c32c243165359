"""What makes the store of a directory out of `[store.ldap]`."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Literal

from watchword.config.problems import printable
from watchword.config.stores.ldap import LdapSettings, LdapUrl
from watchword.config.values.secret_file import password_in_file
from watchword.core.ask import AnswerFailed
from watchword.crypto.secret import Secret
from watchword.stores import OutsideStore

if TYPE_CHECKING:  # these need the extra `ldap`, and are imported where a directory is configured
    from watchword.stores.ldap.groups import Groups
    from watchword.stores.ldap.people import People
    from watchword.stores.ldap.searching import Names
    from watchword.stores.ldap.servers import ServiceAccount

_PERSON = "(objectClass=user)(!(objectClass=computer))"


def ldap_store(settings: LdapSettings) -> OutsideStore:
    """The store. It opens no connection yet."""
    from watchword.stores.ldap.conversation import Server
    from watchword.stores.ldap.direct import DirectBind
    from watchword.stores.ldap.searching import BindAndSearch
    from watchword.stores.ldap.servers import Servers

    context = tls_of(settings) if any(_tls(settings, url) != "never" for url in settings.urls) else None
    servers = Servers(
        [Server(url.host, url.port, _tls(settings, url), context) for url in settings.urls], _service(settings)
    )
    people, timeout = _people(settings), settings.timeout
    if settings.user_dn is not None:
        groups = _groups(settings)
        return DirectBind(servers=servers, user_dn=settings.user_dn, people=people, groups=groups, timeout=timeout)
    return BindAndSearch(
        servers=servers,
        base=settings.base or "",
        people=people,
        names=_names(settings, people),
        groups=_groups(settings),
        timeout=timeout,
    )


def tls_of(settings: LdapSettings) -> ssl.SSLContext:
    """How TLS is spoken: certificate and host name are always checked.

    Raises:
        OSError: where the certificates of authorities cannot be read (an ssl.SSLError is one).
    """
    context = ssl.create_default_context(cafile=settings.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _name_attribute(settings: LdapSettings) -> str:
    """The attribute that is the account's name."""
    return settings.name_attribute or ("uid" if settings.active_directory is None else "sAMAccountName")


def _tls(settings: LdapSettings, url: LdapUrl) -> Literal["at-once", "started", "never"]:
    if url.scheme == "ldaps":
        return "at-once"
    return "started" if settings.start_tls else "never"


def _people(settings: LdapSettings) -> People:
    from watchword.stores.ldap.people import People

    condition = (_PERSON if settings.active_directory is not None else "") + (settings.only or "")
    return People(_name_attribute(settings), condition, dict(settings.attributes.pairs))


def _names(settings: LdapSettings, people: People) -> Names:
    from watchword.stores.ldap.people import ActiveDirectoryNames, TypedNames

    told = settings.active_directory
    if told is not None:
        return ActiveDirectoryNames(people.condition, told.netbios_name, told.domain)
    wanted = settings.user_filter or f"({people.name_attribute}={{name}})"
    return TypedNames(f"(&{people.condition}{wanted})")


def _groups(settings: LdapSettings) -> Groups:
    from watchword.stores.ldap.groups import Groups, Roles

    return Groups(
        base=settings.group_base or settings.base or "",
        search=settings.group_search or ("members" if settings.active_directory is None else "matching-rule"),
        nested=settings.nested,
        roles=Roles(settings.roles),
    )


def _service(settings: LdapSettings) -> ServiceAccount | None:
    from watchword.stores.ldap.servers import ServiceAccount

    file = settings.bind_password_file
    if settings.bind_dn is None or file is None:
        return None

    def password() -> Secret:
        try:
            return password_in_file(file)
        except ValueError as error:
            raise AnswerFailed(f"the service account's password: {printable(str(file))} {error}") from None

    return ServiceAccount(settings.bind_dn, password)
