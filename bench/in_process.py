"""The rows without HTTP: the core alone, and looking up a session that is cached, or is not, among so many."""

from __future__ import annotations

import asyncio
import gc
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from typing import TypeVar

from bench.data import SETTINGS, Data, fingerprint, sessions
from bench.measure import BenchFailed, Measure, Measured, percentile
from bench.rows import Row, Target, slowest_ratio
from watchword.config.build import build
from watchword.core.questions import FindSession
from watchword.crypto.secret import fingerprint as fingerprint_of
from watchword.edge.asgi import Scope, request_of
from watchword.edge.engine import Admitted
from watchword.http.message import Request
from watchword.server.metrics import Metrics
from watchword.server.witness import ServerWitness
from watchword.storage import Cached

T = TypeVar("T")

_CORE = Target(limit=5, unit=" us")
_QUICK = Target(limit=30, unit=" us")
_AS_AMONG_FEW = Target(limit=2, unit="x the p99 of", compare=slowest_ratio, to="find-1000")

ROWS = (
    Row(name="core-request", what="a Request from an ASGI scope with seven header fields"),
    Row(
        name="core-check",
        what="a session cookie on a Request: read, verified from the cache, decided",
        targets=(_CORE,),
    ),
    Row(name="core-check-jwt", what="the same of a self-contained access token, seen before", targets=(_CORE,)),
    Row(name="core-check-key", what="the same of an API key, from the cache", targets=(_CORE,)),
    Row(name="core-check-basic", what="the same of a password by Basic, as many times before"),
    Row(name="find-cached", what="FindSession, answered from the cache"),
    Row(name="find-1000", what="FindSession, not cached, among 1,000 sessions in SQLite", targets=(_QUICK,)),
)
LONG_ROWS = tuple(
    Row(
        name=f"find-{size}",
        what=f"FindSession, not cached, among {size:,} sessions in SQLite",
        reference="find-1000",
        targets=(_QUICK, _AS_AMONG_FEW),
    )
    for size in (100_000, 1_000_000)
)
"""Filling their storages takes a while."""
_IN_MEMORY = {row.name for row in ROWS if not row.name.startswith("find-1")}
_A_TURN = 16
"""Operations in one turn of the event loop, as when sixteen connections ask at once."""


def measures(names: Sequence[str], stack: ExitStack, data: Data, folder: Path) -> dict[str, Measure]:
    """How to measure these rows; what they hold open is closed with the stack."""
    found: dict[str, Measure] = {}
    if not _IN_MEMORY.isdisjoint(names):
        found.update(_in_memory(stack, data))
    for name in names:
        if name not in found:
            found[name] = _in_sqlite(stack, folder / name, int(name.removeprefix("find-")))
    return {name: found[name] for name in names}


def _in_memory(stack: ExitStack, data: Data) -> dict[str, Measure]:
    parts = build(SETTINGS, data.folder, ServerWitness(Metrics(), lambda event: None))
    stack.callback(parts.close)
    engine, protection = parts.service.engine, parts.service.own
    asked_for, question = scope(data.cookie()), FindSession(fingerprint_of(data.session.encode()))

    def admitting(asked: Scope) -> Callable[[], Awaitable[None]]:
        async def admitted() -> None:
            if not isinstance(await engine.arun(engine.judge(request_of(asked), protection)), Admitted):
                raise BenchFailed("The client of the bench is not admitted.")

        return admitted

    def check(request: Request) -> object:
        return engine.run(engine.judge(request, protection))

    def checking(fields: Mapping[str, str]) -> Measure:
        asked = scope(fields)
        return lambda seconds: asyncio.run(timed(admitting(asked), lambda: request_of(asked), check, seconds))

    begin = admitting(asked_for)
    return {
        "core-request": lambda seconds: asyncio.run(timed(begin, lambda: asked_for, request_of, seconds)),
        "core-check": checking(data.cookie()),
        "core-check-jwt": checking(data.self_contained()),
        "core-check-key": checking(data.api_key()),
        "core-check-basic": checking(data.basic()),
        "find-cached": lambda seconds: asyncio.run(timed(begin, lambda: question, engine.answers.now, seconds)),
    }


def _in_sqlite(stack: ExitStack, folder: Path, count: int) -> Measure:
    storage = sessions(folder, count)
    stack.callback(storage.close)
    # A cache that holds one session knows none of the others.
    cached = Cached(storage, size=1)
    wanted = cycle([FindSession(fingerprint(random.randrange(count))) for _ in range(10_000)])

    async def found() -> None:
        if cached.find_session(next(wanted)) is None:
            raise BenchFailed("A session of the bench is not found.")

    return lambda seconds: asyncio.run(timed(found, lambda: next(wanted), cached.find_session, seconds))


async def timed(
    begin: Callable[[], Awaitable[None]], prepare: Callable[[], T], work: Callable[[T], object], seconds: float
) -> Measured:
    """Begin, then do the work over and over on an event loop. What is prepared for it is not counted.

    CPU time is taken of a whole turn; how long one piece of work took, in turns between these.
    """
    times: list[int] = []
    turns = spent = 0
    await begin()
    gc.collect()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or not times:
        given = [prepare() for _ in range(_A_TURN)]
        before = time.thread_time_ns()
        for one in given:
            work(one)
        spent += time.thread_time_ns() - before
        turns += 1
        await asyncio.sleep(0)
        for one in [prepare() for _ in range(_A_TURN)]:
            begun = time.perf_counter_ns()
            work(one)
            times.append(time.perf_counter_ns() - begun)
        await asyncio.sleep(0)
    times.sort()
    cpu = spent / turns / _A_TURN / 1e3
    return Measured(cpu=cpu, rate=1e6 / cpu, p50=percentile(times, 50) / 1e3, p99=percentile(times, 99) / 1e3)


def scope(credentials: Mapping[str, str]) -> Scope:
    """A request as uvicorn tells it."""
    fields = {
        "Host": "127.0.0.1:8080",
        "User-Agent": "bench/1",
        "Accept": "*/*",
        "Accept-Encoding": "gzip, br",
        "Connection": "keep-alive",
        "X-Request-ID": "4711",
        **credentials,
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
