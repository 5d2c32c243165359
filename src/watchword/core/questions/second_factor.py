"""What is asked about second steps: attempts, which are counted so that nobody guesses codes (ASVS 6.3.1), and log-ins
that are half finished.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from watchword.core.ask import Question
from watchword.core.linked import LinkedLogIn
from watchword.core.principal import Instant


@dataclass(frozen=True, slots=True)
class AttemptTaken:
    """The code may be looked at. It is counted as wrong until it is settled."""


@dataclass(frozen=True, slots=True)
class AttemptHeld:
    """Too many were wrong: nothing is looked at for `retry_after` seconds."""

    retry_after: int


@dataclass(frozen=True, slots=True)
class LogInExhausted:
    """This half-finished log-in has had all its attempts."""


AttemptAnswer: TypeAlias = AttemptTaken | AttemptHeld | LogInExhausted


@dataclass(frozen=True, slots=True)
class SpendAttempt(Question[AttemptAnswer]):
    """Use up one attempt at an account's second factor, before the code is looked at.

    `log_in` tells the half-finished log-in that it belongs to from others, where there is one.
    """

    subject: str
    now: Instant
    log_in: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SettleAttempt(Question[None]):
    """What came of an attempt: the right code begins the count anew.

    A `recovered` account begins anew altogether: a recovery code cannot be guessed, so whoever has it is no guesser.
    """

    subject: str
    now: Instant
    right: bool
    recovered: bool = False


class Finish(Enum):
    """What became of a half-finished log-in."""

    DONE = "done"
    TWICE = "twice"  # it was finished before
    ENDED = "ended"  # it was ended before anybody finished it


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishLogIn(Question[Finish]):
    """Finish a half-finished log-in, in one step: once, and not where it was ended since it began.

    `linked` is there where an identity provider began it. What was finished is remembered until `until`.
    """

    id: bytes = field(repr=False)
    subject: str
    linked: LinkedLogIn | None
    expires_at: Instant
    until: Instant


@dataclass(frozen=True, slots=True)
class EndHalfLogIns(Question[None]):
    """End the half-finished log-ins that began until `at`: those of one account, or everybody's where it is None."""

    account: str | None
    at: Instant
