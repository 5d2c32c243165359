"""Settings about certificates and told identities that are each right, and together prove nothing or mean nobody."""

from __future__ import annotations

import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

from watchword.config.findings import Check, Finding
from watchword.config.identity import DEFAULT, EXACT, MAPPING, IdentitySearch
from watchword.config.lines import Location
from watchword.config.problems import printable, shown
from watchword.config.settings import Settings
from watchword.crypto.certificate_chain import Authorities

_CERTIFICATE, _HEADER, _TLS = "client-certificate", "proxy-header", ("server", "tls")

# --- certificates ----------------------------------------------------------------------------------------------------


def certificates_without_authorities(settings: Settings) -> Iterator[Finding]:
    """Client certificates without a `client_ca`, or a `client_ca` or `client_crl` without client certificates."""
    tls = settings.server.tls
    if tls is None:
        return
    asks = (*_TLS, "client_certificates")
    files = ((*_TLS, "client_ca"), (*_TLS, "client_crl"))
    if tls.client_certificates != "off" and tls.client_ca is None:
        yield Finding(
            asks,
            "nobody could say which certificates are good; write the file of those who vouch for clients as "
            "server.tls.client_ca",
            depends=files[:1],
        )
    for place, file in zip(files, (tls.client_ca, tls.client_crl), strict=True):
        if tls.client_certificates == "off" and file is not None:
            yield Finding(
                place,
                'nobody is asked for a certificate; write client_certificates = "optional" beside it, or leave it out',
                depends=(asks,),
            )


def authorities_cannot_be_read(settings: Settings) -> Iterator[Finding]:
    """A file of authorities or of revoked certificates that cannot be read, or that everybody may change."""
    tls, place = settings.server.tls, ("client_certificate", "ca")
    if settings.client_certificate.ca is not None:
        yield from _unusable(place, settings.client_certificate.ca)
    if tls is not None and tls.client_ca is not None:
        yield from _unusable((*_TLS, "client_ca"), tls.client_ca)
    if tls is not None and tls.client_crl is not None:
        yield from _unusable((*_TLS, "client_crl"), tls.client_crl, lists=True)


def certificates_that_nobody_takes(settings: Settings) -> Iterator[Finding]:
    """The mechanism `client-certificate` where no certificate can come from, or certificates that no space takes."""
    tls, told = settings.server.tls, settings.client_certificate.proxy_field
    asks = tls is not None and tls.client_certificates != "off"
    taken = _taken(settings, _CERTIFICATE)
    for place in taken:
        if not asks and told is None:
            yield Finding(
                place,
                'there is nobody to show a certificate to; write client_certificates = "optional" under [server.tls], '
                'or proxy_field = "Client-Cert" under [client_certificate] where a trusted proxy tells them',
                depends=((*_TLS, "client_certificates"), ("client_certificate", "proxy_field")),
            )
    if taken:
        return
    says = 'no space takes certificates; add "client-certificate" to the mechanisms of a space, or leave this out'
    if tls is not None and tls.client_certificates == "optional":
        yield Finding((*_TLS, "client_certificates"), says, depends=(("space",),))
    if told is not None:
        yield Finding(("client_certificate", "proxy_field"), says, depends=(("space",),))


def certificates_of_untrusted_proxies(settings: Settings) -> Iterator[Finding]:
    """A `proxy_field` without trusted proxies, or one that another table uses too."""
    section, header = settings.client_certificate, settings.proxy_header
    if section.proxy_field is None:
        return
    place = ("client_certificate", "proxy_field")
    if not settings.server.trusted_proxies:
        yield Finding(
            place,
            "nobody is trusted to tell certificates; write the proxy's address in server.trusted_proxies, or leave "
            "this out",
            depends=(("server", "trusted_proxies"),),
        )
    if header is not None and section.proxy_field.lower() in (header.field.lower(), header.proof_field.lower()):
        yield Finding(place, "is the field of an identity already; write another", depends=(("proxy_header",),))


def certificate_is_named_in_two_ways(settings: Settings) -> Iterator[Finding]:
    """The map `fingerprint` with a pattern, or with no step but `exact`: no account is called so."""
    section = settings.client_certificate
    if section.map != "fingerprint":
        return
    if section.affixes.before or section.affixes.behind:
        yield Finding(
            ("client_certificate", "pattern"),
            "nothing stands around a fingerprint; leave it out",
            depends=(("client_certificate", "map"),),
        )
    if section.search == (EXACT,):
        yield Finding(
            ("client_certificate", "search"),
            'no account is called like a fingerprint; write ["attribute:certificate"], or ["mapping"] with users',
            depends=(("client_certificate", "map"),),
        )


# --- searches --------------------------------------------------------------------------------------------------------


def search_lacks_what_it_needs(settings: Settings) -> Iterator[Finding]:
    """A step of a search without what it looks at, or that without its step, or a step behind `default`."""
    sections: list[tuple[str, IdentitySearch]] = [("client_certificate", settings.client_certificate)]
    if settings.proxy_header is not None:
        sections.append(("proxy_header", settings.proxy_header))
    for table, section in sections:
        yield from _of_search(table, section)


