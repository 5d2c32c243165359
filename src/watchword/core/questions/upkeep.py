"""What is asked now and then, for nobody in particular."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Question
from watchword.core.principal import Instant


@dataclass(frozen=True, slots=True)
class CleanUp(Question[int]):
    """Remove at most `limit` records that expired before `now`. How many were removed; it may be asked again."""

    now: Instant
    limit: int = 1000
