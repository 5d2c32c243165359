"""Identities that others prove, and the sessions that began by them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator

from watchword.core.linked import LinkedIdentity
from watchword.core.questions import (
    AddLinkedIdentity,
    EndLinkedIdentities,
    EndLinkedSessions,
    FindLinkedIdentity,
    ListLinkedIdentities,
)
from watchword.storage.counts import Counts
from watchword.storage.memory.once import end_log_ins, spend_once
from watchword.storage.memory.sessions import end_sessions_where
from watchword.storage.memory.state import State, refuse_unstorable
from watchword.storage.outside import began_so, is_meant, refuse_unnamed


class MemoryLinked:
    """`LinkedRecords` of the reference storage, under its lock."""

    def __init__(self, state: State, lock: threading.RLock) -> None:
        self._state = state
        self._lock = lock

    def find(self, question: FindLinkedIdentity) -> LinkedIdentity | None:
        with self._lock:
            return self._state.linked.get((question.issuer, question.subject))

    def list(self, question: ListLinkedIdentities) -> tuple[LinkedIdentity, ...]:
        with self._lock:
            return self._of(question.account)

    def add(self, question: AddLinkedIdentity) -> bool:
        identity = question.identity
        with self._lock:
            account = self._state.accounts.get(identity.account)
            if account is None or account.disabled or len(self._of(identity.account)) >= question.most:
                return False
            return link(self._state, identity)

    def end(self, question: EndLinkedIdentities) -> int:
        with self._lock:
            over = [identity for identity in self._of(question.account) if is_meant(identity, question)]
            for identity in over:
                del self._state.linked[identity.issuer, identity.subject]
            for issuer in {identity.issuer for identity in over}:
                self.end_sessions(EndLinkedSessions(issuer, question.at, account=question.account))
            return len(over)

    def end_sessions(self, question: EndLinkedSessions) -> int | None:
        refuse_unnamed(question)
        with self._lock:
            if question.spends is not None and not spend_once(self._state, question.spends):
                return None
            if question.at is not None:
                end_log_ins(self._state, question, question.at)
            return end_sessions_where(self._state, lambda session: began_so(session, question))

    def put_all(self, identities: Iterable[LinkedIdentity]) -> Counts:
        done = Counter(self._put(given) for given in identities)
        return Counts(**done)

    def all(self) -> Iterator[LinkedIdentity]:
        with self._lock:
            them = [identity for _, identity in sorted(self._state.linked.items())]
        yield from them

    def _put(self, given: LinkedIdentity) -> str:
        with self._lock:
            before = self._state.linked.get((given.issuer, given.subject))
            if before is not None:
                return "unchanged" if before.account == given.account else "refused"
            if given.account not in self._state.accounts:
                return "refused"
            link(self._state, given)
            return "created"

    def _of(self, account: str) -> tuple[LinkedIdentity, ...]:
        found = (identity for identity in self._state.linked.values() if identity.account == account)
        return tuple(sorted(found, key=lambda identity: (identity.created_at, identity.issuer, identity.subject)))


def link(state: State, identity: LinkedIdentity) -> bool:
    """Keep it, unless it is kept already, whosever it is. Whoever calls holds the storage's lock."""
    if (identity.issuer, identity.subject) in state.linked:
        return False
    refuse_unstorable(identity)
    state.linked[identity.issuer, identity.subject] = identity
    return True


def unlink_account(state: State, name: str) -> None:
    """Forget the identities of an account that is gone."""
    for place in [place for place, identity in state.linked.items() if identity.account == name]:
        del state.linked[place]
