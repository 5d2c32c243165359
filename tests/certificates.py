"""Certificate authorities of the tests' own: for servers, for clients, and for clients that are not what they say."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def fingerprint(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Files with the certificate and with the key."""
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        certificate.write_text(self.pem)
        key.touch(0o600)
        key.write_bytes(
            self.key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        return certificate, key


def name_of(*attributes: x509.NameAttribute) -> x509.Name:
    return x509.Name(attributes)


def common_name(*names: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])


@dataclass(slots=True)
class Authority:
    """A root, which issues whatever it is asked for."""

    name: str = "Test clients"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    issued_by: Authority | None = None
    revoked: list[x509.RevokedCertificate] = field(default_factory=list[x509.RevokedCertificate])
    lists: int = 0
    issued: Issued = field(init=False)

    def __post_init__(self) -> None:
        above = self.issued_by
        builder = (
            _builder(common_name(self.name), common_name(self.name if above is None else above.name), self.key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
        )
        signer = self.key if above is None else above.key
        builder = builder.add_extension(_authority_key(signer), critical=False)
        self.issued = Issued(builder.sign(signer, hashes.SHA256()), self.key)

    @property
    def pem(self) -> str:
        return self.issued.pem

    def issue(
        self,
        subject: x509.Name | str,
        *alternatives: x509.GeneralName,
        usage: Iterable[ObjectIdentifier] = (ExtendedKeyUsageOID.CLIENT_AUTH,),
        begins: timedelta = -HOUR,
        ends: timedelta = DAY,
    ) -> Issued:
        """A certificate of a subject, or of this common name. It is for clients, where nothing else is said."""
        key = ec.generate_private_key(ec.SECP256R1())
        whole = common_name(subject) if isinstance(subject, str) else subject
        builder = _builder(whole, common_name(self.name), key, begins, ends)
        builder = builder.add_extension(_authority_key(self.key), critical=False)
        if purposes := list(usage):
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=not list(whole))
        return Issued(builder.sign(self.key, hashes.SHA256()), key)

    def for_this_machine(self) -> Issued:
        """A certificate for servers on loopback."""
        loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        return self.issue("localhost", x509.DNSName("localhost"), loopback, usage=(ExtendedKeyUsageOID.SERVER_AUTH,))

    def revoke(self, issued: Issued) -> None:
        """Put it on the next list."""
        entry = x509.RevokedCertificateBuilder().serial_number(issued.certificate.serial_number)
        self.revoked.append(entry.revocation_date(datetime.now(UTC)).build())

    def revocation_list(self, *, ends: timedelta = DAY) -> str:
        """What was revoked until now, in PEM."""
        self.lists += 1
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(common_name(self.name))
            .last_update(now - HOUR + timedelta(seconds=self.lists))
            .next_update(now + ends)
            .add_extension(_authority_key(self.key), critical=False)
            .add_extension(x509.CRLNumber(self.lists), critical=False)
        )
        for entry in self.revoked:
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    begins: timedelta = -HOUR,
    ends: timedelta = DAY,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
    )


def _authority_key(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
