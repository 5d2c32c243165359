"""Scripted mechanisms on the real port: each says of a request what the request is marked with.

A request is marked with one field for each mechanism that is to find credentials in it, such as
`scripted-basic: rejected`. Everything else, from the reading to the challenge, goes the way of the real ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from functools import lru_cache
from typing import Final, Literal

from watchword.core.ask import AnswerFailed, Question, Steps, ask
from watchword.core.authorizer import Word
from watchword.core.mechanism import Ambient, Elsewhere, Kind
from watchword.core.outcome import (
    Accepted,
    Insufficient,
    Malformed,
    Outcome,
    Rejected,
    Stale,
    Throttled,
    Unavailable,
)
from watchword.core.principal import Authentication, Instant, Principal
from watchword.core.requirement import Requirement
from watchword.core.space import ProtectionSpace
from watchword.edge.drive import NOT_YET, Answers, NotYet
from watchword.http.authentication import Challenge
from watchword.http.message import Fields, Peer, Request

NOW: Final[Instant] = 1_750_000_000.0
REALM: Final = "Records"
COOKIE_SCHEME: Final = "Records-Cookie"

MARKS: Final = ("malformed", "stale", "rejected", "throttled", "unavailable", "accepted")
"""Every outcome but Absent, which is said of a request without the mark."""
OTHER_MARKS: Final = ("unanswered", "accepted-bob", "accepted-stranger", "accepted-half", "accepted-by-password")
"""Unavailable because the answer failed; another account; an identity that is unknown here; an account whose password
was right and is not enough; one that was proven by its password, and needs no more."""


@dataclass(frozen=True, slots=True)
class Verdict(Question[Outcome]):
    """What does the script say of these credentials?"""

    mechanism: Scripted
    mark: str


@dataclass(frozen=True, slots=True)
class Scripted:
    """One mechanism. `states` gives the parameters of its challenge beyond the realm; `proven` is when the person
    last proved who they are, where it accepts."""

    name: str
    scheme: str
    _: KW_ONLY
    kind: Kind = Kind.OTHER
    ambient: Ambient = Ambient.NEVER
    interactive: bool = False
    needs_body: bool = False
    fields: tuple[str, ...] = ("authorization",)
    invalid_code: str = "invalid-token"
    expired_code: str = "expired-token"
    marks_answers: bool = False
    schemes: tuple[str, ...] = ()
    elsewhere: Elsewhere = Elsewhere.CONTENT
    states: Callable[[Outcome | Insufficient, Requirement], Mapping[str, str]] = lambda outcome, requirement: {}
    scopes: frozenset[str] | None = None
    acr: str | None = None
    proven: Instant = NOW
    mark_field: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "mark_field", b"scripted-" + self.name.encode())

    def read(self, request: Request) -> str | Malformed | None:
        mark = request.field(self.mark_field)
        if mark is None:
            return None
        return Malformed("scripted") if mark == b"malformed" else mark.decode()

    def verify(self, credentials: str, request: Request, now: Instant) -> Steps[Outcome]:
        return (yield from ask(Verdict(self, credentials)))

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return (b"session=; Max-Age=0; Path=/",) if self.kind is Kind.SESSION_COOKIE else ()

    def marks(self, request: Request) -> Fields:
        return ()

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        more = self.states(outcome, requirement)
        return _challenge(self.scheme, (("realm", REALM), *more.items()))


@lru_cache
def _challenge(scheme: str, params: tuple[tuple[str, str], ...]) -> Challenge:
    return Challenge(scheme, params)


@dataclass(frozen=True, slots=True)
class ScriptedAuthorizer:
    """Says one thing of every request; `failed` that nobody knows."""

    says: Word | Literal["nothing", "failed"]
    name: str = "scripted-authorizer"

    def authorize(self, principal: Principal | None, request: Request) -> Steps[Word | None]:
        if self.says == "failed":
            raise AnswerFailed("scripted")
        yield from ()
        return self.says if isinstance(self.says, Word) else None


def outcome_of(mechanism: Scripted, mark: str) -> Outcome:
    """What the mechanism says of a request with this mark, once guard has made the best of it."""
    match mark:
        case "malformed":
            return Malformed("scripted")
        case "stale":
            return Stale("scripted")
        case "rejected":
            return Rejected("scripted")
        case "throttled":
            return Throttled(30)
        case "unavailable":
            return Unavailable("scripted", retry_after=7)
        case "unanswered":
            return Unavailable("scripted")
        case "accepted":
            return _accepted(mechanism, "ann")
        case "accepted-bob":
            return _accepted(mechanism, "bob")
        case "accepted-stranger":
            return _accepted(mechanism, "mallory", registered=False)
        case "accepted-half":
            return _accepted(mechanism, "ann", amr=_PASSWORD, due=True)
        case "accepted-by-password":
            return _accepted(mechanism, "ann", amr=_PASSWORD)
        case _:
            raise ValueError(f"no such mark: {mark}")


_PASSWORD = frozenset(("pwd",))


def _accepted(
    mechanism: Scripted,
    subject: str,
    *,
    registered: bool = True,
    amr: frozenset[str] = frozenset(),
    due: bool = False,
) -> Accepted:
    authentication = Authentication(
        mechanism=mechanism.name,
        amr=amr,
        acr=mechanism.acr,
        auth_time=mechanism.proven,
        second_factor_due=due,
    )
    return Accepted(
        Principal(
            subject=subject,
            realm=REALM,
            authentication=authentication,
            roles=frozenset(("clerk",)),
            permissions=frozenset(("read",)),
            scopes=mechanism.scopes,
            registered=registered,
        )
    )


# --- the answers ---------------------------------------------------------------------------------------------------


def say(verdict: Verdict) -> Outcome:
    """The script's answer."""
    if verdict.mark == "unanswered":
        raise AnswerFailed("scripted")
    return outcome_of(verdict.mechanism, verdict.mark)


