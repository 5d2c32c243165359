"""examples/flask, examples/django and examples/drf: every command of their pages, under gunicorn with two workers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Page, agrees, programs, told_by
from tests.ports import free_port


@pytest.mark.parametrize("name", ["flask", "django", "drf"])
def test_an_application_is_protected_in_a_few_lines__S2_41(
    name: str, require_program: Callable[[str], str], tmp_path: Path
) -> None:
    require_program("curl")
    page = Page.of(f"examples/{name}/README.md")
    port = free_port()
    script = page.script({"8000": port}, waits={1: str(port)}).replace("examples/", f"{ROOT}/examples/")
    commands = programs(tmp_path / "bin")
    gunicorn = f'exec "{sys.executable}" -m gunicorn "$@"'
    for program, line in (("gunicorn", gunicorn), ("pip", ":")):  # what is to be installed is installed
        (commands / program).write_text(f"#!/bin/sh\n{line}\n")
        (commands / program).chmod(0o755)
    told = told_by(script, tmp_path, [commands], {})
    assert len(page.asked()) == 4
    agrees(told, page.asked())


def test_ten_lines_are_ten() -> None:
    lines = (ROOT / "examples" / "flask" / "api.py").read_text("utf-8").splitlines()
    assert sum(1 for line in lines if line.strip()) <= 10
