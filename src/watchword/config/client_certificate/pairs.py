"""Settings of client certificates that are each right, and together prove nothing or mean nobody."""

from __future__ import annotations

import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

from watchword.config.findings import Check, Finding
from watchword.config.identity.settings import EXACT
from watchword.config.problems import printable
from watchword.config.reading.lines import Location
from watchword.config.settings import Settings
from watchword.config.spaces.standing import where_mechanism_stands
from watchword.crypto.certificate_chain import Authorities

_TLS = ("server", "tls")


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
    taken = where_mechanism_stands(settings, "client-certificate")
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


CERTIFICATE_CHECKS: tuple[Check, ...] = (
    certificates_without_authorities,
    authorities_cannot_be_read,
    certificates_that_nobody_takes,
    certificates_of_untrusted_proxies,
    certificate_is_named_in_two_ways,
)
"""In the order of the manual."""


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
