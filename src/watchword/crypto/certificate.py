"""X.509 certificates of clients (RFC 5280), read once: who they name, and from when until when they hold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

_LONGEST = 16_384
_REMEMBERED = 1024
_REFUSED = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What a certificate says of its holder. Whether that is true, only its chain proves.

    `fingerprint` is the SHA-256 of the DER form, in lower-case hexadecimal. `subject` is the whole name in the form of
    RFC 4514, empty where it has none. Instants are seconds since 1970.
    """

    fingerprint: str
    not_before: float
    not_after: float
    subject: str
    common_names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    dns_names: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()


@lru_cache(maxsize=_REMEMBERED)
def read_certificate(der: bytes) -> Certificate | None:
    """The certificate of this DER form; None where it is none. The same few come again and again."""
    if len(der) > _LONGEST:
        return None
    try:
        read = x509.load_der_x509_certificate(der)
        names = _alternative_names(read)
        return Certificate(
            fingerprint=hashlib.sha256(der).hexdigest(),
            not_before=read.not_valid_before_utc.timestamp(),
            not_after=read.not_valid_after_utc.timestamp(),
            subject=read.subject.rfc4514_string(),
            common_names=tuple(_common_names(read.subject)),
            emails=tuple(names.get_values_for_type(x509.RFC822Name)),
            dns_names=tuple(names.get_values_for_type(x509.DNSName)),
            uris=tuple(names.get_values_for_type(x509.UniformResourceIdentifier)),
        )
    except _REFUSED:
        return None


def _common_names(name: x509.Name) -> Iterator[str]:
    for attribute in name.get_attributes_for_oid(NameOID.COMMON_NAME):
        if isinstance(attribute.value, str):
            yield attribute.value


def _alternative_names(read: x509.Certificate) -> x509.SubjectAlternativeName:
    try:
        return read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return x509.SubjectAlternativeName([])
