"""What is asked about API keys."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from watchword.core.ask import Question
from watchword.core.grants import ApiKey
from watchword.core.outcome import Accepted
from watchword.core.principal import Authentication, Instant
from watchword.core.records import Account, principal_of


@dataclass(frozen=True, slots=True)
class FoundKey:
    """An API key with its account, which may be disabled by now."""

    key: ApiKey
    account: Account
    _accepted: dict[tuple[str, str], Accepted] = field(
        default_factory=dict[tuple[str, str], Accepted], init=False, repr=False, compare=False
    )

    def accepted(self, mechanism: str, realm: str) -> Accepted:
        """The outcome where the key is good, built once."""
        outcome = self._accepted.get((mechanism, realm))
        if outcome is None:
            authentication = Authentication(mechanism=mechanism, auth_time=self.key.created_at)
            principal = replace(principal_of(self.account, realm, authentication), scopes=self.key.scopes)
            outcome = Accepted(principal)
            self._accepted[mechanism, realm] = outcome
        return outcome


@dataclass(frozen=True, slots=True)
class FindKey(Question[FoundKey | None]):
    """By the API key's fingerprint. `fresh` asks the storage itself, not a cache."""

    fingerprint: bytes = field(repr=False)
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class ListKeys(Question[tuple[ApiKey, ...]]):
    """The API keys of one subject, newest first; of everybody where it is None."""

    subject: str | None
    limit: int = 1000


@dataclass(frozen=True, slots=True)
class AddKey(Question[bool]):
    """Keep a new API key. False where the account is gone or disabled, or has `most` live keys."""

    key: ApiKey
    most: int = 1000


@dataclass(frozen=True, slots=True)
class RotateKey(Question[ApiKey | None]):
    """Keep `successor` in the place of the key with this id, which lives on until `until`, for the overlap.

    The successor as it was kept: subject, name and scopes are the old key's. None where the subject has no such key,
    or it was rotated before.
    """

    id: str
    subject: str
    successor: ApiKey
    until: Instant


@dataclass(frozen=True, slots=True)
class TouchKey(Question[None]):
    """Note that the API key was used at `now`. It may be written later, and never moves backwards."""

    fingerprint: bytes = field(repr=False)
    now: Instant


@dataclass(frozen=True, slots=True)
class EndKeys(Question[int]):
    """End the API keys with these ids. Where `subject` is given, only its own. How many ended."""

    ids: tuple[str, ...]
    subject: str | None = None
