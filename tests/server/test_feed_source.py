"""What the feed tells is gap-free for everybody who listens, whoever writes meanwhile."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tests.contract.storages import sqlite_file
from tests.quickness import can_be_done_within
from watchword.core.ask import AnswerFailed
from watchword.core.questions import RevokeToken
from watchword.core.revocations import Knowledge, Revocations
from watchword.crypto.jose.key import generate
from watchword.server.feed_source import EVERYTHING, FeedSource, Statement, StorageSilent, Terms
from watchword.storage import Storage
from watchword.storage.memory import MemoryStorage
from watchword.storage.sql.sqlite import SqliteStorage
from watchword.tokens.feed_message import FeedMessage, verified

KEY = generate("ES256", "k1")
TERMS = Terms(issuer="https://auth.example.com", epoch="epoch", keep=3600.0, staleness=2.0, offline_ttl=30.0)


def source(storage: Storage, stream: str = "stream", **more: Any) -> FeedSource:
    return FeedSource(storage, TERMS, stream=stream, signing_key=lambda: KEY, kids=lambda: ("k1",), **more)


@pytest.fixture(params=["memory", "sqlite"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    made: Storage = MemoryStorage() if request.param == "memory" else SqliteStorage(sqlite_file(tmp_path / "data"))
    yield made
    made.close()


def revoke(storage: Storage, name: str) -> None:
    storage.revoke_token(RevokeToken(name, time.time() + 900))


def messages(told: Statement) -> list[FeedMessage]:
    return [verified(message, KEY.key) for message in told.messages]


async def heard_until(
    statements: AsyncGenerator[Statement], enough: Callable[[set[str]], bool]
) -> tuple[list[FeedMessage], set[str]]:
    """What is told until it is enough; every statement begins where the one before ended."""
    got: list[FeedMessage] = []
    tokens: set[str] = set()
    knowledge: Knowledge | None = None
    async for told in statements:
        if got:
            assert told.since == got[-1].until
        knowledge = knowledge or Knowledge(until=told.since)
        for message in messages(told):
            got.append(message)
            if message.whole and message.part == 1:
                tokens.clear()
            tokens |= {entry.key for entry in message.entries}
        whole = got[-1].whole
        entries = tuple(entry for message in messages(told) for entry in message.entries)
        assert knowledge.hear(Revocations(since=told.since, until=told.until, entries=entries, whole=whole))
        if enough(tokens):
            break
    return got, tokens


def test_nobody_misses_anything_while_others_write__S2_20__F36(storage: Storage) -> None:
    feed = source(storage)
    names = {f"t{number}" for number in range(600)}
    writing = threading.Event()

    def write() -> None:
        writing.wait()
        for name in sorted(names):
            revoke(storage, name)

    async def listen(late: float) -> set[str]:
        await asyncio.sleep(late)
        async with aclosing(feed.follow(EVERYTHING, None)) as statements:
            writing.set()
            return (await heard_until(statements, lambda tokens: tokens >= names))[1]

    async def all_of_them() -> list[set[str]]:
        return await asyncio.wait_for(asyncio.gather(*(listen(0.04 * n) for n in range(8))), 120)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert asyncio.run(all_of_them()) == [names] * 8
    finally:
        writer.join()


def test_whoever_comes_back_is_told_only_what_is_new(storage: Storage) -> None:
    feed = source(storage)
    revoke(storage, "before")

    async def twice() -> tuple[set[str], set[str]]:
        async with aclosing(feed.follow(EVERYTHING, None)) as statements:
            first, old = await heard_until(statements, lambda tokens: "before" in tokens)
        revoke(storage, "after")
        async with aclosing(feed.follow(first[-1].until, None)) as statements:
            second, new = await heard_until(statements, lambda tokens: "after" in tokens)
        assert first[0].whole
        assert not second[0].whole
        return old, new

    assert asyncio.run(twice()) == ({"before"}, {"after"})


def test_another_worker_continues_where_one_ended(storage: Storage) -> None:
    one, other = source(storage, "one"), source(storage, "other")
    revoke(storage, "first")
    (told,) = messages(one.tell(EVERYTHING, "nonce"))
    revoke(storage, "second")
    (news,) = messages(other.tell(told.until, "nonce"))
    assert not news.whole
    assert [entry.key for entry in news.entries] == ["second"]
    assert (told.epoch, told.stream) == ("epoch", "one")
    assert (news.epoch, news.stream) == ("epoch", "other")


def test_a_number_that_is_not_known_has_everything_told_anew(storage: Storage) -> None:
    revoke(storage, "t")
    (told,) = messages(source(storage).tell(10_000_000, None))
    assert told.whole
    assert [entry.key for entry in told.entries] == ["t"]


def test_more_than_a_page_is_one_statement(storage: Storage) -> None:
    revoke(storage, "first")
    feed = source(storage)
    since = feed.tell(EVERYTHING, None).until
    for number in range(2500):
        revoke(storage, f"t{number}")
    parts = messages(feed.tell(since, None))
    assert sum(len(part.entries) for part in parts) == 2500
    assert {part.since for part in parts} == {since}


def test_silence_is_never_longer_than_a_second(storage: Storage) -> None:
    async def listen() -> list[tuple[float, FeedMessage]]:
        got: list[tuple[float, FeedMessage]] = []
        async with aclosing(source(storage).follow(EVERYTHING, "nonce")) as statements:
            async for told in statements:
                got += [(time.monotonic(), message) for message in messages(told)]
                if len(got) == 4:
                    return got
        raise AssertionError

    got = asyncio.run(listen())
    times = [at for at, _ in got]
    # What is told late is told to be old, but heartbeats are meant to come in time, unless the machine is busy.
    assert median(later - earlier for earlier, later in pairwise(times)) < 1.9
    assert [message.nonce for _, message in got] == ["nonce", None, None, None]
    clocks = [message.clock for _, message in got]
    assert clocks == sorted(clocks)
    assert all(not message.entries for _, message in got)


def test_what_does_not_concern_verifiers_is_not_told(storage: Storage) -> None:
    async def listen() -> float:
        async with aclosing(source(storage).follow(EVERYTHING, None)) as statements:
            await anext(statements)
            (before,) = messages(await anext(statements))  # the first heartbeat
            for number in range(3):
                await asyncio.to_thread(storage.note_failure, f"key{number}", time.time(), 60.0)
                await asyncio.sleep(0.1)
            (then,) = messages(await anext(statements))
            return then.clock - before.clock

    assert asyncio.run(listen()) > 0.9, "the next heartbeat, and nothing in between"


class Broken:
    """A storage that does not answer while it is down."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.down = False

    def __getattr__(self, name: str) -> Any:
        if self.down:
            raise AnswerFailed("down")
        return getattr(self._storage, name)


