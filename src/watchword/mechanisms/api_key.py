"""API keys: `X-API-Key: <key>`, or `Authorization: APIKEY <key>` (S2.16, S4.1)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Steps
from watchword.core.mechanism import Ambient, Elsewhere, Kind
from watchword.core.outcome import ABSENT, Insufficient, Malformed, Outcome
from watchword.core.principal import Instant
from watchword.core.requirement import Requirement
from watchword.crypto.secret import Secret, equal
from watchword.http.authentication import Challenge, Unreadable
from watchword.http.credentials import authorization
from watchword.http.message import Fields, Request
from watchword.tokens.api_key import is_key, judge_key
from watchword.tokens.challenge import key_challenge

_FIELD = b"x-api-key"


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """Reads and judges API keys. `scheme` is that of the Authorization field and of the challenge; `says_wrong`: that
    says so where a key is refused."""

    realm: str
    scheme: str = "APIKEY"
    name: str = "api-key"
    kind: Kind = Kind.OTHER
    ambient: Ambient = Ambient.NEVER
    interactive: bool = False
    needs_body: bool = False
    fields: tuple[str, ...] = ("authorization", "x-api-key")
    elsewhere: Elsewhere = Elsewhere.NOWHERE
    invalid_code: str = "invalid-api-key"
    expired_code: str = "expired-api-key"
    marks_answers: bool = False
    says_wrong: bool = True

    @property
    def schemes(self) -> tuple[str, ...]:
        return (self.scheme.lower(),)

    def read(self, request: Request) -> Secret | Malformed | None:
        own = request.field(_FIELD)
        if own is None and _FIELD in request.repeated:
            return Malformed("sent-twice")
        field = authorization(request)
        if field is None or isinstance(field, Unreadable) or field.scheme != self.scheme.lower():
            return None if own is None else _readable(own)
        if field.token68 is None:
            return Malformed("not-a-token68")
        by_scheme = field.token68.encode("latin-1")
        if own is not None and not equal(own, by_scheme):
            # Whichever of them decided, somebody would take the request for the other's (F20).
            return Malformed("conflicting-keys")
        return _readable(by_scheme)

    def verify(self, credentials: Secret, request: Request, now: Instant) -> Steps[Outcome]:
        return judge_key(credentials.reveal(), now, mechanism=self.name, realm=self.realm)

    def marks(self, request: Request) -> Fields:
        return ()

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        told = outcome if self.says_wrong or isinstance(outcome, Insufficient) else ABSENT
        return key_challenge(self.scheme, self.realm, told, requirement)

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return ()


def _readable(value: bytes) -> Secret | Malformed:
    """The key, where it can be one: ours are known by their checksum before anybody is asked for them."""
    return Secret(value) if is_key(value.decode("latin-1")) else Malformed("not-a-key")
