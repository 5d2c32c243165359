"""Runs the tests in phases: what needs a quiet machine alone, then browsers, then everything else in parallel.

    python tools/run_tests.py [arguments for pytest]

LONG=1 adds the tests marked `long`. The last lines add up all phases.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

REPORTS = Path(sys.prefix) / "test-reports"
WORKERS = max(2, min(4, (os.cpu_count() or 2) + 1))  # many tests wait, for servers that they started
NO_TESTS = 5  # pytest's exit code
LONGEST = 1800
"""Seconds until a phase without long tests is given up: where a worker dies, pytest-xdist may wait for it for ever."""


@dataclass(frozen=True, slots=True)
class Phase:
    """`mark` is in the files of its tests, where it is given: collecting all files takes half a minute."""

    name: str
    markers: str
    arguments: tuple[str, ...] = ()
    mark: str | None = None


PHASES = (
    Phase("alone", "timed", mark="pytest.mark.timed"),
    Phase("browsers", "(browser and not timed)", ("-n", "2", "--dist", "loadscope"), mark="pytest.mark.browser"),
    # A file's tests stay together: they may share a server. In the order of their names those that are many and quick
    # come last, so that nobody waits for a slow one at the end.
    Phase("parallel", "not (timed or browser)", ("-n", str(WORKERS), "--dist", "loadscope", "--no-loadscope-reorder")),
)


def main(arguments: list[str]) -> int:
    REPORTS.mkdir(exist_ok=True)
    began = time.monotonic()
    exits = [run(phase, arguments) for phase in PHASES]
    total: Counter[str] = Counter()
    for phase in PHASES:
        total += counts(phase)
    print(f"\nAll phases together, in {time.monotonic() - began:.0f} s:")
    print(f"total: {total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return next((code for code in exits if code not in (0, NO_TESTS)), min(exits))


def run(phase: Phase, arguments: list[str]) -> int:
    report(phase).unlink(missing_ok=True)
    long = bool(os.environ.get("LONG"))
    markers = phase.markers if long else f"{phase.markers} and not long"
    command = [sys.executable, "-m", "pytest", "-m", markers, f"--junit-xml={report(phase)}", *phase.arguments]
    try:
        return subprocess.run([*command, *(arguments or files(phase))], timeout=None if long else LONGEST).returncode
    except subprocess.TimeoutExpired:
        print(f"\nThe phase {phase.name!r} did not end within {LONGEST} s, and was given up.")
        return 1


def files(phase: Phase) -> list[str]:
    if phase.mark is None:
        return []
    return sorted(str(file) for file in Path("tests").rglob("test_*.py") if phase.mark in file.read_text("utf-8"))


def report(phase: Phase) -> Path:
    return REPORTS / f"{phase.name}.xml"


def counts(phase: Phase) -> Counter[str]:
    """What became of the phase's tests; nothing where pytest did not get as far as a report."""
    result: Counter[str] = Counter()
    if report(phase).exists():
        for suite in ElementTree.parse(report(phase)).iter("testsuite"):  # noqa: S314 - pytest wrote it a moment ago
            number = {key: int(suite.attrib[key]) for key in ("tests", "failures", "errors", "skipped")}
            failed = number["failures"] + number["errors"]
            result["failed"] += failed
            result["skipped"] += number["skipped"]
            result["passed"] += number["tests"] - failed - number["skipped"]
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