def test_what_cannot_be_known_is_not_said__F39(storage: Storage) -> None:
    """A heartbeat says that there is nothing new: while the storage does not answer there is none."""
    broken: Any = Broken(storage)

    async def listen() -> set[str]:
        async with aclosing(source(broken).follow(EVERYTHING, None)) as statements:
            await anext(statements)
            await anext(statements)
            broken.down = True
            revoke(storage, "t")
            waiting = asyncio.ensure_future(anext(statements))
            done, _ = await asyncio.wait([waiting], timeout=1.5)
            assert not done
            broken.down = False
            told = await waiting
            return {entry.key for message in messages(told) for entry in message.entries}

    assert asyncio.run(listen()) == {"t"}


def test_nobody_is_told_anything_by_a_storage_that_does_not_answer__F39(storage: Storage) -> None:
    broken: Any = Broken(storage)
    broken.down = True

    async def listen() -> None:
        async with aclosing(source(broken).follow(EVERYTHING, None)) as statements:
            await anext(statements)

    with pytest.raises(AnswerFailed):
        asyncio.run(listen())
    assert issubclass(StorageSilent, Exception)


def test_the_end_of_the_server_is_the_end_of_every_stream_at_once(storage: Storage) -> None:
    async def listen(feed: FeedSource) -> None:
        async with aclosing(feed.follow(EVERYTHING, None)) as statements:
            await anext(statements)
            asyncio.get_running_loop().call_later(0.2, feed.end)
            async for _ in statements:
                pass
        async with aclosing(feed.follow(EVERYTHING, None)) as statements:
            assert len([told async for told in statements]) == 1, "who comes later is told once"

    can_be_done_within(0.9, lambda: asyncio.run(listen(source(storage))))


def test_a_reader_that_breaks_lets_everybody_go_and_is_replaced__F39(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken: list[object] = []
    monkeypatch.setattr(threading, "excepthook", broken.append)
    kids: list[tuple[str, ...]] = [("k1",)]
    feed = FeedSource(storage, TERMS, stream="stream", signing_key=lambda: KEY, kids=lambda: kids[0])

    async def listen() -> set[str]:
        async with aclosing(feed.follow(EVERYTHING, None)) as statements:
            await anext(statements)
            kids.clear()
            assert [told async for told in statements] == [], "the stream ends"
            kids.append(("k1",))
        revoke(storage, "t")
        async with aclosing(feed.follow(EVERYTHING, None)) as statements:
            await anext(statements)
            revoke(storage, "u")
            return (await heard_until(statements, lambda tokens: "u" in tokens))[1]

    assert asyncio.run(asyncio.wait_for(listen(), 60)) == {"u"}
    assert len(broken) == 1


def test_nothing_runs_while_nobody_listens(storage: Storage) -> None:
    counted: list[int] = []
    feed, others = source(storage, count=counted.append), {*threading.enumerate()}

    def readers() -> int:
        return sum(thread.name == "watchword-feed" for thread in {*threading.enumerate()} - others)

    async def listen() -> None:
        async with (
            aclosing(feed.follow(EVERYTHING, None)) as one,
            aclosing(feed.follow(EVERYTHING, None)) as other,
        ):
            await anext(one)
            await anext(other)
            assert readers() == 1
        deadline = time.monotonic() + 60
        while readers() and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        assert readers() == 0

    for _ in range(2):
        asyncio.run(listen())
    assert counted == [1, 2, 1, 0] * 2
