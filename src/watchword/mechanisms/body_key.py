"""API keys in the content: the member `api_key` of a JSON-RPC call, as Kallithea's clients send it (S4.6)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Steps
from watchword.core.mechanism import Ambient, Elsewhere, Kind, Mechanism
from watchword.core.outcome import Insufficient, Malformed, Outcome
from watchword.core.principal import Instant
from watchword.core.requirement import Requirement
from watchword.crypto.secret import Secret
from watchword.http.authentication import Challenge
from watchword.http.json_rpc import KEY_MEMBER, content_of
from watchword.http.message import Fields, Request
from watchword.tokens.api_key import is_key


@dataclass(frozen=True, slots=True)
class BodyKeys:
    """The API keys of a space, where they may come in the content too. `in_fields` reads them from fields, and judges
    all of them: a target that takes it takes these."""

    in_fields: Mechanism[Secret]
    needs_body: bool = True
    elsewhere: Elsewhere = Elsewhere.CONTENT

    @property
    def name(self) -> str:
        return self.in_fields.name

    @property
    def kind(self) -> Kind:
        return self.in_fields.kind

    @property
    def ambient(self) -> Ambient:
        return self.in_fields.ambient

    @property
    def interactive(self) -> bool:
        return self.in_fields.interactive

    @property
    def fields(self) -> tuple[str, ...]:
        return self.in_fields.fields

    @property
    def invalid_code(self) -> str:
        return self.in_fields.invalid_code

    @property
    def expired_code(self) -> str:
        return self.in_fields.expired_code

    @property
    def schemes(self) -> tuple[str, ...]:
        return self.in_fields.schemes

    @property
    def marks_answers(self) -> bool:
        return self.in_fields.marks_answers

    def read(self, request: Request) -> Secret | Malformed | None:
        in_field, in_content = self.in_fields.read(request), key_in_content(request)
        if in_field is not None and in_content is not None:
            return Malformed("two-transports")
        return in_content if in_field is None else in_field

    def by_two_transports(self, request: Request) -> bool:
        """Whether there is a key in a field and one in the content, be it the same: C10, as of any token (RFC 6750
        section 2). Whichever decided, somebody would take the request for the other's (F20)."""
        return key_in_content(request) is not None and self.in_fields.read(request) is not None

    def verify(self, credentials: Secret, request: Request, now: Instant) -> Steps[Outcome]:
        return self.in_fields.verify(credentials, request, now)

    def marks(self, request: Request) -> Fields:
        return self.in_fields.marks(request)

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        return self.in_fields.challenge(outcome, requirement)

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return self.in_fields.clear(request)


def key_in_content(request: Request) -> Secret | Malformed | None:
    """The key in the one call that the content is; None where it has no such member, or is no call."""
    content = content_of(request)
    if not isinstance(content, dict) or KEY_MEMBER not in content:
        return None
    text = content[KEY_MEMBER]
    return Secret(text) if isinstance(text, str) and is_key(text) else Malformed("no-api-key")
