"""What it takes to start: imports, the time to the first answer, the memory of a worker."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from urllib.request import urlopen

from bench.data import GUESTS, Data
from bench.load import Asked, burst, with_sockets
from bench.logins import log_ins
from bench.measure import Measure, Measured
from bench.processes import ROOT
from bench.rows import Row, Target
from bench.servers import Servers

_QUICK = Target(limit=100, unit=" ms")
_SMALL = Target(limit=90, unit=" MB")

ROWS = (
    Row(name="import-watchword", what="import watchword, in a new process", targets=(_QUICK,)),
    Row(name="import-asgi", what="import what the ASGI middleware needs, in a new process", targets=(_QUICK,)),
    Row(
        name="start",
        what="watchword serve, from its command to its first answer",
        targets=(Target(limit=1000, unit=" ms"),),
    ),
    Row(name="memory", what="resident memory of a worker that has checked sessions", targets=(_SMALL,), once=True),
    Row(name="memory-logins", what="the same of one that has checked passwords", targets=(_SMALL,), once=True),
)


def measures(names: Sequence[str], servers: Servers, data: Data, generator: str | None) -> dict[str, Measure]:
    """How to measure these rows."""

    def check_sessions(url: str, seconds: float) -> None:
        burst(Asked(url=f"{url}/verify", status=200, fields=data.cookie()), seconds, generator)

    def check_passwords(url: str, seconds: float) -> None:
        with_sockets(url, log_ins(url, iter(range(GUESTS))), max(seconds, 1.0))

    found: dict[str, Measure] = {
        "import-watchword": lambda seconds: _import("watchword"),
        "import-asgi": lambda seconds: _import("watchword.edge.asgi"),
        "start": lambda seconds: _start(servers),
        "memory": lambda seconds: _memory(servers, check_sessions, seconds),
        "memory-logins": lambda seconds: _memory(servers, check_passwords, seconds),
    }
    return {name: found[name] for name in names}


def _import(module: str) -> Measured:
    timed = f"from time import perf_counter as now; begun = now(); import {module}; print(now() - begun)"
    told = subprocess.run([sys.executable, "-c", timed], cwd=ROOT, capture_output=True, text=True, check=True)
    return Measured(value=float(told.stdout) * 1e3)


def _start(servers: Servers) -> Measured:
    begun = time.perf_counter()
    with ExitStack() as stack:
        running = servers.start_another(stack)
        urlopen(f"{running.url}/healthz", timeout=30).close()
        return Measured(value=(time.perf_counter() - begun) * 1e3)


def _memory(servers: Servers, use: Callable[[str, float], None], seconds: float) -> Measured:
    with ExitStack() as stack:
        running = servers.start_another(stack)
        use(running.url, seconds)
        return Measured(value=running.memory() / 1e6)
