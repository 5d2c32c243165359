"""Auth-Keys: `Auth-Key: <key>`, given for a user name and a password, and good while it is used (S2.4 to S2.6).

An Auth-Key is a session's token in a field of its own: it slides, ends and is listed as sessions are. A session's token
is no Auth-Key, nor the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Steps
from watchword.core.mechanism import Ambient, Elsewhere, Kind
from watchword.core.outcome import Insufficient, Malformed, Outcome
from watchword.core.principal import Instant
from watchword.core.records import AUTH_KEY
from watchword.core.requirement import Requirement
from watchword.crypto.secret import Secret, fingerprint
from watchword.http.authentication import Challenge, stated
from watchword.http.message import Fields, Request
from watchword.tokens.binding import Bindings
from watchword.tokens.session import is_session_token, judge_session

SCHEME = "Auth-Key"
FIELD = b"auth-key"


@dataclass(frozen=True, slots=True)
class AuthKeys:
    """Reads and judges Auth-Keys. No browser sends the field unasked, so the Origin veto does not apply."""

    realm: str
    bindings: Bindings = Bindings()
    name: str = "auth-key"
    kind: Kind = Kind.OTHER
    ambient: Ambient = Ambient.NEVER
    interactive: bool = False
    needs_body: bool = False
    fields: tuple[str, ...] = ("auth-key",)
    schemes: tuple[str, ...] = ()
    elsewhere: Elsewhere = Elsewhere.NOWHERE
    invalid_code: str = "invalid-auth-key"
    expired_code: str = "expired-auth-key"
    marks_answers: bool = False

    def read(self, request: Request) -> Secret | Malformed | None:
        value = request.field(FIELD)
        if value is None:
            return Malformed("several-auth-keys") if FIELD in request.repeated else None
        return Secret(value) if is_session_token(value.decode("latin-1"), AUTH_KEY) else Malformed("no-auth-key")

    def verify(self, credentials: Secret, request: Request, now: Instant) -> Steps[Outcome]:
        return judge_session(
            fingerprint(credentials.reveal()),
            now,
            mechanism=self.name,
            realm=self.realm,
            kind=AUTH_KEY,
            request=request,
            bindings=self.bindings,
        )

    def marks(self, request: Request) -> Fields:
        return ()

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        return stated(SCHEME, ("realm", self.realm))

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return ()
