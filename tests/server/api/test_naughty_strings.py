"""Every route with strings that have broken other programs: each answer is a declared one, and repeats no secret."""

from __future__ import annotations

import json
import logging
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.server.api.test_every_route import ROUTES, Route
from tests.server.api.world import World, basic

STRINGS: list[str] = [
    *json.loads((Path(__file__).parents[2] / "vectors/naughty-strings/blns.json").read_text()),
    "\x00",
    "a\r\nset-cookie: x=1",
    "\ud800",
    "\U0010ffff",
    "x" * 8_000,
    "a" * 3000 + "!",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "../../../etc/passwd",
    '{"$gt": ""}',
    "admin' --",
]
CANARY = "CANARY-4f1b9c"
SLICES = 40
"""Each route gets every fortieth string here, each other ones; all of them in the long run."""


def test_there_are_strings_enough() -> None:
    assert len(STRINGS) > 500


@pytest.mark.parametrize(("index", "route"), list(enumerate(ROUTES)), ids=lambda value: getattr(value, "name", ""))
def test_naughty_strings_get_declared_answers__F11__F17__F18__F33(
    make_world: Callable[..., World], index: int, route: Route, caplog: pytest.LogCaptureFixture
) -> None:
    try_all(make_world, route, STRINGS[index % SLICES :: SLICES], caplog)


@pytest.mark.long
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_all_naughty_strings_get_declared_answers__F11__F17__F18__F33(
    make_world: Callable[..., World], route: Route, caplog: pytest.LogCaptureFixture
) -> None:
    try_all(make_world, route, STRINGS, caplog)


def try_all(
    make_world: Callable[..., World], route: Route, strings: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    world = make_world(passwords={"sign_up": True}, limits={"account_failures": 100, "address_per_minute": 1_000_000})
    # Clients resolve `.` and `..` by themselves, so that another path is asked for. The style sheet is no operation of
    # the OpenAPI document, but like all others it is not given to credentials that are too large.
    declared = {"200", "400", "404", "405", "431", *declared_by(world, route)}
    with caplog.at_level(logging.INFO):
        for string in strings:
            for answer, took in attempts(world, route, string):
                told = answer.text + str(answer.headers)
                assert answer.status_code < 500, (string, answer.text)
                assert str(answer.status_code) in declared, (string, answer.status_code, answer.text)
                assert "Traceback" not in told, string
                assert CANARY not in told, string
                assert "set-cookie: x=1" not in told.lower()
                if answer.status_code >= 400:
                    assert answer.headers["content-type"] == "application/problem+json"
                    assert answer.json()["status"] == answer.status_code
                # Of this process alone, but with whatever its collector of garbage had to do meanwhile.
                assert took < 5, (string, took)
    assert not [record for record in caplog.records if CANARY in record.getMessage() and record.name != "httpx"]
    assert CANARY not in repr(world.seen.refusals)
    assert CANARY not in repr(world.seen.events)


def declared_by(world: World, route: Route) -> set[str]:
    """The statuses that the route's entry in the OpenAPI document names."""
    operations = world("GET", "/openapi.json").json()["paths"].get(route.template, {})
    return set(operations.get(route.method.lower(), {}).get("responses", ()))


def attempts(world: World, route: Route, string: str) -> list[tuple[Any, float]]:
    """The string as a path parameter, in the query, as every member of the content, and as credentials."""
    path = route.path.partition("?")[0].replace("{session}", "ann").replace("style.css", "ann")
    encoded = quote(string, safe="", errors="surrogatepass")
    found = []
    if "{" in route.template:
        found.append(timed(world, route, path.replace("/ann", f"/{encoded}", 1), auth=basic("root")))
    query = f"subject={encoded}&search={encoded}&cursor={encoded}&others={encoded}&limit={encoded}&{encoded}={encoded}"
    found.append(timed(world, route, f"{path}?{query}", auth=basic(route.by or "root")))
    if isinstance(route.content, dict):
        for content in (
            {"username": string, "password": CANARY + string, "current_password": CANARY + string},
            {"username": "ann", "password": CANARY, "roles": [string], "attributes": {string: string}},
            {string: CANARY, "password": [CANARY], "username": {string: CANARY}, "delivery": CANARY},
        ):
            headers = {"content-type": "application/json"}
            sent = json.dumps(content)
            found.append(timed(world, route, path, content=sent, headers=headers, auth=basic(route.by or "root")))
    credentials = f"{string}:{CANARY}{string}".encode("utf-8", "surrogatepass")
    found.append(timed(world, route, path, auth=None, headers={"authorization": b"Basic " + b64encode(credentials)}))
    return found


def timed(world: World, route: Route, target: str, **options: Any) -> tuple[Any, float]:
    begun = time.process_time()
    answer = world(route.method, target, **options)
    return answer, time.process_time() - begun
