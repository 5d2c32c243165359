"""/sessions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.api.world import EVERY_BACKEND, World, basic, is_problem, refused_by, set_cookies

BACKENDS = EVERY_BACKEND


def ids(world: World, **options: Any) -> list[str]:
    return [each["id"] for each in world("GET", "/sessions", **options).json()["sessions"]]


@pytest.mark.backends("stored")
def test_own_sessions_are_listed_newest_first(world: World) -> None:
    first = world.log_in("ann")
    world.log_in("bob")
    world.now += 60
    world(
        "POST",
        "/login",
        json={"username": "ann", "password": basic("ann")[1]},
        headers={"user-agent": "Lynx"},
        address="::1",
    )
    sessions = world("GET", "/sessions", bearer=first).json()["sessions"]
    assert [each["user_agent"].partition("/")[0] for each in sessions] == ["Lynx", "python-httpx"]
    assert [each["address"] for each in sessions] == ["::1", "127.0.0.1"]
    assert [each["current"] for each in sessions] == [False, True]
    assert {each["subject"] for each in sessions} == {"ann"}
    assert sessions[1]["created_at"] < sessions[0]["created_at"]


def test_listed_sessions_show_no_token_or_fingerprint__F33(world: World) -> None:
    token = world.log_in("ann")
    answer = world("GET", "/sessions", bearer=token)
    assert set(answer.json()["sessions"][0]) == {
        "id", "kind", "subject", "created_at", "last_seen", "expires_at", "idle_expires_at", "address", "country",
        "user_agent", "device", "client", "current",
    }  # fmt: skip
    assert token not in answer.text


@pytest.mark.backends("stored")
def test_expired_sessions_are_not_listed(world: World) -> None:
    world.log_in("ann")
    world.now += 31 * 60
    assert len(ids(world, auth=basic("ann"))) == 0


@pytest.mark.parametrize("who", ["root", "ann"])
def test_administrators_and_the_subject_itself_may_name_a_subject(world: World, who: str) -> None:
    world.log_in("ann")
    assert len(ids(world, auth=basic(who), params={"subject": "ann"})) == 1


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("subject", ["ann", "nobody", "", "ann\x00"])
def test_nobody_else_may_and_whether_it_exists_is_not_told__C12(world: World, method: str, subject: str) -> None:
    token = world.log_in("ann")
    answer = world(method, "/sessions", auth=basic("bob"), params={"subject": subject})
    assert answer.status_code == 403
    refused_by(answer, "C12")
    assert answer.headers.get_list("www-authenticate") == []
    assert world("GET", "/whoami", bearer=token).status_code == 200


def test_one_own_session_ends(world: World) -> None:
    mine, other = world.log_in("ann"), world.log_in("ann")
    other_id = world("GET", "/whoami", bearer=other).json()["session"]
    answer = world("DELETE", f"/sessions/{other_id}", cookie=mine)
    assert answer.status_code == 204
    assert set_cookies(answer) == []
    assert world("GET", "/whoami", bearer=other).status_code == 401
    assert world("GET", "/whoami", bearer=mine).status_code == 200


def test_ending_the_current_session_clears_its_cookie__S2_2(world: World) -> None:
    token = world.log_in("ann")
    identity = world("GET", "/whoami", bearer=token).json()["session"]
    (line,) = set_cookies(world("DELETE", f"/sessions/{identity}", cookie=token))
    assert "Max-Age=0" in line


def test_somebody_elses_session_is_not_there(world: World) -> None:
    token = world.log_in("bob")
    identity = world("GET", "/whoami", bearer=token).json()["session"]
    is_problem(world("DELETE", f"/sessions/{identity}", auth=basic("ann")), "not-found")
    answer = world("DELETE", f"/sessions/{identity}", auth=basic("ann"), params={"subject": "bob"})
    refused_by(answer, "C12")
    assert world("GET", "/whoami", bearer=token).status_code == 200


def test_administrators_end_anybodys_session(world: World) -> None:
    token = world.log_in("bob")
    identity = world("GET", "/whoami", bearer=token).json()["session"]
    answer = world("DELETE", f"/sessions/{identity}", auth=basic("root"), params={"subject": "bob"})
    assert answer.status_code == 204
    assert world("GET", "/whoami", bearer=token).status_code == 401


def test_all_own_sessions_end__S2_2(world: World) -> None:
    mine, other, bobs = world.log_in("ann"), world.log_in("ann"), world.log_in("bob")
    answer = world("DELETE", "/sessions", cookie=mine)
    assert answer.status_code == 204
    assert len(set_cookies(answer)) == 1
    for token, status in ((mine, 401), (other, 401), (bobs, 200)):
        assert world("GET", "/whoami", bearer=token).status_code == status


def test_all_other_sessions_end(world: World) -> None:
    mine, other = world.log_in("ann"), world.log_in("ann")
    answer = world("DELETE", "/sessions?others=true", cookie=mine)
    assert answer.status_code == 204
    assert set_cookies(answer) == []
    assert world("GET", "/whoami", bearer=mine).status_code == 200
    assert world("GET", "/whoami", bearer=other).status_code == 401


@pytest.mark.parametrize("value", ["CANARY", "1 or 1=1", ""])
def test_wrong_parameters_are_named_and_not_repeated__F33(world: World, value: str) -> None:
    answer = world("DELETE", "/sessions", auth=basic("ann"), params={"others": value})
    assert [each["parameter"] for each in is_problem(answer, "invalid-content")["errors"]] == ["others"]
    assert "CANARY" not in answer.text
