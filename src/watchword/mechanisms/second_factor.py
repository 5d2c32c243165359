"""The second step of a log-in: the code of a second factor, in the content of a request to a log-in route."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Steps
from watchword.core.mechanism import Ambient, Elsewhere, Kind
from watchword.core.outcome import Insufficient, Outcome
from watchword.core.principal import Instant
from watchword.core.requirement import Requirement
from watchword.core.second_factor import SecondFactors
from watchword.http.authentication import Challenge, stated
from watchword.http.message import Fields, Request
from watchword.tokens.challenge import step_up
from watchword.tokens.second_factor import HalfProven, SecondStep, StepUp


@dataclass(frozen=True, slots=True)
class SecondFactorForm:
    """Judges what a log-in route found in its content, as the form for passwords does.

    A wrong code is told like a wrong password. A log-in that cannot be finished any more, for whatever reason, is
    Stale: to begin it anew helps.
    """

    realm: str
    scheme: str
    step: SecondStep
    second_factors: SecondFactors
    name: str = "second-factor"
    kind: Kind = Kind.PASSWORD
    ambient: Ambient = Ambient.IN_BROWSERS
    interactive: bool = False
    needs_body: bool = True
    fields: tuple[str, ...] = ("cookie",)
    schemes: tuple[str, ...] = ()
    elsewhere: Elsewhere = Elsewhere.CONTENT
    invalid_code: str = "invalid-credentials"
    expired_code: str = "expired-mfa-token"
    marks_answers: bool = False

    def read(self, request: Request) -> SecondStep:
        return self.step

    def verify(self, credentials: SecondStep, request: Request, now: Instant) -> Steps[Outcome]:
        match credentials:
            case HalfProven(token, code):
                return self.second_factors.finished(token, code, now, mechanism=self.name, realm=self.realm)
            case StepUp(principal, code):
                return self.second_factors.raised(principal, code, now)

    def marks(self, request: Request) -> Fields:
        return ()

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        challenge = stated(self.scheme, ("realm", self.realm))
        return step_up(challenge, requirement) if outcome is Insufficient.AUTHENTICATION else challenge

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return ()
