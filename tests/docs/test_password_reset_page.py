"""docs/how-to/password-reset.md: every command on the page, run as it stands there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.docs.pages import Page, agrees, programs, told_by
from tests.ports import free_port
from watchword.flows.mailing import ABOUT_ONE_ACCOUNT, FROM_ONE_PLACE, TO_ONE_MAILBOX
from watchword.outgoing.errands import PAUSES

PAGE = Page.of("docs/how-to/password-reset.md")


def test_every_command_does_what_the_page_says(require_program: Callable[[str], str], tmp_path: Path) -> None:
    require_program("curl")
    port = free_port()
    script = PAGE.script({"8091": port}, waits={0: "8091"})
    told = told_by(script, tmp_path, (programs(tmp_path / "bin"),), {})
    agrees(told, PAGE.asked())
    assert any('"email":"ann@new.example","email_verified":"true"' in line for line in told)
    assert "Subject: Set a new password for Watchword" in told


def test_the_page_has_no_commands_that_are_not_run() -> None:
    assert len(PAGE.blocks()) == PAGE.path.read_text("utf-8").count("```") // 2 - 1, "all but the configuration"


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    assert (ABOUT_ONE_ACCOUNT.limit, TO_ONE_MAILBOX.limit, FROM_ONE_PLACE.limit) == (5, 10, 30)
    assert {rule.window for rule in (ABOUT_ONE_ACCOUNT, TO_ONE_MAILBOX, FROM_ONE_PLACE)} == {3600.0}
    assert PAUSES == (2.0, 10.0, 60.0, 300.0)
