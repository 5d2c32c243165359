"""docs/how-to/couchdb.md: every command on the page, run as it stands there, before a double of CouchDB."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.couchdb_double import ADMIN_PASSWORD, SECRET, couchdb_double
from tests.docs.pages import Page, agrees, programs, told_by
from tests.ports import free_port

pytestmark = pytest.mark.nginx

PAGE = Page.of("docs/how-to/couchdb.md")


def test_every_command_does_what_the_page_says__S2_28__S2_30__S2_31__S2_32(
    require_program: Callable[[str], str], tmp_path: Path
) -> None:
    for program in ("curl", "openssl"):
        require_program(program)
    path = (programs(tmp_path / "bin"), Path(require_program("nginx")).parent)
    with couchdb_double() as double:
        ports = {port: free_port() for port in ("8089", "8081", "8088")} | {"5984": double.port}
        script = PAGE.script(ports, waits={0: "8089", 1: "8081", 3: "8088"})
        variables = {"COUCHDB_SECRET": SECRET, "COUCHDB_PASSWORD": ADMIN_PASSWORD}
        told = told_by(script, tmp_path, path, variables)
        named = [heard.fields.get("x-auth-couchdb-username") for heard in double.transcript if heard.method == "GET"]
    agrees(told, PAGE.asked())
    assert "ann" in named
    assert told.count("logged in: 200 True") == 3
    assert "1 would be changed, 0 had it already, 0 have passwords of their own." in told
    assert told.count("1 changed, 0 had it already, 0 have passwords of their own.") == 2


def test_the_page_has_no_commands_that_are_not_run() -> None:
    assert len(PAGE.blocks()) == PAGE.path.read_text("utf-8").count("```") // 2 - 1, "all but CouchDB's configuration"
