"""The rows without HTTP: the core alone, and looking up a session that is cached, or is not, among so many."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from bench.data import Data, fingerprint, sessions
from bench.measure import Measured, percentile
from bench.rows import Row, Target, slowest_ratio
from watchword.config.build import build
from watchword.config.settings import Settings
from watchword.core.questions import FindSession
from watchword.crypto.secret import fingerprint as fingerprint_of
from watchword.edge.asgi import Scope, request_of
from watchword.edge.engine import Admitted
from watchword.server.metrics import Metrics
from watchword.server.witness import ServerWitness
from watchword.storage import Cached

T = TypeVar("T")

ROWS = (
    Row(name="core-request", what="a Request from an ASGI scope with seven header fields"),
    Row(
        name="core-check",
        what="a session cookie: read, verified from the cache, decided; without HTTP and ASGI",
        targets=(Target(limit=5, unit=" us"),),
    ),
    Row(name="find-cached", what="FindSession, answered from the cache"),
    Row(name="find-1000", what="FindSession, not cached: SQLite with 1,000 sessions", targets=(Target(limit=30, unit=" us"),)),
)
SIZES = (100_000, 1_000_000)
"""How many sessions the long form looks among, besides 1,000."""
LONG_ROWS = tuple(
    Row(
        name=f"find-{size}",
        what=f"FindSession, not cached: SQLite with {size:,} sessions",
        reference="find-1000",
        targets=(
            Target(limit=30, unit=" us"),
            Target(limit=2, unit="x the p99 of", compare=slowest_ratio, to="find-1000"),
        ),
    )
    for size in SIZES
)
_A_TURN = 16
"""Checks in one turn of the event loop, as when sixteen connections ask at once."""


class Checks:
    """A session that is checked again and again on an event loop, as a server with sixteen connections does."""

    def __init__(self, data: Data) -> None:
        self._parts = build(Settings(), data.folder, ServerWitness(Metrics(), lambda event: None))
        self._engine, self._protection = self._parts.service.engine, self._parts.service.own
        self._scope = _scope(data)
        self._question = FindSession(fingerprint_of(data.session.encode()))

    def close(self) -> None:
        self._parts.close()

    def request(self, seconds: float) -> Measured:
        """Building requests."""
        return asyncio.run(_timed(lambda: None, lambda given: request_of(self._scope), seconds))

    def check(self, seconds: float) -> Measured:
        """Checking requests, without building them."""
        engine, protection = self._engine, self._protection
        assert isinstance(asyncio.run(self._once()), Admitted)
        return asyncio.run(
            _timed(
                lambda: request_of(self._scope), lambda request: engine.run(engine.judge(request, protection)), seconds
            )
        )

    def find(self, seconds: float) -> Measured:
        """Looking the session up."""
        answers = self._engine.answers
        return asyncio.run(_timed(lambda: None, lambda given: answers.now(self._question), seconds))

    async def _once(self) -> object:
        return await self._engine.arun(self._engine.judge(request_of(self._scope), self._protection))


class Lookups:
    """Sessions that are looked up in the storage, because a cache that holds one of them knows none of the others."""

    def __init__(self, folder: Path, count: int) -> None:
        self._storage = sessions(folder, count)
        self._cached = Cached(self._storage, size=1)
        self._wanted = [fingerprint(random.randrange(count)) for _ in range(10_000)]

    def close(self) -> None:
        self._storage.close()

    def find(self, seconds: float) -> Measured:
        """Looking one after the other up."""
        wanted = _again_and_again(self._wanted)
        find = self._cached.find_session
        return asyncio.run(_timed(lambda: FindSession(next(wanted)), find, seconds))


async def _timed(prepare: Callable[[], T], work: Callable[[T], object], seconds: float) -> Measured:
    """Do the work over and over. What is prepared for it is not counted."""
    times: list[int] = []
    spent = 0
    gc.collect()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        given = [prepare() for _ in range(_A_TURN)]
        cpu = time.thread_time_ns()
        for one in given:
            begun = time.perf_counter_ns()
            work(one)
            times.append(time.perf_counter_ns() - begun)
        spent += time.thread_time_ns() - cpu
        await asyncio.sleep(0)
    times.sort()
    cpu_each = spent / len(times) / 1e3
    return Measured(
        cpu=cpu_each, rate=1e6 / cpu_each, p50=percentile(times, 50) / 1e3, p99=percentile(times, 99) / 1e3
    )


def _again_and_again(values: Sequence[T]) -> Iterator[T]:
    while True:
        yield from values


def _scope(data: Data) -> Scope:
    """A request as uvicorn tells it."""
    fields = {
        "Host": "127.0.0.1:8080",
        "User-Agent": "bench/1",
        "Accept": "*/*",
        "Accept-Encoding": "gzip, br",
        "Connection": "keep-alive",
        "X-Request-ID": "4711",
        **data.cookie(),
    }
    return {
        "type": "http",
        "http_version": "1.1",
        "server": ("127.0.0.1", 8080),
        "client": ("127.0.0.1", 49152),
        "scheme": "http",
        "method": "GET",
        "path": "/whoami",
        "raw_path": b"/whoami",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in fields.items()],
    }


@contextlib.contextmanager
def lookups(folder: Path, count: int) -> Iterator[Lookups]:
    """A storage with so many sessions, until the block ends."""
    found = Lookups(folder, count)
    try:
        yield found
    finally:
        found.close()
