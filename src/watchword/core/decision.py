"""What is decided of a request: it is granted, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from watchword.core.mechanism import AnyMechanism
from watchword.core.principal import Principal
from watchword.core.space import Attempt
from watchword.http.authentication import Challenge
from watchword.http.problem import JsonValue


class Granted(NamedTuple):
    """Pass the request on. `principal` is None for anonymous requests.

    `clears` are mechanisms whose cookies the answer must clear, `marking` those that may mark it; `by` is the deciding
    attempt. A tuple, like `Attempt`, for the same reason.
    """

    cell: str
    principal: Principal | None = None
    clears: tuple[AnyMechanism, ...] = ()
    by: Attempt | None = None
    marking: tuple[AnyMechanism, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Answer in place of the application; a preflight (C22) and a redirect (C23) are told like this too.

    `reasons` are for operators; `principal` is who was proven, if anybody; `hidden` means that the answer must look
    like a true 404; `deprecated` marks a status that is only kept while clients migrate (S0.17). `members` are further
    members of the problem, which no other face tells.
    """

    cell: str
    status: int
    code: str
    title: str
    detail: str
    challenges: tuple[Challenge, ...] = ()
    retry_after: int | None = None
    clears: tuple[AnyMechanism, ...] = ()
    hidden: bool = False
    location: str | None = None
    deprecated: bool = False
    principal: Principal | None = None
    by: Attempt | None = None
    reasons: tuple[str, ...] = ()
    members: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue], repr=False)


Decision: TypeAlias = Granted | Refused


def word_counts(decision: Decision) -> bool:
    """Whether a decision that was made without authorizers may become another by their word: a grant, or a refusal for
    want of roles or permissions alone. What they say of anything else changes nothing."""
    if isinstance(decision, Granted):
        return decision.cell != "C22"  # a preflight asks for nothing yet
    return decision.cell == "C12" and decision.code == "forbidden"
