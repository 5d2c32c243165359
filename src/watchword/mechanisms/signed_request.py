"""Signed requests, as Amazon's clients make them: `Authorization: AWS4-HMAC-SHA256 Credential=…` (S2.7).

What cannot be judged is said to be Malformed, with these reasons: those of `http/aws4.py`, and

| the request                                                             | reason              |
|-------------------------------------------------------------------------|---------------------|
| has its signature in the query, which ends up in logs and histories     | presigned-url       |
| neither X-Amz-Date nor Date, or one that is repeated or unreadable      | bad-date            |
| was signed on another day than its credential names                     | wrong-day           |
| does not sign Host, its date, or one of its X-Amz-… fields              | unsigned-field      |
| signs a field that it has not                                           | missing-field       |
| comes with a session token of Amazon's                                  | session-token       |
| sends its content in signed chunks                                      | streaming-content   |
| states a hash of its content that is none                               | bad-content-hash    |
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from watchword.core.ask import Steps
from watchword.core.mechanism import Ambient, Elsewhere, Kind
from watchword.core.outcome import Insufficient, Malformed, Outcome
from watchword.core.principal import Instant
from watchword.core.requirement import Requirement
from watchword.http.authentication import Challenge, Unreadable, stated
from watchword.http.aws4 import SCHEME, Moment, read_moment, read_signature
from watchword.http.credentials import authorization
from watchword.http.message import Fields, Request
from watchword.tokens.access_key import AccessKeys
from watchword.tokens.challenge import insufficient_scope
from watchword.tokens.once import judged_once
from watchword.tokens.signed_request import UNSIGNED, SignaturePolicy, SignedRequest, judge_signature

_DATE, _HASH, _TOKEN = b"x-amz-date", b"x-amz-content-sha256", b"x-amz-security-token"
_HEX = re.compile(rb"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class SignedRequests:
    """Reads and judges signed requests. `most_content`: how many bytes of content are read before they are judged."""

    realm: str
    keys: AccessKeys
    policy: SignaturePolicy = SignaturePolicy()
    most_content: int = 262_144
    name: str = "signed-request"
    kind: Kind = Kind.OTHER
    ambient: Ambient = Ambient.NEVER
    interactive: bool = False
    needs_body: bool = False
    fields: tuple[str, ...] = ("authorization",)
    schemes: tuple[str, ...] = ("aws4-hmac-sha256",)
    elsewhere: Elsewhere = Elsewhere.URL
    invalid_code: str = "invalid-signature"
    expired_code: str = "expired-signature"
    marks_answers: bool = False

    def read(self, request: Request) -> SignedRequest | Malformed | None:
        field = authorization(request)
        if field is None or isinstance(field, Unreadable) or field.scheme != SCHEME.lower():
            return Malformed("presigned-url") if _is_presigned(request.query) else None
        signature = read_signature(field.raw)
        if isinstance(signature, Unreadable):
            return Malformed(signature.reason)
        dated = _DATE if _DATE in request else b"date"
        moment = _moment(request, dated)
        if moment is None:
            return Malformed("bad-date")
        if moment.date != signature.date:
            return Malformed("wrong-day")
        if not _must_be_signed(request, dated) <= set(signature.signed):
            return Malformed("unsigned-field")
        if not all(name in request for name in signature.signed):
            return Malformed("missing-field")
        if _TOKEN in request:
            return Malformed("session-token")
        if _HASH not in request:
            return SignedRequest(signature, moment, None)
        content_hash = request.field(_HASH)
        if content_hash is not None and content_hash.startswith(b"STREAMING-"):
            return Malformed("streaming-content")
        if content_hash is None or not (content_hash == UNSIGNED or _HEX.fullmatch(content_hash)):
            return Malformed("bad-content-hash")
        return SignedRequest(signature, moment, content_hash)

    def content_wanted(self, request: Request) -> int:
        """See `ReadsContent`."""
        credentials = self.read(request)
        readable = isinstance(credentials, SignedRequest) and credentials.content_hash != UNSIGNED
        return self.most_content if readable else 0

    def verify(self, credentials: SignedRequest, request: Request, now: Instant) -> Steps[Outcome]:
        judge = judge_signature(
            credentials, request, now, keys=self.keys, policy=self.policy, mechanism=self.name, realm=self.realm
        )
        return judged_once(request, f"{self.name} in {self.realm}", judge)

    def marks(self, request: Request) -> Fields:
        return ()

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        challenge = stated(SCHEME, ("realm", self.realm))
        return insufficient_scope(challenge, requirement) if outcome is Insufficient.SCOPE else challenge

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return ()


def _is_presigned(query: bytes) -> bool:
    return b"X-Amz-Signature" in query and any(
        part.partition(b"=")[0] == b"X-Amz-Signature" for part in query.split(b"&")
    )


def _moment(request: Request, name: bytes) -> Moment | None:
    value = request.field(name)
    return None if value is None else read_moment(value)


def _must_be_signed(request: Request, dated: bytes) -> set[bytes]:
    return {b"host", dated, *(name for name, _ in request.fields if name.startswith(b"x-amz-"))}
