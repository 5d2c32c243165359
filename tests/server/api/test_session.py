"""GET /session, and /session/data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.server.api.world import EVERY_BACKEND, World, basic, is_problem, refused_by
from watchword.core.ask import Question
from watchword.core.questions import EndSession, FindSession, WriteSessionData

BACKENDS = EVERY_BACKEND


def test_nobody_is_told_so_without_a_401__S2_1(world: World) -> None:
    answer = world("GET", "/session")
    assert (answer.status_code, answer.json()) == (200, {"authenticated": False})


@pytest.mark.parametrize(
    "options",
    [
        {"cookie": "ww_s_unknown"},
        {"bearer": "ww_s_unknown"},
        {"auth": ("ann", "wrong")},
        {"headers": {"cookie": "watchword=a; watchword=b"}},
    ],
)
def test_wrong_credentials_are_nobody_too__S2_1(world: World, options: dict[str, object]) -> None:
    answer = world("GET", "/session", **options)
    assert (answer.status_code, answer.json()) == (200, {"authenticated": False})


@pytest.mark.parametrize("door", ["cookie", "bearer"])
def test_session_tells_the_principal_and_when_it_ends__S2_1__S2_41(world: World, door: str) -> None:
    token = world.log_in("ann")
    told = world("GET", "/session", **{door: token}).json()
    identity = world("GET", "/whoami", bearer=token).json()["session"]
    assert told == {
        "authenticated": True,
        "subject": "ann",
        "roles": ["clerk", "reader"],
        "permissions": ["read"],
        "session": {
            "id": identity,
            "expires_at": "2026-09-22T02:13:20.000Z",
            "idle_expires_at": "2026-09-21T14:43:20.000Z",
        },
    }


def test_basic_has_no_session(world: World) -> None:
    told = world("GET", "/session", auth=basic("ann")).json()
    assert (told["authenticated"], told["subject"], told["session"]) == (True, "ann", None)


def test_session_ends_when_idle_and_at_its_absolute_age__S2_2(world: World) -> None:
    token = world.log_in("ann")
    ends = world("GET", "/session", cookie=token).json()["session"]
    assert ends["idle_expires_at"] < ends["expires_at"]
    world.now += 30 * 60
    assert world("GET", "/session", cookie=token).json() == {"authenticated": False}
    assert refused_by(world("GET", "/whoami", cookie=token), "C05")["code"] == "session-expired"


def test_outage_is_not_told_as_nobody__C17(world: World) -> None:
    token = world.log_in("ann")
    world.answers.down = (FindSession,)
    answer = world("GET", "/session", cookie=token)
    assert answer.status_code == 503
    refused_by(answer, "C17")
    assert world("GET", "/session").json() == {"authenticated": False}


@pytest.mark.backends("stored")
def test_data_is_kept_on_the_server_with_the_session__S2_42(world: World) -> None:
    token = world.log_in("ann")
    data = {"cart": [1, 2, {"é": None}], "seen": True, "ratio": 0.5}
    assert world("GET", "/session/data", cookie=token).json() == {}
    assert world("PUT", "/session/data", cookie=token, json=data).status_code == 204
    answer = world("GET", "/session/data", bearer=token)
    assert answer.json() == data
    assert world("DELETE", "/session/data", cookie=token).status_code == 204
    assert world("GET", "/session/data", cookie=token).json() == {}


@pytest.mark.backends("stored", "encrypted")
def test_data_of_one_session_is_not_that_of_another__S2_42(world: World) -> None:
    mine, other = world.log_in("ann"), world.log_in("ann")
    world("PUT", "/session/data", cookie=mine, json={"a": 1})
    assert world("GET", "/session/data", cookie=other).json() == {}


@pytest.mark.backends("stored", "encrypted")
def test_data_is_that_of_the_session_which_proved_who_asks__S2_42(world: World) -> None:
    """An ended session may still lie in the storage, and its cookie in the browser."""
    ended = world.log_in("bob")
    world("PUT", "/session/data", cookie=ended, json={"whose": "bob"})
    world.now += 31 * 60
    mine = world.log_in("ann")
    assert world("GET", "/session/data", cookie=ended, bearer=mine).json() == {}


@pytest.mark.backends("stored", "encrypted")
def test_data_ends_with_the_session__S2_42(world: World) -> None:
    token = world.log_in("ann")
    world("PUT", "/session/data", cookie=token, json={"a": 1})
    world("POST", "/logout", cookie=token)
    assert world("GET", "/session/data", cookie=token).status_code == 401


@pytest.mark.backends("stored")
@pytest.mark.parametrize(("length", "status"), [(4096, 204), (4097, 413)])
def test_data_has_at_most_4_kib_as_compact_json__S2_42(world: World, length: int, status: int) -> None:
    token = world.log_in("ann")
    value = "x" * (length - len('{"a":""}'))
    spaced = json.dumps({"a": value}, indent=8)  # white space does not count
    answer = world("PUT", "/session/data", cookie=token, content=spaced, headers={"content-type": "application/json"})
    assert answer.status_code == status
    if status == 413:
        is_problem(answer, "content-too-large")


def test_data_counts_in_bytes_not_characters__S2_42(world: World) -> None:
    token = world.log_in("ann")
    assert world("PUT", "/session/data", cookie=token, json={"a": "é" * 2045}).status_code == 413


@pytest.mark.parametrize("content", ["[]", "null", '"text"', "1"])
def test_data_is_an_object__S2_42(world: World, content: str) -> None:
    token = world.log_in("ann")
    headers = {"content-type": "application/json"}
    is_problem(world("PUT", "/session/data", cookie=token, content=content, headers=headers), "invalid-content")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_basic_has_no_data(world: World, method: str) -> None:
    content: dict[str, Any] = {"json": {}} if method == "PUT" else {}
    is_problem(world(method, "/session/data", auth=basic("ann"), **content), "not-found")


@pytest.mark.backends("stored")
def test_data_of_a_session_that_ended_meanwhile_is_not_found(world: World) -> None:
    token = world.log_in("ann")

    def end(question: Question[Any]) -> None:
        if isinstance(question, WriteSessionData):
            world.storage.end_session(EndSession(question.fingerprint))

    world.answers.before = end
    is_problem(world("PUT", "/session/data", cookie=token, json={"a": 1}), "not-found")
