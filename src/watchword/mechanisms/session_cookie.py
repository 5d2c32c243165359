"""The session cookie: `Cookie: __Host-watchword=ww_s_…`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from watchword.core.ask import Steps, known
from watchword.core.mechanism import Ambient, Elsewhere, Kind
from watchword.core.outcome import Insufficient, Outcome, Rejected
from watchword.core.principal import Instant
from watchword.core.requirement import Requirement
from watchword.crypto.secret import fingerprint
from watchword.http.authentication import Challenge, stated
from watchword.http.caching import NO_STORE
from watchword.http.cookies import clear_cookie, find_cookie, set_cookie
from watchword.http.message import Fields, Request
from watchword.tokens.binding import Bindings
from watchword.tokens.challenge import step_up
from watchword.tokens.sealed_sessions import SealedSessions
from watchword.tokens.session import judge_session


@dataclass(frozen=True, slots=True)
class CookieSettings:
    """How the cookie is written. `name` is the one over TLS; `cleartext_name` the one on cleartext loopback,
    where clients other than browsers would not send a Secure cookie."""

    name: str = "__Host-watchword"
    cleartext_name: str = "watchword"
    domain: str | None = None
    same_site: str = "Lax"


class CookieValues(NamedTuple):
    """What came under the cookie's name: one value, or several where somebody planted another.

    A tuple, because one is made for nearly every check.
    """

    values: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"CookieValues({len(self.values)})"


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """Reads, judges, sets and clears the session cookie.

    `sealed` judges sessions that clients keep themselves; their cookie is set anew from time to time.
    """

    realm: str
    scheme: str
    settings: CookieSettings = CookieSettings()
    name: str = "session"
    kind: Kind = Kind.SESSION_COOKIE
    ambient: Ambient = Ambient.ALWAYS
    interactive: bool = False
    needs_body: bool = False
    fields: tuple[str, ...] = ("cookie",)
    schemes: tuple[str, ...] = ()
    elsewhere: Elsewhere = Elsewhere.NOWHERE
    invalid_code: str = "session-invalid"
    expired_code: str = "session-expired"
    marks_answers: bool = False
    bindings: Bindings = Bindings()
    sealed: SealedSessions | None = None
    _names: tuple[bytes, bytes] = field(init=False, repr=False, compare=False)
    """The names on cleartext loopback and over TLS, as they stand in the field."""

    def __post_init__(self) -> None:
        names = self.settings.cleartext_name.encode(), self.settings.name.encode()
        object.__setattr__(self, "_names", names)

    @property
    def cookie_names(self) -> tuple[str, ...]:
        return (self.settings.name, self.settings.cleartext_name)

    def cookie_name(self, request: Request) -> str:
        """The name in use on the transport by which the request came."""
        return self.settings.name if request.peer.secure else self.settings.cleartext_name

    def read(self, request: Request) -> CookieValues | None:
        lines = request.lines(b"cookie")
        if not lines:
            return None
        values = find_cookie(lines, self._names[request.peer.secure])
        return CookieValues(values) if values else None

    def verify(self, credentials: CookieValues, request: Request, now: Instant) -> Steps[Outcome]:
        if len(credentials.values) != 1:
            # RFC 6265bis: a sibling subdomain can plant a cookie of the same name, and order tells nothing.
            return known(Rejected("sent-twice"))
        (value,) = credentials.values
        if self.sealed is not None and self.sealed.takes(value):
            return self.sealed.judge(value, request, now, mechanism=self.name, realm=self.realm, bindings=self.bindings)
        return judge_session(
            fingerprint(value), now, mechanism=self.name, realm=self.realm, request=request, bindings=self.bindings
        )

    def marks(self, request: Request) -> Fields:
        renewal = None if self.sealed is None else self.sealed.renewal(request, self.name)
        if renewal is None:
            return ()
        return ((b"set-cookie", self.set(request, renewal.token, renewal.max_age)), NO_STORE)

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        challenge = stated(self.scheme, ("realm", self.realm))
        return step_up(challenge, requirement) if outcome is Insufficient.AUTHENTICATION else challenge

    def set(self, request: Request, token: str, max_age: int) -> bytes:
        """The Set-Cookie value that hands the token to the user agent."""
        return set_cookie(
            self.cookie_name(request),
            token,
            max_age=max_age,
            domain=self.settings.domain if request.peer.secure else None,
            secure=request.peer.secure,
            same_site=self.settings.same_site,
        )

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return (
            clear_cookie(
                self.cookie_name(request),
                domain=self.settings.domain if request.peer.secure else None,
                secure=request.peer.secure,
            ),
        )
