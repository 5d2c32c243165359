"""A link of a mail, at a route that takes it in the content of a request: how it is refused."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Steps, known
from watchword.core.mechanism import Ambient, Elsewhere, Kind
from watchword.core.outcome import Insufficient, Outcome
from watchword.core.principal import Instant
from watchword.core.requirement import Requirement
from watchword.http.authentication import Challenge, stated
from watchword.http.message import Fields, Request


@dataclass(frozen=True, slots=True)
class MailedLinkForm:
    """Says what the route found out about the link, which only it can know: a link is used up where it does its work.

    A link proves nobody; it does one thing. One that is over, or was used, is told like any other token (C09).
    `outcome` is None as long as nothing speaks against it.
    """

    realm: str
    scheme: str
    outcome: Outcome | None
    name: str = "mailed-link"
    kind: Kind = Kind.OTHER
    ambient: Ambient = Ambient.NEVER
    interactive: bool = False
    needs_body: bool = True
    fields: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()
    elsewhere: Elsewhere = Elsewhere.CONTENT
    invalid_code: str = "invalid-token"
    expired_code: str = "expired-token"
    marks_answers: bool = False

    def read(self, request: Request) -> Outcome | None:
        return self.outcome

    def verify(self, credentials: Outcome, request: Request, now: Instant) -> Steps[Outcome]:
        return known(credentials)

    def marks(self, request: Request) -> Fields:
        return ()

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        return stated(self.scheme, ("realm", self.realm))

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return ()
