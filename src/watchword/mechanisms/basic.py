"""HTTP Basic (RFC 7617) with the account's password."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Steps
from watchword.core.mechanism import Ambient, Elsewhere, Kind
from watchword.core.outcome import Insufficient, Malformed, Outcome
from watchword.core.principal import Instant
from watchword.core.requirement import Requirement
from watchword.crypto.secret import Secret
from watchword.http.authentication import Challenge, Unreadable, stated
from watchword.http.credentials import user_pass
from watchword.http.message import Fields, Request
from watchword.tokens.format import is_well_formed
from watchword.tokens.password import Password, judge_password


@dataclass(frozen=True, slots=True)
class Basic:
    """Reads and judges `Authorization: Basic …`.

    `leaves_tokens`: passwords that have the form of an auth token are left to the mechanism that knows them.
    """

    realm: str
    leaves_tokens: bool = False
    name: str = "basic"
    kind: Kind = Kind.PASSWORD
    ambient: Ambient = Ambient.IN_BROWSERS
    interactive: bool = True
    needs_body: bool = False
    fields: tuple[str, ...] = ("authorization",)
    schemes: tuple[str, ...] = ("basic",)
    elsewhere: Elsewhere = Elsewhere.NOWHERE
    invalid_code: str = "invalid-credentials"
    expired_code: str = "invalid-credentials"
    marks_answers: bool = False

    def read(self, request: Request) -> Password | Malformed | None:
        found = user_pass(request)
        if found is None:
            return None
        if isinstance(found, Unreadable):
            return Malformed(found.reason)
        name, password = found
        if self.leaves_tokens and is_well_formed(password, "t"):
            return None
        return Password(name, Secret(password))

    def verify(self, credentials: Password, request: Request, now: Instant) -> Steps[Outcome]:
        return judge_password(credentials, now, mechanism=self.name, realm=self.realm, address=request.peer.address)

    def marks(self, request: Request) -> Fields:
        return ()

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        return stated("Basic", ("realm", self.realm), ("charset", "UTF-8"))

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return ()
