"""`python -m bench`: measure, and print one table. docs/reference/benchmarks.md tells how to read it."""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

from bench import (
    cleaning,
    in_process,
    logins,
    mechanisms,
    millions,
    over_http,
    report,
    rotations,
    starting,
    storms,
    tokens,
)
from bench.data import fill
from bench.hosts import rows as hosts
from bench.load import CONNECTIONS, wrk
from bench.measure import BenchFailed, Measure
from bench.rows import Results, Row, chosen
from bench.servers import Servers

SHORT_ROUNDS, SHORT_SECONDS = 2, 0.1
ROUNDS, SECONDS = 5, 1.0
_CHECKS = (
    *over_http.ROWS,
    *logins.ROWS,
    *storms.ROWS,
    *rotations.ROWS,
    *tokens.ROWS,
    *in_process.ROWS,
    *mechanisms.ROWS,
    *hosts.ROWS,
)
SHORT_ROWS = (*_CHECKS, *millions.ROWS, *starting.ROWS)
FULL_ROWS = (*_CHECKS, *in_process.LONG_ROWS, *millions.ROWS, *cleaning.LONG_ROWS, *starting.ROWS)
ALL_ROWS = (*FULL_ROWS, *millions.LONG_ROWS)
"""With those that are measured only where they are asked for by name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for; the exit code."""
    options = _options(arguments)
    # Whoever stops the bench stops its servers too.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    try:
        rows = chosen(ALL_ROWS if options.rows else SHORT_ROWS if options.short else FULL_ROWS, options.rows)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    rounds = options.rounds or (SHORT_ROUNDS if options.short else ROUNDS)
    seconds = SHORT_SECONDS if options.short else SECONDS
    generator = None if options.own_load else wrk()
    try:
        results = _measured(rows, rounds, seconds, generator)
    except BenchFailed as error:
        print(error, file=sys.stderr)
        return 1
    machine: dict[str, report.Json] = {
        "python": platform.python_version(),
        "uvicorn": version("uvicorn"),
        "cores": os.cpu_count() or 1,
        "load": f"{Path(generator).name if generator else 'our own generator'}, {CONNECTIONS} connections",
        "rounds": rounds,
        "seconds": seconds,
    }
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    print(report.table(results), flush=True)
    for left_out in [row.name for row in rows if row not in results.rows]:
        print(f"left out: {left_out} (nginx is not installed; the Debian package is nginx)")
    if options.json is not None:
        options.json.write_text(json.dumps(report.as_json(results, machine), indent=2) + "\n")
    return 0


def _measured(rows: Sequence[Row], rounds: int, seconds: float, generator: str | None) -> Results:
    """All rows in turn, so that whatever else the machine does meets all of them."""
    with tempfile.TemporaryDirectory(prefix="watchword-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)  # nginx's worker may be another user
        _progress("filling the data folder and starting servers")
        data = fill(folder / "data")
        servers = Servers(stack, data, folder)

        def wanted(some: Sequence[Row]) -> list[str]:
            return [row.name for row in some if row in rows]

        measures: dict[str, Measure] = {
            **over_http.measures(wanted(over_http.ROWS), servers, data, generator),
            **logins.measures(wanted(logins.ROWS), servers),
            **storms.measures(wanted(storms.ROWS), stack, folder),
            **rotations.measures(wanted(rotations.ROWS), stack, servers, data, folder),
            **tokens.measures(wanted(tokens.ROWS), stack, data, folder),
            **in_process.measures(wanted((*in_process.ROWS, *in_process.LONG_ROWS)), stack, data, folder),
            **mechanisms.measures(wanted(mechanisms.ROWS), stack, data, folder),
            **hosts.measures(wanted(hosts.ROWS), stack, folder),
            **millions.measures(wanted((*millions.ROWS, *millions.LONG_ROWS)), stack, folder, _progress),
            **cleaning.measures(wanted(cleaning.LONG_ROWS), stack, folder),
            **starting.measures(wanted(starting.ROWS), servers, data, generator),
        }
        # Collecting garbage costs by how much there is, and all of this is here only because of other rows.
        gc.collect()
        gc.freeze()
        results = Results([row for row in rows if row.name in measures])
        for number in range(1, rounds + 1):
            for row in results.rows:
                if number == 1 or not row.once:
                    _progress(f"round {number} of {rounds}: {row.name}")
                    results.add(row.name, measures[row.name](seconds))
        _progress("")
        return results


def _progress(text: str) -> None:
    """What is being done, on one line of a terminal. Elsewhere nobody watches."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Watchword beside its peers.")
    parser.add_argument("--short", action="store_true", help="less than a minute, and rougher figures")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often each row is measured")
    parser.add_argument(
        "--rows", nargs="+", default=[], metavar="NAME", help="only these rows, or groups such as verify"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE too")
    parser.add_argument("--own-load", action="store_true", help="do without wrk even where it is installed")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
