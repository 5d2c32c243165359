"""Bearer tokens (RFC 6750): a session's token in the Authorization field, for clients without a cookie jar."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Steps, known
from watchword.core.mechanism import Ambient, Kind
from watchword.core.outcome import Insufficient, Malformed, Outcome, Rejected, Stale
from watchword.core.principal import Instant
from watchword.core.requirement import Requirement
from watchword.crypto.secret import Secret, fingerprint
from watchword.http.authentication import Challenge, Unreadable
from watchword.http.credentials import authorization
from watchword.http.message import Request
from watchword.tokens.challenge import insufficient_scope, invalid_token, step_up
from watchword.tokens.format import is_well_formed
from watchword.tokens.session import judge_session


@dataclass(frozen=True, slots=True)
class Bearer:
    """Reads and judges `Authorization: Bearer ww_s_…`."""

    realm: str
    name: str = "bearer"
    kind: Kind = Kind.OTHER
    ambient: Ambient = Ambient.NEVER
    interactive: bool = False
    needs_body: bool = False
    fields: tuple[str, ...] = ("authorization",)
    invalid_code: str = "invalid-token"
    expired_code: str = "expired-token"

    def read(self, request: Request) -> Secret | Malformed | None:
        field = authorization(request)
        if field is None or isinstance(field, Unreadable) or field.scheme != "bearer":
            return None
        return Secret(field.token68) if field.token68 is not None else Malformed("not a b64token")

    def verify(self, credentials: Secret, request: Request, now: Instant) -> Steps[Outcome]:
        token = credentials.reveal()
        # Imported sessions keep the tokens they had; what looks like ours must be one, before any look-up.
        if token.startswith(b"ww_") and not is_well_formed(token.decode("latin-1"), "s"):
            return known(Rejected("not a session's token"))
        return judge_session(fingerprint(token), now, mechanism=self.name, realm=self.realm)

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        challenge = Challenge("Bearer", (("realm", self.realm),))
        match outcome:
            case Insufficient.SCOPE:
                return insufficient_scope(challenge, requirement)
            case Insufficient.AUTHENTICATION:
                return step_up(challenge, requirement)
            case Malformed() | Rejected():
                return invalid_token(challenge, expired=False)
            case Stale():
                return invalid_token(challenge, expired=True)
            case _:
                return challenge

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return ()
