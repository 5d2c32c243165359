"""Tokens whose issuer is asked each time they are shown (RFC 7662): of any kind, and never out of date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from watchword.core.ask import AnswerFailed, Steps
from watchword.core.mechanism import Ambient, AnyMechanism, Elsewhere, Kind
from watchword.core.outcome import Accepted, Insufficient, Malformed, Outcome, Rejected
from watchword.core.principal import Authentication, Instant, Principal
from watchword.core.questions import IntrospectToken
from watchword.core.records import Json
from watchword.core.requirement import Requirement
from watchword.crypto.secret import Secret
from watchword.http.authentication import Challenge
from watchword.http.message import Fields, Request


@dataclass(frozen=True, slots=True)
class Introspected:
    """Reads and challenges as `reader` does, and has the issuer judge.

    `token_type` is what the issuer calls such credentials. Where `audience` is given, they must be meant for it; where
    it is None they are of a kind that is meant for nobody in particular.
    """

    reader: AnyMechanism
    realm: str
    issuer: str
    token_type: str
    audience: str | None
    name: str = field(init=False)
    kind: Kind = field(init=False)
    ambient: Ambient = field(init=False)
    interactive: bool = field(init=False)
    needs_body: bool = field(init=False)
    fields: tuple[str, ...] = field(init=False)
    invalid_code: str = field(init=False)
    expired_code: str = field(init=False)
    marks_answers: bool = field(init=False)
    schemes: tuple[str, ...] = field(init=False)
    elsewhere: Elsewhere = field(init=False)

    def __post_init__(self) -> None:
        for name in _OF_THE_READER:
            object.__setattr__(self, name, getattr(self.reader, name))

    def read(self, request: Request) -> Secret | Malformed | None:
        credentials = self.reader.read(request)
        assert credentials is None or isinstance(credentials, Secret | Malformed)
        return credentials

    def verify(self, credentials: Secret, request: Request, now: Instant) -> Steps[Outcome]:
        told: Mapping[str, Json] | None = yield IntrospectToken(credentials)
        if told is None:
            return Rejected("inactive")
        if told.get("token_type") != self.token_type:
            return Rejected("wrong-kind")
        if told.get("iss") != self.issuer:
            return Rejected("issuer")
        if self.audience is not None and self.audience not in _texts(told, "aud"):
            return Rejected("audience")
        return Accepted(_principal(told, mechanism=self.name, realm=self.realm))

    def marks(self, request: Request) -> Fields:
        return self.reader.marks(request)

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        return self.reader.challenge(outcome, requirement)

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return self.reader.clear(request)


_OF_THE_READER = (
    "name",
    "kind",
    "ambient",
    "interactive",
    "needs_body",
    "fields",
    "invalid_code",
    "expired_code",
    "marks_answers",
    "schemes",
    "elsewhere",
)


def _principal(told: Mapping[str, Json], *, mechanism: str, realm: str) -> Principal:
    """Raises AnswerFailed where what is told cannot be understood: that is no word against the token."""
    subject = _text(told, "sub")
    if not subject:
        raise AnswerFailed("the issuer does not say whose token it is")
    auth_time = told.get("auth_time")
    scope = _text(told, "scope")
    return Principal(
        subject=subject,
        realm=realm,
        authentication=Authentication(
            mechanism=mechanism,
            amr=frozenset(_texts(told, "amr")),
            acr=_text(told, "acr"),
            auth_time=float(auth_time) if isinstance(auth_time, int | float) else 0.0,
            session=_text(told, "sid"),
        ),
        roles=frozenset(_texts(told, "roles")),
        permissions=frozenset(_texts(told, "permissions")),
        scopes=None if scope is None else frozenset(scope.split()),
        client_id=_text(told, "client_id"),
    )


def _text(told: Mapping[str, Json], name: str) -> str | None:
    value = told.get(name)
    if value is not None and not isinstance(value, str):
        raise AnswerFailed(f"the issuer's {name} is no text")
    return value


def _texts(told: Mapping[str, Json], name: str) -> list[str]:
    """A text, or a list of texts (RFC 7662 section 2.2 on `aud`)."""
    value = told.get(name)
    listed = value if isinstance(value, list) else [] if value is None else [value]
    texts = [each for each in listed if isinstance(each, str)]
    if len(texts) != len(listed):
        raise AnswerFailed(f"the issuer's {name} is no list of texts")
    return texts
