"""What a mechanism can say of a request: seven outcomes, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from watchword.core.principal import Principal


@dataclass(frozen=True, slots=True)
class Absent:
    """None of mine here."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """Mine, but not decodable. `reason` and `about` are for operators, as everywhere here: a stable word of
    docs/reference/codes.md, and what it is about."""

    reason: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Stale:
    """Good once; fetching fresh ones helps."""

    reason: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Wrong. Clients are never told which part was wrong."""

    reason: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Throttled:
    """Not evaluated: too many failures. `retry_after` in seconds."""

    retry_after: int


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Whoever can judge it does not answer. `retry_after` in seconds."""

    reason: str
    about: str = ""
    retry_after: int = 5


@dataclass(frozen=True, slots=True)
class Accepted:
    """Proves a principal."""

    principal: Principal


class Insufficient(Enum):
    """What an accepted credential can lack, beside the outcomes: told in its challenge (C11, C15)."""

    SCOPE = "insufficient_scope"
    AUTHENTICATION = "insufficient_user_authentication"


Outcome: TypeAlias = Absent | Malformed | Stale | Rejected | Throttled | Unavailable | Accepted
Failed = (Malformed, Stale, Rejected)
ABSENT = Absent()
