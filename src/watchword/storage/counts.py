"""What came of an import."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What an import did. `refused`: what has an account that is missing, disabled or has another stamp."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
