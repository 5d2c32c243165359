"""The demo's API by itself, as it behaves for requests that were let through."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from watchword.core.principal import Authentication, Principal
from watchword.demo.api import LONGEST_CONTENT, patients_api
from watchword.edge.asgi import PRINCIPAL, Application, Receive, Scope, Send

NOW = 1_790_000_000.0
NEW = {"name": "Ada Byron", "born": "1985-12-10", "ward": "Surgery"}
JSON = {"content-type": "application/json"}
TEXT = {"content-type": "text/plain"}


class Api:
    """The API, as somebody who was proven calls it."""

    def __init__(self, by: str) -> None:
        self.by = by
        self._api = patients_api(lambda: NOW)

    async def _application(self, scope: Scope, receive: Receive, send: Send) -> None:
        who = Principal(subject=self.by, realm="", authentication=Authentication(mechanism="basic"))
        await self._api({**scope, PRINCIPAL: who}, receive, send)

    def __call__(self, method: str, path: str, **options: Any) -> httpx.Response:
        application: Application = self._application

        async def send() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(application), base_url="http://127.0.0.1"
            ) as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())


@pytest.fixture
def api() -> Api:
    return Api("bob")


def test_patients_are_listed_by_name(api: Api) -> None:
    names = [patient["name"] for patient in api("GET", "/patients").json()["patients"]]
    assert len(names) >= 5
    assert names == sorted(names)


def test_a_patient_is_added_seen_changed_and_removed(api: Api) -> None:
    added = api("POST", "/patients", json=NEW)
    assert added.status_code == 201
    where = added.headers["location"]
    assert api("GET", where).json() == added.json() == {"id": where.rpartition("/")[2], **NEW}
    assert api("PUT", where, json={**NEW, "ward": "Cardiology"}).json()["ward"] == "Cardiology"
    assert api("GET", where).json()["ward"] == "Cardiology"
    assert (api("DELETE", where).status_code, api("GET", where).status_code) == (204, 404)


def test_a_note_tells_who_wrote_it_and_when(api: Api) -> None:
    api.by = "zoë"
    written = api("POST", "/patients/1001/notes", json={"text": "  Sleeps well. "})
    assert written.status_code == 201
    note = written.json()
    assert (note["text"], note["by"], note["at"]) == ("Sleeps well.", "zoë", "2026-09-21T14:13:20.000Z")
    assert api("GET", "/patients/1001/notes").json()["notes"][-1] == note


def test_changing_a_patient_keeps_the_notes(api: Api) -> None:
    before = api("GET", "/patients/1001/notes").json()
    api("PUT", "/patients/1001", json=NEW)
    assert api("GET", "/patients/1001/notes").json() == before
    assert before["notes"]


def test_an_id_is_never_given_twice(api: Api) -> None:
    first = api("POST", "/patients", json=NEW).headers["location"]
    api("DELETE", first)
    assert api("POST", "/patients", json=NEW).headers["location"] != first


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        pytest.param("GET", "/patients/", {}, 404, id="no empty id"),
        pytest.param("GET", "/patients/77", {}, 404, id="no such patient"),
        pytest.param("POST", "/patients/77/notes", {"json": {"text": "x"}}, 404, id="no such patient's notes"),
        pytest.param("GET", "/patients/1001/notes/1", {}, 404, id="nothing below"),
        pytest.param("DELETE", "/patients", {}, 405, id="all at once"),
        pytest.param("PATCH", "/patients/1001", {"json": NEW}, 405, id="patch"),
        pytest.param("PUT", "/patients/1001/notes", {"json": {"text": "x"}}, 405, id="notes stay as they are"),
        pytest.param("POST", "/patients", {"content": b"{}"}, 415, id="no media type"),
        pytest.param("POST", "/patients", {"content": b"{}", "headers": TEXT}, 415, id="text"),
        pytest.param("POST", "/patients", {"data": NEW}, 415, id="form"),
        pytest.param("POST", "/patients", {"content": b"{", "headers": JSON}, 400, id="not JSON"),
        pytest.param("POST", "/patients", {"content": b"[" * 9999, "headers": JSON}, 400, id="too deep"),
        pytest.param("POST", "/patients", {"content": b" " * (LONGEST_CONTENT + 1), "headers": JSON}, 413, id="long"),
        pytest.param("POST", "/patients", {"json": [NEW]}, 422, id="array"),
        pytest.param("POST", "/patients", {"json": {**NEW, "id": "1"}}, 422, id="unknown member"),
        pytest.param("POST", "/patients", {"json": {**NEW, "name": " "}}, 422, id="blank name"),
        pytest.param("POST", "/patients", {"json": {**NEW, "name": 7}}, 422, id="number for a name"),
        pytest.param("POST", "/patients", {"json": {**NEW, "born": "soon"}}, 422, id="no date"),
        pytest.param("POST", "/patients", {"json": {**NEW, "born": "1985-02-30"}}, 422, id="no such day"),
        pytest.param("POST", "/patients/1001/notes", {"json": {}}, 422, id="note without a text"),
        pytest.param("POST", "/patients/1001/notes", {"json": {"text": "x" * 2001}}, 422, id="long note"),
    ],
)
def test_what_cannot_be_served_is_a_problem(
    api: Api, method: str, path: str, options: dict[str, Any], status: int
) -> None:
    before = api("GET", "/patients").content
    answer = api(method, path, **options)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert ("allow" in answer.headers) == (status == 405)
    assert api("GET", "/patients").content == before


def test_head_is_get_without_content(api: Api) -> None:
    got, head = api("GET", "/patients"), api("HEAD", "/patients")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == got.headers


@pytest.mark.parametrize("path", ["/patients", "/patients/77"])
def test_nothing_about_patients_is_kept_on_the_way(api: Api, path: str) -> None:
    assert api("GET", path).headers["cache-control"] == "no-store"
