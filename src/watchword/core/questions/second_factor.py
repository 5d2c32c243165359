"""What is asked about attempts at a second factor, which are counted so that nobody guesses codes (ASVS 6.3.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from watchword.core.ask import Question
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
