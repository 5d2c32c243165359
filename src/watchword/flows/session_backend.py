"""Where sessions are kept: what log-in, log-out and an account's own pages need of that, whatever it is.

`StoredSessions` keeps each on the server; `SealedSessions` in `flows/sealed_sessions.py` has clients keep them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, TypeAlias

from watchword.core.ask import Steps, ask
from watchword.core.principal import Instant
from watchword.core.questions import (
    EndHalfLogIns,
    EndLinkedSessions,
    EndSession,
    EndSessions,
    FindSession,
    FoundSession,
    ListSessions,
    SpendOnce,
    StartSession,
    WriteSessionData,
)
from watchword.core.records import SEALED, Json, Session
from watchword.crypto.secret import fingerprint


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that has begun, with the token that nobody else knows."""

    session: Session
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Presented:
    """A session whose token came with a request."""

    session: Session
    token: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Proof:
    """By what a session is proven from now on."""

    amr: frozenset[str]
    acr: str | None


class NotWritten(Enum):
    """Why a session's data were not changed."""

    GONE = "gone"  # the session has ended
    NONE = "none"  # sessions of this kind hold no data
    TOO_LONG = "too long"


Written: TypeAlias = "str | NotWritten | None"
"""The token to hand over in place of the one that was sent; None where that stays as it is."""


class SessionBackend(Protocol):
    """Each method raises `AnswerFailed` where the storage does not answer."""

    def begin(
        self, session: Session, token: str, *, replaces: Sequence[bytes], most: int | None, now: Instant
    ) -> Steps[Begun | None]:
        """Begin this session; the ones with the tokens `replaces` end. None where its account was changed meanwhile.

        An account has at most `most`: the oldest ends for one more.
        """
        ...

    def find(self, token: bytes, *, fresh: bool = False) -> Steps[FoundSession | None]:
        """The session of this token, with its account; None where it was ended. Whether it has expired is not said.

        `fresh` asks the storage itself, and for no more than this very token says.
        """
        ...

    def end(self, token: bytes, now: Instant) -> Steps[bool]:
        """End the session of this token, on every node. False where there was none."""
        ...

    def end_by_id(self, subject: str, id: str, now: Instant) -> Steps[bool]:
        """End the session of this account with this public id. False where there is none."""
        ...

    def end_all(self, subject: str, keep: Presented | None, now: Instant) -> Steps[int]:
        """End all sessions of an account but one, and its half-finished log-ins; how many sessions, as far as that is
        known."""
        ...

    def end_linked(
        self,
        issuer: str,
        at: Instant | None,
        *,
        sid: str | None = None,
        account: str | None = None,
        spends: SpendOnce | None = None,
    ) -> Steps[int | None]:
        """End the sessions, and the log-ins that are half finished and began until `at`, that began by this identity
        provider: those with its `sid`, or those of an account, or the account's with it. How many sessions ended.

        In the same step `spends` is used up: None, and nothing ends, where it was used before."""
        ...

    def keep(self, kept: Presented, now: Instant, *, proof: Proof | None = None) -> Steps[str | None]:
        """Let this session go on, now that all of its account have ended with a change of that, and have its proof
        raised. The token to hand over in place of the one that was sent; None where that stays as it is.

        Nothing is left to do where the change itself could spare it, by its fingerprint.
        """
        ...

    def listed(self, subject: str, now: Instant, current: Session | None) -> Steps[tuple[Session, ...]]:
        """The sessions of an account, as far as they are known. `current` is the one that asks, whosesoever it is."""
        ...

    def write(self, presented: Presented, data: Mapping[str, Json], now: Instant) -> Steps[Written]:
        """Replace the session's data."""
        ...


@dataclass(frozen=True, slots=True)
class StoredSessions:
    """Sessions that are kept on the server: clients hold nothing but a random token."""

    def begin(
        self, session: Session, token: str, *, replaces: Sequence[bytes], most: int | None, now: Instant
    ) -> Steps[Begun | None]:
        before = [fingerprint(each) for each in replaces]
        if not (yield from ask(StartSession(session, before[0] if before else None, most))):
            return None
        for other in before[1:]:
            yield from ask(EndSession(other))
        return Begun(session, token)

    def find(self, token: bytes, *, fresh: bool = False) -> Steps[FoundSession | None]:
        return (yield from ask(FindSession(fingerprint(token), fresh)))

    def end(self, token: bytes, now: Instant) -> Steps[bool]:
        return (yield from ask(EndSession(fingerprint(token))))

    def end_by_id(self, subject: str, id: str, now: Instant) -> Steps[bool]:
        return (yield from ask(EndSessions(subject, id=id))) > 0

    def end_all(self, subject: str, keep: Presented | None, now: Instant) -> Steps[int]:
        yield from ask(EndHalfLogIns(subject, now))  # first: what is finished before that is a session that ends
        return (yield from ask(EndSessions(subject, keep=None if keep is None else keep.session.fingerprint)))

    def end_linked(
        self,
        issuer: str,
        at: Instant | None,
        *,
        sid: str | None = None,
        account: str | None = None,
        spends: SpendOnce | None = None,
    ) -> Steps[int | None]:
        return (yield from ask(EndLinkedSessions(issuer, at, sid, account, spends)))

    def keep(self, kept: Presented, now: Instant, *, proof: Proof | None = None) -> Steps[str | None]:
        yield from ()
        return None

    def listed(self, subject: str, now: Instant, current: Session | None) -> Steps[tuple[Session, ...]]:
        found = yield from ask(ListSessions(subject, now))
        # Where clients kept sessions before, what those hang on may still be there. Nobody takes them any more.
        return tuple(each for each in found if each.kind != SEALED)

    def write(self, presented: Presented, data: Mapping[str, Json], now: Instant) -> Steps[Written]:
        kept = yield from ask(WriteSessionData(presented.session.fingerprint, data))
        return None if kept else NotWritten.GONE