def at_once() -> Answers:
    """Answers that are given in place."""
    answers = Answers()
    answers.add(Verdict, inline=say)
    return answers


def after_a_wait() -> Answers:
    """Answers that the asyncio driver has to fetch from a thread."""

    def not_yet(verdict: Verdict) -> Outcome | NotYet:
        return NOT_YET

    answers = Answers()
    answers.add(Verdict, inline=not_yet, threaded=say)
    return answers


# --- the mechanisms ------------------------------------------------------------------------------------------------


def _cookie(outcome: Outcome | Insufficient, requirement: Requirement) -> dict[str, str]:
    return _step_up(requirement) if outcome is Insufficient.AUTHENTICATION else {}


def _basic(outcome: Outcome | Insufficient, requirement: Requirement) -> dict[str, str]:
    return {"charset": "UTF-8"}


def _digest(outcome: Outcome | Insufficient, requirement: Requirement) -> dict[str, str]:
    stale = {"stale": "true"} if isinstance(outcome, Stale) else {}
    return {"qop": "auth", "algorithm": "SHA-256", "nonce": "7ypf/xlj9XXwfDPEoM4URrv", **stale}


def _bearer(outcome: Outcome | Insufficient, requirement: Requirement) -> dict[str, str]:
    match outcome:
        case Insufficient.SCOPE:
            return {"error": "insufficient_scope", "scope": " ".join(sorted(requirement.scopes))}
        case Insufficient.AUTHENTICATION:
            return _step_up(requirement)
        case Malformed() | Stale() | Rejected():
            return {"error": "invalid_token", "error_description": "The token is not valid"}
        case _:
            return {}


def _api_key(outcome: Outcome | Insufficient, requirement: Requirement) -> dict[str, str]:
    match outcome:
        case Insufficient.SCOPE:
            return {"error": "insufficient_scope"}
        case Malformed() | Stale() | Rejected():
            return {"error": "invalid_key"}
        case _:
            return {}


def _step_up(requirement: Requirement) -> dict[str, str]:
    lacking = {"error": "insufficient_user_authentication"}
    if requirement.acr:
        lacking["acr_values"] = " ".join(sorted(requirement.acr))
    if requirement.max_age is not None:
        lacking["max_age"] = f"{requirement.max_age:.0f}"
    return lacking


_READ = frozenset(("read",))

SESSION: Final = Scripted(
    "session",
    COOKIE_SCHEME,
    kind=Kind.SESSION_COOKIE,
    ambient=Ambient.ALWAYS,
    fields=("cookie",),
    invalid_code="session-invalid",
    expired_code="session-expired",
    states=_cookie,
    proven=NOW - 3600,
)
BASIC: Final = Scripted(
    "basic",
    "Basic",
    kind=Kind.PASSWORD,
    ambient=Ambient.IN_BROWSERS,
    interactive=True,
    invalid_code="invalid-credentials",
    expired_code="invalid-credentials",
    states=_basic,
)
DIGEST: Final = Scripted(
    "digest", "Digest", kind=Kind.PASSWORD, ambient=Ambient.IN_BROWSERS, interactive=True, states=_digest
)
BEARER: Final = Scripted("bearer", "Bearer", states=_bearer, scopes=_READ, proven=NOW - 3600)
API_KEY: Final = Scripted(
    "api-key",
    "APIKEY",
    fields=("x-api-key",),
    invalid_code="invalid-api-key",
    expired_code="expired-api-key",
    states=_api_key,
    scopes=_READ,
    proven=NOW - 3600,
)
AUTH_TOKEN: Final = Scripted("auth-token", "Basic", ambient=Ambient.IN_BROWSERS, interactive=True, states=_basic)
CERTIFICATE: Final = Scripted("certificate", "Certificate", ambient=Ambient.ALWAYS, fields=(), acr="gold")
NEGOTIATE: Final = Scripted("negotiate", "Negotiate", ambient=Ambient.ALWAYS, interactive=True)

SIX: Final = (SESSION, BEARER, API_KEY, AUTH_TOKEN, BASIC, CERTIFICATE)
"""One of each class, in the order that an installation would have them in."""
OTHERS: Final = (NEGOTIATE, DIGEST, AUTH_TOKEN, API_KEY, BEARER, BASIC, SESSION)
"""The other two, and the rest the other way round."""


def space(*mechanisms: Scripted, no_auth_challenge: str = "no-popup") -> ProtectionSpace:
    """A protection space with these mechanisms."""
    return ProtectionSpace(
        realm=REALM,
        mechanisms=mechanisms,
        cookie_challenge=Challenge(COOKIE_SCHEME, {"realm": REALM}),
        no_auth_challenge="remove" if no_auth_challenge == "remove" else "no-popup",
    )


def marked(
    marks: Mapping[str, str],
    method: str = "GET",
    target: bytes = b"/records",
    fields: Iterable[tuple[bytes, bytes]] = (),
) -> Request:
    """A request over TLS with these marks, by name of the mechanism."""
    scripted = ((b"scripted-" + name.encode(), mark.encode()) for name, mark in marks.items())
    host = (b"host", b"records.example")
    return Request(method, target, (host, *scripted, *fields), Peer("198.51.100.7", secure=True))
