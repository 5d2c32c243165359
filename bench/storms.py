"""Checks while a storm of wrong passwords goes on (F13), beside the same checks before it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench import processes
from bench.data import CONFIG, fill
from bench.load import Asked, steadily
from bench.measure import BenchFailed, Measure, Measured
from bench.processes import Running
from bench.rows import Row, Target, slowest_ratio

CHECKS_A_SECOND = 1000

ROWS = (
    Row(name="storm-idle", what=f"{CHECKS_A_SECOND:,} checks a second by a session's token"),
    Row(
        name="storm-checks",
        what="the same, while 100 wrong passwords a second come for 500 names from 50 addresses",
        targets=(Target(limit=2, unit="x the p99 of", compare=slowest_ratio, to="storm-idle"),),
    ),
)
_CONFIG = f"""{CONFIG}
[server]
trusted_proxies = ["127.0.0.1"]

[limits]
overall_per_minute = 1000000
address_per_minute = 1000000
"""
"""With the limits that it has by default the storm would be over after ten seconds: from then on nothing is hashed."""
_SHORTEST = 1.0
"""Seconds: fewer checks say nothing of the slowest hundredth."""


def measures(names: Sequence[str], stack: ExitStack, folder: Path) -> dict[str, Measure]:
    """How to measure these rows. They have a server and data of their own, whose limits the storm uses up."""
    if not names:
        return {}
    data = fill(folder / "storm", guests=500)
    file = folder / "storm.toml"
    file.write_text(_CONFIG)
    arguments = ["serve", "--config", str(file), "--data", str(data.folder), "--port", "0"]
    server = stack.enter_context(processes.python("watchword", *arguments))
    fields = {**data.bearer(), "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
    check = Asked(url=f"{server.url}/verify", status=200, fields=fields)

    def idle(seconds: float) -> Measured:
        return _checks(server, check, seconds)

    def beside_a_storm(seconds: float) -> Measured:
        with processes.python("bench.storming", server.url) as storm:
            measured = _checks(server, check, seconds)
            if storm.process.poll() is not None:
                raise BenchFailed("The storm was answered otherwise than with 401, 429 or 503.")
        return measured

    found: dict[str, Measure] = {"storm-idle": idle, "storm-checks": beside_a_storm}
    return {name: found[name] for name in names}


def _checks(server: Running, check: Asked, seconds: float) -> Measured:
    before = server.cpu_seconds()
    load = steadily(check, CHECKS_A_SECOND, max(seconds, _SHORTEST))
    spent = server.cpu_seconds() - before
    return Measured(cpu=spent / load.requests * 1e6, rate=load.requests / load.seconds, p50=load.p50, p99=load.p99)
