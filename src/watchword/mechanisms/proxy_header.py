"""The identity that a trusted proxy tells in a field, proven by a secret or a signature of its own (S1.9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from watchword.core.ask import Steps, ask
from watchword.core.mechanism import Ambient, Elsewhere, Kind
from watchword.core.outcome import Insufficient, Malformed, Outcome, Rejected
from watchword.core.principal import Authentication, Instant
from watchword.core.questions import SpendOnce
from watchword.core.requirement import Requirement
from watchword.crypto.secret import Secret, equal
from watchword.crypto.signed_identity import SKEW, read_signature, signature_of
from watchword.http.authentication import Challenge, stated
from watchword.http.forwarded import UNIX, Trust
from watchword.http.message import Fields, Request
from watchword.tokens.identity import Exact, Search, alarm, found_by
from watchword.tokens.once import judged_once
from watchword.tokens.told_identity import SCHEME, read_identity, sender_of

_UNPROVEN = Rejected("bad-proxy-signature")
_PURPOSE = "proxy-header"


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """A field (lower-case) that holds a secret which proxy and server share. Any of `secrets` will do."""

    field: bytes
    secrets: Sequence[Secret]


@dataclass(frozen=True, slots=True)
class SignedIdentity:
    """A field (lower-case) that holds a signature of method, target and identity, under one of `secrets`."""

    field: bytes
    secrets: Sequence[Secret]


Proof: TypeAlias = SharedSecret | SignedIdentity


@dataclass(frozen=True, slots=True)
class Told:
    """An identity, as it was sent and as it is looked up, and what is to prove it; None where nothing is."""

    sent: bytes
    identity: str
    proof: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProxyHeader:
    """Reads and judges the identity in `identity_field` (lower-case). From anybody but `peers` it is not even read.

    An address alone proves little: another program on the proxy's machine has it too. So it needs a `proof` besides.
    """

    realm: str
    identity_field: bytes
    proof: Proof
    peers: Trust
    search: Search = (Exact(),)
    schemes: tuple[str, ...] = ()
    elsewhere: Elsewhere = Elsewhere.NOWHERE
    name: str = "proxy-header"
    kind: Kind = Kind.OTHER
    # The proxy adds the identity to whatever comes, so also to what a page of another site has a browser send.
    ambient: Ambient = Ambient.ALWAYS
    interactive: bool = False
    needs_body: bool = False
    invalid_code: str = "invalid-proxy-identity"
    expired_code: str = "invalid-proxy-identity"
    marks_answers: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.identity_field.decode("ascii"),)

    def read(self, request: Request) -> Told | Malformed | None:
        lines = request.lines(self.identity_field)
        if not any(lines) or not self.peers.trusts(sender_of(request)):
            return None
        sent, *others = lines
        proofs = request.lines(self.proof.field)
        if others or len(proofs) > 1:
            return Malformed("repeated-field")  # perhaps the client's own beside the proxy's
        identity = read_identity(sent)
        if isinstance(identity, Malformed):
            return identity
        return Told(sent, identity, proofs[0] if proofs else None)

    def verify(self, credentials: Told, request: Request, now: Instant) -> Steps[Outcome]:
        return judged_once(request, f"{self.name} of {self.realm}", self._judge(credentials, request, now))

    def marks(self, request: Request) -> Fields:
        return ()

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        return stated(SCHEME, ("realm", self.realm))

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return ()

    def _judge(self, credentials: Told, request: Request, now: Instant) -> Steps[Outcome]:
        sender = sender_of(request) or UNIX
        refused = yield from self._why_unproven(credentials, request, now)
        if refused is not None:
            # No client tells identities: the proxy is set up wrongly, or somebody speaks in its place.
            yield from alarm(refused.reason, self.name, sender)
            return refused
        return (
            yield from found_by(
                self.search,
                credentials.identity,
                realm=self.realm,
                authentication=Authentication(mechanism=self.name, auth_time=now),
                address=sender,
            )
        )

    def _why_unproven(self, told: Told, request: Request, now: Instant) -> Steps[Rejected | None]:
        proof = self.proof
        if told.proof is None:
            return _UNPROVEN
        if isinstance(proof, SharedSecret):
            return None if any(equal(told.proof, secret.reveal()) for secret in proof.secrets) else _UNPROVEN
        return (yield from _why_unsigned(told, told.proof, proof.secrets, request, now))


def _why_unsigned(
    told: Told, proof: bytes, secrets: Sequence[Secret], request: Request, now: Instant
) -> Steps[Rejected | None]:
    signature = read_signature(proof)
    if signature is None:
        return _UNPROVEN
    signed = request.method, request.target, told.sent
    if not any(equal(signature.mac, signature_of(*signed, signature.at, signature.nonce, key)) for key in secrets):
        return _UNPROVEN
    if abs(now - signature.at) >= SKEW:
        return Rejected("outdated-proxy-signature")
    fresh = yield from ask(SpendOnce(_PURPOSE, signature.mac, signature.at + SKEW))
    return None if fresh else Rejected("replayed-proxy-signature")