def _of_search(table: str, section: IdentitySearch) -> Iterator[Finding]:
    place = (table, "search")
    for step, key, has, example in (
        (MAPPING, "users", bool(section.users), '{ "CN=ann,O=Clinic" = "ann" }'),
        (DEFAULT, "default", section.default is not None, '"visitor"'),
    ):
        if step in section.search and not has:
            yield Finding(
                place,
                f"{shown(step)} has nothing to look at; write {table}.{key}, such as {example}, or leave the step out",
                depends=((table, key),),
            )
        if step not in section.search and has:
            yield Finding(
                (table, key),
                f"nobody looks at it; add {shown(step)} to {table}.search, or leave it out",
                depends=(place,),
            )
    if DEFAULT in section.search[:-1]:
        ordered = [*(step for step in section.search if step != DEFAULT), DEFAULT]
        yield Finding(place, f'"default" ends every search, so that it must stand last; write {shown(ordered)}')


# --- the header of a proxy -------------------------------------------------------------------------------------------


def header_that_nobody_takes(settings: Settings) -> Iterator[Finding]:
    """The mechanism `proxy-header` without `[proxy_header]`, or that table where no space takes the mechanism."""
    taken = _taken(settings, _HEADER)
    if settings.proxy_header is None:
        for place in taken:
            yield Finding(
                place,
                '"proxy-header" needs to know whom to believe; write field, peers, secret_field and secret_file under '
                "[proxy_header]",
                depends=(("proxy_header",),),
            )
    elif not taken:
        yield Finding(
            ("proxy_header",),
            'no space takes it; add "proxy-header" to the mechanisms of a space, or leave the table out',
            depends=(("space",),),
        )


def header_proves_nothing(settings: Settings) -> Iterator[Finding]:
    """A header that neither a secret nor a signature proves, or both, or one that cannot be told from another."""
    header = settings.proxy_header
    if header is None:
        return
    fields, place = (("proxy_header", "secret_field"), ("proxy_header", "signature_field")), ("proxy_header",)
    if (header.secret_field is None) == (header.signature_field is None):
        yield Finding(
            place,
            "has not either a secret_field or a signature_field: an address alone proves too little, because other "
            "programs have it too; write one of them",
            depends=fields,
        )
    elif header.proof_field.lower() == header.field.lower():
        yield Finding(
            fields[0] if header.secret_field is not None else fields[1],
            "is the field of the identity already; write another",
            depends=(("proxy_header", "field"),),
        )


def header_has_no_usable_secret(settings: Settings) -> Iterator[Finding]:
    """A header's secret that is missing, in two places, readable for others, or short."""
    header = settings.proxy_header
    if header is None:
        return
    keys = (("proxy_header", "secret_file"), ("proxy_header", "secret_variable"))
    if (header.secret_file is None) == (header.secret_variable is None):
        yield Finding(
            ("proxy_header",),
            "has not either a secret_file or a secret_variable; write one of them (`openssl rand -hex 32` prints a "
            "secret)",
            depends=keys,
        )
        return
    try:
        header.proof()
    except ValueError as error:
        if header.secret_file is not None:
            yield Finding(keys[0], f"{printable(str(header.secret_file))} {error}")
        else:
            yield Finding(keys[1], f"the environment variable {header.secret_variable} {error}")


IDENTITY_CHECKS: tuple[Check, ...] = (
    certificates_without_authorities,
    authorities_cannot_be_read,
    certificates_that_nobody_takes,
    certificates_of_untrusted_proxies,
    certificate_is_named_in_two_ways,
    search_lacks_what_it_needs,
    header_that_nobody_takes,
    header_proves_nothing,
    header_has_no_usable_secret,
)
"""In the order of the manual."""


def _taken(settings: Settings, mechanism: str) -> list[Location]:
    """Where the mechanism stands."""
    return [
        ("space", at, "mechanisms")
        for at, space in enumerate(settings.space)
        if space.mechanisms is not None and mechanism in space.mechanisms
    ]


def _unusable(place: Location, file: Path, *, lists: bool = False) -> Iterator[Finding]:
    name = printable(str(file))
    try:
        content, mode = file.read_bytes(), file.stat().st_mode
    except OSError as error:
        yield Finding(place, f"{name} cannot be read ({error.strerror}); write the name of a PEM file that can be")
        return
    if mode & stat.S_IWOTH:
        yield Finding(place, f"everybody on this machine may change {name}; run chmod o-w on it")
    try:
        if not lists:
            Authorities(content)
        elif b"-----BEGIN X509 CRL-----" in content:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(file)
        else:
            raise ValueError("a list is written so in PEM")
    except (ValueError, OSError):
        what = "revoked certificates, signed by an authority" if lists else "certificates"
        yield Finding(place, f"{name} holds no {what}; write the name of a PEM file with them")
