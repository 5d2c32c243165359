"""What makes the mechanism `client-certificate`."""

from __future__ import annotations

from watchword.config.mechanisms.makings import Makings
from watchword.config.spaces.resolved import ResolvedSpace
from watchword.crypto.certificate_chain import Authorities
from watchword.mechanisms.client_certificate import ClientCertificates, Naming


def client_certificate(space: ResolvedSpace, makings: Makings) -> ClientCertificates:
    """Client certificates, by TLS or as proxies tell them. Reads the authorities' file."""
    settings = makings.settings.client_certificate
    authorities = makings.settings.authorities
    return ClientCertificates(
        space.realm,
        naming=Naming(settings.map),
        affixes=settings.affixes,
        search=settings.steps,
        authorities=None if authorities is None else Authorities(authorities.read_bytes()),
        fields=() if settings.proxy_field is None else (settings.proxy_field.lower(),),
    )
