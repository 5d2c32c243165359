"""The log-in form: user name and password in the content of a request to a log-in route."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Steps
from watchword.core.mechanism import Ambient, Kind
from watchword.core.outcome import Insufficient, Outcome
from watchword.core.principal import Instant
from watchword.core.requirement import Requirement
from watchword.http.authentication import Challenge, stated
from watchword.http.message import Fields, Request
from watchword.tokens.password import Password, judge_password


@dataclass(frozen=True, slots=True)
class LoginForm:
    """Judges what a log-in route found in its content. Browsers submit forms for any page: hence the veto.

    `scheme` is the cookie scheme: its challenge is how clients learn that logging in helps.
    """

    realm: str
    scheme: str
    credentials: Password
    name: str = "login"
    kind: Kind = Kind.PASSWORD
    ambient: Ambient = Ambient.IN_BROWSERS
    interactive: bool = False
    needs_body: bool = True
    fields: tuple[str, ...] = ("cookie",)
    invalid_code: str = "invalid-credentials"
    expired_code: str = "invalid-credentials"
    marks_answers: bool = False

    def read(self, request: Request) -> Password:
        return self.credentials

    def verify(self, credentials: Password, request: Request, now: Instant) -> Steps[Outcome]:
        return (
            yield from judge_password(
                credentials, now, mechanism=self.name, realm=self.realm, address=request.peer.address
            )
        )

    def marks(self, request: Request) -> Fields:
        return ()

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        return stated(self.scheme, ("realm", self.realm))

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return ()
