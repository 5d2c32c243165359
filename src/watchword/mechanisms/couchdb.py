"""CouchDB's session cookie, `Cookie: AuthSession=…`: verified without any session being kept (S2.25 to S2.27)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Steps, ask
from watchword.core.mechanism import Ambient, Elsewhere, Kind
from watchword.core.outcome import Accepted, Insufficient, Malformed, Outcome
from watchword.core.principal import Authentication, Instant
from watchword.core.questions import FindAccount
from watchword.core.records import principal_of
from watchword.core.requirement import Requirement
from watchword.core.second_factor import PASSWORD
from watchword.http.authentication import Challenge, stated
from watchword.http.caching import NO_STORE
from watchword.http.cookies import clear_cookie, find_cookie
from watchword.http.couchdb_cookie import NAME, auth_session
from watchword.http.message import Fields, Request
from watchword.tokens.challenge import step_up
from watchword.tokens.couchdb_cookie import CouchdbCookie, CouchdbCookies, read_couchdb_cookie

_NAME = NAME.encode("ascii")

# Whoever made it, CouchDB among them, has asked for a password and for nothing more.
_PROOF = frozenset((PASSWORD,))


@dataclass(frozen=True, slots=True)
class CouchdbSession:
    """Reads, judges, sets, renews and clears the cookie.

    `scheme` is the cookie scheme: its challenge is how clients learn that logging in helps. When the person logged in
    is not known, because a renewed cookie does not tell: `max_age` is never met.
    """

    realm: str
    scheme: str
    cookies: CouchdbCookies
    domain: str | None = None
    same_site: str = "Lax"
    name: str = "couchdb"
    kind: Kind = Kind.SESSION_COOKIE
    ambient: Ambient = Ambient.ALWAYS
    interactive: bool = False
    needs_body: bool = False
    fields: tuple[str, ...] = ("cookie",)
    cookie_names: tuple[str, ...] = (NAME,)
    schemes: tuple[str, ...] = ()
    elsewhere: Elsewhere = Elsewhere.NOWHERE
    invalid_code: str = "session-invalid"
    expired_code: str = "session-expired"
    marks_answers: bool = True

    def read(self, request: Request) -> CouchdbCookie | Malformed | None:
        lines = request.lines(b"cookie")
        if not lines:
            return None
        values = find_cookie(lines, _NAME)
        if not any(values):
            return None  # clients that logged out of CouchDB may keep an empty one
        value, *others = values
        if others:
            # RFC 6265bis: a sibling subdomain can plant a cookie of the same name, and order tells nothing.
            return Malformed("sent-twice")
        return read_couchdb_cookie(value) or Malformed("no-couchdb-cookie")

    def verify(self, credentials: CouchdbCookie, request: Request, now: Instant) -> Steps[Outcome]:
        account = yield from ask(FindAccount(credentials.name))
        refused = self.cookies.why_not(credentials, account, now)
        if refused is not None:
            return refused
        assert account is not None
        if self.cookies.is_due(credentials, now):
            if request.memo is None:
                request.memo = {}
            request.memo[self._renewal] = self.set(request, self.cookies.of(account, now), now)
        return Accepted(principal_of(account, self.realm, Authentication(mechanism=self.name, amr=_PROOF)))

    def marks(self, request: Request) -> Fields:
        renewed = None if request.memo is None else request.memo.get(self._renewal)
        return ((b"set-cookie", renewed), NO_STORE) if isinstance(renewed, bytes) else ()

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        challenge = stated(self.scheme, ("realm", self.realm))
        return step_up(challenge, requirement) if outcome is Insufficient.AUTHENTICATION else challenge

    def set(self, request: Request, cookie: str, now: Instant) -> bytes:
        """The Set-Cookie value that hands the cookie to the user agent."""
        secure, lifetime = request.peer.secure, self.cookies.timeout
        return auth_session(
            cookie,
            max_age=max(1, int(lifetime)),
            expires=now + lifetime,
            domain=self.domain if secure else None,
            secure=secure,
            same_site=self.same_site,
        )

    def clear(self, request: Request) -> tuple[bytes, ...]:
        secure = request.peer.secure
        return (clear_cookie(NAME, domain=self.domain if secure else None, secure=secure),)

    @property
    def _renewal(self) -> str:
        return f"couchdb cookie of {self.realm}"
