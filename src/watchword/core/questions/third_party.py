"""What is asked about credentials for third parties."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from watchword.core.ask import Question
from watchword.core.principal import Instant
from watchword.core.third_party import CredentialState, ThirdPartyCredential


class Put(Enum):
    """What came of putting a record in its place."""

    NEW = "new"
    REPLACED = "replaced"
    NO_ACCOUNT = "no account"


@dataclass(frozen=True, slots=True)
class FindThirdPartyCredential(Question[ThirdPartyCredential | None]):
    """The one that this account has with this provider."""

    subject: str
    provider: str


@dataclass(frozen=True, slots=True)
class PutThirdPartyCredential(Question[Put]):
    """Keep it, in the place of the one that the account has with this provider.

    `NO_ACCOUNT`, and nothing is kept, where the account is gone or disabled.
    """

    credential: ThirdPartyCredential


@dataclass(frozen=True, slots=True)
class NoteThirdPartyCheck(Question[bool]):
    """Note what the provider said of a kept credential. False where it is not there any more: another may be.

    `checked_at` is when it was asked; what was found out earlier than what is noted already changes nothing.
    """

    subject: str
    provider: str
    id: str
    state: CredentialState
    provider_status: int | None
    checked_at: Instant


@dataclass(frozen=True, slots=True)
class ResealThirdPartyCredential(Question[bool]):
    """Replace `before` by `after`: the same credential under a newer key. False where it is not sealed so any more."""

    subject: str
    provider: str
    before: bytes = field(repr=False)
    after: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class EndThirdPartyCredentials(Question[int]):
    """Forget what the account has with this provider, or with all where it is None. How many there were."""

    subject: str
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class ListThirdPartyCredentials(Question[tuple[ThirdPartyCredential, ...]]):
    """Those of one account, or of everybody where it is None, ordered by account and provider.

    `provider` and `checked_before` leave out others; never checked is before everything. `after` is the account and
    the provider of the last one of the page before. Those of disabled accounts are listed too.
    """

    subject: str | None = None
    provider: str | None = None
    checked_before: Instant | None = None
    after: tuple[str, str] | None = None
    limit: int = 1000
