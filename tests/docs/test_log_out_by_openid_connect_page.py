"""docs/how-to/log-out-by-openid-connect.md: every command on the page, run as it stands there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.docs.pages import Page, agrees, programs, told_by
from tests.ports import free_port

PAGE = Page.of("docs/how-to/log-out-by-openid-connect.md")


def test_every_command_does_what_the_page_says__S2_40(require_program: Callable[[str], str], tmp_path: Path) -> None:
    require_program("curl")
    port = free_port()
    told = told_by(PAGE.script({"8089": port}, waits={0: str(port)}), tmp_path, [programs(tmp_path / "bin")], {})
    assert len(PAGE.asked()) == 5
    agrees(told, PAGE.asked())
    assert any(line.startswith("ann ") and line.endswith("Z") and " 248289761001 " in line for line in told)
