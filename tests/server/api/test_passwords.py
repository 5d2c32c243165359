"""PUT /users/{name}/password."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.server.api.world import CHEAP, EVERY_BACKEND, World, account, basic, is_problem, password_of, refused_by
from watchword.core.questions import FindBreach

PASSWORD = "another long password"
OWN = {"password": PASSWORD, "current_password": password_of("ann")}

BACKENDS = EVERY_BACKEND


def test_own_password_is_changed_with_the_current_one(world: World) -> None:
    token = world.log_in("ann")
    answer = world("PUT", "/users/ann/password", cookie=token, json=OWN)
    assert (answer.status_code, answer.content) == (204, b"")
    assert world("GET", "/whoami", auth=("ann", PASSWORD)).status_code == 200
    assert world("GET", "/whoami", auth=basic("ann")).status_code == 401


def test_the_session_that_asks_stays_and_everything_else_ends__F36(world: World) -> None:
    mine, other = world.log_in("ann"), world.log_in("ann")
    auth_token = world("GET", "/tokens/ann", auth=basic("ann")).json()["auth_token"]
    world("PUT", "/users/ann/password", cookie=mine, json=OWN)
    assert world("GET", "/whoami", cookie=mine).status_code == 200
    assert world("GET", "/whoami", cookie=other).status_code == 401
    assert world("GET", "/whoami", auth=("ann", auth_token)).status_code == 401


def test_change_by_basic_ends_every_session_and_shows_a_token_that_works__F36__S3_2(world: World) -> None:
    session = world.log_in("ann")
    answer = world("PUT", "/users/ann/password", auth=basic("ann"), json=OWN)
    assert answer.status_code == 204
    assert world("GET", "/whoami", cookie=session).status_code == 401
    (shown,) = answer.headers.get_list("auth-token")
    assert world("GET", "/whoami", auth=("ann", shown)).status_code == 200


def test_wrong_current_password_is_refused_like_a_log_in__C07(world: World) -> None:
    token = world.log_in("ann")
    answer = world("PUT", "/users/ann/password", cookie=token, json={**OWN, "current_password": "wrong"})
    assert answer.status_code == 401
    refused_by(answer, "C07")
    assert answer.headers.get_list("www-authenticate") == ['Watchword-Cookie realm="RESTHeart Realm"']
    assert "set-cookie" not in answer.headers
    assert world("GET", "/whoami", cookie=token).status_code == 200
    assert world("GET", "/whoami", auth=basic("ann")).status_code == 200


def test_guessing_the_current_password_is_throttled_like_a_log_in__C16(make_world: Callable[..., World]) -> None:
    world = make_world(limits={"account_failures": 3})
    token = world.log_in("ann")
    for _ in range(3):
        world("PUT", "/users/ann/password", cookie=token, json={**OWN, "current_password": "wrong"})
    refused_by(world("PUT", "/users/ann/password", cookie=token, json=OWN), "C16")


def test_own_password_needs_the_current_one_from_administrators_too(world: World) -> None:
    for name in ("ann", "root"):
        answer = world("PUT", f"/users/{name}/password", bearer=world.log_in(name), json={"password": PASSWORD})
        assert answer.status_code == 422
        assert is_problem(answer, "invalid-content")["errors"][0]["pointer"] == "#/current_password"


def test_basic_alone_is_not_the_current_password(world: World) -> None:
    """A browser adds it unasked; what is typed is what counts."""
    is_problem(world("PUT", "/users/ann/password", auth=basic("ann"), json={"password": PASSWORD}), "invalid-content")


def test_administrators_set_anybodys_password_and_its_sessions_end__F36(world: World) -> None:
    session = world.log_in("ann")
    answer = world("PUT", "/users/ann/password", auth=basic("root"), json={"password": PASSWORD})
    assert answer.status_code == 204
    assert world("GET", "/whoami", cookie=session).status_code == 401
    assert world("GET", "/whoami", auth=("ann", PASSWORD)).status_code == 200
    assert world("GET", "/whoami", auth=basic("root")).status_code == 200


def test_a_bad_new_password_is_422_and_changes_nothing__F33(world: World) -> None:
    answer = world("PUT", "/users/ann/password", auth=basic("ann"), json={**OWN, "password": "CANARY"})
    assert is_problem(answer, "invalid-content")["errors"][0]["pointer"] == "#/password"
    assert "CANARY" not in answer.text
    assert world("GET", "/whoami", auth=basic("ann")).status_code == 200


def test_no_page_of_another_origin_changes_a_password__C14__F27(world: World) -> None:
    token = world.log_in("ann")
    answer = world("PUT", "/users/ann/password", cookie=token, json=OWN, headers={"origin": "https://evil.example"})
    refused_by(answer, "C14")
    assert world("GET", "/whoami", auth=basic("ann")).status_code == 200


# --- what a new one may be, wherever it is set ------------------------------------------------------------------------

BREACHED = "a password from a breach"
KNOWN = [
    pytest.param("Password123", "most common", id="6_2_4-common"),
    pytest.param(BREACHED, "in a breach", id="6_2_12-breached"),
    pytest.param("Watchword 2026", "guess", id="6_2_11-the-product"),
    pytest.param("restheartrealm", "guess", id="6_2_11-the-realm"),
]


@pytest.fixture
def guarded_world(make_world: Callable[..., World], tmp_path: Path) -> World:
    file = tmp_path / "breached.txt"
    digests = sorted(hashlib.sha1(word.encode()).hexdigest().upper() for word in (BREACHED, "one", "two", "three"))
    file.write_text("".join(f"{digest}:7\r\n" for digest in digests))
    return make_world(passwords={"sign_up": True, "breached_list": file})


@pytest.mark.parametrize(("password", "says"), KNOWN)
def test_a_known_password_is_refused_at_every_door__S2_34(guarded_world: World, password: str, says: str) -> None:
    world = guarded_world
    new = {"username": "eve", "password": password}
    for answer in (
        world("POST", "/users", json=new),
        world("POST", "/users", auth=basic("root"), json=new),
        world("PUT", "/users/ann/password", auth=basic("ann"), json={**OWN, "password": password}),
        world("PUT", "/users/ann/password", auth=basic("root"), json={"password": password}),
    ):
        error = is_problem(answer, "invalid-content")["errors"][0]
        assert error["pointer"] == "#/password"
        assert says in error["detail"]
    assert world("GET", "/users/eve", auth=basic("root")).status_code == 404


def test_a_known_password_that_somebody_has_already_is_never_judged_at_log_in(guarded_world: World) -> None:
    from watchword.crypto.password import hash_password
    from watchword.crypto.secret import Secret

    world = guarded_world
    stored = hash_password(Secret("password"), CHEAP, b"sixteen bytes so")
    world.storage.put_accounts([replace(account("bob"), password_hash=stored)])
    assert world("GET", "/whoami", auth=("bob", "password")).status_code == 200


def test_no_password_is_set_while_the_list_cannot_be_read__F40__C17(guarded_world: World) -> None:
    guarded_world.answers.down = (FindBreach,)
    answer = guarded_world("PUT", "/users/ann/password", auth=basic("root"), json={"password": PASSWORD})
    assert answer.status_code == 503
    guarded_world.answers.down = ()
    assert guarded_world("GET", "/whoami", auth=basic("ann")).status_code == 200


# --- passwords that others keep ---------------------------------------------------------------------------------------


def test_a_password_that_another_store_keeps_is_changed_there__F28(world: World) -> None:
    elsewhere = replace(account("bob"), store="staff", password_hash=None)
    world.storage.put_accounts([elsewhere])
    answer = world("PUT", "/users/bob/password", auth=basic("root"), json={"password": PASSWORD})
    error = is_problem(answer, "invalid-content")["errors"][0]
    assert error["detail"] == "The password of this account is kept by staff: change it there."
    assert world("GET", "/whoami", auth=("bob", PASSWORD)).status_code == 401
