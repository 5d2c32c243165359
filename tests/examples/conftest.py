"""Examples as their READMEs start them, and a browser that looks at them."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import launched

ROOT = Path(__file__).parents[2]
LONGEST = 60
"""Seconds until an example must have started, or ended."""


@contextmanager
def running(name: str, says: str) -> Iterator[str]:
    """The example's own `run.py` on free ports, until Ctrl-C; the URL after the first word that it says."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "examples" / name / "run.py"), "--free-ports"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert process.stdout is not None
    try:
        assert select.select([process.stdout], [], [], LONGEST)[0], "the example did not start"
        said = process.stdout.readline()
        assert said.startswith(f"{says} http://"), said
        yield said.split()[1]
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(LONGEST) == 0
        process.stdout.close()


@pytest.fixture(scope="module")
def chromium(require_program: Callable[[str], str]) -> Iterator[Browser]:
    """For one module and no longer: while Playwright runs, no test can start an event loop of its own."""
    with launched(require_program("chromium")) as browser:
        yield browser
