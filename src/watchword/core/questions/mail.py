"""What is asked for the sake of mail: that it be sent, and how often something may be done, be it mail or not."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Question
from watchword.core.mail import Mail
from watchword.core.policy import Ceiling
from watchword.core.principal import Instant


@dataclass(frozen=True, slots=True)
class SendMail(Question[bool]):
    """Put a mail into the line of those that are to be sent; nobody waits for that. False where the line is full."""

    mail: Mail


@dataclass(frozen=True, slots=True)
class SpendTurn(Question[int]):
    """Take one of the turns that the rule allows under this key. 0 where it was taken; else the seconds to wait."""

    key: str
    rule: Ceiling
    now: Instant
