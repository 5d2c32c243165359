"""Directories under the contract: a real slapd, asked over StartTLS by a search, and by a template for names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.contract.people import ANN, IMPATIENCE, PATIENCE, Kept, Person
from tests.contract.people import PEOPLE as EVERYBODY
from tests.contract.slapd import SERVICE, SERVICE_PASSWORD, SUFFIX, Slapd, slapd
from tests.relay import Relay, relay
from watchword.config.stores.directory import ldap_store
from watchword.config.stores.ldap import LdapSettings
from watchword.stores import OutsideStore
from watchword.stores.ldap.text import in_dn

PEOPLE = f"ou=people,{SUFFIX}"
GROUPS = f"ou=groups,{SUFFIX}"
ROLES = {"clerk": [f"cn=Clerks,{GROUPS}"], "reader": ["readers"], "admin": ["nobody's"]}
"""Ann is a clerk through a group in a group, and a reader at once."""


def dn_of(name: str) -> str:
    """How somebody's entry is called."""
    return f"uid={in_dn(name)},{PEOPLE}"


def person(name: str, password: str, *lines: str) -> str:
    """An entry in LDIF, whose password was set long ago."""
    return "\n".join(
        (
            f"dn: {dn_of(name)}",
            "objectClass: inetOrgPerson",
            f"uid: {name}",
            f"cn: {name.title()} of Example",
            "sn: Example",
            f"userPassword: {password}",
            "pwdChangedTime: 20200101000000Z",
            *lines,
            "",
            "",
        )
    )


def group(name: str, *members: str, kind: str = "groupOfNames", attribute: str = "member") -> str:
    """A group in LDIF."""
    lines = (f"{attribute}: {member}" for member in members)
    return "\n".join((f"dn: cn={name},{GROUPS}", f"objectClass: {kind}", f"cn: {name}", *lines, "", ""))


def entries() -> str:
    """The people of the contract, and groups that hold each other."""
    people = "".join(
        person(one.name, one.password, *(["pwdAccountLockedTime: 000001010000Z"] if one.disabled else []))
        for one in EVERYBODY
    )
    ann = dn_of(ANN.name)
    return (
        people
        + group("front desk", ann, f"cn=clerks,{GROUPS}")
        + group("clerks", f"cn=front desk,{GROUPS}")
        + group("readers", ann, kind="groupOfUniqueNames", attribute="uniqueMember")
    )


def searching(slapd: Slapd, port: int | None = None, **more: object) -> OutsideStore:
    """The store that searches, over StartTLS."""
    password = slapd.folder / "service.password"
    password.touch(0o600)
    password.write_text(SERVICE_PASSWORD + "\n")
    settings: dict[str, object] = {
        "urls": [f"ldap://localhost:{port or slapd.port}"],
        "ca_file": slapd.ca_file,
        "base": PEOPLE,
        "bind_dn": SERVICE,
        "bind_password_file": password,
        "group_base": GROUPS,
        "roles": ROLES,
        "timeout": PATIENCE,
    }
    return ldap_store(LdapSettings.model_validate(settings | more))


def direct(slapd: Slapd, port: int | None = None, **more: object) -> OutsideStore:
    """The store that makes names by a template, over StartTLS."""
    settings: dict[str, object] = {
        "urls": [f"ldap://localhost:{port or slapd.port}"],
        "ca_file": slapd.ca_file,
        "user_dn": f"uid={{name}},{PEOPLE}",
        "group_base": GROUPS,
        "roles": ROLES,
        "timeout": PATIENCE,
    }
    return ldap_store(LdapSettings.model_validate(settings | more))


@contextmanager
def searched() -> Iterator[Kept]:
    """The store that searches, over a slapd of its own."""
    with slapd(entries()) as running, relay(running.port) as wire:
        yield _kept(running, searching, wire)


@contextmanager
def bound_directly() -> Iterator[Kept]:
    """The store that makes names by a template, likewise."""
    with slapd(entries()) as running, relay(running.port) as wire:
        yield _kept(running, direct, wire)


def _kept(running: Slapd, opened: Callable[..., OutsideStore], wire: Relay) -> Kept:
    def set_password(who: Person, password: str) -> None:
        running.set(dn_of(who.name), userPassword=password)

    return Kept(
        store=opened(running, wire.port),
        set_password=set_password,
        wire=wire,
        impatient=opened(running, wire.port, timeout=IMPATIENCE),
    )
