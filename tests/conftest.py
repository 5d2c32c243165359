"""What every test may use: programs that a machine may lack, and the list of all tests for the catalogue."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from glob import glob
from pathlib import Path

import pytest

from tests.thinned import thin_out

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Whoever starts a script in the background makes it deaf to Ctrl-C, and all that it starts: tests press it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Written by tools/debian_packages.py: {"nginx": {"path": ...}, "chromium": {"left_out": the reason}}
RECORD = Path(__file__).resolve().parent.parent / ".venv" / "left-out.json"


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
def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """List the tests for tools/coverage_of_catalogue.py, and thin them out, before -m or -k takes any away."""
    file = config.getoption("--node-ids")
    if file is not None:
        Path(file).write_text(json.dumps([item.nodeid for item in items]))
    thin_out(items)
