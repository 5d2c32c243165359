"""A session's id in the URL or in a form: `?sid=…`, `?JSESSIONID=…`, `;jsessionid=…` (S2.8).

URLs are written down wherever they come by, so this has to be asked for.

It is deliberate, and the Origin veto does not apply: no user agent adds it by itself, and a page of another origin that
wants to act in its visitor's session would have to know the session's token, and could use that without the visitor.
What such a page can do is to lead its visitor here with a session of its own (log-in CSRF). So the id in a URL never
becomes a cookie, and a session that the visitor has by cookie is tried before it.
"""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Steps
from watchword.core.mechanism import Ambient, Elsewhere, Kind
from watchword.core.outcome import Insufficient, Malformed, Outcome
from watchword.core.principal import Instant
from watchword.core.records import SESSION
from watchword.core.requirement import Requirement
from watchword.crypto.secret import Secret, fingerprint
from watchword.http.authentication import Challenge, stated
from watchword.http.message import Fields, Request
from watchword.http.security_fields import SECRET_IN_URL
from watchword.http.syntax import Unreadable
from watchword.http.url_credentials import Places, form_wanted, read_url_credential
from watchword.tokens.binding import Bindings
from watchword.tokens.session import is_session_token, judge_session


@dataclass(frozen=True, slots=True)
class UrlSession:
    """Reads a session's token from the URL, or from a form, as far as its content is at hand.

    `scheme` is the cookie scheme: its challenge is how clients learn that logging in helps.
    """

    realm: str
    scheme: str
    places: Places
    bindings: Bindings = Bindings()
    name: str = "url-session"
    kind: Kind = Kind.OTHER
    ambient: Ambient = Ambient.NEVER
    interactive: bool = False
    needs_body: bool = False
    fields: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()
    elsewhere: Elsewhere = Elsewhere.URL
    invalid_code: str = "session-invalid"
    expired_code: str = "session-expired"
    marks_answers: bool = True

    def read(self, request: Request) -> Secret | Malformed | None:
        found = read_url_credential(request, self.places)
        if found is None:
            return None
        if isinstance(found, Unreadable):
            return Malformed(found.reason)
        return Secret(found) if is_session_token(found.decode("latin-1"), SESSION) else Malformed("no-session-token")

    def content_wanted(self, request: Request) -> int:
        return form_wanted(request)

    def verify(self, credentials: Secret, request: Request, now: Instant) -> Steps[Outcome]:
        return judge_session(
            fingerprint(credentials.reveal()),
            now,
            mechanism=self.name,
            realm=self.realm,
            request=request,
            bindings=self.bindings,
        )

    def marks(self, request: Request) -> Fields:
        return () if self.read(request) is None else SECRET_IN_URL

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        return stated(self.scheme, ("realm", self.realm))

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return ()
