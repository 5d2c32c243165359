"""Judging self-contained access tokens (RFC 9068 section 4): signature and claims once, all else at every use."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from watchword.core.ask import Steps
from watchword.core.grants import FIRST_PARTY
from watchword.core.outcome import Accepted, Outcome, Rejected, Stale
from watchword.core.principal import Authentication, Instant, Principal
from watchword.core.questions import FindStanding, FindVerifyingKey
from watchword.core.revocations import SelfContained, Standing
from watchword.crypto.jose.key import Key
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.secret import fingerprint
from watchword.tokens.access_token import AccessClaims, fits, kid_of, verified

SKEW = 60.0
"""How far ahead another node's clock may be, in seconds. On ours, a token has expired on the very second."""


def looks_self_contained(token: bytes) -> bool:
    """Whether this may be a JWT: three segments. Nothing else that we issue has a dot."""
    return token.count(b".") == 2


@dataclass(slots=True)
class Verified:
    """Claims that a key has vouched for, with what is computed of them once: they are looked at again and again."""

    key: Key
    claims: AccessClaims
    key_question: FindVerifyingKey
    question: FindStanding
    dead: bool = False
    """It was seen to have expired: no clock that is set back revives it (F8)."""
    _accepted: dict[tuple[str, str], Accepted] = field(default_factory=dict[tuple[str, str], Accepted])

    def accepted(self, mechanism: str, realm: str) -> Accepted:
        """The outcome where the token is good."""
        outcome = self._accepted.get((mechanism, realm))
        if outcome is None:
            outcome = Accepted(principal_of_claims(self.claims, mechanism=mechanism, realm=realm))
            self._accepted[mechanism, realm] = outcome
        return outcome


class SelfContainedTokens:
    """Judges the tokens of one issuer for one audience.

    `longest` is the longest that a token of this issuer lives, in seconds: revocations are remembered for no longer,
    so what claims to live on is refused all the same. At most `size` tokens are remembered, by their fingerprints:
    their claims, and never the tokens; the one that was seen first gives way.
    """

    def __init__(self, *, issuer: str, audience: str, longest: float, size: int = 10_000) -> None:
        self.issuer = issuer
        self.audience = audience
        self._longest = longest
        self._size = size
        self._known: OrderedDict[bytes, Verified] = OrderedDict()

    def __len__(self) -> int:
        """How many tokens are remembered."""
        return len(self._known)

    def judge(self, token: bytes, now: Instant, *, mechanism: str, realm: str) -> Steps[Outcome]:
        """What the token proves."""
        found = yield from self.verified(token)
        if isinstance(found, Rejected):
            return found
        objection = self._objection(found, self.audience, now)
        if objection is not None:
            return _EXPIRED if objection == "expired" else Rejected(objection)
        standing: Standing = yield found.question
        match standing:
            case Standing.GOOD:
                return found.accepted(mechanism, realm)
            case Standing.OUTDATED:
                return _OUTDATED
            case Standing.REVOKED:
                return _REVOKED

    def alive(self, token: bytes, now: Instant) -> Steps[Verified | None]:
        """The claims of a token of this issuer, for whomever it is meant; None where it has expired, or is none.

        What became of it since its issue is not looked at: `question` asks for that.
        """
        found = yield from self.verified(token)
        if isinstance(found, Rejected):
            return None
        return found if self._objection(found, found.claims.audience[0], now) is None else None

    def verified(self, token: bytes) -> Steps[Verified | Rejected]:
        """The claims of a token that one of the issuer's keys has signed, whether they hold here and now or not."""
        name = fingerprint(token)
        found = self._known.get(name)
        try:
            # Its header was read before, but the key may have come out of use since.
            question = _question_of(token) if found is None else found.key_question
            key: Key | None = None if question is None else (yield question)
            if key is None or question is None:
                return _UNKNOWN_KEY
            if found is not None and (found.key is key or found.key == key):
                return found
            claims = verified(token, key)
        except JoseRefused as refused:
            return Rejected(refused.code)
        found = Verified(key, claims, question, FindStanding(revocable(claims)))
        self._known[name] = found
        if len(self._known) > self._size:
            self._known.popitem(last=False)
        return found

    def _objection(self, found: Verified, audience: str, now: Instant) -> str | None:
        """Why the token is not good for this audience now, whatever became of it since its issue."""
        claims = found.claims
        reason = fits(claims, expected_issuer=self.issuer, expected_audience=audience, now=now)
        if reason == "not-yet-valid":
            reason = fits(claims, expected_issuer=self.issuer, expected_audience=audience, now=now, leeway=SKEW)
        if reason == "expired" or found.dead or claims.issued_at + self._longest <= now:
            found.dead = True
            return "expired"
        return reason


def _question_of(token: bytes) -> FindVerifyingKey | None:
    """What asks for the key that the token names; None where it names none."""
    kid = kid_of(token)
    return None if kid is None else FindVerifyingKey(kid)


def revocable(claims: AccessClaims) -> SelfContained:
    """What of the token can be revoked."""
    return SelfContained(
        subject=claims.subject,
        state=claims.state or "",
        client_id=claims.client,
        token_id=claims.jti,
        family=claims.family,
        scopes=claims.scopes,
        issued_at=claims.issued_at,
    )


def principal_of_claims(claims: AccessClaims, *, mechanism: str, realm: str) -> Principal:
    """Who the token says that its bearer is."""
    return Principal(
        subject=claims.subject,
        realm=realm,
        authentication=Authentication(
            mechanism=mechanism,
            amr=claims.amr,
            acr=claims.acr,
            auth_time=claims.auth_time or 0.0,
            session=claims.family,
        ),
        roles=claims.roles,
        permissions=claims.permissions,
        scopes=claims.scopes,
        client_id=None if claims.client == FIRST_PARTY else claims.client,
    )


_EXPIRED = Stale("expired")
_OUTDATED = Stale("outdated")
_REVOKED = Rejected("revoked")
_UNKNOWN_KEY = Rejected("unknown-key")
