"""An API key in the URL or in a form: `?api_key=…` (S2.8, S4.3). See `url_session` for why it is deliberate."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Steps
from watchword.core.mechanism import Ambient, Elsewhere, Kind
from watchword.core.outcome import ABSENT, Insufficient, Malformed, Outcome
from watchword.core.principal import Instant
from watchword.core.requirement import Requirement
from watchword.crypto.secret import Secret
from watchword.http.authentication import Challenge
from watchword.http.message import Fields, Request
from watchword.http.security_fields import SECRET_IN_URL
from watchword.http.syntax import Unreadable
from watchword.http.url_credentials import Places, form_wanted, read_url_credential
from watchword.tokens.api_key import is_key, judge_key
from watchword.tokens.challenge import key_challenge


@dataclass(frozen=True, slots=True)
class UrlKeys:
    """Reads an API key from the URL, or from a form, as far as its content is at hand.

    `scheme` is that of API keys; `says_wrong`: the challenge says so where a key is refused.
    """

    realm: str
    places: Places
    scheme: str = "APIKEY"
    name: str = "url-key"
    kind: Kind = Kind.OTHER
    ambient: Ambient = Ambient.NEVER
    interactive: bool = False
    needs_body: bool = False
    fields: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()
    elsewhere: Elsewhere = Elsewhere.URL
    invalid_code: str = "invalid-api-key"
    expired_code: str = "expired-api-key"
    marks_answers: bool = True
    says_wrong: bool = True

    def read(self, request: Request) -> Secret | Malformed | None:
        found = read_url_credential(request, self.places)
        if found is None:
            return None
        if isinstance(found, Unreadable):
            return Malformed(found.reason)
        return Secret(found) if is_key(found.decode("latin-1")) else Malformed("no-api-key")

    def content_wanted(self, request: Request) -> int:
        return form_wanted(request)

    def verify(self, credentials: Secret, request: Request, now: Instant) -> Steps[Outcome]:
        return judge_key(credentials.reveal(), now, mechanism=self.name, realm=self.realm)

    def marks(self, request: Request) -> Fields:
        return () if self.read(request) is None else SECRET_IN_URL

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        told = outcome if self.says_wrong or isinstance(outcome, Insufficient) else ABSENT
        return key_challenge(self.scheme, self.realm, told, requirement)

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return ()
