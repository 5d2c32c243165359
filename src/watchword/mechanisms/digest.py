"""HTTP Digest (RFC 7616): a response that only who knows the password can compute, for one request each.

One mechanism for each algorithm: each states a challenge of its own, and the stronger one stands first in a space.
"""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Steps
from watchword.core.mechanism import Ambient, Elsewhere, Kind
from watchword.core.outcome import Accepted, Insufficient, Malformed, Outcome, Stale
from watchword.core.principal import Instant
from watchword.core.requirement import Requirement
from watchword.http.authentication import Challenge, Unreadable
from watchword.http.credentials import authorization
from watchword.http.digest import Algorithm, DigestResponse, algorithm_of, read_digest
from watchword.http.message import Fields, Request
from watchword.http.syntax import quote
from watchword.tokens.digest import judge_digest
from watchword.tokens.digest_nonce import Nonces
from watchword.tokens.once import judged_once, outcome_before


@dataclass(frozen=True, slots=True)
class Digest:
    """Reads and judges `Authorization: Digest …` by one algorithm. What names another is some other mechanism's."""

    realm: str
    nonces: Nonces
    algorithm: Algorithm = "SHA-256"
    name: str = "digest"
    kind: Kind = Kind.PASSWORD
    ambient: Ambient = Ambient.IN_BROWSERS
    interactive: bool = True
    needs_body: bool = False
    fields: tuple[str, ...] = ("authorization",)
    schemes: tuple[str, ...] = ("digest",)
    elsewhere: Elsewhere = Elsewhere.NOWHERE
    invalid_code: str = "invalid-credentials"
    expired_code: str = "expired-nonce"
    marks_answers: bool = True

    def read(self, request: Request) -> DigestResponse | Malformed | None:
        field = authorization(request)
        if field is None or isinstance(field, Unreadable) or field.scheme != "digest":
            return None
        if field.params and algorithm_of(field) != self.algorithm:
            return None
        found = read_digest(field, self.algorithm)
        return Malformed(found.reason) if isinstance(found, Unreadable) else found

    def verify(self, credentials: DigestResponse, request: Request, now: Instant) -> Steps[Outcome]:
        judge = judge_digest(credentials, request, now, nonces=self.nonces, mechanism=self.name, realm=self.realm)
        return judged_once(request, self._memo, judge)

    def marks(self, request: Request) -> Fields:
        """The next nonce, once the present one is past half of its life (section 3.5): it spares a refusal."""
        if not isinstance(outcome_before(request, self._memo), Accepted):
            return ()
        credentials = self.read(request)
        if not isinstance(credentials, DigestResponse) or not self.nonces.is_ageing(credentials.nonce, self.realm):
            return ()
        return ((b"authentication-info", f"nextnonce={quote(self.nonces.new(self.realm))}".encode()),)

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        stale = (("stale", "true"),) if isinstance(outcome, Stale) else ()
        params = (
            ("realm", self.realm),
            ("qop", "auth"),
            ("algorithm", self.algorithm),
            ("nonce", self.nonces.new(self.realm)),
            ("charset", "UTF-8"),
            *stale,
        )
        return Challenge("Digest", params, bare=_BARE)

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return ()

    @property
    def _memo(self) -> str:
        return f"{self.name} in {self.realm}"


_BARE = frozenset(("algorithm", "charset", "stale"))
