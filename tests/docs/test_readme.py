"""README.md: its curl lines, run as they stand there."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from tests.docs.pages import Page, agrees, programs, told_by
from tests.ports import free_port

README = Page.of("README.md")
TRIES = [1, 2]
"""The blocks after `make run` and `make test`."""


def test_three_curl_lines_do_what_the_readme_says__S2_1(require_program: Callable[[str], str], tmp_path: Path) -> None:
    require_program("curl")
    os.symlink(sys.prefix, tmp_path / ".venv")  # where make install puts it
    port = free_port()
    script = README.script({"8080": port}, waits={0: "8080"}, only=TRIES)
    told = told_by(script, tmp_path, [programs(tmp_path / "bin")], {"WATCHWORD_SERVER__PORT": str(port)})
    assert f"Watchword is ready: http://127.0.0.1:{port}" in told
    assert README.asked(TRIES) == [("401", ""), ("200", ""), ("200", "")]
    agrees(told, README.asked(TRIES))
    assert any(line.startswith('{"subject":"ann","roles":["clerk"]') for line in told)


def test_two_commands_are_targets_of_the_makefile() -> None:
    makefile = (README.path.parent / "Makefile").read_text()
    commands = [line.split("#")[0].split() for line in README.blocks()[0].splitlines()]
    assert commands == [["make", "run"], ["make", "test"]]
    assert all(f"\n{target}:" in makefile for _, target in commands)
