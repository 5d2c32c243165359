"""What the revocation feed tells: read by one thread of each worker process, and shared by all who listen to it.

The thread looks for news every 50 ms while somebody listens, and says at least once a second that there is none: to
verifiers, silence means that they are cut off. Whoever comes, or is not where the others are, is told separately until
it is; so what each is told begins where the last thing it was told ended, and nobody's slowness delays the others.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from watchword.core.ask import AnswerFailed
from watchword.core.principal import Instant
from watchword.core.revocations import Revocation, Revocations
from watchword.crypto.jose.key import SigningKey
from watchword.storage import Storage
from watchword.tokens.feed_message import FeedMessage, signed

EVERYTHING = -1
"""The number to ask after for everything that still matters."""
_LOOK_EVERY = 0.05
_HEARTBEAT = 0.9


@dataclass(frozen=True, slots=True)
class Statement:
    """What was told at once: the numbers it spans, and its signed messages in order."""

    since: int
    until: int
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What every message says alike: see `FeedMessage`."""

    issuer: str
    epoch: str
    keep: float
    staleness: float
    offline_ttl: float


class StorageSilent(Exception):
    """The storage stopped answering while somebody was being told."""


class FeedSource:
    """The statements of one worker process. Its asynchronous methods belong to one event loop.

    `signing_key` gives the key that signs access tokens now, `kids` the names of those that verify. `count` is
    told how many listen, whenever that changes.
    """

    def __init__(
        self,
        storage: Storage,
        terms: Terms,
        *,
        stream: str,
        signing_key: Callable[[], SigningKey],
        kids: Callable[[], tuple[str, ...]],
        count: Callable[[int], None] = lambda number: None,
        clock: Callable[[], Instant] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.terms = terms
        self._storage = storage
        self._signing_key = signing_key
        self._kids = kids
        self._stream = stream
        self._count = count
        self._clock = clock
        self._ticks = ticks
        self._last = _Link(None)
        self._listeners = 0
        self._reader: threading.Event | None = None  # set, it ends the thread that reads
        self._ended = False

    # --- for those who listen

    async def follow(self, since: int, nonce: str | None) -> AsyncGenerator[Statement]:
        """Everything after `since`, and then whatever comes, until the server ends.

        Raises:
            AnswerFailed: where the storage does not answer at first.
            StorageSilent: where it does not later.
        """
        self._enter()
        try:
            link = self._last
            told = await asyncio.to_thread(self.tell, since, nonce)
            self._read_from(told.until)
            yield told
            position = told.until
            while (news := await link.following()) is not None:
                link = news
                shared = link.statement
                while shared.since != position and shared.until > position:
                    try:
                        told = await asyncio.to_thread(self.tell, position, nonce)
                    except AnswerFailed as failure:
                        raise StorageSilent from failure
                    yield told
                    position = told.until
                if shared.since == position:
                    yield shared
                    position = shared.until
        finally:
            self._leave()

    def tell(self, since: int, nonce: str | None) -> Statement:
        """Everything after `since`, signed. May be called from any thread, and blocks.

        Raises:
            AnswerFailed: where the storage does not answer, or there is no key to sign with.
        """
        ticks, now = self._ticks(), self._clock()  # before looking: it is true from then on, not from when it was told
        return self._signed(_everything_since(self._storage, since), ticks, now, nonce)

    def end(self) -> None:
        """The server stops: whoever listens is let go at once."""
        self._ended = True
        self._last.follow_with(None)

    # --- the thread that reads

    def _read_from(self, head: int) -> None:
        if self._reader is None and not self._ended:
            self._reader = threading.Event()
            loop = asyncio.get_running_loop()
            threading.Thread(
                target=self._read, args=(head, self._reader, loop), name="watchword-feed", daemon=True
            ).start()

    def _read(self, head: int, stop: threading.Event, loop: asyncio.AbstractEventLoop) -> None:
        try:
            self._tell_all(head, stop, loop)
        finally:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._reader_ended, stop)

    def _tell_all(self, head: int, stop: threading.Event, loop: asyncio.AbstractEventLoop) -> None:
        seen: object = None
        told_at = float("-inf")
        while not stop.wait(_LOOK_EVERY):
            ticks, now = self._ticks(), self._clock()
            due = ticks - told_at >= _HEARTBEAT
            try:
                version = self._storage.version()
                if version == seen and not due:
                    continue
                news = _everything_since(self._storage, head)
                seen = version
                if not (news.entries or news.whole or due):
                    continue  # what changed is of no interest to verifiers
                statement = self._signed(news, ticks, now, None)
            except AnswerFailed:
                continue  # what we cannot know we do not say: the silence tells verifiers
            head, told_at = statement.until, ticks
            try:
                loop.call_soon_threadsafe(self._append, statement, stop)
            except RuntimeError:  # as below
                return

    def _reader_ended(self, stop: threading.Event) -> None:
        """Where nobody told it to end, everybody is let go: whoever comes back has another one started."""
        if self._reader is stop:
            self._reader = None
            self._last.follow_with(None)
            self._last = _Link(None)

    def _append(self, statement: Statement, stop: threading.Event) -> None:
        if not (self._ended or stop.is_set()):
            self._last = self._last.follow_with(_Link(statement))

    def _signed(self, news: Revocations, ticks: float, now: Instant, nonce: str | None) -> Statement:
        message = FeedMessage(
            issuer=self.terms.issuer,
            epoch=self.terms.epoch,
            stream=self._stream,
            clock=ticks,
            at=now,
            since=news.since,
            until=news.until,
            entries=news.entries,
            whole=news.whole,
            nonce=nonce,
            kids=self._kids(),
            keep=self.terms.keep,
            staleness=self.terms.staleness,
            offline_ttl=self.terms.offline_ttl,
        )
        return Statement(news.since, news.until, signed(message, self._signing_key()))

    # --- who listens

    def _enter(self) -> None:
        self._listeners += 1
        self._count(self._listeners)

    def _leave(self) -> None:
        self._listeners -= 1
        self._count(self._listeners)
        if not self._listeners and self._reader is not None:
            self._reader.set()
            self._reader = None


@dataclass(slots=True)
class _Link:
    """One statement in the chain of those that were told to all. Whoever has the link finds those after it."""

    _statement: Statement | None
    _next: _Link | None = None
    _ready: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def statement(self) -> Statement:
        """What was told. The first link of all has none, and is nobody's news."""
        assert self._statement is not None
        return self._statement

    async def following(self) -> _Link | None:
        """The link after this one, once there is one; None where there will be none."""
        await self._ready.wait()
        return self._next

    def follow_with(self, link: _Link | None) -> _Link:
        """Put the link after this one, or none for ever."""
        self._next = link
        self._ready.set()
        return self if link is None else link


def _everything_since(storage: Storage, since: int) -> Revocations:
    """All pages of what is new, as one."""
    entries: list[Revocation] = []
    until = since
    while True:
        news = storage.revocations_since(until)
        if news.whole:
            return Revocations(since=since, until=news.until, entries=news.entries, whole=True)
        entries += news.entries
        until = news.until
        if not news.entries:
            return Revocations(since=since, until=until, entries=tuple(entries))
