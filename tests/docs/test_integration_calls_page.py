"""docs/how-to/integration-calls.md: its commands, run as they stand there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.docs.pages import Page, agrees, programs, told_by
from tests.ports import free_port
from watchword.http.relayed import SENT

PAGE = Page.of("docs/how-to/integration-calls.md")


def test_the_page_does_what_it_says__S1_2__S1_3__C20(require_program: Callable[[str], str], tmp_path: Path) -> None:
    require_program("curl")
    ports = {port: free_port() for port in ("8080", "9000")}
    script = PAGE.script(ports, waits={0: "9000", 1: "8080"})
    told = told_by(script, tmp_path, [programs(tmp_path / "bin")], {"WATCHWORD_SERVER__PORT": str(ports["8080"])})
    assert len(PAGE.asked()) == 9
    agrees(told, PAGE.asked())
    codes = ("no-credential", "invalid-request", "method-not-allowed", "third-party-scope-missing")
    for word in (*codes, '"provider_status":401'):
        assert any(word in line for line in told), word


def test_fields_that_go_out_are_named() -> None:
    text = PAGE.path.read_text("utf-8").lower()
    assert [name for name in SENT if f"`{name.decode()}`" not in text and not name.startswith(b"if-")] == []
