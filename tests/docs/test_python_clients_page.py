"""docs/how-to/python-clients.md: its code runs against a server, and its tables have every name that there is."""

from __future__ import annotations

import re

import pytest

import watchword.edge.httpx
import watchword.edge.httpx2
import watchword.edge.niquests
import watchword.edge.requests
from tests.docs.pages import Page
from tests.live import User, live_server

PAGE = Page.of("docs/how-to/python-clients.md")
_CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `(\w+)", re.MULTILINE)


def test_the_code_does_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = _CODE.findall(PAGE.path.read_text("utf-8"))
    with live_server(users=[User("ann")]) as live:
        shared: dict[str, object] = {}
        for block in blocks:
            exec(block.replace("https://api.example.com", live.url), shared)
    assert capsys.readouterr().out.split("\n") == ["ann", "ann", "ann", "200", "200", "401 invalid-credentials", ""]


def test_the_tables_have_every_name() -> None:
    told = {*_ROW.findall(PAGE.path.read_text("utf-8")), "NotAuthenticated", "Tokens", "WatchwordAuth"}
    for module in (watchword.edge.httpx, watchword.edge.httpx2, watchword.edge.requests):
        assert set(module.__all__) == told
    assert set(watchword.edge.niquests.__all__) == told | {"AsyncWatchwordAuth"}
