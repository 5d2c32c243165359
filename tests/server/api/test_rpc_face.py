"""What stands behind a space that speaks JSON-RPC, at every door: a proxy is never told 200 of a refusal (C24, C26)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.server.api.world import World, basic, refused_by, scope
from watchword.core.ask import Question
from watchword.edge.asgi import Guarded
from watchword.edge.door import Door
from watchword.edge.engine import Answered
from watchword.http.message import Peer, Request
from watchword.server.forward_auth import DIALECTS

PROTECTED = [
    {"path": "/admin/*", "require": {"roles": ["admin"]}},
    {"path": "/hidden/*", "hidden": True, "require": {"roles": ["admin"]}},
    {"path": "/public/*", "public": True},
]
CASES: dict[str, tuple[str, dict[str, str], str, int, str, str]] = {
    "nothing": ("/x", {}, "C03", 401, "Incorrect JSON query missing 'api_key'", "authentication-required"),
    "wrong_key": ("/x", {"x-api-key": "unknown-but-long-enough"}, "C09", 401, "Invalid API KEY", "invalid-api-key"),
    "two": ("/x", {"authorization": "Bearer"}, "C10", 400, "", "invalid-request"),
    "not_allowed": (
        "/admin/x",
        {"authorization": "Basic YW5uOnRoZSBwYXNzd29yZCBvZiBhbm4="},
        "C12",
        403,
        "not allowed",
        "forbidden",
    ),
}


@pytest.fixture
def spoken(make_world: Callable[..., World]) -> Callable[[str], World]:
    """`spoken("legacy")`: a server whose space speaks JSON-RPC, behind a proxy on this machine."""

    def make(profile: str) -> World:
        return make_world(
            server={"trusted_proxies": ["127.0.0.1"]},
            space={"face": "json-rpc", "rpc_profile": profile, "protect": PROTECTED},
        )

    return make


def asked_about(path: str) -> dict[str, str]:
    return {"x-original-method": "POST", "x-original-uri": path, "x-forwarded-for": "127.0.0.1"}


def through_decide(world: World, path: str, fields: dict[str, str]) -> dict[str, Any]:
    question = {"method": "POST", "url": path, "headers": [*map(list, fields.items())], "peer": "127.0.0.1"}
    told: dict[str, Any] = world("POST", "/decide", json=question).json()
    return told


def through_asgi(world: World, path: str, fields: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    sent: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("it was let through")

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    guarded = Guarded(application, Door(world.service.engine, world.service.targets))
    lines = [(name.encode(), value.encode()) for name, value in fields.items()]
    asyncio.run(guarded(scope("POST", path, lines), receive, send))
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], told, sent[1]["body"]


@pytest.mark.parametrize("name", CASES)
def test_the_cell_has_its_own_status_at_every_door_in_profile_http__C24__C26(
    spoken: Callable[[str], World], name: str
) -> None:
    path, fields, cell, status, _, code = CASES[name]
    world = spoken("http")
    answer = world("POST", "/verify", headers={**fields, **asked_about(path)})
    assert answer.status_code == status
    assert answer.headers["auth-decision"].startswith(f"{cell};")
    told = answer.json()
    assert (told["jsonrpc"], told["id"]) == ("2.0", None)
    assert told["error"]["data"]["problem"]["code"] == code
    direct, direct_fields, content = through_asgi(world, path, fields)
    assert (direct, direct_fields["content-type"]) == (status, "application/json")
    assert json.loads(content)["error"]["code"] == told["error"]["code"]
    decided = through_decide(world, path, fields)
    assert (decided["granted"], decided["status"], decided["problem"]) == (False, status, None)
    assert json.loads(decided["content"])["error"]["code"] == told["error"]["code"]


@pytest.mark.parametrize("name", CASES)
def test_in_profile_legacy_clients_are_told_200_and_proxies_the_truth__C24__C26__S4_6(
    spoken: Callable[[str], World], name: str
) -> None:
    path, fields, cell, status, text, code = CASES[name]
    world = spoken("legacy")
    told: dict[str, Any] = {}
    for door in DIALECTS:
        answer = world("POST", door, headers={**fields, **asked_about(path)})
        nginx = door == "/verify/nginx"
        assert answer.status_code == (status if not nginx or status in (401, 403) else 403), door
        assert answer.headers.get("x-auth-status") == (str(status) if nginx else None)
        assert answer.headers["auth-decision"].startswith(f"{cell};")
        told = answer.json()
        assert (told["id"], told["result"], told["error_code"]) == (None, None, code)
        assert told["error"] == text or not text
    direct, direct_fields, content = through_asgi(world, path, fields)
    assert (direct, json.loads(content)) == (200, told)
    assert direct_fields["auth-decision"].startswith(f"{cell};")
    assert "www-authenticate" not in direct_fields
    decided = through_decide(world, path, fields)
    assert (decided["granted"], decided["status"]) == (False, 200)
    assert json.loads(decided["content"]) == told
    assert {seen for seen in world.seen.cells if seen != "C01"} == {cell}  # counted as what it was


def test_an_outage_is_503_to_a_proxy_and_an_error_to_a_client__C17__S4_6(spoken: Callable[[str], World]) -> None:
    world = spoken("legacy")
    world.answers.down = (Question,)
    fields = CASES["wrong_key"][1]
    answer = world("POST", "/verify", headers={**fields, **asked_about("/x")})
    assert (answer.status_code, answer.json()["error_code"]) == (503, "unavailable")
    assert answer.headers["retry-after"].isdigit()
    status, told, content = through_asgi(world, "/x", fields)
    assert (status, json.loads(content)["error_code"]) == (200, "unavailable")
    assert told["retry-after"].isdigit()


@pytest.mark.parametrize("profile", ["http", "legacy"])
def test_what_is_hidden_stays_a_404__S1_8(spoken: Callable[[str], World], profile: str) -> None:
    world = spoken(profile)
    for door in ("/verify", "/verify/nginx"):
        answer = world("POST", door, headers=asked_about("/hidden/x"))
        assert answer.status_code == (404 if door == "/verify" else 403)
        assert answer.headers.get("x-auth-status") in (None, "404")
        assert answer.content == world("GET", "/nothing").content


@pytest.mark.parametrize("profile", ["http", "legacy"])
def test_who_may_passes_as_everywhere__C00__C01(spoken: Callable[[str], World], profile: str) -> None:
    world = spoken(profile)
    granted = world("POST", "/verify", headers=asked_about("/admin/x"), auth=basic("root"))
    assert (granted.status_code, granted.headers["remote-user"]) == (200, "root")
    assert world("POST", "/verify", headers=asked_about("/public/x")).status_code == 200


def test_of_our_own_routes_only_whoami_tells_its_refusals_so__C24(make_world: Callable[..., World]) -> None:
    world = make_world(space={"face": "json-rpc", "rpc_profile": "legacy"})
    answer = world("GET", "/whoami")
    assert (answer.status_code, answer.json()["error_code"]) == (200, "authentication-required")
    answer = world("GET", "/verify")  # by nobody that is trusted: the decision for /whoami, and its true status
    assert (answer.status_code, answer.json()["error_code"]) == (401, "authentication-required")
    for path in ("/keys", "/sessions", "/users", "/roles/ann"):
        answer = world("GET", path)
        assert answer.status_code == 401
        refused_by(answer, "C03")


def test_the_id_is_echoed_where_a_host_has_read_the_content__C24(spoken: Callable[[str], World]) -> None:
    world = spoken("http")
    engine = world.service.engine
    request = Request("POST", b"/x", peer=Peer("127.0.0.1"), body=b'{"jsonrpc": "2.0", "id": "seven", "method": "m"}')
    judged = engine.run(engine.judge(request, world.service.targets))
    assert isinstance(judged, Answered)
    assert json.loads(judged.response.body)["id"] == "seven"
