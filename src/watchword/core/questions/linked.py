"""What is asked about identities that somebody else's identity provider proves."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Question
from watchword.core.linked import LinkedIdentity
from watchword.core.principal import Instant
from watchword.core.questions.credentials import SpendOnce


@dataclass(frozen=True, slots=True)
class FindLinkedIdentity(Question[LinkedIdentity | None]):
    """Whose the identity is."""

    issuer: str
    subject: str


@dataclass(frozen=True, slots=True)
class AddLinkedIdentity(Question[bool]):
    """Link an identity to an account that is there. To make the account in the same step is `AddAccount`'s.

    False, and nothing is kept, where it is linked already (to whomever), the account is gone or disabled, or would
    have more than `most`.
    """

    identity: LinkedIdentity
    most: int = 20


@dataclass(frozen=True, slots=True)
class ListLinkedIdentities(Question[tuple[LinkedIdentity, ...]]):
    """Those of one account, oldest first."""

    account: str


@dataclass(frozen=True, slots=True)
class EndLinkedIdentities(Question[int]):
    """Unlink the identities of an account: all, those of one issuer, or one. How many there were.

    In the same step end the account's sessions that began by one of these issuers, as EndLinkedSessions does.
    """

    account: str
    at: Instant
    issuer: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class EndLinkedSessions(Question[int | None]):
    """End sessions that began by this issuer: those with its `sid`, or those of one account, or the account's with it.

    In the same step end the log-ins of the same kind that began until `at` and are no sessions yet, unless `at` is
    None, and use up what `spends` says. How many sessions ended; None, and nothing is changed, where that was used
    before.

    Answering it raises ValueError where neither `sid` nor `account` is given.
    """

    issuer: str
    at: Instant | None
    sid: str | None = None
    account: str | None = None
    spends: SpendOnce | None = None
