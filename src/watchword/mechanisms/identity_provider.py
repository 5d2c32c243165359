"""A log-in by an identity provider: what its word was found to prove, as a mechanism for the decision table."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Steps, known
from watchword.core.mechanism import Ambient, Elsewhere, Kind
from watchword.core.outcome import Insufficient, Outcome
from watchword.core.principal import Instant
from watchword.core.requirement import Requirement
from watchword.http.authentication import Challenge, stated
from watchword.http.message import Fields, Request
from watchword.tokens.challenge import step_up

NAME = "identity-provider"


@dataclass(frozen=True, slots=True)
class IdentityProviderAnswer:
    """Says what was found out about the code that a user agent brought back.

    `kind` is that of a password where the person was refused, and of a token where the provider's word is not good.
    The user agent comes from the provider's pages, so there is no veto: that the log-in was begun in the same browser
    was seen before (`tokens/log_in_with.py`). `scheme` is the cookie scheme, as for forms.
    """

    realm: str
    scheme: str
    outcome: Outcome
    kind: Kind = Kind.OTHER
    name: str = NAME
    ambient: Ambient = Ambient.NEVER
    interactive: bool = False
    needs_body: bool = False
    fields: tuple[str, ...] = ("cookie",)
    schemes: tuple[str, ...] = ()
    elsewhere: Elsewhere = Elsewhere.CONTENT
    invalid_code: str = "invalid-id-token"
    expired_code: str = "invalid-id-token"
    marks_answers: bool = False

    def read(self, request: Request) -> Outcome:
        return self.outcome

    def verify(self, credentials: Outcome, request: Request, now: Instant) -> Steps[Outcome]:
        return known(credentials)

    def marks(self, request: Request) -> Fields:
        return ()

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        challenge = stated(self.scheme, ("realm", self.realm))
        return step_up(challenge, requirement) if outcome is Insufficient.AUTHENTICATION else challenge

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return ()
