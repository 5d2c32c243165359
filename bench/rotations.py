"""Redeeming refresh tokens: each redeemed one is spent, and the next one kept, on the disk before it is answered."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench.data import GUESTS, SETTINGS, Data, guest
from bench.load import Asked, with_sockets
from bench.many import accounts, family, user
from bench.measure import BenchFailed, Measure, Measured, percentile
from bench.rows import Row, Target
from bench.servers import Servers
from watchword.config.build import build
from watchword.core.ask import Steps
from watchword.flows.tokens import NotRefreshed, TokenPair, refresh
from watchword.http.message import Peer, Request
from watchword.server.metrics import Metrics
from watchword.server.service import Service
from watchword.server.witness import ServerWitness
from watchword.storage import Storage, open_storage
from watchword.tokens.refresh import new_refresh_token

ROWS = (
    Row(
        name="refresh-rotations",
        what="refresh tokens redeemed by the core alone, in 64 threads, durable in SQLite",
        targets=(Target(limit=1000, unit=" a second", at_least=True),),
    ),
    Row(name="refresh-http", what="POST /auth/token, 64 clients at a time"),
)
_CLIENTS = 64
_SHORTEST = 0.5
"""Seconds, because 64 threads have to start."""
_MOST = 6_000
"""Refresh tokens for one second: where all are spent the round is over. Each belongs to a log-in of its own, because a
client redeems one in minutes, not a hundred in the time for which a spent token is remembered."""
_USERS = 1_000


def measures(names: Sequence[str], stack: ExitStack, servers: Servers, data: Data, folder: Path) -> dict[str, Measure]:
    """How to measure these rows."""
    found: dict[str, Measure] = {}
    if "refresh-rotations" in names:
        found["refresh-rotations"] = _by_the_core(stack, folder / "rotations")
    if "refresh-http" in names:
        found["refresh-http"] = _over_http(stack, servers, data)
    return found


def _by_the_core(stack: ExitStack, folder: Path) -> Measure:
    storage = open_storage(SETTINGS.storage.url, folder, keep_changes_for=SETTINGS.tokens.keep_changes_for)
    parts = build(SETTINGS, folder, ServerWitness(Metrics(), lambda event: None), storage=storage, on_loop=False)
    stack.callback(parts.close)
    storage.put_accounts(accounts(_USERS))
    subjects = [user(number) for number in range(_USERS)]

    def measure(seconds: float) -> Measured:
        seconds = max(seconds, _SHORTEST)
        tokens = _log_in(storage, subjects, seconds)
        before, begun = time.process_time(), time.perf_counter()
        redeem = partial(_redeem, parts.service, iter(tokens), begun + seconds)
        with ThreadPoolExecutor(_CLIENTS) as pool:
            working = [pool.submit(redeem) for _ in range(_CLIENTS)]
            times = sorted(taken for one in working for taken in one.result())
        rate = len(times) / (time.perf_counter() - begun)
        return Measured(
            cpu=(time.process_time() - before) / len(times) * 1e6,
            rate=rate,
            value=rate,
            p50=percentile(times, 50) * 1e6,
            p99=percentile(times, 99) * 1e6,
        )

    return measure


def _redeem(service: Service, tokens: Iterator[str], until: float) -> list[float]:
    """Redeem one token after the other until then; how long each took."""
    times: list[float] = []
    for token in tokens:
        begun = time.perf_counter()
        if not isinstance(service.engine.run(_steps(service, token)), TokenPair):
            raise BenchFailed("A refresh token of the bench is not redeemed.")
        ended = time.perf_counter()
        times.append(ended - begun)
        if ended >= until:
            break
    return times


def _steps(service: Service, token: str) -> Steps[TokenPair | NotRefreshed]:
    request = Request("POST", b"/auth/token", ((b"user-agent", b"bench/1"),), Peer("127.0.0.1"))
    return refresh(token, request, policy=service.token_policy, entropy=os.urandom, now=time.time())


def _over_http(stack: ExitStack, servers: Servers, data: Data) -> Measure:
    server = servers.watchword
    storage = open_storage(SETTINGS.storage.url, data.folder, keep_changes_for=SETTINGS.tokens.keep_changes_for)
    stack.callback(storage.close)
    subjects = [guest(number) for number in range(GUESTS)]
    url = f"{server.url}/auth/token"

    def measure(seconds: float) -> Measured:
        seconds = max(seconds, _SHORTEST)
        asked = [
            Asked(url=url, status=200, content=f"grant_type=refresh_token&refresh_token={token}".encode())
            for token in _log_in(storage, subjects, seconds)
        ]
        before = server.cpu_seconds()
        load = with_sockets(server.url, asked, seconds, _CLIENTS)
        spent = server.cpu_seconds() - before
        return Measured(cpu=spent / load.requests * 1e6, rate=load.requests / load.seconds, p50=load.p50, p99=load.p99)

    return measure


def _log_in(storage: Storage, subjects: Sequence[str], seconds: float) -> list[str]:
    """New log-ins of these accounts; the refresh token of each."""
    tokens = [new_refresh_token(os.urandom) for _ in range(max(_CLIENTS, int(_MOST * seconds)))]
    subject_of = zip(tokens, (subjects[index % len(subjects)] for index in range(len(tokens))), strict=True)
    counts = storage.put_families(family(token, subject) for token, subject in subject_of)
    assert counts.created == len(tokens)
    return [token.text for token in tokens]
