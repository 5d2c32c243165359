"""What is asked now and then, for nobody in particular."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Question
from watchword.core.principal import Instant


@dataclass(frozen=True, slots=True)
class SpendAssertion(Question[bool]):
    """Note that a client used the assertion with this `jti`. False where it has used it before (RFC 7523 section 3)."""

    client_id: str
    jti: str
    expires_at: Instant


@dataclass(frozen=True, slots=True)
class CleanUp(Question[int]):
    """Remove at most `limit` records that expired before `now`. How many were removed; it may be asked again."""

    now: Instant
    limit: int = 1000
