"""Settings of directories that are each right, and together unsafe or impossible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec

from watchword.config.findings import Check, Finding
from watchword.config.problems import printable, shown
from watchword.config.reading.lines import Location
from watchword.config.settings import Settings
from watchword.config.stores.directory import tls_of
from watchword.config.stores.ldap import LdapSettings
from watchword.config.values.secret_file import password_in_file

_LONGEST = 10.0


def ldap_is_not_installed(settings: Settings) -> Iterator[Finding]:
    """A directory, where the extra `ldap` is not installed."""
    for index, _ in _directories(settings):
        if find_spec("ldap3") is None:
            yield Finding(
                ("store", index, "kind"), 'needs a library that is not here; run pip install "watchword[ldap]"'
            )


def ldap_is_cleartext(settings: Settings) -> Iterator[Finding]:
    """A directory beyond loopback without TLS."""
    for index, ldap in _directories(settings):
        far = next((url for url in ldap.urls if url.scheme == "ldap" and not url.is_here), None)
        if far is not None and not ldap.start_tls:
            yield Finding(
                (*_place(index), "start_tls"),
                f"passwords would go to {shown(str(far))} in cleartext; leave it out, or write an ldaps:// URL",
                depends=((*_place(index), "urls"),),
            )


def ldap_authorities_cannot_be_read(settings: Settings) -> Iterator[Finding]:
    """Authorities for a directory's servers that cannot be read."""
    for index, ldap in _directories(settings):
        try:
            tls_of(ldap)
        except OSError as error:
            yield Finding(
                (*_place(index), "ca_file"),
                f"{printable(str(ldap.ca_file))} cannot be read as certificates ({error.strerror or error}); "
                "write the name of a PEM file with them",
            )


def ldap_names_are_found_in_no_way_or_two(settings: Settings) -> Iterator[Finding]:
    """A directory with neither `base` nor `user_dn`, with both, or with keys that go with the other one."""
    for index, ldap in _directories(settings):
        place = _place(index)
        if (ldap.base is None) == (ldap.user_dn is None):
            yield Finding(
                place,
                'has not either a base or a user_dn; write base = "ou=people,dc=example,dc=com" to search people, or '
                'user_dn = "uid={name},ou=people,dc=example,dc=com" where all entries are called so',
                depends=((*place, "base"), (*place, "user_dn")),
            )
        elif ldap.user_dn is not None:
            for key in ("bind_dn", "user_filter", "only", "active_directory"):
                if getattr(ldap, key) is not None:
                    yield Finding(
                        (*place, key), "belongs to a search, and user_dn needs none; leave one of them out", (place,)
                    )
            if ldap.roles and ldap.group_base is None and ldap.group_search != "member-of":
                yield Finding(
                    (*place, "roles"),
                    'nobody knows where groups are; write group_base = "ou=groups,dc=example,dc=com"',
                    depends=((*place, "group_base"),),
                )
        elif ldap.user_filter is not None and ldap.active_directory is not None:
            yield Finding(
                (*place, "user_filter"),
                "Active Directory has its own; write what people have to meet besides as `only`",
                depends=((*place, "active_directory"),),
            )


def ldap_text_is_none(settings: Settings) -> Iterator[Finding]:
    """Distinguished names and filters of a directory that are none, or lack `{name}`."""
    if find_spec("ldap3") is None:
        return
    for index, ldap in _directories(settings):
        place = _place(index)
        texts: tuple[tuple[str, str | None, Callable[[str], str | None]], ...] = (
            ("base", ldap.base, _why_no_dn),
            ("bind_dn", ldap.bind_dn, _why_no_dn),
            ("group_base", ldap.group_base, _why_no_dn),
            ("user_dn", ldap.user_dn, _why_no_template),
            ("user_filter", ldap.user_filter, lambda text: _why_nobody_s(text) or _why_no_filter(text)),
            ("only", ldap.only, _why_no_filter),
            *(("roles", group, _why_no_dn) for group in ldap.roles if "=" in group),
        )
        for key, text, why_not in texts:
            says = None if text is None else why_not(text)
            if says is not None:
                yield Finding((*place, key), says)


def ldap_service_account_has_no_usable_password(settings: Settings) -> Iterator[Finding]:
    """A directory's service account without a password, or with one that others may read."""
    for index, ldap in _directories(settings):
        place = _place(index)
        file = ldap.bind_password_file
        if (ldap.bind_dn is None) != (file is None):
            yield Finding(
                place,
                "has not both a bind_dn and a bind_password_file; write both, or none to search anonymously",
                depends=((*place, "bind_dn"), (*place, "bind_password_file")),
            )
        if file is None:
            continue
        try:
            password_in_file(file)
        except ValueError as error:
            yield Finding((*place, "bind_password_file"), f"{printable(str(file))} {error}")


def ldap_takes_too_long(settings: Settings) -> Iterator[Finding]:
    """A directory that is waited for longer than ten seconds."""
    for index, ldap in _directories(settings):
        if ldap.timeout > _LONGEST:
            yield Finding(
                (*_place(index), "timeout"),
                "would hold up everybody while the directory is away; write 10 seconds or less",
            )


LDAP_CHECKS: tuple[Check, ...] = (
    ldap_is_not_installed,
    ldap_is_cleartext,
    ldap_authorities_cannot_be_read,
    ldap_names_are_found_in_no_way_or_two,
    ldap_text_is_none,
    ldap_service_account_has_no_usable_password,
    ldap_takes_too_long,
)
"""In the order of the manual."""


def _directories(settings: Settings) -> Iterator[tuple[int, LdapSettings]]:
    for index, store in enumerate(settings.store):
        if store.kind == "ldap" and store.ldap is not None:
            yield index, store.ldap


def _place(index: int) -> Location:
    return "store", index, "ldap"


def _why_no_dn(text: str) -> str | None:
    from watchword.stores.ldap.text import parts_of

    try:
        parts_of(text)
    except ValueError:
        return f'{shown(text)} is no distinguished name (RFC 4514); write one such as "ou=people,dc=example,dc=com"'
    return None


def _why_nobody_s(text: str) -> str | None:
    return None if "{name}" in text else "lacks {name}, so that everybody would be the same person; write it in"


def _why_no_template(text: str) -> str | None:
    """What is typed must choose neither attribute nor place: it stands in a value."""
    from watchword.stores.ldap.text import parts_of

    mark = "watchword"
    example = text.replace("{name}", mark)
    says = _why_nobody_s(text) or _why_no_dn(text.replace("{name}", "name"))
    if says is None and sum(mark in value for part in parts_of(example) for _, value in part) != text.count("{name}"):
        says = 'has {name} outside of a value; write it as one, such as "uid={name},ou=people,dc=example,dc=com"'
    return says


def _why_no_filter(text: str) -> str | None:
    from ldap3.core.exceptions import LDAPExceptionError
    from ldap3.operation.search import parse_filter

    try:
        parse_filter(text.replace("{name}", "name"), None, False, False, None, False)
    except LDAPExceptionError:
        return f'{shown(text)} is no filter (RFC 4515); write one such as "(objectClass=person)"'
    return None
