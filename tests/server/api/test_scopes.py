"""Targets that demand scopes, and the real tokens that have them or not (C11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from tests.server.api.oauth import add_client, client_token, log_in_by
from tests.server.api.world import World, basic, refused_by
from watchword.edge.engine import Admitted, Answered
from watchword.http.authentication import parse_challenges
from watchword.http.message import Peer, Request

SPACE: Mapping[str, Any] = {
    "protect": [
        {"path": "/whoami", "require": {"scopes": ["read"]}},
        {"path": "/files/*", "require": {"scopes": ["read", "write"]}},
        {"path": "/admin/*", "require": {"scopes": ["read"], "roles": ["admin"]}},
    ]
}


@pytest.fixture(params=["jwt", "opaque"])
def either(request: pytest.FixtureRequest, make_world: Callable[..., World]) -> World:
    world = make_world(space=SPACE, tokens={"access": request.param}, server={"trusted_proxies": ["127.0.0.1"]})
    add_client(world)
    return world


def is_insufficient(answer: httpx.Response, scope: str) -> None:
    assert answer.status_code == 403
    assert refused_by(answer, "C11")["code"] == "insufficient-scope"
    (challenge,) = parse_challenges(answer.headers.get_list("www-authenticate"))
    assert challenge.scheme == "Bearer"
    assert (challenge.param("error"), challenge.param("scope")) == ("insufficient_scope", scope)


def verified(world: World, path: str, token: str, dialect: str = "/verify") -> httpx.Response:
    told = {"x-forwarded-method": "GET", "x-forwarded-proto": "https", "x-forwarded-host": "api.example.com"}
    fields = {**told, "x-forwarded-uri": path, "x-forwarded-for": "192.0.2.1"}
    return world("GET", dialect, bearer=token, headers=fields)


def test_core_refuses_the_token_without_the_scope__S0_15__C11(either: World) -> None:
    engine, token = either.service.engine, client_token(either, scope="read")
    for path, passes in ((b"/whoami", True), (b"/files/1", False)):
        fields = [(b"authorization", b"Bearer " + token.encode())]
        request = Request("GET", path, fields, Peer("127.0.0.1"))
        judged = either.run(engine.arun(engine.judge(request, either.service.targets)))
        assert isinstance(judged, Admitted) == passes
        if isinstance(judged, Answered):
            assert (judged.refused.cell, judged.refused.code) == ("C11", "insufficient-scope")


def test_route_refuses_the_token_without_the_scope__S0_15__C11(either: World) -> None:
    is_insufficient(either("GET", "/whoami", bearer=client_token(either, scope="write")), "read")
    assert either("GET", "/whoami", bearer=client_token(either, scope="read")).status_code == 200


def test_forward_auth_refuses_the_token_without_the_scope__S0_15__C11(either: World) -> None:
    token = client_token(either, scope="read")
    is_insufficient(verified(either, "/files/1", token), "read write")
    assert verified(either, "/files/1", token, "/verify/nginx").status_code == 403
    granted = verified(either, "/files/1", client_token(either))
    assert (granted.status_code, granted.headers["remote-scopes"]) == (200, "read write")


def test_role_that_is_missing_comes_before_the_scope__C12(either: World) -> None:
    answer = verified(either, "/admin/1", client_token(either, scope="write"))
    assert (answer.status_code, answer.json()["cell"]) == (403, "C12")


def test_token_of_a_log_in_by_a_client_has_what_was_granted__C11(either: World) -> None:
    pair = log_in_by(either, "svc", scopes=frozenset(("write",)))
    is_insufficient(either("GET", "/whoami", bearer=pair.access.token), "read")


def test_sessions_passwords_and_tokens_of_our_own_log_in_hold_every_scope__C11(either: World) -> None:
    credentials = {"username": "ann", "password": basic("ann")[1]}
    token = either("POST", "/auth/login", json=credentials).json()["access_token"]
    for options in ({"bearer": token}, {"cookie": either.log_in("ann")}, {"auth": basic("ann")}):
        assert either("GET", "/whoami", **options).status_code == 200


def test_session_beside_the_token_decides_as_before__S0_1__C00(either: World) -> None:
    token = client_token(either, scope="write")
    answer = either("GET", "/whoami", cookie=either.log_in("ann"), bearer=token)
    assert (answer.status_code, answer.json()["subject"]) == (200, "ann")
    answer = either("GET", "/whoami", cookie="ww_s_gone", bearer=token)
    is_insufficient(answer, "read")


def test_scoped_token_of_an_administrator_manages_no_accounts__C11(either: World) -> None:
    add_client(either, "root-client", roles=frozenset(("admin",)))
    answer = either("GET", "/users", bearer=client_token(either, "root-client"))
    assert (answer.status_code, answer.json()["cell"]) == (403, "C11")
