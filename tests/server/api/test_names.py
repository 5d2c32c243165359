"""An account is found by whatever text it was made from, at every door, and by no other's (F17)."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable

import httpx
import pytest

from tests.names import ALIKE, NAMES
from tests.server.api.world import World, basic, is_problem
from watchword.core.questions import FindAccount

PASSWORD = "a long enough password"
JSON = {"content-type": "application/json"}


def sign_up(world: World, name: str) -> httpx.Response:
    """Written in ASCII, as every text can be, surrogates too."""
    content = json.dumps({"username": name, "password": PASSWORD}).encode("ascii")
    return world("POST", "/users", headers=JSON, content=content)


def by_form(world: World, name: str) -> int:
    content = json.dumps({"username": name, "password": PASSWORD}).encode("ascii")
    return world("POST", "/login", headers=JSON, content=content).status_code


def by_basic(world: World, name: str) -> int:
    credentials = b64encode(f"{name}:{PASSWORD}".encode("utf-8", "surrogatepass")).decode()
    return world("GET", "/whoami", headers={"authorization": f"Basic {credentials}"}).status_code


@pytest.fixture
def open_world(make_world: Callable[..., World]) -> World:
    return make_world(passwords={"sign_up": True}, limits={"account_failures": 100, "address_per_minute": 1000})


@pytest.mark.parametrize(("text", "name"), [pytest.param(text, name, id=what) for what, text, name in NAMES])
def test_created_is_found_and_refused_is_nobody__F17(open_world: World, text: str, name: str | None) -> None:
    answer = sign_up(open_world, text)
    if "\ud800" in text:  # no text at all, so no JSON either
        is_problem(answer, "malformed-content")
        assert (by_form(open_world, text), by_basic(open_world, text)) == (400, 401)
        return
    if name is None:
        assert is_problem(answer, "invalid-content")["errors"][0]["pointer"] == "#/username"
        assert (by_form(open_world, text), by_basic(open_world, text)) == (401, 401)
        return
    assert answer.status_code == 201, answer.text
    assert answer.json()["username"] == name
    account = open_world.storage.find_account(FindAccount(name))
    assert account is not None
    for spelling in (text, name):
        assert (by_form(open_world, spelling), by_basic(open_world, spelling)) == (200, 200)
        assert is_problem(sign_up(open_world, spelling), "name-taken")


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_names_that_merely_look_alike_are_two_accounts__F17(open_world: World, one: str, other: str) -> None:
    there = {"ann", "bob"}  # those of the world itself, with passwords of their own
    assert sign_up(open_world, one).status_code == 201
    assert by_basic(open_world, other) == 401
    if other not in there:
        assert sign_up(open_world, other).status_code == 201
        changed = open_world("PUT", f"/users/{other}/password", auth=basic("root"), json={"password": "x" * 20})
        assert changed.status_code == 204
        assert (by_basic(open_world, one), by_basic(open_world, other)) == (200, 401)
