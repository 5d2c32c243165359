"""POST /users: administrators make accounts, and where it is switched on, everybody makes one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.server.api.world import World, basic, is_problem, refused_by
from watchword.core.ask import Question
from watchword.core.questions import AddAccount, FindAccount, HashPassword
from watchword.server.api.sign_up import TICK

PASSWORD = "a long enough password"
NEW = {"username": "eve", "password": PASSWORD}
Making = Callable[..., World]


@pytest.fixture
def open_world(make_world: Making) -> World:
    return make_world(passwords={"sign_up": True})


@pytest.fixture
def uniform_world(make_world: Making) -> World:
    return make_world(passwords={"sign_up": True, "enumeration_safe": True})


# --- by administrators ----------------------------------------------------------------------------------------------


def test_administrators_make_accounts__S2_34(world: World) -> None:
    wanted = {**NEW, "roles": ["nurse"], "permissions": ["read"], "attributes": {"ward": "3"}}
    answer = world("POST", "/users", auth=basic("root"), json=wanted)
    assert answer.status_code == 201
    assert answer.headers["location"] == "/users/eve"
    assert answer.json() == {
        "username": "eve",
        "roles": ["nurse"],
        "permissions": ["read"],
        "disabled": False,
        "attributes": {"ward": "3"},
        "created_at": "2026-09-21T14:13:20.000Z",
    }
    assert world("GET", "/whoami", auth=("eve", PASSWORD)).json()["roles"] == ["nurse"]


def test_only_the_hash_is_kept__S2_34(world: World) -> None:
    world("POST", "/users", auth=basic("root"), json=NEW)
    account = world.storage.find_account(FindAccount("eve"))
    assert account is not None
    assert str(account.password_hash).startswith("$argon2id$v=19$")
    assert PASSWORD not in repr(account)


def test_location_can_be_followed_whatever_the_name_is(world: World) -> None:
    answer = world("POST", "/users", auth=basic("root"), json={**NEW, "username": "Zoë & co?"})
    assert answer.headers["location"] == "/users/Zo%C3%AB%20%26%20co%3F"
    assert world("GET", answer.headers["location"], auth=basic("root")).json()["username"] == "Zoë & co?"


def test_taken_name_is_a_conflict__S2_34(world: World) -> None:
    answer = world("POST", "/users", auth=basic("root"), json={**NEW, "username": "ann"})
    assert answer.status_code == 409
    is_problem(answer, "name-taken")
    assert world("GET", "/whoami", auth=basic("ann")).status_code == 200


def test_nobody_else_makes_accounts_where_sign_up_is_off__S2_34(world: World) -> None:
    assert refused_by(world("POST", "/users", json=NEW), "C03")["status"] == 401
    assert refused_by(world("POST", "/users", json=NEW, auth=basic("ann")), "C12")["status"] == 403


@pytest.mark.parametrize("name", ["ann:x", "a\x00b", "a\r\nb", "", " ann", "x" * 256, "\ufb01sh", "a\u200bb"])
def test_names_that_cannot_be_are_422__S3_1__F17__F18(world: World, name: str) -> None:
    answer = world("POST", "/users", auth=basic("root"), json={**NEW, "username": name})
    assert answer.status_code == 422
    (error,) = is_problem(answer, "invalid-content")["errors"]
    assert error["pointer"] == "#/username"
    assert error["detail"].endswith(".")


@pytest.mark.parametrize("password", ["short", "x" * 1025, "EVE", ""])
def test_passwords_that_cannot_be_are_422_and_not_repeated__F33(world: World, password: str) -> None:
    answer = world("POST", "/users", auth=basic("root"), json={"username": "eve", "password": password})
    assert answer.status_code == 422
    assert is_problem(answer, "invalid-content")["errors"][0]["pointer"] == "#/password"
    assert not password or password not in answer.text


# --- by everybody ---------------------------------------------------------------------------------------------------


def test_everybody_makes_an_account_without_roles__S2_34(open_world: World) -> None:
    answer = open_world("POST", "/users", json=NEW)
    assert (answer.status_code, answer.json()["roles"]) == (201, [])
    assert open_world("POST", "/login", json=NEW).status_code == 200


@pytest.mark.parametrize("asked", [{"roles": ["admin"]}, {"permissions": ["all"]}, {"attributes": {"ward": "3"}}])
@pytest.mark.parametrize("options", [{}, {"auth": basic("ann")}], ids=["anonymous", "logged in"])
def test_sign_up_that_asks_for_more_is_422__S2_34(
    open_world: World, asked: dict[str, Any], options: dict[str, Any]
) -> None:
    answer = open_world("POST", "/users", json={**NEW, **asked}, **options)
    assert answer.status_code == 422
    assert is_problem(answer, "invalid-content")["errors"][0]["pointer"] == f"#/{next(iter(asked))}"
    assert open_world.storage.find_account(FindAccount("eve")) is None


def test_administrators_still_assign_roles_where_sign_up_is_on__S2_34(open_world: World) -> None:
    answer = open_world("POST", "/users", json={**NEW, "roles": ["nurse"]}, auth=basic("root"))
    assert (answer.status_code, answer.json()["roles"]) == (201, ["nurse"])


def test_wrong_credentials_are_refused_and_not_taken_for_a_sign_up__C02__C07(open_world: World) -> None:
    refused_by(open_world("POST", "/users", json=NEW, auth=("root", "wrong")), "C07")
    assert open_world.storage.find_account(FindAccount("eve")) is None


def test_cross_origin_page_cannot_use_an_administrators_cookie__C14__F27(open_world: World) -> None:
    token = open_world.log_in("root")
    answer = open_world(
        "POST", "/users", json={**NEW, "roles": ["admin"]}, cookie=token, headers={"origin": "https://evil.example"}
    )
    assert answer.status_code == 422  # as anonymous: the cookie counts for nothing
    assert open_world.storage.find_account(FindAccount("eve")) is None


# --- without learning which names are taken -------------------------------------------------------------------------


def told(answer: Any) -> tuple[int, bytes, list[tuple[str, str]]]:
    return answer.status_code, answer.content, answer.headers.multi_items()


def test_uniform_sign_up_answers_free_and_taken_names_with_the_same_bytes__S2_34__F30(uniform_world: World) -> None:
    free, taken, disabled = (
        uniform_world("POST", "/users", json={**NEW, "username": name}) for name in ("eve", "ann", "gone")
    )
    assert free.status_code == 202
    assert told(free) == told(taken) == told(disabled)
    assert "location" not in free.headers
    assert uniform_world.storage.find_account(FindAccount("eve")) is not None


def test_uniform_sign_up_does_not_touch_the_account_that_is_there__F30(uniform_world: World) -> None:
    before = uniform_world.storage.find_account(FindAccount("ann"))
    uniform_world("POST", "/users", json={**NEW, "username": "ann"})
    assert uniform_world.storage.find_account(FindAccount("ann")) == before


def test_log_in_does_not_tell_what_uniform_sign_up_hid__F30(uniform_world: World) -> None:
    answers = []
    for name in ("eve", "ann"):
        uniform_world("POST", "/users", json={**NEW, "username": name})
        answers.append(uniform_world("POST", "/login", json={**NEW, "username": name}))
    assert [answer.status_code for answer in answers] == [401, 401]
    assert uniform_world("POST", "/users/eve/enable", auth=basic("root")).status_code == 204
    assert uniform_world("POST", "/login", json=NEW).status_code == 200


@pytest.mark.parametrize("wrong", [{"password": "short"}, {"username": "a:b"}, {"roles": ["admin"]}])
def test_uniform_sign_up_judges_names_and_passwords_by_themselves__F30(
    uniform_world: World, wrong: dict[str, Any]
) -> None:
    answers = [uniform_world("POST", "/users", json={**NEW, "username": name, **wrong}) for name in ("eve", "ann")]
    assert answers[0].status_code == 422
    assert told(answers[0]) == told(answers[1])


def test_both_cases_cost_one_password_hash__F30(uniform_world: World) -> None:
    hashed: list[str] = []
    uniform_world.answers.before = lambda question: (
        hashed.append("hash") if isinstance(question, HashPassword) else None
    )
    for name in ("eve", "ann"):
        uniform_world("POST", "/users", json={**NEW, "username": name})
    assert hashed == ["hash", "hash"]


@pytest.mark.timed
def test_time_does_not_tell_whether_the_write_took_place__F30(uniform_world: World) -> None:
    def slow_write(question: Question[Any]) -> None:
        if isinstance(question, AddAccount) and not question.account.name.startswith("ann"):
            time.sleep(0.06)  # as a disk that has to write

    uniform_world.answers.before = slow_write

    async def duration(name: str) -> float:
        begun = asyncio.get_running_loop().time()
        answer = await uniform_world.send("POST", "/users", json={**NEW, "username": name})
        assert answer.status_code == 202
        return asyncio.get_running_loop().time() - begun

    async def durations() -> tuple[list[float], list[float]]:
        pairs = [(await duration(f"eve{n}"), await duration("ann")) for n in range(4)]
        return [free for free, _ in pairs], [taken for _, taken in pairs]

    free, taken = uniform_world.run(durations())
    assert min(free + taken) >= TICK
    assert abs(sorted(free)[1] - sorted(taken)[1]) < 0.02


def test_administrators_are_told_the_truth_in_any_case__S2_34(uniform_world: World) -> None:
    assert uniform_world("POST", "/users", json=NEW, auth=basic("root")).status_code == 201
    assert uniform_world("POST", "/users", json=NEW, auth=basic("root")).status_code == 409


def test_outage_is_503_whatever_the_name__C17__F30(uniform_world: World) -> None:
    uniform_world.answers.down = (AddAccount,)
    for name in ("eve", "ann"):
        refused_by(uniform_world("POST", "/users", json={**NEW, "username": name}), "C17")
