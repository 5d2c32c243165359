"""`[server]`: where the server listens, and whom it believes."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from watchword.config.places import File
from watchword.config.section import Section
from watchword.config.values import Switch, choice, whole
from watchword.config.values.hosts import ListenHost, Proxies, PublicUrl
from watchword.http.forwarded import Trust, trusted_proxies

ClientCertificates: TypeAlias = Literal["off", "optional", "required"]


class Tls(Section):
    """Certificate and key with which the server speaks TLS itself. Both are PEM files, and must belong together."""

    certificate: File = Field(examples=["certificate.pem"])
    """The certificate, followed by those that lead to the root. A relative name begins at the configuration file."""

    key: File = Field(examples=["key.pem"])
    """Its private key, without a passphrase, readable for nobody but its owner (and group)."""

    client_ca: File | None = Field(default=None, examples=["clients-ca.pem"])
    """Certificates (PEM) of those who vouch for clients. Whatever stands there is trusted, be it a root or not.
    With it the server speaks TLS 1.3 alone, whose sessions it can keep from being resumed without a look."""

    client_certificates: Annotated[ClientCertificates, choice("off", "optional", "required")] = Field(
        default="off", examples=["optional"]
    )
    """Whether clients are asked for a certificate, and whether they must show one. A certificate that is not good ends
    the handshake in both cases."""

    client_crl: File | None = Field(default=None, examples=["clients.crl"])
    """Certificates of clients that were revoked, as a signed list (PEM). It is read again within seconds of a change.
    Once a list is older than its own next update, no certificate is taken until there is a newer one."""


class Server(Section):
    """Where the server listens, and whom it believes."""

    host: ListenHost = Field(default="127.0.0.1", examples=["::1"])
    """The address to listen on. Beyond loopback it needs `[server.tls]`, or trusted proxies that speak TLS, or
    `allow_cleartext`."""

    port: Annotated[int, whole(0, 65535)] = Field(default=8080, examples=[8443])
    """The port to listen on; 0 takes a free one."""

    public_url: PublicUrl | None = Field(default=None, examples=["https://auth.example.com"])
    """The origin under which clients reach the server: scheme, host, and port where it is not the scheme's own."""

    workers: Annotated[int, whole(1, 256)] = Field(default=1, examples=[4])
    """Processes that serve. They share one database and see each other's changes at the next check."""

    trusted_proxies: Proxies = Field(default=(), examples=[["10.0.0.5", "10.1.0.0/16"]])
    """Addresses and networks of proxies whose word about clients counts (`X-Forwarded-*`, `Forwarded`), and `unix`
    for a Unix socket. Nobody by default; everybody is refused."""

    allow_cleartext: Switch = Field(default=False, examples=[True])
    """Credentials may travel without TLS beyond loopback. Everybody on the way can read them then."""

    tls: Tls | None = Field(default=None, examples=[{"certificate": "certificate.pem", "key": "key.pem"}])
    """Certificate and key; see below. Without them the server speaks cleartext, to loopback or to proxies."""

    @property
    def trust(self) -> Trust:
        """The trusted proxies, as they are looked up."""
        return trusted_proxies(self.trusted_proxies)
