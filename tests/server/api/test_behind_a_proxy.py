"""Behind a trusted proxy the routes see the client, not the proxy (F15, F23)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.server.api.world import World, basic, password_of, set_cookies

RIGHT = {"username": "ann", "password": password_of("ann")}
FORWARDED = {"x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https", "x-forwarded-host": "auth.example"}


@pytest.fixture
def behind(make_world: Callable[..., World]) -> World:
    return make_world(server={"trusted_proxies": ["10.0.0.5"]})


def test_session_notes_the_clients_address_and_cookie_is_secure__F15__S2_36(behind: World) -> None:
    answer = behind("POST", "/login", json=RIGHT, headers=FORWARDED, address="10.0.0.5")
    (line,) = set_cookies(answer)
    assert line.startswith("__Host-watchword=")
    assert answer.headers["strict-transport-security"]
    (session,) = behind("GET", "/sessions", auth=basic("ann")).json()["sessions"]
    assert session["address"] == "203.0.113.7"


def test_own_origin_is_the_one_that_the_client_used__F27(behind: World) -> None:
    for origin, status in (("https://auth.example", 200), ("http://localhost", 403)):
        headers = {**FORWARDED, "origin": origin}
        assert behind("POST", "/login", json=RIGHT, headers=headers, address="10.0.0.5").status_code == status


def test_nobody_else_speaks_for_a_client__F23(behind: World) -> None:
    answer = behind("POST", "/login", json=RIGHT, headers=FORWARDED)
    (line,) = set_cookies(answer)
    assert line.startswith("watchword=")
    (session,) = behind("GET", "/sessions", auth=basic("ann")).json()["sessions"]
    assert session["address"] == "127.0.0.1"
