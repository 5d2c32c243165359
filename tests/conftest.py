"""What every test may use: programs that a machine may lack, and the list of all tests for the catalogue."""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from glob import glob
from pathlib import Path

import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG as HTTPX
from httpx2._config import DEFAULT_TIMEOUT_CONFIG as HTTPX2
from hypothesis import HealthCheck, settings

from tests.thinned import thin_out

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Whoever starts a script in the background makes it deaf to Ctrl-C, and all that it starts: tests press it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

for patience in (HTTPX, HTTPX2):
    # Five seconds, where nothing else is said, which a machine that does much else may need.
    patience.connect = patience.read = patience.write = patience.pool = 60.0

# For the same reason no example has to be made or tried within a fraction of a second.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# Written by tools/debian_packages.py: {"nginx": {"path": ...}, "chromium": {"left_out": the reason}}
RECORD = Path(__file__).resolve().parent.parent / ".venv" / "left-out.json"

# A few tests of half a minute each come first, so that nobody is left alone with them at the end.
SLOW_FILES = ("tests/typing/", "tests/examples/")


@pytest.fixture(scope="session")
def require_program() -> Callable[[str], str]:
    """`require_program("nginx")` gives its path; see `required_program`."""
    return required_program


def required_program(name: str) -> str:
    """Its path. A program that this machine cannot have skips the test, and says why.

    A program that was there when the tests were set up, or that nobody looked for, fails the test instead: a test must
    not go missing unnoticed.
    """
    row = recorded().get(name, {})
    if "left_out" in row:
        pytest.skip(f"{name}: {row['left_out']}")
    path = row.get("path") or on_path(name)
    if path is not None and os.access(path, os.X_OK):
        return path
    if not RECORD.exists():
        pytest.skip(f"{name} is not on this machine; `make test` installs it where it may")
    pytest.fail(f"{name} should be on this machine, and is not (tools/debian_packages.py lists the programs)")


def recorded() -> dict[str, dict[str, str]]:
    rows: dict[str, dict[str, str]] = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    return rows


def on_path(name: str) -> str | None:
    """Beside this interpreter first (httpie comes with the test packages), then where servers lie."""
    folders = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"]
    folders += glob("/usr/lib/postgresql/*/bin")
    return shutil.which(name, path=os.pathsep.join(folders))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what this machine lacks just above the closing line, so that a green run does not hide it."""
    missing = {name: row["left_out"] for name, row in recorded().items() if "left_out" in row}
    if not missing or terminalreporter.config.option.collectonly:
        return
    terminalreporter.section("left out: programs that this machine lacks")
    for name, reason in sorted(missing.items()):
        terminalreporter.write_line(f"{name}: {reason}")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--node-ids", metavar="FILE", help="write the id of every collected test to FILE, as JSON")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """List the tests for tools/coverage_of_catalogue.py, and thin them out, before -m or -k takes any away."""
    file = config.getoption("--node-ids")
    if file is not None:
        Path(file).write_text(json.dumps([item.nodeid for item in items]))
    thin_out(items)
    items.sort(key=lambda item: not item.nodeid.startswith(SLOW_FILES))


def pytest_configure(config: pytest.Config) -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        config.pluginmanager.register(FailuresAtOnce(config))


class FailuresAtOnce:
    """Says which test has failed as soon as it has: a run that is cut short never comes to its summary."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._config.get_terminal_writer().line(f"\nfailed: {report.nodeid} ({report.when})")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collecting makes millions of objects that stay: to look for garbage among them takes as long as all the rest."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
        gc.set_threshold(10_000)  # tests make much, and most of it goes by itself
