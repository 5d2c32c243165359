"""What the server's own settings come to: where clients reach it, and the TLS that it speaks."""

from __future__ import annotations

from watchword.config.server.settings import Server
from watchword.config.server.settings import Tls as TlsSettings
from watchword.server.tls import Tls


def location_of(server: Server, address: str | None) -> str:
    """The URL under which clients reach the server, as far as that is known. `address` is the URL that it listens
    on."""
    if address is None:
        host = f"[{server.host}]" if ":" in server.host else server.host
        address = f"{'http' if server.tls is None else 'https'}://{host}:{server.port}"
    return server.public_url or address


def spoken(tls: TlsSettings) -> Tls:
    """TLS as it is spoken: authorities count only where clients are asked for a certificate."""
    asks = tls.client_certificates != "off"
    return Tls(
        certificate=tls.certificate,
        key=tls.key,
        client_ca=tls.client_ca if asks else None,
        client_crl=tls.client_crl if asks else None,
        required=tls.client_certificates == "required",
    )
