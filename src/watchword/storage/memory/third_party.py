"""Credentials for third parties."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from watchword.core.questions import (
    EndThirdPartyCredentials,
    FindThirdPartyCredential,
    ListThirdPartyCredentials,
    NoteThirdPartyCheck,
    Put,
    PutThirdPartyCredential,
    ResealThirdPartyCredential,
)
from watchword.core.third_party import ThirdPartyCredential
from watchword.storage.counts import Counts
from watchword.storage.memory.state import State, refuse_unstorable
from watchword.storage.outside import noted_check


class MemoryThirdParty:
    """`ThirdPartyRecords` of the reference storage, under its lock."""

    def __init__(self, state: State, lock: threading.RLock) -> None:
        self._state = state
        self._lock = lock

    def find(self, question: FindThirdPartyCredential) -> ThirdPartyCredential | None:
        with self._lock:
            return self._state.third_party.get((question.subject, question.provider))

    def list(self, question: ListThirdPartyCredentials) -> tuple[ThirdPartyCredential, ...]:
        with self._lock:
            found = [
                each
                for place, each in sorted(self._state.third_party.items())
                if question.subject in (None, each.subject)
                and question.provider in (None, each.provider)
                and (question.after is None or place > question.after)
                and (question.checked_before is None or (each.checked_at or 0.0) < question.checked_before)
            ]
        return tuple(found[: question.limit])

    def put(self, question: PutThirdPartyCredential) -> Put:
        given = question.credential
        refuse_unstorable(given)
        with self._lock:
            account = self._state.accounts.get(given.subject)
            if account is None or account.disabled:
                return Put.NO_ACCOUNT
            place = given.subject, given.provider
            answer = Put.REPLACED if place in self._state.third_party else Put.NEW
            self._state.third_party[place] = given
            return answer

    def note_check(self, question: NoteThirdPartyCheck) -> bool:
        with self._lock:
            place = question.subject, question.provider
            before = self._state.third_party.get(place)
            if before is None or before.id != question.id:
                return False
            self._state.third_party[place] = noted_check(before, question)
            return True

    def reseal(self, question: ResealThirdPartyCredential) -> bool:
        with self._lock:
            place = question.subject, question.provider
            before = self._state.third_party.get(place)
            if before is None or before.sealed != question.before:
                return False
            self._state.third_party[place] = replace(before, sealed=question.after)
            return True

    def end(self, question: EndThirdPartyCredentials) -> int:
        with self._lock:
            over = [
                place
                for place in self._state.third_party
                if place[0] == question.subject and question.provider in (None, place[1])
            ]
            for place in over:
                del self._state.third_party[place]
            return len(over)

    def put_all(self, credentials: Iterable[ThirdPartyCredential]) -> Counts:
        done = Counter(self._put(given) for given in credentials)
        return Counts(**done)

    def all(self) -> Iterator[ThirdPartyCredential]:
        with self._lock:
            them = [each for _, each in sorted(self._state.third_party.items())]
        yield from them

    def _put(self, given: ThirdPartyCredential) -> str:
        refuse_unstorable(given)
        with self._lock:
            if given.subject not in self._state.accounts:
                return "refused"
            place = given.subject, given.provider
            before = self._state.third_party.get(place)
            self._state.third_party[place] = given
        if before is None:
            return "created"
        return "unchanged" if before == given else "changed"
