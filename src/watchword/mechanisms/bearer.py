"""Bearer tokens (RFC 6750): a session's token, for clients without a cookie jar, or an access token."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Steps, known
from watchword.core.mechanism import Ambient, Elsewhere, Kind
from watchword.core.outcome import Insufficient, Malformed, Outcome, Rejected, Stale
from watchword.core.principal import Instant
from watchword.core.requirement import Requirement
from watchword.crypto.secret import Secret, fingerprint
from watchword.http.authentication import Challenge, Unreadable, session_token_info, stated
from watchword.http.caching import NO_STORE
from watchword.http.credentials import authorization
from watchword.http.message import Fields, Request
from watchword.tokens.binding import Bindings
from watchword.tokens.challenge import insufficient_scope, invalid_token, step_up
from watchword.tokens.format import REFERENCE, SESSION, kind_of
from watchword.tokens.reference import ReferenceTokens
from watchword.tokens.sealed_sessions import SealedSessions
from watchword.tokens.self_contained import SelfContainedTokens, looks_self_contained
from watchword.tokens.session import judge_session


@dataclass(frozen=True, slots=True)
class Bearer:
    """Reads `Authorization: Bearer …`, and has the token judged by what it looks like.

    `self_contained` and `references` judge access tokens; None where the server issues none. `resource_metadata` is the
    URL that challenges name, where clients learn whom to ask for tokens (RFC 9728 section 5.1). `sealed` judges
    sessions that clients keep: from time to time there is a token to go on with in Authentication-Info.
    """

    realm: str
    self_contained: SelfContainedTokens | None = None
    references: ReferenceTokens | None = None
    name: str = "bearer"
    kind: Kind = Kind.OTHER
    ambient: Ambient = Ambient.NEVER
    interactive: bool = False
    needs_body: bool = False
    fields: tuple[str, ...] = ("authorization",)
    schemes: tuple[str, ...] = ("bearer",)
    elsewhere: Elsewhere = Elsewhere.NOWHERE
    invalid_code: str = "invalid-token"
    expired_code: str = "expired-token"
    marks_answers: bool = False
    resource_metadata: str | None = None
    bindings: Bindings = Bindings()
    sealed: SealedSessions | None = None

    def read(self, request: Request) -> Secret | Malformed | None:
        field = authorization(request)
        if field is None or isinstance(field, Unreadable) or field.scheme != "bearer":
            return None
        return Secret(field.token68) if field.token68 is not None else Malformed("not-a-token68")

    def verify(self, credentials: Secret, request: Request, now: Instant) -> Steps[Outcome]:
        token = credentials.reveal()
        if token.startswith(b"ww_"):
            kind = kind_of(token.decode("latin-1"))
            if kind == REFERENCE and self.references is not None:
                return self.references.judge(fingerprint(token), now, mechanism=self.name, realm=self.realm)
            if kind != SESSION:
                return known(Rejected("wrong-kind"))
        elif self.sealed is not None and self.sealed.takes(token):
            return self.sealed.judge(token, request, now, mechanism=self.name, realm=self.realm, bindings=self.bindings)
        elif self.self_contained is not None and looks_self_contained(token):
            return self.self_contained.judge(token, now, mechanism=self.name, realm=self.realm)
        # Imported sessions keep the tokens they had, whatever those look like.
        return judge_session(
            fingerprint(token), now, mechanism=self.name, realm=self.realm, request=request, bindings=self.bindings
        )

    def marks(self, request: Request) -> Fields:
        renewal = None if self.sealed is None else self.sealed.renewal(request, self.name)
        return () if renewal is None else (session_token_info(renewal.token), NO_STORE)

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        metadata = () if self.resource_metadata is None else (("resource_metadata", self.resource_metadata),)
        challenge = stated("Bearer", ("realm", self.realm), *metadata)
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
