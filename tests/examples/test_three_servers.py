"""examples/three-servers: what it tells is what its README says, line by line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "examples" / "three-servers"
SOURCE = Path(__file__).parents[2] / "src"
STALENESS = 2.0

_DURATION = re.compile(r"after (\d+\.\d) s")


def normalised(lines: list[str]) -> list[str]:
    """Without what differs from run to run: tokens, how long something took, and how much is left of a second."""
    texts = [re.sub(r"eyJ\w+…", "eyJ…", _DURATION.sub("after a moment", line)) for line in lines]
    return [re.sub(r"for 1[45] s", "for 15 s", text) for text in texts]


def test_three_servers_do_what_the_page_says__S2_15__S2_20() -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / "run.py")],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    page = (FOLDER / "README.md").read_text("utf-8")
    (written,) = re.findall(r"^```text\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    told = done.stdout.splitlines()
    assert normalised(told) == normalised(written.splitlines())
    (took,) = _DURATION.findall(done.stdout)
    assert float(took) <= STALENESS
