"""Where an application keeps the sealed credentials of its users."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Protocol

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
from watchword.storage.outside import noted_check


class Kept(Protocol):
    """What is needed of a store: one atomic step for each question. What the questions say of it holds.

    The `third_party` of a storage of Watchword's is one, and so is `MemoryKept`, which shows what each step is.
    """

    def find(self, question: FindThirdPartyCredential) -> ThirdPartyCredential | None: ...
    def list(self, question: ListThirdPartyCredentials) -> tuple[ThirdPartyCredential, ...]: ...
    def put(self, question: PutThirdPartyCredential) -> Put: ...
    def note_check(self, question: NoteThirdPartyCheck) -> bool: ...
    def reseal(self, question: ResealThirdPartyCredential) -> bool: ...
    def end(self, question: EndThirdPartyCredentials) -> int: ...


class MemoryKept:
    """Keeps them in this process, as long as it lives: for development, and for tests."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], ThirdPartyCredential] = {}
        self._lock = threading.Lock()

    def find(self, question: FindThirdPartyCredential) -> ThirdPartyCredential | None:
        return self._kept.get((question.subject, question.provider))

    def list(self, question: ListThirdPartyCredentials) -> tuple[ThirdPartyCredential, ...]:
        with self._lock:
            found = [
                each
                for place, each in sorted(self._kept.items())
                if question.subject in (None, each.subject)
                and question.provider in (None, each.provider)
                and (question.after is None or place > question.after)
                and (question.checked_before is None or (each.checked_at or 0.0) < question.checked_before)
            ]
        return tuple(found[: question.limit])

    def put(self, question: PutThirdPartyCredential) -> Put:
        given = question.credential
        place = given.subject, given.provider
        with self._lock:
            answer = Put.REPLACED if place in self._kept else Put.NEW
            self._kept[place] = given
            return answer

    def note_check(self, question: NoteThirdPartyCheck) -> bool:
        place = question.subject, question.provider
        with self._lock:
            before = self._kept.get(place)
            if before is None or before.id != question.id:
                return False
            self._kept[place] = noted_check(before, question)
            return True

    def reseal(self, question: ResealThirdPartyCredential) -> bool:
        place = question.subject, question.provider
        with self._lock:
            before = self._kept.get(place)
            if before is None or before.sealed != question.before:
                return False
            self._kept[place] = replace(before, sealed=question.after)
            return True

    def end(self, question: EndThirdPartyCredentials) -> int:
        with self._lock:
            over = [
                place for place in self._kept if place[0] == question.subject and question.provider in (None, place[1])
            ]
            for place in over:
                del self._kept[place]
            return len(over)
