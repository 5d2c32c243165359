"""Whether a client's certificate leads to a root that we know (RFC 5280 section 6), for those that proxies tell of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import verification
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError

_REMEMBERED: Final = 4096
_DEEPEST: Final = 8


class Authorities:
    """The roots that vouch for clients.

    A chain that was verified is not verified again until one of its certificates expires: that takes a third of a
    millisecond, and a proxy tells the same certificate with every request.
    """

    def __init__(self, pem: bytes) -> None:
        """Raises ValueError where the text holds no certificate, or something else."""
        self._store = Store(x509.load_pem_x509_certificates(pem))
        self._verified: dict[tuple[bytes, tuple[bytes, ...]], float] = {}

    def vouch_for(self, certificate: bytes, chain: Sequence[bytes], now: float) -> bool:
        """Whether the certificate (DER) is for clients, and leads by `chain` to one of the roots, at this instant."""
        presented = certificate, tuple(chain)
        until = self._verified.get(presented)
        if until is None or until <= now:
            until = self._verify(*presented, now)
            if until is None or until <= now:
                return False
            if len(self._verified) >= _REMEMBERED:
                self._verified.clear()
            self._verified[presented] = until
        return True

    def _verify(self, certificate: bytes, chain: tuple[bytes, ...], now: float) -> float | None:
        """Until when it is so; None where it is not."""
        builder = PolicyBuilder().store(self._store).time(datetime.fromtimestamp(now, UTC)).max_chain_depth(_DEEPEST)
        policy = builder.extension_policies(ca_policy=_AUTHORITY, ee_policy=_CLIENT)
        try:
            leaf = x509.load_der_x509_certificate(certificate)
            between = [x509.load_der_x509_certificate(der) for der in chain]
            verified = policy.build_client_verifier().verify(leaf, between)
        except (VerificationError, ValueError, UnsupportedAlgorithm):
            return None
        return min(each.not_valid_after_utc.timestamp() for each in verified.chain)


def _may_sign_certificates(
    policy: verification.Policy, certificate: x509.Certificate, usage: x509.KeyUsage | None
) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("not for signing certificates")


# The profile of public web authorities, without what private ones often leave out: they name clients by the subject
# alone, and say nothing of what their own key is for.
_AUTHORITY: Final = ExtensionPolicy.webpki_defaults_ca().may_be_present(
    x509.KeyUsage, Criticality.AGNOSTIC, _may_sign_certificates
)
_CLIENT: Final = ExtensionPolicy.webpki_defaults_ee().may_be_present(
    x509.SubjectAlternativeName, Criticality.AGNOSTIC, None
)
