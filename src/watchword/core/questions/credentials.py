"""What is asked about credentials beside the password, and about what may be used only once."""

from __future__ import annotations

from dataclasses import dataclass, field

from watchword.core.ask import Question
from watchword.core.credentials import Credential
from watchword.core.principal import Instant


@dataclass(frozen=True, slots=True)
class FindCredentials(Question[tuple[Credential, ...]]):
    """All credentials of one subject, oldest first. `fresh` asks the storage itself, not a cache."""

    subject: str
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class AddCredentials(Question[bool]):
    """Keep new credentials of one account, in one step.

    `replacing`: those of the same kind that were there before end in the same step. False, and nothing is changed,
    where the account is gone or disabled, would have more than `most` of the kind, or one has the id of another. What
    the account needs at a log-in stays as it is, whatever is added or replaced.

    Answering it raises ValueError where they are not all of one account.
    """

    credentials: tuple[Credential, ...]
    replacing: bool = False
    most: int = 20


@dataclass(frozen=True, slots=True)
class ConfirmSecondFactor(Question[bool]):
    """Make a kept credential count from now on, so that the account needs a second factor at every log-in.

    In the same step the account gets the new `stamp`: what was derived from the password alone is dead, but for the
    session with fingerprint `keep`, which is carried over and from now on has these `amr` and `acr`. False, and
    nothing is changed, where the account is gone or disabled, or the credential is gone, confirmed already, or of a
    kind that is no second factor.
    """

    subject: str
    id: str
    stamp: str
    keep: bytes | None = None
    amr: frozenset[str] = frozenset()
    acr: str | None = None


@dataclass(frozen=True, slots=True)
class EndCredentials(Question[int]):
    """End the credentials of a subject: all, or those of one `kind`, or only the one with this `id`.

    Where it is about second factors, and no confirmed one is left, the account needs none any more, and its recovery
    codes end in the same step. How many of those that were meant ended.
    """

    subject: str
    kind: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class SpendCredential(Question[bool]):
    """End the credential of this kind with this secret, because it was used. False where there is none (any more).

    What the account needs at a log-in stays as it is.
    """

    subject: str
    kind: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SpendOnce(Question[bool]):
    """Note that a value was used. False where it was used before.

    `purpose` keeps the values of one use from those of others: an assertion, a nonce with its count, a signature, the
    step of an authenticator. Nobody takes the value after `until`, so that it may be forgotten then.
    """

    purpose: str
    value: bytes = field(repr=False)
    until: Instant
