"""What the routes for mails work with, on a server that sends any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from watchword.core.ask import Steps
from watchword.flows.mailing import MailPolicy


class Later(Protocol):
    """Has steps driven by somebody for whom no request waits, and again where they cannot be driven to their end.

    `what` is told to the log where they never can. False where too much waits already: nobody is told.
    """

    def __call__(self, what: str, steps: Callable[[], Steps[object]]) -> bool: ...


@dataclass(frozen=True, slots=True)
class Mailing:
    """What mails are like, and who does what nobody waits for. `verify_sign_up`: new accounts show their address."""

    policy: MailPolicy
    later: Later
    verify_sign_up: bool = False
