"""Removing what has expired: what it costs for each record, and for how long one run keeps other changes waiting."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.many import accounts, families, sessions
from bench.measure import BenchFailed, Measure, Measured, percentile
from bench.rows import Row
from watchword.core.questions import CleanUp
from watchword.storage import open_storage

_EACH = 50_000
_USERS = 1_000
_OVER = -60.0
"""Seconds that they have left."""

LONG_ROWS = (
    Row(
        name="clean-up",
        what=f"removing {2 * _EACH:,} sessions and families that have expired, for each; p50 and p99 are of one run",
        once=True,
    ),
)


def measures(names: Sequence[str], stack: ExitStack, folder: Path) -> dict[str, Measure]:
    """How to measure these rows."""
    if not names:
        return {}
    storage = open_storage("sqlite:///watchword.db", folder / "cleaning")
    stack.callback(storage.close)
    storage.put_accounts(accounts(_USERS))

    def measure(seconds: float) -> Measured:
        kept = (
            storage.put_sessions(sessions(_EACH, _USERS, _OVER)),
            storage.put_families(families(_EACH, _USERS, _OVER)),
        )
        assert [counts.created for counts in kept] == [_EACH, _EACH]
        times: list[float] = []
        before, left = time.process_time(), 2 * _EACH
        while left > 0:
            begun = time.perf_counter()
            removed = storage.clean_up(CleanUp(time.time()))
            times.append(time.perf_counter() - begun)
            if not removed:
                raise BenchFailed(f"{left} records that have expired are not removed.")
            left -= removed
        cpu = (time.process_time() - before) / (2 * _EACH) * 1e6
        taken = sorted(times)
        return Measured(
            cpu=cpu, rate=2 * _EACH / sum(times), p50=percentile(taken, 50) * 1e6, p99=percentile(taken, 99) * 1e6
        )

    return {"clean-up": measure}
