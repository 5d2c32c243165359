"""The log-in form: user name and password in the content of a request to a log-in route."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Steps
from watchword.core.mechanism import Ambient, Elsewhere, Kind
from watchword.core.outcome import Accepted, Insufficient, Outcome
from watchword.core.principal import Instant
from watchword.core.requirement import Requirement
from watchword.core.second_factor import SecondFactors
from watchword.http.authentication import Challenge, stated
from watchword.http.message import Fields, Request
from watchword.tokens.challenge import step_up
from watchword.tokens.password import Password, judge_password


@dataclass(frozen=True, slots=True)
class LoginForm:
    """Judges what a log-in route found in its content. Browsers submit forms for any page: hence the veto.

    `scheme` is the cookie scheme: its challenge is how clients learn that logging in helps. `second_factors` judges the
    code that came along with the password of an account that needs one.
    """

    realm: str
    scheme: str
    credentials: Password
    second_factors: SecondFactors | None = None
    name: str = "login"
    kind: Kind = Kind.PASSWORD
    ambient: Ambient = Ambient.IN_BROWSERS
    interactive: bool = False
    needs_body: bool = True
    fields: tuple[str, ...] = ("cookie",)
    schemes: tuple[str, ...] = ()
    elsewhere: Elsewhere = Elsewhere.CONTENT
    invalid_code: str = "invalid-credentials"
    expired_code: str = "invalid-credentials"
    marks_answers: bool = False

    def read(self, request: Request) -> Password:
        return self.credentials

    def verify(self, credentials: Password, request: Request, now: Instant) -> Steps[Outcome]:
        outcome = yield from judge_password(
            credentials, now, mechanism=self.name, realm=self.realm, address=request.peer.address
        )
        if not isinstance(outcome, Accepted) or credentials.code is None or self.second_factors is None:
            return outcome
        who = outcome.principal
        if not who.authentication.second_factor_due:
            return outcome
        return (yield from self.second_factors.raised(who, credentials.code, now))

    def marks(self, request: Request) -> Fields:
        return ()

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        challenge = stated(self.scheme, ("realm", self.realm))
        return step_up(challenge, requirement) if outcome is Insufficient.AUTHENTICATION else challenge

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return ()
