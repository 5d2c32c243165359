"""docs/how-to/stores: the commands on the pages, run as they stand there, and settings that are taken as they stand."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.docs.pages import Page, agrees, programs, told_by
from tests.ports import free_port
from watchword.config import load

HTPASSWD = Page.of("docs/how-to/stores/htpasswd.md")
CALLBACK = Page.of("docs/how-to/stores/http.md")
COUCHDB = Page.of("docs/how-to/stores/couchdb.md")
SQL_TABLE = Page.of("docs/how-to/stores/sql_table.md")
SQL_LOGIN = Page.of("docs/how-to/stores/sql_login.md")
_TOML = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_a_password_file_does_what_the_page_says__S2_14__C07__C17(
    require_program: Callable[[str], str], tmp_path: Path
) -> None:
    require_program("curl")
    port = free_port()
    path = (programs(tmp_path / "bin"), Path(require_program("htpasswd")).parent)
    script = HTPASSWD.script({"8080": port}, waits={0: str(port)})
    told = told_by(script, tmp_path, path, {"WATCHWORD_SERVER__PORT": str(port)})
    assert len(HTPASSWD.asked()) == 6
    agrees(told, HTPASSWD.asked())


def test_a_callback_does_what_the_page_says__S2_14__C07__C17(
    require_program: Callable[[str], str], tmp_path: Path
) -> None:
    require_program("curl")
    ports = {port: free_port() for port in ("8080", "9000")}
    script = CALLBACK.script(ports, waits={0: "9000", 1: "8080"})
    told = told_by(script, tmp_path, [programs(tmp_path / "bin")], {"WATCHWORD_SERVER__PORT": str(ports["8080"])})
    assert len(CALLBACK.asked()) == 4
    agrees(told, CALLBACK.asked())


@pytest.mark.parametrize("page", [COUCHDB], ids=lambda page: page.path.stem)
def test_the_settings_are_taken_as_they_stand__S2_30(page: Page, tmp_path: Path) -> None:
    (tmp_path / "couchdb-ca.pem").write_text(Authority().pem)
    blocks = _TOML.findall(page.path.read_text("utf-8"))
    assert blocks
    for block in blocks:
        file = tmp_path / "watchword.toml"
        file.write_text(block)
        assert load(file, {}).store[0].couchdb is not None


def test_a_table_of_users_does_what_the_page_says__S2_14__C07__C17(
    require_program: Callable[[str], str], tmp_path: Path
) -> None:
    require_program("curl")
    port = free_port()
    script = SQL_TABLE.script({"8080": port}, waits={0: str(port)})
    told = told_by(script, tmp_path, [programs(tmp_path / "bin")], {"WATCHWORD_SERVER__PORT": str(port)})
    assert len(SQL_TABLE.asked()) == 5
    agrees(told, SQL_TABLE.asked())
    assert "pbkdf2_sha" in told


@pytest.mark.parametrize("page", [SQL_TABLE, SQL_LOGIN], ids=lambda page: page.path.stem)
def test_settings_of_databases_are_taken_as_they_stand__S2_14(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITE_DB_PASSWORD", "secret")
    (tmp_path / "db-ca.pem").write_text(Authority("Test databases").pem)
    (tmp_path / "site-db.password").touch(0o600)
    (tmp_path / "site-db.password").write_text("secret\n")
    blocks = _TOML.findall(page.path.read_text("utf-8"))
    assert len(blocks) == 2
    for block in blocks:
        file = tmp_path / "watchword.toml"
        file.write_text(block)
        (store,) = load(file, {}).store
        assert store.kind == page.path.stem
