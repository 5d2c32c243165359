"""docs/how-to/hosts, the ASGI hosts: their code runs, and protects as the pages say."""

from __future__ import annotations

import asyncio
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.docs.pages import Page
from tests.live import User, add_users
from watchword import Watchword
from watchword.edge.route import Demands

_CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \|", re.MULTILINE)

PEOPLE = [User("ann", roles=frozenset(("clerk",))), User("bob")]
ROUTED = {("/patients", "ann"): 200, ("/patients", "bob"): 403, ("/patients", None): 401, ("/news", None): 200}
IN_ROUTER = {("/beds/free", "bob"): 200, ("/beds/free", None): 401}

PAGES: dict[str, dict[tuple[str, str | None], int]] = {
    "asgi": {("/x", None): 401, ("/x", "bob"): 200},
    "starlette": ROUTED,
    "fastapi": ROUTED | IN_ROUTER,
    "litestar": ROUTED | IN_ROUTER,
    "quart": ROUTED | IN_ROUTER,
}


async def answered(application: Any, path: str, name: str | None) -> httpx.Response:
    transport = httpx.ASGITransport(application, client=("127.0.0.1", 40_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.get(path, auth=None if name is None else (name, PEOPLE[0].password))


@pytest.mark.parametrize(("name", "answers"), PAGES.items(), ids=PAGES.keys())
def test_the_code_of_the_page_protects__S2_41(
    name: str, answers: dict[tuple[str, str | None], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    add_users(tmp_path / "watchword-data", PEOPLE)
    shared: dict[str, Any] = {"__name__": "__main__"}
    for block in _CODE.findall(Page.of(f"docs/how-to/hosts/{name}.md").path.read_text("utf-8")):
        exec(compile(block, name, "exec", dont_inherit=True), shared)
    auth = shared["auth"]
    assert isinstance(auth, Watchword)
    with closing(auth):
        got = {asked: asyncio.run(answered(shared["app"], *asked)) for asked in answers}
        assert {asked: answer.status_code for asked, answer in got.items()} == answers
        refused = next(answer for answer in got.values() if answer.status_code == 401)
        assert refused.headers["content-type"] != "application/problem+json", "the page renders refusals"
        assert refused.headers.get_list("www-authenticate")


def test_the_table_has_everything_that_can_be_said() -> None:
    page = Page.of("docs/how-to/hosts/asgi.md").path.read_text("utf-8")
    listed = [name for row in _ROW.findall(page) for name in re.findall(r"\w+", row)]
    assert sorted(listed) == sorted([*Demands.__annotations__, "public", "on_refusal", "root_path"])
