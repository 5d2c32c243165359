"""The port of a token manager: issues, resolves and revokes the tokens that stand in for a password."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from watchword.core.ask import Steps
from watchword.core.principal import Instant
from watchword.core.records import Account


@dataclass(frozen=True, slots=True)
class ShownToken:
    """A token as its owner may see it. `valid_until` is the instant at which it expires."""

    token: str = field(repr=False)
    valid_until: Instant


class TokenManager(Protocol):
    """Tokens of one kind. Each method raises `AnswerFailed` where the storage does not answer."""

    def issue(self, subject: str, now: Instant) -> Steps[ShownToken | None]:
        """The subject's live token, or a new one; None where there is no such subject any more."""
        ...

    def resolve(self, subject: str, token: str, now: Instant) -> Steps[Account | str]:
        """The account that the token proves, or the reason why it proves none (`expired` where it once did)."""
        ...

    def revoke(self, subject: str) -> Steps[bool]:
        """Kill the subject's live token on every node. False where there was none."""
        ...
