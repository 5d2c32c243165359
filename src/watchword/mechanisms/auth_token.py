"""The auth token as password of HTTP Basic (RESTHeart): `Basic base64(userid:auth-token)`."""

from __future__ import annotations

from dataclasses import dataclass, field

from watchword.core.ask import Steps
from watchword.core.mechanism import Ambient, Elsewhere, Kind
from watchword.core.names import looked_up_name
from watchword.core.of_records import OfRecords
from watchword.core.outcome import Accepted, Insufficient, Malformed, Outcome, Rejected, Stale
from watchword.core.principal import Authentication, Instant
from watchword.core.records import Account, principal_of
from watchword.core.requirement import Requirement
from watchword.core.second_factor import PASSWORD
from watchword.core.token_manager import TokenManager
from watchword.crypto.secret import Secret
from watchword.http.authentication import Challenge, Unreadable, stated
from watchword.http.credentials import user_pass
from watchword.http.message import Fields, Request
from watchword.tokens.format import is_well_formed
from watchword.tokens.password import Password


@dataclass(frozen=True, slots=True)
class AuthToken:
    """Reads and judges Basic credentials whose password has the form of an auth token."""

    realm: str
    tokens: TokenManager
    name: str = "auth-token"
    kind: Kind = Kind.OTHER
    ambient: Ambient = Ambient.IN_BROWSERS
    interactive: bool = True
    needs_body: bool = False
    fields: tuple[str, ...] = ("authorization",)
    schemes: tuple[str, ...] = ("basic",)
    elsewhere: Elsewhere = Elsewhere.NOWHERE
    invalid_code: str = "invalid-token"
    expired_code: str = "expired-token"
    marks_answers: bool = False
    _accepted: OfRecords[Account, Accepted] = field(init=False, repr=False, compare=False)
    """Who an account's live token proves: the same until its record changes."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_accepted", OfRecords[Account, Accepted](self._proven))

    def read(self, request: Request) -> Password | Malformed | None:
        found = user_pass(request)
        if found is None or isinstance(found, Unreadable) or not is_well_formed(found[1], "t"):
            return None  # what cannot be decoded is the password mechanism's to refuse
        return Password(found[0], Secret(found[1]))

    def verify(self, credentials: Password, request: Request, now: Instant) -> Steps[Outcome]:
        name = looked_up_name(credentials.name)
        found = yield from self.tokens.resolve(name, credentials.password.reveal_text(), now)
        if isinstance(found, str):
            return Stale(found) if found == "expired" else Rejected(found)
        return self._accepted.of(found.name, found) if found.auth_token is not None else self._proven(found, now)

    def _proven(self, account: Account, now: Instant = 0.0) -> Accepted:
        """Who is proven. A manager that does not tell when the token was issued takes `now` for that."""
        inputs = account.auth_token
        # It stands in for the password, and proves no more than that.
        proof = Authentication(
            mechanism=self.name, amr=_PASSWORD, auth_time=now if inputs is None else inputs.issued_at
        )
        return Accepted(principal_of(account, self.realm, proof))

    def marks(self, request: Request) -> Fields:
        return ()

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        return stated("Basic", ("realm", self.realm), ("charset", "UTF-8"))

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return ()


_PASSWORD = frozenset((PASSWORD,))
