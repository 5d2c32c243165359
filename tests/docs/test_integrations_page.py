"""docs/how-to/integrations.md: its commands, run as they stand there, and its settings, taken as they stand."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.docs.pages import Page, agrees, programs, told_by
from tests.ports import free_port
from watchword.config import load

PAGE = Page.of("docs/how-to/integrations.md")
_TOML = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_page_does_what_it_says__S1_1__S1_2__S1_4__S1_11__C19__C21(
    require_program: Callable[[str], str], tmp_path: Path
) -> None:
    require_program("curl")
    ports = {port: free_port() for port in ("8080", "9000")}
    script = PAGE.script(ports, waits={0: "9000", 1: "8080"})
    told = told_by(script, tmp_path, [programs(tmp_path / "bin")], {"WATCHWORD_SERVER__PORT": str(ports["8080"])})
    assert len(PAGE.asked()) == 9
    agrees(told, PAGE.asked())
    for word in ("third-party-credential-rejected", '"provider_status":401', "****cdef", "unverified"):
        assert any(word in line for line in told), word
    assert not any("0123456789ab" in line for line in told)


def test_the_settings_are_taken_as_they_stand(tmp_path: Path) -> None:
    (block,) = _TOML.findall(PAGE.path.read_text("utf-8"))
    file = tmp_path / "watchword.toml"
    file.write_text(block)
    rules = load(file, {}).provider[0].provider.rules
    assert rules.member is not None
    assert rules.member.invalid == {"invalid_auth", "token_revoked"}
