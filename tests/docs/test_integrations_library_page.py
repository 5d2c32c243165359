"""docs/how-to/integrations-library.md: its code runs, and does what the page says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.docs.pages import Page
from tests.hostile_provider import GOOD_KEY, HostileProvider, hostile_provider
from watchword.integrations import Desk

PAGE = Page.of("docs/how-to/integrations-library.md")
APPLICATION, FROM_CONFIG, RULES = re.findall(r"^```python\n(.*?)^```$", PAGE.path.read_text("utf-8"), re.M | re.S)


@pytest.fixture(scope="module")
def provider() -> Iterator[HostileProvider]:
    with hostile_provider() as provider:
        yield provider


@pytest.fixture
def client(provider: HostileProvider, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setenv("INTEGRATIONS_KEY", os.urandom(32).hex())
    text = APPLICATION.replace("https://api.weather.example/v1/me", f"{provider.url}/key")
    text = text.replace("https://api.weather.example/v1", provider.url)
    text = text.replace('send_name="X-API-Key",', 'send_name="X-API-Key", private_hosts=("127.0.0.1",), timeout=1.5,')
    shared: dict[str, Any] = {"__name__": "app"}
    exec(compile(text, "app.py", "exec", dont_inherit=True), shared)
    with TestClient(shared["app"], headers={"x-user": "ann"}) as client:
        yield client
    shared["desk"].close()


def test_the_application_does_what_the_page_says__S1_1__S1_2__S1_3__C19__C20__C21(
    client: TestClient, provider: HostileProvider
) -> None:
    refused = client.put("/weather/key", json={"key": "wrong-key-0123456789"})
    assert (refused.status_code, refused.json()["cell"], refused.json()["provider_status"]) == (403, "C19", 401)
    assert "www-authenticate" not in refused.headers
    first = client.put("/weather/key", json={"key": GOOD_KEY})
    assert (first.status_code, first.json()) == (201, {"key": "****cdef"})
    assert client.put("/weather/key", json={"key": GOOD_KEY}).status_code == 200
    with provider.failing("/echo"):
        answer = client.get("/forecast/Bad Ischl")
    assert answer.headers["integration-provider"] == "weather"
    assert answer.json()["target"] == "/forecast?city=Bad+Ischl"
    assert answer.json()["fields"]["x-api-key"] == GOOD_KEY
    assert "x-user" not in answer.json()["fields"]
    with provider.failing("/hang"):
        slow = client.get("/forecast/x")
    assert (slow.status_code, slow.json()["cell"]) == (504, "C21")
    with provider.failing("/status/401"):
        ended = client.get("/forecast/x")
    assert (ended.status_code, ended.json()["cell"]) == (403, "C20")
    assert "www-authenticate" not in ended.headers


def test_the_table_has_every_method() -> None:
    rows = re.findall(r"^\| `(\w+)\([^`]*\)` \| `(\w+)` \|", PAGE.path.read_text("utf-8"), re.M)
    public = {name for name in vars(Desk) if not name.startswith("_")} - {"over", "providers", "close"}
    assert {name for row in rows for name in row} == public
    assert all(twin == f"a{name}" for name, twin in rows)


def test_a_configuration_has_a_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "watchword.toml").write_text(
        '[[provider]]\nname = "weather"\n[provider.check]\nurl = "https://api.weather.example/v1/me"\n'
    )
    monkeypatch.chdir(tmp_path)
    shared: dict[str, Any] = {}
    exec(FROM_CONFIG, shared)
    assert shared["desk"].providers == ("weather",)
    shared["auth"].close()


def test_the_rules_say_what_the_page_says__C19() -> None:
    told = StringIO()
    with redirect_stdout(told):
        exec(RULES, {})
    assert told.getvalue().strip() in RULES
