"""docs/how-to/log-in-by-openid-connect.md: every command on the page, run as it stands there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.docs.pages import Page, agrees, programs, told_by
from tests.ports import free_port
from tests.pouchdb import node_with_packages
from watchword.config import load

PAGE = Page.of("docs/how-to/log-in-by-openid-connect.md")
_TOML = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_command_does_what_the_page_says__S2_40(require_program: Callable[[str], str], tmp_path: Path) -> None:
    require_program("curl")
    node = node_with_packages(require_program)
    (tmp_path / "node_modules").symlink_to(node.modules)  # in place of the page's `npm install`
    ports = {port: free_port() for port in ("8080", "9000")}
    steps = range(1, len(PAGE.blocks()))
    waits = {0: str(ports["9000"]), 1: str(ports["8080"])}
    path = (programs(tmp_path / "bin"), Path(node.program).parent)
    script = PAGE.script(ports, waits, steps)
    told = told_by(script, tmp_path, path, {"WATCHWORD_SERVER__PORT": str(ports["8080"])})
    assert len(PAGE.asked()) == 5
    agrees(told, PAGE.asked())


def test_settings_are_taken_as_they_stand__S2_40(tmp_path: Path) -> None:
    (block,) = _TOML.findall(PAGE.path.read_text("utf-8"))
    (tmp_path / "corp.client-secret").touch(0o600)
    (tmp_path / "corp.client-secret").write_text("secret\n")
    file = tmp_path / "watchword.toml"
    file.write_text(block)
    (provider,) = load(file, {}).identity_provider
    assert provider.provider.wanted_claims == {
        *("preferred_username", "employee_type", "email", "email_verified", "realm_access.roles")
    }
