"""The port of a mechanism: what reads credentials from a request and verifies them."""

from __future__ import annotations

from enum import Enum
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

from watchword.core.ask import Steps
from watchword.core.outcome import Insufficient, Malformed, Outcome
from watchword.core.principal import Instant
from watchword.core.requirement import Requirement
from watchword.http.authentication import Challenge
from watchword.http.message import Fields, Request

C = TypeVar("C")


class Ambient(Enum):
    """When the user agent sends the credentials unasked, so that the Origin veto applies to them."""

    NEVER = "never"
    IN_BROWSERS = "in browsers"  # Basic, Digest and forms: replayed or submitted by browsers, and by nobody else
    ALWAYS = "always"  # cookies, TLS client certificates, Negotiate


class Elsewhere(Enum):
    """Where credentials may stand, if not in a field of the request."""

    NOWHERE = "nowhere"
    URL = "in the URL, or in a form"
    CONNECTION = "in the certificate of the connection"
    CONTENT = "in the content"


class Kind(Enum):
    """Which rows of the decision table a failure belongs to."""

    SESSION_COOKIE = "session cookie"  # C05
    PASSWORD = "password"  # C07, C08
    OTHER = "other"  # C09


class Mechanism(Protocol[C]):
    """One way to prove who a request comes from. C is its own type of credentials.

    `fields` names the request fields it reads (for Vary, lower-case), `schemes` the authentication schemes (lower-case)
    that it takes in Authorization; `elsewhere` says where else its credentials may stand. It is asked to read only
    where one of these is present; what may stand in the content is asked for always.

    `invalid_code` and `expired_code` are the public codes of its failures. `interactive` says that browsers answer its
    challenge with a pop-up; `needs_body` that it cannot work where no content is at hand (forward-auth), which is
    refused at start-up. `marks_answers` says that `marks` ever gives anything.
    """

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def ambient(self) -> Ambient: ...
    @property
    def interactive(self) -> bool: ...
    @property
    def needs_body(self) -> bool: ...
    @property
    def fields(self) -> tuple[str, ...]: ...
    @property
    def schemes(self) -> tuple[str, ...]: ...
    @property
    def elsewhere(self) -> Elsewhere: ...
    @property
    def invalid_code(self) -> str: ...
    @property
    def expired_code(self) -> str: ...
    @property
    def marks_answers(self) -> bool: ...

    def read(self, request: Request) -> C | Malformed | None:
        """The credentials, or None where there are none of this mechanism's. Pure and total."""
        ...

    def verify(self, credentials: C, request: Request, now: Instant) -> Steps[Outcome]:
        """What the credentials prove. Asks; an `AnswerFailed` that it lets through means Unavailable."""
        ...

    def clear(self, request: Request) -> tuple[bytes, ...]:
        """The Set-Cookie values that remove these credentials from the user agent, where cookies hold them."""
        ...

    def marks(self, request: Request) -> Fields:
        """Fields that the answer to a granted request needs because it carried such credentials: against caches and
        referrers where they stand in the URL, the next nonce of Digest."""
        ...

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        """How to use this mechanism, with the error parameters that fit the outcome. Always stated:
        the decision table chooses which challenges are sent."""
        ...


@runtime_checkable
class ReadsContent(Protocol):
    """A mechanism that judges content too, of some requests, where it is at hand."""

    def content_wanted(self, request: Request) -> int:
        """How many bytes of the request's content are to be read, at most, before it is judged; 0 for none."""
        ...


@runtime_checkable
class ReadsCookies(Protocol):
    """A mechanism that reads no cookies but those of some names, and need not be asked for the sake of others."""

    @property
    def cookie_names(self) -> tuple[str, ...]: ...


AnyMechanism: TypeAlias = "Mechanism[Any]"
"""Where mechanisms of different credentials stand in one list: what `read` gave goes back to the same `verify`."""
