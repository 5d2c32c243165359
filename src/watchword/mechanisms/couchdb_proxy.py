"""The identity that a trusted proxy tells in CouchDB's fields, proven by CouchDB's token or by a safer one (S2.28)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from watchword.core.ask import Steps
from watchword.core.mechanism import Ambient, Elsewhere, Kind
from watchword.core.outcome import Accepted, Insufficient, Malformed, Outcome, Rejected
from watchword.core.principal import Authentication, Instant
from watchword.core.requirement import Requirement
from watchword.http.authentication import Challenge, stated
from watchword.http.couchdb_proxy import ProxyFields, read_roles
from watchword.http.forwarded import UNIX, Trust
from watchword.http.message import Fields, Request
from watchword.tokens.couchdb_identity import CouchDbIdentities
from watchword.tokens.couchdb_told import Proof
from watchword.tokens.identity import Exact, Search, alarm, found_by
from watchword.tokens.once import judged_once
from watchword.tokens.told_identity import SCHEME, read_identity, sender_of


@dataclass(frozen=True, slots=True)
class Told:
    """A name, as it was sent and as it is looked up, with its roles and what is to prove it; None where nothing is."""

    sent: bytes
    identity: str
    roles_sent: bytes
    roles: frozenset[str]
    proof: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class CouchDbProxy:
    """Reads and judges the identity in CouchDB's fields. From anybody but `peers` they are not even read.

    Roles are those of the account. With `trust_roles` they are those of the field, which CouchDB's token does not
    cover: whoever has that token, and may speak as a peer, can give its user any.
    `proof` says whose tokens are good: CouchDB's own, or those that cover the roles, and expire.
    """

    realm: str
    proof: Proof
    peers: Trust
    names: ProxyFields = ProxyFields()
    search: Search = (Exact(),)
    trust_roles: bool = False
    schemes: tuple[str, ...] = ()
    elsewhere: Elsewhere = Elsewhere.NOWHERE
    name: str = "couchdb-proxy"
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
        return (self.names.user.decode("ascii"),)

    def read(self, request: Request) -> Told | Malformed | None:
        lines = request.lines(self.names.user)
        if not any(lines) or not self.peers.trusts(sender_of(request)):
            return None
        sent, *others = lines
        roles, proofs = request.lines(self.names.roles), request.lines(self.names.token)
        if others or len(roles) > 1 or len(proofs) > 1:
            return Malformed("repeated-field")  # perhaps the client's own beside the proxy's
        identity = read_identity(sent)
        if isinstance(identity, Malformed):
            return identity
        told = read_roles(roles[0] if roles else b"")
        if told is None:
            return Malformed("no-roles")
        return Told(sent, identity, roles[0] if roles else b"", told, proofs[0] if proofs else None)

    def verify(self, credentials: Told, request: Request, now: Instant) -> Steps[Outcome]:
        return judged_once(request, f"{self.name} of {self.realm}", self._judge(credentials, request, now))

    def marks(self, request: Request) -> Fields:
        return ()

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        return stated(SCHEME, ("realm", self.realm))

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return ()

    def _judge(self, told: Told, request: Request, now: Instant) -> Steps[Outcome]:
        sender = sender_of(request) or UNIX
        refused = self._why_unproven(told, now)
        if refused is not None:
            # No client tells identities: the proxy is set up wrongly, or somebody speaks in its place.
            yield from alarm(refused.reason, self.name, sender)
            return refused
        outcome = yield from found_by(
            self.search,
            told.identity,
            realm=self.realm,
            authentication=Authentication(mechanism=self.name, auth_time=now),
            address=sender,
        )
        if self.trust_roles and isinstance(outcome, Accepted) and outcome.principal.registered:
            return replace(outcome, principal=replace(outcome.principal, roles=told.roles))
        return outcome

    def _why_unproven(self, told: Told, now: Instant) -> Rejected | None:
        if told.proof is None:
            return Rejected("bad-proxy-signature")
        if isinstance(self.proof, CouchDbIdentities):
            return self.proof.why_unproven(told.proof, told.sent, told.roles_sent, now)
        return None if self.proof.proves(told.proof, told.sent) else Rejected("bad-proxy-signature")
