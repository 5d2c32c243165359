"""What is asked about auth tokens, which are derived and not stored."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Question
from watchword.core.principal import Instant
from watchword.core.records import AuthTokenInputs


@dataclass(frozen=True, slots=True)
class IssueAuthToken(Question[AuthTokenInputs | None]):
    """The live auth token's inputs, or new ones, in one step; None where the account is gone or disabled.

    `ttl` in seconds. `slide` moves `valid_until` of a live one to `now + ttl`.
    """

    name: str
    now: Instant
    ttl: float
    slide: bool = False


@dataclass(frozen=True, slots=True)
class RevokeAuthToken(Question[bool]):
    """Kill the live auth token, whatever copies of it are about. False where none was alive."""

    name: str
