"""The demo as a whole, over HTTP: who may do what, and what the page is served with."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.demo.running import Demo
from watchword.core.cells import CELLS, DETAILS
from watchword.demo import page_files
from watchword.demo.people import new_people

PAGE = Path(page_files.__file__).parent / "page"
FILES = sorted(file.name for file in PAGE.iterdir())
TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}


def ask(demo: Demo, method: str, path: str, *, by: str | None = None, **options: object) -> httpx.Response:
    auth = None if by is None else (by, demo.password(by))
    return httpx.request(method, demo.url + path, auth=auth, **options)  # type: ignore[arg-type]  # any option of httpx


@pytest.mark.parametrize(
    ("by", "method", "path", "status"),
    [
        (None, "GET", "/patients", 401),
        (None, "POST", "/patients/1001/notes", 401),
        ("ann", "GET", "/patients", 200),
        ("ann", "GET", "/patients/1001", 200),
        ("ann", "GET", "/patients/1001/notes", 200),
        ("ann", "POST", "/patients/1001/notes", 403),
        ("bob", "GET", "/patients/1001/notes", 200),
        ("bob", "POST", "/patients/1001/notes", 201),
        ("eve", "GET", "/patients", 403),
        ("eve", "POST", "/patients/1001/notes", 403),
        ("admin", "GET", "/patients", 403),
        ("admin", "GET", "/users", 200),
        ("bob", "GET", "/users", 403),
    ],
)
def test_who_may_do_what__S0_6(demo: Demo, by: str | None, method: str, path: str, status: int) -> None:
    content = {"text": "Sleeps well."} if method == "POST" else None
    answer = ask(demo, method, path, by=by, json=content)
    assert answer.status_code == status
    assert ("www-authenticate" in answer.headers) == (status == 401)
    if status == 201:
        assert answer.json()["by"] == by


def test_the_api_says_nothing_of_a_patient_to_whoever_may_not_see_any(demo: Demo) -> None:
    there, not_there = (ask(demo, "GET", f"/patients/{patient}", by="eve") for patient in ("1001", "77"))
    assert there.status_code == not_there.status_code == 403
    assert there.json()["detail"] == not_there.json()["detail"]


def test_a_look_alike_of_an_identity_field_makes_nobody_a_writer__F21(demo: Demo) -> None:
    fields = {"Remote-User": "admin", "Remote_User": "admin"}
    answer = ask(demo, "POST", "/patients/1001/notes", by="bob", json={"text": "x"}, headers=fields)
    assert answer.json()["by"] == "bob"


def test_the_start_leads_to_the_page(demo: Demo) -> None:
    answer = ask(demo, "GET", "/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/demo")
    assert ask(demo, "GET", "/demo").text.startswith("<!doctype html>")


@pytest.mark.parametrize("name", FILES)
def test_the_page_is_served_with_types_and_a_strict_policy(demo: Demo, name: str) -> None:
    answer = ask(demo, "GET", "/demo" if name == "index.html" else f"/demo/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == TYPES[name.rpartition(".")[2]]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    directives = (part.split() for part in answer.headers["content-security-policy"].split(";"))
    policy = {name: " ".join(sources) for name, *sources in directives}
    assert policy["default-src"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/demo/../app.py", 404), ("POST", "/demo", 405)])
def test_nothing_but_the_page_is_served_there(demo: Demo, method: str, path: str, status: int) -> None:
    with httpx.Client() as client:
        request = client.build_request(method, demo.url)
        request.url = request.url.copy_with(raw_path=path.encode())
        assert client.send(request).status_code == status


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_loaded_from_elsewhere_and_nothing_stands_inline(name: str) -> None:
    text = (PAGE / name).read_text(encoding="utf-8")
    hosts = {urlsplit(url).hostname for url in re.findall(r"https?://[^\s\"')]+", text)}
    assert hosts <= {"www.w3.org"}  # the namespace of SVG is a name, not a place
    assert not re.search(r"\son[a-z]+=|\sstyle=|<style|innerHTML|insertAdjacentHTML|\beval\(", text)


def test_the_page_explains_cells_and_codes_that_exist() -> None:
    text = (PAGE / "words.js").read_text(encoding="utf-8")
    cells = re.findall(r"^  (C\d\d):", text, flags=re.MULTILINE)
    codes = re.findall(r'^  "?([a-z-]+)"?: \{', text, flags=re.MULTILINE)
    assert len(cells) >= 10
    assert set(cells) <= set(CELLS)
    assert {"expired-token", "session-expired", "throttled", "unavailable"} <= set(codes)
    assert set(codes) - {"silent", "failed"} <= set(DETAILS)


def test_the_page_names_everybody_with_their_roles() -> None:
    text = (PAGE / "index.html").read_text(encoding="utf-8")
    told = dict(re.findall(r'data-user="(\w+)"><b>\w+</b> ([^<]+)<', text))
    assert told == {person.name: ", ".join(sorted(person.roles)) or "no roles" for person in new_people()}
