"""The pages of mechanisms that start servers of their own: every command, run as it stands there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.docs.pages import STARTING, Page, agrees, programs, told_by
from tests.ports import free_port

WAITS: Mapping[str, Mapping[int, str]] = {
    "auth-key": {0: "8080"},
    "client-certificate": {1: "8443"},
    "couchdb": {0: "8088"},
    "couchdb-proxy": {0: "8087"},
    "digest": {0: "8084"},
    "sealed-session": {0: "8086"},
    "signed-request": {0: "8085"},
    "proxy-header": {0: "8082", 2: "8083"},
    "url": {0: "8080"},
}
"""After which block which port must be listened on."""


@pytest.mark.parametrize("name", STARTING)
def test_every_command_does_what_the_page_says__S1_9__S2_7__S2_28__S2_39__S2_40(
    name: str, require_program: Callable[[str], str], tmp_path: Path
) -> None:
    for program in ("curl", "openssl"):
        require_program(program)
    page = Page.of(f"docs/mechanisms/{name}.md")
    ports = {port: free_port() for port in WAITS[name].values()}
    told = told_by(page.script(ports, waits=WAITS[name]), tmp_path, [programs(tmp_path / "bin")], {})
    agrees(told, page.asked())
    if name == "client-certificate":
        assert "no handshake" in told
        assert any(len(line) == 64 for line in told), "the fingerprint"
