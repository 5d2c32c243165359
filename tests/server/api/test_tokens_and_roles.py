"""/tokens/{userid} and /roles/{userid}: RESTHeart's way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.server.api.world import World, basic, is_problem, password_of, refused_by
from watchword.core.ask import Question
from watchword.core.questions import DeleteAccount, IssueAuthToken


def test_owner_sees_the_token_and_it_works_as_a_password__S3_3__S3_4(world: World) -> None:
    told = world("GET", "/tokens/ann", auth=basic("ann")).json()
    assert set(told) == {"auth_token", "valid_until"}
    assert told["valid_until"] == "2026-09-21T14:28:20.000Z"  # 15 minutes
    for password in (told["auth_token"], password_of("ann")):
        assert world("GET", "/whoami", auth=("ann", password)).json()["subject"] == "ann"
    assert world("GET", "/whoami", auth=("bob", told["auth_token"])).status_code == 401


@pytest.mark.parametrize("door", ["cookie", "bearer", "basic"])
def test_token_is_shown_by_every_door__S3_4(world: World, door: str) -> None:
    options = {"auth": basic("ann")} if door == "basic" else {door: world.log_in("ann")}
    assert world("GET", "/tokens/ann", **options).status_code == 200


def test_answers_to_basic_carry_the_token__S3_2(world: World) -> None:
    answer = world("GET", "/roles/ann", auth=basic("ann"))
    assert answer.headers["auth-token"] == world("GET", "/tokens/ann", auth=basic("ann")).json()["auth_token"]
    assert answer.headers["auth-token-location"] == "/tokens/ann"
    assert answer.headers["auth-token-valid-until"] == "2026-09-21T14:28:20.000Z"


def test_answers_carry_no_token_without_the_persona__S3_2(make_world: Callable[..., World]) -> None:
    answer = make_world(realm={})("GET", "/roles/ann", auth=basic("ann"))
    assert answer.status_code == 200
    assert "auth-token" not in answer.headers


def test_revoked_token_is_refused_and_not_shown_again__S3_4(world: World) -> None:
    token = world("GET", "/tokens/ann", auth=basic("ann")).json()["auth_token"]
    answer = world("DELETE", "/tokens/ann", auth=("ann", token))
    assert answer.status_code == 204
    assert "auth-token" not in answer.headers
    assert refused_by(world("GET", "/whoami", auth=("ann", token)), "C09")["code"] == "invalid-token"
    assert world("GET", "/tokens/ann", auth=basic("ann")).json()["auth_token"] != token


def test_revoking_without_a_live_token_is_204_too__S3_4(world: World) -> None:
    assert world("DELETE", "/tokens/ann", bearer=world.log_in("ann")).status_code == 204


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("who", ["bob", "root"])
def test_tokens_of_others_are_refused_even_to_administrators__C13__S3_4(world: World, method: str, who: str) -> None:
    answer = world(method, "/tokens/ann", auth=basic(who))
    assert answer.status_code == 403
    refused_by(answer, "C13")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_tokens_need_credentials__C03__S3_4(world: World, method: str) -> None:
    answer = world(method, "/tokens/ann")
    assert answer.status_code == 401
    refused_by(answer, "C03")
    assert "auth-token" not in answer.headers


def test_token_location_is_configurable__S3_5(make_world: Callable[..., World]) -> None:
    world = make_world(tokens={"srv-uri": "/keys/temporary", "ttl": 1})
    answer = world("GET", "/keys/temporary/ann", auth=basic("ann"))
    assert answer.json()["valid_until"] == "2026-09-21T14:14:20.000Z"
    assert answer.headers["auth-token-location"] == "/keys/temporary/ann"
    assert world("GET", "/tokens/ann", auth=basic("ann")).status_code == 404
    assert world("GET", "/keys/temporary/ann", auth=basic("bob")).status_code == 403


def test_token_of_an_account_that_is_gone_meanwhile_is_not_found(world: World) -> None:
    token = world.log_in("ann")

    def delete(question: Question[Any]) -> None:
        if isinstance(question, IssueAuthToken):
            world.storage.delete_account(DeleteAccount("ann"))

    world.answers.before = delete
    is_problem(world("GET", "/tokens/ann", bearer=token), "not-found")


def test_roles_of_whoever_asks__S3_7(world: World) -> None:
    answer = world("GET", "/roles/ann", auth=basic("ann"))
    assert answer.json() == {"authenticated": True, "roles": ["clerk", "reader"]}


def test_roles_are_refused_as_the_story_says__S3_7__C03__C07__C13(world: World) -> None:
    assert refused_by(world("GET", "/roles/ann"), "C03")["status"] == 401
    assert refused_by(world("GET", "/roles/ann", auth=("ann", "wrong")), "C07")["status"] == 401
    assert refused_by(world("GET", "/roles/ann", auth=basic("bob")), "C13")["status"] == 403


def test_roles_judge_what_was_sent_and_not_the_session_beside_it__S3_9(world: World) -> None:
    token = world.log_in("ann")
    assert world("GET", "/roles/ann", cookie=token, auth=("ann", "wrong")).status_code == 401


def test_sign_in_form_is_spared_the_pop_up__S3_8__S3_9(world: World) -> None:
    answer = world("GET", "/roles/ann", auth=("ann", "wrong"), headers={"no-auth-challenge": "true"})
    assert answer.status_code == 401
    schemes = [line.partition(" ")[0] for line in answer.headers.get_list("www-authenticate")]
    assert schemes
    assert "Basic" not in schemes


def test_unknown_path_below_roles_is_not_found(world: World) -> None:
    is_problem(world("GET", "/roles/ann/x", auth=basic("ann")), "not-found")
