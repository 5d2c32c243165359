"""What became of self-contained tokens: what is known of revocations, never behind what the storage has committed."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from watchword.core.ask import NOT_YET, NotYet
from watchword.core.principal import Instant
from watchword.core.questions import FindStanding
from watchword.core.revocations import Knowledge, Standing
from watchword.storage.port import Storage, WouldWait

FORGETS_EVERY = 60.0
"""Seconds. It takes the longer, the more there is to look through."""


class Standings:
    """Answers `FindStanding` from memory, once it has asked the storage whether there is news.

    `find_inline` belongs to the event loop, and asks once in each of its turns: whoever drives the loop calls
    `expire_turn` when one has passed. `find` may be called from any thread, and asks every time. `longest` is how long
    self-contained tokens live, in seconds: what was revoked earlier is forgotten.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        longest: float,
        clock: Callable[[], Instant] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._storage = storage
        self._longest = longest
        self._clock = clock
        self._ticks = ticks
        self._knowledge = Knowledge()
        # Held while the knowledge is looked at or changed, never while the storage is asked.
        self._lock = threading.Lock()
        self._threads = threading.local()
        self._fresh = False
        self._marks = deque([(clock(), ticks())])  # instants of the past by both clocks

    def __len__(self) -> int:
        """How many revocations are remembered."""
        return len(self._knowledge)

    def find_inline(self, question: FindStanding) -> Standing | NotYet:
        """Raises AnswerFailed where the storage fails."""
        if self._knowledge.until < 0:
            return NOT_YET  # to hear of everything takes too long for an event loop
        try:
            if question.fresh or not self._fresh:
                self._catch_up(wait=False)
                self._fresh = True
        except WouldWait:
            return NOT_YET
        if not self._lock.acquire(blocking=False):
            return NOT_YET
        try:
            return self._knowledge.standing(question.token)
        finally:
            self._lock.release()

    def find(self, question: FindStanding) -> Standing:
        """Raises AnswerFailed where the storage fails."""
        self._catch_up(wait=True)
        with self._lock:
            return self._knowledge.standing(question.token)

    def expire_turn(self) -> None:
        """A turn of the event loop has passed: what was fresh may be so no longer."""
        self._fresh = False

    def _catch_up(self, *, wait: bool) -> None:
        """Hear of every revocation that was committed before this call."""
        version = self._storage.version(wait=wait)
        if version == getattr(self._threads, "version", None):
            return
        while True:
            asked_from = self._knowledge.until
            news = self._storage.revocations_since(asked_from, wait=wait)
            if not self._lock.acquire(blocking=wait):
                raise WouldWait
            try:
                if self._knowledge.until != asked_from:
                    continue  # another thread heard more meanwhile: an older answer must not take its place
                self._knowledge.hear(news)
                self._forget()
            finally:
                self._lock.release()
            if news.whole or not news.entries:
                break
        # Noted last: after a failure it is done again.
        self._threads.version = version

    def _forget(self) -> None:
        """Forget what was heard a token's life ago, or a minute later at most.

        Not much later, because the storage tells of a new account only as long as it remembers one of that name that is
        gone. A clock that jumps ahead makes nothing older than it is (F8).
        """
        now, ticks = self._clock(), self._ticks()
        past: Instant | None = None
        while self._marks and ticks - self._marks[0][1] >= self._longest:
            past = self._marks.popleft()[0]
        if past is not None:
            self._knowledge.forget(min(past, now - self._longest))
        # What was just heard is older than the last mark, always; a mark that came soon after another makes way.
        if len(self._marks) > 1 and self._marks[-1][1] - self._marks[-2][1] < FORGETS_EVERY:
            self._marks.pop()
        self._marks.append((now, ticks))
