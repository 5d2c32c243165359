"""What is asked about sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from watchword.core.ask import Question
from watchword.core.outcome import Accepted
from watchword.core.principal import Authentication, Instant
from watchword.core.records import Account, Json, Session, principal_of


@dataclass(frozen=True, slots=True)
class FoundSession:
    """A session with its account, which may be disabled or carry another stamp by now."""

    session: Session
    account: Account
    _accepted: dict[tuple[str, str], Accepted] = field(
        default_factory=dict[tuple[str, str], Accepted], init=False, repr=False, compare=False
    )

    def accepted(self, mechanism: str, realm: str) -> Accepted:
        """The outcome where the session is good, built once: it is checked far more often than it changes."""
        outcome = self._accepted.get((mechanism, realm))
        if outcome is None:
            session = self.session
            authentication = Authentication(
                mechanism=mechanism,
                amr=session.amr,
                acr=session.acr,
                auth_time=session.auth_time,
                session=session.id,
            )
            outcome = Accepted(principal_of(self.account, realm, authentication))
            self._accepted[mechanism, realm] = outcome
        return outcome


@dataclass(frozen=True, slots=True)
class FindSession(Question[FoundSession | None]):
    """By the token's fingerprint. `fresh` asks the storage itself, not a cache."""

    fingerprint: bytes = field(repr=False)
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class ListSessions(Question[tuple[Session, ...]]):
    """The sessions of one subject that have not expired at `now`, newest first; of everybody where it is None.

    `after` is the id of the last session of the page before; only then are they ordered by id.
    """

    subject: str | None
    now: Instant
    limit: int = 1000
    after: str | None = None


@dataclass(frozen=True, slots=True)
class StartSession(Question[bool]):
    """Keep a new session, and end the one with fingerprint `replaces`, in one step.

    False, and nothing is kept, where the account is gone, disabled or has another stamp by now, or where the identity
    provider by which it begins has logged the person out since (EndLinkedSessions). Where `max_per_user` is set, the
    oldest sessions beyond it end.
    """

    session: Session
    replaces: bytes | None = None
    max_per_user: int | None = None


@dataclass(frozen=True, slots=True)
class TouchSession(Question[None]):
    """Note that the session was used at `now`. It may be written later, and never moves backwards."""

    fingerprint: bytes = field(repr=False)
    now: Instant


@dataclass(frozen=True, slots=True)
class WriteSessionData(Question[bool]):
    """Replace the session's own data. False where the session is gone."""

    fingerprint: bytes = field(repr=False)
    data: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class EndSession(Question[bool]):
    """End the session with this fingerprint. False where there was none."""

    fingerprint: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class EndSessions(Question[int]):
    """End the sessions of `subject` (of everybody where it is None), or only the one with public id `id`, or only
    those with `ids`.

    `keep` is the fingerprint of one that stays. How many ended.
    """

    subject: str | None
    id: str | None = None
    keep: bytes | None = None
    ids: tuple[str, ...] | None = None
