"""TLS client certificates: from our own handshake, or as a trusted proxy tells of its own (S2.40, RFC 9440)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from watchword.core.ask import Steps, known
from watchword.core.mechanism import Ambient, Elsewhere, Kind
from watchword.core.outcome import Accepted, Insufficient, Malformed, Outcome, Rejected, Stale
from watchword.core.principal import Authentication, Instant, Principal
from watchword.core.requirement import Requirement
from watchword.crypto.certificate import Certificate, read_certificate
from watchword.crypto.certificate_chain import Authorities
from watchword.http.authentication import Challenge, stated
from watchword.http.message import Fields, Peer, Request
from watchword.tokens.identity import Exact, Search, found_by

SCHEME = "Certificate"
"""No scheme is registered for this, but a 401 needs a challenge (RFC 9110 section 15.5.2)."""

_PROOF = frozenset(("pop",))  # RFC 8176: possession of a key


class Naming(Enum):
    """What of a certificate tells the identity."""

    COMMON_NAME = "common-name"
    SUBJECT = "subject"
    EMAIL = "san-email"
    DNS_NAME = "san-dns"
    URI = "san-uri"
    FINGERPRINT = "fingerprint"


@dataclass(frozen=True, slots=True)
class Affixes:
    """What stands around the identity in the text that names it, such as `@clinic.example` behind."""

    before: str = ""
    behind: str = ""

    def within(self, text: str, *, dots: bool) -> str | None:
        """The identity; None where the text does not have this form.

        What is cut out must be a single part: `a@b` before `@clinic.example`, or another attribute of the subject,
        would be another's identity. `dots` says that a dot is no separator.
        """
        if not (self.before or self.behind):
            return text
        fits = text.startswith(self.before) and text.endswith(self.behind)
        inner = text[len(self.before) : len(text) - len(self.behind)] if fits else ""
        return inner if inner and not (_SEPARATORS if dots else _SEPARATORS | {"."}) & set(inner) else None


_SEPARATORS = frozenset('@/,+=;:<>"\\#?')


@dataclass(frozen=True, slots=True)
class ClientCertificates:
    """Reads and judges certificates of clients.

    The handshake has proven that the client holds the key, be it ours or a trusted proxy's. `authorities` are asked
    once more about what a proxy tells; None takes its word. `fields` are those that proxies tell certificates by.
    """

    realm: str
    naming: Naming = Naming.COMMON_NAME
    affixes: Affixes = Affixes()
    search: Search = (Exact(),)
    authorities: Authorities | None = None
    fields: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()
    elsewhere: Elsewhere = Elsewhere.CONNECTION
    name: str = "client-certificate"
    kind: Kind = Kind.OTHER
    ambient: Ambient = Ambient.ALWAYS  # a browser that was given a certificate sends it with every page's requests
    interactive: bool = False
    needs_body: bool = False
    invalid_code: str = "invalid-certificate"
    expired_code: str = "expired-certificate"
    marks_answers: bool = False

    def read(self, request: Request) -> Certificate | Malformed | None:
        der = request.peer.certificate
        if der is None:
            return None
        return read_certificate(der) or Malformed("unreadable-certificate")

    def verify(self, credentials: Certificate, request: Request, now: Instant) -> Steps[Outcome]:
        # A connection may outlive the certificate that it began with.
        if credentials.not_after <= now:
            return known(Stale("expired-certificate"))
        if credentials.not_before > now:
            return known(Rejected("certificate-not-yet-valid"))
        peer = request.peer
        if self._is_doubted(peer, now):
            return known(Rejected("unknown-authority"))
        authentication = Authentication(mechanism=self.name, amr=_PROOF, auth_time=now)
        texts = self._texts(credentials)
        if len(texts) > 1:
            return known(Rejected("ambiguous-certificate"))
        identity = self.affixes.within(texts[0], dots=self.naming is not Naming.DNS_NAME) if texts else None
        if not identity:
            return known(Accepted(self._nobody(credentials, authentication)))
        return found_by(
            self.search,
            identity,
            realm=self.realm,
            authentication=authentication,
            address=peer.address if peer.proxy is None else peer.proxy,
        )

    def marks(self, request: Request) -> Fields:
        return ()

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        if isinstance(outcome, Malformed | Rejected | Stale):
            return stated(SCHEME, ("realm", self.realm), ("error", "invalid_certificate"))
        return stated(SCHEME, ("realm", self.realm))

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return ()

    def _is_doubted(self, peer: Peer, now: Instant) -> bool:
        """Whether a proxy told the certificate, and nobody whom we know vouches for it."""
        if self.authorities is None or peer.proxy is None or peer.certificate is None:
            return False
        return not self.authorities.vouch_for(peer.certificate, peer.chain, now)

    def _texts(self, certificate: Certificate) -> tuple[str, ...]:
        """What in the certificate may tell the identity: where that is several texts, it is ambiguous."""
        match self.naming:
            case Naming.COMMON_NAME:
                return certificate.common_names
            case Naming.SUBJECT:
                return (certificate.subject,)
            case Naming.EMAIL:
                return certificate.emails
            case Naming.DNS_NAME:
                return certificate.dns_names
            case Naming.URI:
                return certificate.uris
            case Naming.FINGERPRINT:
                return (certificate.fingerprint,)
            case _ as never:
                assert_never(never)

    def _nobody(self, certificate: Certificate, authentication: Authentication) -> Principal:
        subject = certificate.subject or certificate.fingerprint
        return Principal(subject=subject, realm=self.realm, authentication=authentication, registered=False)
