"""examples/fastapi and examples/litestar: every command of their pages, and that they are as short as they say."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Page, agrees, programs, told_by
from tests.ports import free_port


@pytest.mark.parametrize("name", ["fastapi", "litestar"])
def test_an_application_is_protected_in_ten_lines__S2_41(
    name: str, require_program: Callable[[str], str], tmp_path: Path
) -> None:
    require_program("curl")
    page = Page.of(f"examples/{name}/README.md")
    port = free_port()
    script = page.script({"8000": port}, waits={1: str(port)}).replace("examples/", f"{ROOT}/examples/")
    commands = programs(tmp_path / "bin")
    uvicorn = f'exec "{sys.executable}" -m uvicorn --log-level critical "$@"'
    for program, line in (("uvicorn", uvicorn), ("pip", ":")):  # what is to be installed is installed
        (commands / program).write_text(f"#!/bin/sh\n{line}\n")
        (commands / program).chmod(0o755)
    told = told_by(script, tmp_path, [commands], {})
    assert len(page.asked()) == 5
    agrees(told, page.asked())


@pytest.mark.parametrize("name", ["fastapi", "litestar"])
def test_ten_lines_are_ten(name: str) -> None:
    lines = (ROOT / "examples" / name / "api.py").read_text("utf-8").splitlines()
    assert sum(1 for line in lines if line.strip()) <= 10
