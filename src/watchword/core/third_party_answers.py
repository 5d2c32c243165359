"""What a third party's answer about a credential of theirs means, and what is answered here for it (C19 to C21).

Nothing of a provider's answer goes on from here but its status, as a member of a problem: a 401 of theirs is about
another credential than ours is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, assert_never

from watchword.core.beside import third_party
from watchword.core.decision import Refused
from watchword.core.principal import Instant
from watchword.http.json_text import read_json_text
from watchword.http.message import Fields
from watchword.http.problem import JsonValue
from watchword.http.retry_after import read_retry_after
from watchword.http.syntax import Unreadable

NoAnswerKind: TypeAlias = Literal[
    "unreachable", "timeout", "too-large", "not-permitted", "tls", "protocol", "busy", "open-circuit"
]
"""Why there is no answer; `busy` and `open-circuit` where the provider was not even asked."""

SHORTEST_WAIT: Final = 1
LONGEST_WAIT: Final = 3600
"""Bounds, in seconds, of what is passed on as Retry-After, whatever a provider asks for."""
WAIT_WHEN_LIMITED: Final = 30
WAIT_WHEN_BUSY: Final = 5
"""Where nobody says how long."""

SUCCESSFUL: Final = frozenset(range(200, 300))


# --- what came back --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """A final answer of the provider's, of any status."""

    status: int
    fields: Fields = field(default=(), repr=False)
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class NoProviderAnswer:
    """There is none. `retry_after` in seconds, where it is known when to ask again."""

    kind: NoAnswerKind
    retry_after: int | None = None


AnyProviderAnswer: TypeAlias = ProviderAnswer | NoProviderAnswer


# --- how it is read --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRules:
    """For providers that answer 200 whatever they say, and mean what stands in the JSON.

    `name` is the member that is `true` where the credential was taken and `false` where not. `reason` is the member
    that then says why, as a text; which texts mean what stands in the other fields, and any other text means nothing
    that can be relied on. Without `reason`, `false` means that the credential is not valid.
    """

    name: str
    reason: str | None = None
    invalid: frozenset[str] = frozenset()
    scope_missing: frozenset[str] = frozenset()
    limited: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRules:
    """What a provider's statuses mean. Every other status means that it could not say.

    `limited` counts where `Retry-After` comes along, too, on a 503. `member` is looked at where the status is one of
    `valid`; where there is none, a good answer holds JSON or nothing, unless `any_content` is as good: a page that
    somebody on the way puts in between, to log in or to say that all is closed, comes with 200 as well.
    """

    valid: frozenset[int] = SUCCESSFUL
    invalid: frozenset[int] = frozenset((401,))
    scope_missing: frozenset[int] = frozenset((403,))
    limited: frozenset[int] = frozenset((429,))
    member: MemberRules | None = None
    any_content: bool = False


# --- what it means ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Valid:
    """The provider takes the credential."""

    status: int


@dataclass(frozen=True, slots=True)
class Invalid:
    """The provider does not know the credential, or does not take it any more."""

    status: int


@dataclass(frozen=True, slots=True)
class ScopeMissing:
    """The provider knows the credential, and does not let it do this."""

    status: int


@dataclass(frozen=True, slots=True)
class Limited:
    """The provider wants fewer requests. `retry_after` in seconds, within bounds."""

    retry_after: int
    status: int


@dataclass(frozen=True, slots=True)
class Unclear:
    """The provider answered, and did not say whether the credential is valid."""

    status: int


@dataclass(frozen=True, slots=True)
class Down:
    """The provider did not answer. `retry_after` in seconds, within bounds."""

    kind: NoAnswerKind
    retry_after: int


CouldNotSay: TypeAlias = Limited | Unclear | Down
Meaning: TypeAlias = Valid | Invalid | ScopeMissing | CouldNotSay


def meaning(answer: AnyProviderAnswer, rules: CheckRules, now: Instant) -> Meaning:
    """What the provider said of the credential that it was asked about. Pure and total."""
    if isinstance(answer, NoProviderAnswer):
        return Down(answer.kind, _bounded(answer.retry_after, WAIT_WHEN_BUSY))
    status = answer.status
    if status in rules.valid:
        if rules.member is not None:
            return _told_by_member(answer, rules.member, now)
        return Valid(status) if rules.any_content or _is_json_or_nothing(answer.content) else Unclear(status)
    if status in rules.invalid:
        return Invalid(status)
    if status in rules.scope_missing:
        return ScopeMissing(status)
    asked_to_wait = read_retry_after(answer.fields, now)
    if status in rules.limited or (status == _OVERLOADED and asked_to_wait is not None):
        return Limited(_bounded(asked_to_wait, WAIT_WHEN_LIMITED), status)
    return Unclear(status)


