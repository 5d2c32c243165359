"""docs/how-to/nginx.md: every command on the page, run as it stands there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.pages import Page, agrees, programs, told_by
from tests.ports import free_port

pytestmark = pytest.mark.nginx

PAGE = Page.of("docs/how-to/nginx.md")


def test_every_command_does_what_the_page_says__S2_31(require_program: Callable[[str], str], tmp_path: Path) -> None:
    require_program("curl")
    ports = {port: free_port() for port in ("8080", "8081", "9000")}
    script = PAGE.script(ports, waits={1: "8080", 2: "9000", 3: "8081"})
    path = (programs(tmp_path / "bin"), Path(require_program("nginx")).parent)
    told = told_by(script, tmp_path, path, {"WATCHWORD_SERVER__PORT": str(ports["8080"])})
    assert len(PAGE.asked()) == 7
    agrees(told, PAGE.asked())


def test_the_page_has_no_commands_that_are_not_run() -> None:
    assert len(PAGE.blocks()) == PAGE.path.read_text("utf-8").count("```") // 2
