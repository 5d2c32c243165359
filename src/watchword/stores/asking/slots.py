"""The slots in which passwords are hashed: as many as there are cores, with two waiting lines of bounded length."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from watchword.core.ask import AnswerFailed
from watchword.core.records import Account
from watchword.crypto.secret import Secret
from watchword.stores import CredentialStore, Denied


class Slots:
    """At most `count` passwords are hashed at once, however many are asked for (ASVS 15.4.4, F13).

    - Who may go first (known places) waits in a line of their own, and gets the next slot that becomes free.
    - Each line holds `line` checks, those included that are being hashed. One more is told so at once: a storm must
      not take every thread. So a pool that serves other questions too has more than twice as many threads.
    - Nobody waits longer than `patience` seconds: a caller who has given up must not cost a hash as well.
    """

    def __init__(self, count: int, *, line: int = 64, patience: float = 5.0) -> None:
        if count < 1 or line < count:
            raise ValueError("there is at least one slot, and a line is at least as long as there are slots")
        self._line = line
        self._patience = patience
        self._lock = threading.Lock()
        self._free = count
        self._admitted = {True: 0, False: 0}
        self._waiting: dict[bool, deque[threading.Event]] = {True: deque(), False: deque()}

    @contextmanager
    def admitted(self, *, first: bool) -> Iterator[None]:
        """A place in the line.

        Raises:
            AnswerFailed: where the line is full.
        """
        with self._lock:
            if self._admitted[first] >= self._line:
                # Unavailable (C17) and not throttled (C16): it says nothing about who asks, and nobody is logged out.
                raise AnswerFailed("password checks are saturated")
            self._admitted[first] += 1
        try:
            yield
        finally:
            with self._lock:
                self._admitted[first] -= 1

    @contextmanager
    def one(self, *, first: bool) -> Iterator[None]:
        """One slot, as soon as it is our turn.

        Raises:
            AnswerFailed: where that takes too long.
        """
        self._take(first)
        try:
            yield
        finally:
            self._give_back()

    def _take(self, first: bool) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            turn = threading.Event()
            self._waiting[first].append(turn)
        if turn.wait(self._patience):
            return
        with self._lock:
            if turn.is_set():  # given between the end of the wait and now
                return
            self._waiting[first].remove(turn)
        raise AnswerFailed("password checks are saturated")

    def _give_back(self) -> None:
        """The slot goes straight to the next in line, so that nobody new can slip in between."""
        with self._lock:
            line = self._waiting[True] or self._waiting[False]
            if line:
                line.popleft().set()
            else:
                self._free += 1


class InSlots:
    """A store that hashes passwords, behind others that do not: only what it does itself takes a slot."""

    def __init__(self, store: CredentialStore, slots: Slots) -> None:
        self._store = store
        self._slots = slots

    def check(self, name: str, password: Secret) -> Account | Denied:
        """See `CredentialStore`. Raises AnswerFailed also where too many wait for a slot."""
        with self._slots.admitted(first=True), self._slots.one(first=True):
            return self._store.check(name, password)