def status_of(meant: Meaning) -> int | None:
    """The status that the provider answered, if it answered."""
    return None if isinstance(meant, Down) else meant.status


_OVERLOADED: Final = 503


def _is_json_or_nothing(content: bytes) -> bool:
    return not content or not isinstance(read_json_text(content), Unreadable)


def _told_by_member(answer: ProviderAnswer, rules: MemberRules, now: Instant) -> Meaning:
    told = read_json_text(answer.content)
    taken = told.get(rules.name) if isinstance(told, dict) else None
    if not isinstance(told, dict) or not isinstance(taken, bool):
        return Unclear(answer.status)
    if taken:
        return Valid(answer.status)
    if rules.reason is None:
        return Invalid(answer.status)
    reason = told.get(rules.reason)
    if not isinstance(reason, str):
        return Unclear(answer.status)
    if reason in rules.invalid:
        return Invalid(answer.status)
    if reason in rules.scope_missing:
        return ScopeMissing(answer.status)
    if reason in rules.limited:
        return Limited(_bounded(read_retry_after(answer.fields, now), WAIT_WHEN_LIMITED), answer.status)
    return Unclear(answer.status)


def _bounded(seconds: int | None, otherwise: int) -> int:
    return min(LONGEST_WAIT, max(SHORTEST_WAIT, otherwise if seconds is None else seconds))


# --- what is answered for it -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Statuses:
    """What is answered where the provider refuses: `rejected` what was submitted (C19), `stored` what is kept (C20).

    Which there are to choose from stands in the table.
    """

    rejected: int = 403
    stored: int = 403


def submitted(meant: Meaning, statuses: Statuses, provider: str) -> Refused | None:
    """The answer to whoever submitted the credential (C19, C21); None where the provider takes it."""
    match meant:
        case Valid():
            return None
        case Invalid(status):
            return _refused("C19", "third-party-credential-rejected", provider, status, answered=statuses.rejected)
        case ScopeMissing(status):
            return _refused("C19", "third-party-scope-missing", provider, status, answered=statuses.rejected)
        case Limited() | Unclear() | Down():
            return could_not_say(meant, provider)
        case _ as never:
            assert_never(never)


def stored(meant: Meaning, statuses: Statuses, provider: str) -> Refused | None:
    """The answer to whoever needs a stored credential (C20, C21); None where the provider takes it."""
    match meant:
        case Valid():
            return None
        case Invalid(status):
            return refused_before(statuses, provider, status)
        case ScopeMissing(status):
            return _refused("C20", "third-party-scope-missing", provider, status, answered=statuses.stored)
        case Limited() | Unclear() | Down():
            return could_not_say(meant, provider)
        case _ as never:
            assert_never(never)


def refused_before(statuses: Statuses, provider: str, provider_status: int | None) -> Refused:
    """The answer where it is known that the provider refuses the stored credential (C20)."""
    return _refused("C20", "third-party-credential", provider, provider_status, answered=statuses.stored)


def could_not_say(meant: CouldNotSay, provider: str) -> Refused:
    """The answer where the provider is down, slow, throttles us or makes no sense (C21)."""
    match meant:
        case Limited(retry_after, status):
            return _refused("C21", "third-party-limited", provider, status, answered=503, retry_after=retry_after)
        case Unclear(status):
            return _refused("C21", "third-party-unavailable", provider, status, retry_after=WAIT_WHEN_BUSY)
        case Down(kind, retry_after):
            code, answered = _NO_ANSWER.get(kind, _UNAVAILABLE)
            return _refused("C21", code, provider, None, answered=answered, retry_after=retry_after, reason=kind)
        case _ as never:
            assert_never(never)


_UNAVAILABLE: Final = ("third-party-unavailable", 502)
_NO_ANSWER: Final[Mapping[NoAnswerKind, tuple[str, int]]] = {
    "timeout": ("third-party-slow", 504),
    "busy": ("third-party-limited", 503),
    "open-circuit": ("third-party-limited", 503),
}


def _refused(
    cell: str,
    code: str,
    provider: str,
    provider_status: int | None,
    *,
    answered: int | None = None,
    retry_after: int | None = None,
    reason: str | None = None,
) -> Refused:
    members: dict[str, JsonValue] = {"provider": provider, "provider_status": provider_status}
    told = f"it answers {provider_status}" if reason is None else reason
    return third_party(
        cell, code, status=answered, retry_after=retry_after, members=members, reasons=(f"{provider}: {told}",)
    )
