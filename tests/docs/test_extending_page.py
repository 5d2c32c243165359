"""docs/how-to/extending.md: its ports are those of the code, and its examples work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.docs.pages import Page
from tests.docs.ports import PORTS, shown
from tests.live import User, add_users
from tests.plug_in import EXAMPLE, installed
from watchword.config import load

PAGE = Page.of("docs/how-to/extending.md")
TEXT = PAGE.path.read_text("utf-8")
PYTHON: list[str] = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
TOML: list[str] = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
(APPLICATION,) = (block for block in PYTHON if "FastAPI()" in block)


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.__name__)
def test_every_port_stands_there_as_it_is__S3_10(port: type) -> None:
    assert without_layout(shown(port)) in without_layout("".join(PYTHON))


def without_layout(code: str) -> str:
    """The page's code is formatted like all other."""
    return re.sub(r"\s+", "", code).replace(",)", ")")


def test_there_is_no_other_port_on_the_page__S3_10() -> None:
    assert sorted(re.findall(r"^class (\w+)", "".join(PYTHON), re.MULTILINE)) == sorted(p.__name__ for p in PORTS)


def test_the_configurations_can_be_written__S3_10(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(installed()))
    for name in ("people.json", "rooms.txt"):
        (tmp_path / name).write_bytes((EXAMPLE / name).read_bytes())
    file = tmp_path / "watchword.toml"
    configurations = [block for block in TOML if "entry-points" not in block]
    assert len(configurations) == 5
    for block in configurations:
        asked = '\n[[space]]\nauthorizers = ["hours"]\n' if '"hours"' in block else ""
        file.write_text(block + asked, "utf-8")
        load(file, {})


def test_the_entry_points_are_those_of_the_example__S3_10() -> None:
    (block,) = (block for block in TOML if "entry-points" in block)
    assert block in (EXAMPLE / "pyproject.toml").read_text("utf-8")


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    add_users(tmp_path / "watchword-data", [User("ann"), User("bob")])
    (tmp_path / "watchword.toml").write_text("", "utf-8")
    monkeypatch.chdir(tmp_path)
    shared: dict[str, Any] = {"__name__": "app"}
    exec(compile(APPLICATION, "app.py", "exec", dont_inherit=True), shared)
    with TestClient(shared["app"], client=("127.0.0.1", 9)) as client:
        yield client
    shared["auth"].close()


def test_the_route_s_own_rule_holds__S3_10__C12(client: TestClient) -> None:
    for user, number, status in (("ann", 1, 200), ("ann", 7, 403), ("bob", 7, 200), ("", 7, 401)):
        auth = (user, User(user).password) if user else None
        answer = client.get(f"/books/{number}", auth=auth)
        assert answer.status_code == status
        if status == 200:
            assert answer.json() == f"{user} reads book {number}"
