"""POST /logout."""

from __future__ import annotations

import pytest

from tests.server.api.world import EVERY_BACKEND, World, is_problem, refused_by, set_cookies
from watchword.core.questions import EndSession, RevokeToken

BACKENDS = EVERY_BACKEND


def test_log_out_ends_the_session_and_clears_its_cookie__S2_2(world: World) -> None:
    token = world.log_in("ann")
    answer = world("POST", "/logout", cookie=token)
    assert (answer.status_code, answer.content) == (204, b"")
    (line,) = set_cookies(answer)
    assert line.startswith("watchword=; Max-Age=0")
    assert refused_by(world("GET", "/whoami", cookie=token), "C05")["code"] == "session-invalid"
    assert world("GET", "/whoami", bearer=token).status_code == 401


def test_log_out_over_tls_clears_the_host_cookie__S2_36(world: World) -> None:
    (line,) = set_cookies(world("POST", "/logout", cookie=world.log_in("ann"), secure=True))
    assert line.startswith("__Host-watchword=; Max-Age=0")
    assert "; Secure" in line


def test_log_out_of_a_bearer_session_sets_no_cookie__S2_41(world: World) -> None:
    token = world.log_in("ann")
    answer = world("POST", "/logout", bearer=token)
    assert answer.status_code == 204
    assert set_cookies(answer) == []
    assert world("GET", "/whoami", bearer=token).status_code == 401


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"cookie": "ww_s_unknown"},
        {"auth": ("ann", "wrong")},
        {"bearer": "ww_s_unknown"},
        {"content": b"x" * 100_000},
    ],
    ids=["nothing", "stale cookie", "wrong password", "unknown token", "large content"],
)
def test_log_out_without_a_session_is_204_too__S2_2(world: World, options: dict[str, object]) -> None:
    assert world("POST", "/logout", **options).status_code == 204


def test_stale_cookie_is_cleared_once__C05(world: World) -> None:
    (line,) = set_cookies(world("POST", "/logout", cookie="ww_s_unknown"))
    assert "Max-Age=0" in line


def test_both_of_two_planted_cookies_end__F26(world: World) -> None:
    first, second = world.log_in("ann"), world.log_in("bob")
    answer = world("POST", "/logout", headers={"cookie": f"watchword={first}; watchword={second}"})
    assert answer.status_code == 204
    for token in (first, second):
        assert world("GET", "/whoami", bearer=token).status_code == 401


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}]
)
def test_no_page_of_another_origin_logs_anybody_out__F27(world: World, headers: dict[str, str]) -> None:
    token = world.log_in("ann")
    answer = world("POST", "/logout", cookie=token, headers=headers)
    assert answer.status_code == 204
    assert set_cookies(answer) == []
    assert world("GET", "/whoami", cookie=token).status_code == 200


def test_get_does_not_log_out__F27(world: World) -> None:
    token = world.log_in("ann")
    is_problem(world("GET", "/logout", cookie=token), "method-not-allowed")
    assert world("GET", "/whoami", cookie=token).status_code == 200


def test_log_out_with_the_storage_down_is_503_and_keeps_the_cookie__C17(world: World) -> None:
    token = world.log_in("ann")
    world.answers.down = (EndSession, RevokeToken)
    answer = world("POST", "/logout", cookie=token)
    assert answer.status_code == 503
    refused_by(answer, "C17")
    assert set_cookies(answer) == []
    world.answers.down = ()
    assert world("GET", "/whoami", cookie=token).status_code == 200
