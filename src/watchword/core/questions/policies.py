"""What is asked of those who run the server."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from watchword.core.ask import Question
from watchword.core.grants import Family


class Verdict(Enum):
    """What a policy says of a log-in or a refresh that was proven."""

    FINE = "fine"
    STEP_UP = "step up"  # a stronger or fresher proof is needed (C15)
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """What a policy may look at: who, from where, and, at a refresh, what the latest use was like.

    `before` is None at log-in.
    """

    subject: str
    client_id: str
    address: str
    country: str
    user_agent: str
    before: Family | None = None


@dataclass(frozen=True, slots=True)
class FindCountry(Question[str]):
    """The country that the address is in, as two capital letters (ISO 3166-1); empty where nobody knows."""

    address: str


@dataclass(frozen=True, slots=True)
class CheckRisk(Question[Verdict]):
    """Whether a log-in or a refresh that was proven may go on. Whoever runs the server may have a policy for that."""

    risk: Risk


@dataclass(frozen=True, slots=True)
class RecordAlarm(Question[None]):
    """Tell whoever runs the server of what only they can put right. `reason` is a code, `about` holds no secret."""

    reason: str
    mechanism: str
    address: str
    about: str = ""
