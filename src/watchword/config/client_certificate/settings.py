"""`[client_certificate]`: whose a client certificate is, and how proxies tell of one."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from watchword.config.identity.settings import FieldName, IdentitySearch
from watchword.config.places import File
from watchword.config.problems import shown
from watchword.config.values import Read, Unfit, choice
from watchword.http.client_certificate import ToldCertificate
from watchword.mechanisms.client_certificate import Affixes

Map: TypeAlias = Literal["common-name", "subject", "san-email", "san-dns", "san-uri", "fingerprint"]
Format: TypeAlias = Literal["rfc9440", "nginx"]

NAME = "{name}"


def _pattern(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise Unfit
    if value.count(NAME) != 1:
        raise ValueError(
            f'{shown(value)} does not say where the name stands; write {{name}} once, as in "{{name}}@example.com"'
        )
    return value


Pattern: TypeAlias = Annotated[str, Read("text with {name} in it", _pattern)]


class ClientCertificateSettings(IdentitySearch):
    """Client certificates (mechanism `client-certificate`): what in them is an identity, and how that finds an account.
    They come from the server's own TLS (`[server.tls]`), or from trusted proxies, which tell them in a field."""

    map: Annotated[Map, choice("common-name", "subject", "san-email", "san-dns", "san-uri", "fingerprint")] = Field(
        default="common-name", examples=["san-email"]
    )
    """What in a certificate is the identity: the subject's common name; the whole subject as RFC 4514 writes it
    (`CN=ann,O=Clinic`); an e-mail address, DNS name or URI among its alternative names; or the SHA-256 of the
    certificate, in lower-case hexadecimal. A certificate with two of what is asked for is refused."""

    pattern: Pattern = Field(default=NAME, examples=["{name}@clinic.example"])
    """What stands around the identity: with `{name}@clinic.example`, `ann@clinic.example` is `ann`, and no address of
    another domain is anybody."""

    proxy_field: FieldName | None = Field(default=None, examples=["Client-Cert"])
    """The field in which `server.trusted_proxies` tell the client's certificate; from anybody else it is not even read.
    Without it only certificates of the server's own TLS count. The proxy must remove what clients send under this
    name."""

    proxy_format: Annotated[Format, choice("rfc9440", "nginx")] = Field(default="rfc9440", examples=["nginx"])
    """How it is written there: as RFC 9440 has it (with `Client-Cert-Chain`), or as nginx writes
    `$ssl_client_escaped_cert`."""

    ca: File | None = Field(default=None, examples=["clients-ca.pem"])
    """Certificates (PEM) of those who vouch for clients. What a proxy tells is verified again by them, or by
    `server.tls.client_ca` where this is left out; without either the proxy's word counts."""

    @property
    def affixes(self) -> Affixes:
        """The pattern, as it is used."""
        before, _, behind = self.pattern.partition(NAME)
        return Affixes(before, behind)

    @property
    def told(self) -> ToldCertificate | None:
        """How proxies tell certificates, where they may."""
        if self.proxy_field is None:
            return None
        return ToldCertificate(self.proxy_field.lower().encode("ascii"), self.proxy_format)
