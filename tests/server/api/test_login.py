"""POST /login."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.server.api.world import EVERY_BACKEND, World, is_problem, new_token, password_of, refused_by, set_cookies
from watchword.core.questions import StartSession

RIGHT = {"username": "ann", "password": password_of("ann")}
WRONG = {"username": "ann", "password": "something else"}

BACKENDS = EVERY_BACKEND


@pytest.mark.backends("stored")
@pytest.mark.parametrize("options", [{"json": RIGHT}, {"data": RIGHT}], ids=["json", "form"])
def test_log_in_sets_a_safe_cookie_that_opens_doors__S2_1(world: World, options: dict[str, Any]) -> None:
    answer = world("POST", "/login", secure=True, **options)
    assert answer.status_code == 200
    (line,) = set_cookies(answer)
    name, _, attributes = line.partition("; ")
    assert name.startswith("__Host-watchword=ww_s_")
    assert set(attributes.split("; ")) == {"Max-Age=43200", "Path=/", "Secure", "HttpOnly", "SameSite=Lax"}
    whoami = world("GET", "/whoami", cookie=new_token(answer), secure=True)
    assert whoami.json()["subject"] == "ann"


def test_log_in_tells_who_it_is_and_when_the_session_ends__S2_1(world: World) -> None:
    answer = world("POST", "/login", json=RIGHT)
    told = answer.json()
    identity = told["session"].pop("id")
    assert told == {
        "subject": "ann",
        "roles": ["clerk", "reader"],
        "permissions": ["read"],
        "session": {"expires_at": "2026-09-22T02:13:20.000Z", "idle_expires_at": "2026-09-21T14:43:20.000Z"},
    }
    assert identity == world("GET", "/whoami", cookie=new_token(answer)).json()["session"]
    assert identity not in new_token(answer)


@pytest.mark.backends("stored")
def test_cleartext_loopback_gets_the_cookie_without_secure__S2_36(world: World) -> None:
    (line,) = set_cookies(world("POST", "/login", json=RIGHT))
    assert line.startswith("watchword=ww_s_")
    assert "Secure" not in line
    assert "Domain" not in line


def test_delivery_in_the_body_sets_no_cookie_and_works_as_bearer__S2_37__S2_41(world: World) -> None:
    answer = world("POST", "/login", json={**RIGHT, "delivery": "body"})
    assert set_cookies(answer) == []
    assert world("GET", "/whoami", bearer=answer.json()["session_token"]).json()["mechanism"] == "bearer"


def test_delivery_by_cookie_keeps_the_token_out_of_the_body__S2_37(world: World) -> None:
    answer = world("POST", "/login", json={**RIGHT, "delivery": "cookie"})
    assert "session_token" not in answer.json()
    assert new_token(answer) not in answer.text


@pytest.mark.parametrize("accept", ["application/xml", "text/xml", "application/json;q=0.5, application/xml"])
def test_log_in_answers_in_xml_where_that_is_preferred__S2_37(world: World, accept: str) -> None:
    answer = world("POST", "/login", json={**RIGHT, "delivery": "body"}, headers={"accept": accept})
    assert answer.headers["content-type"].partition(";")[0] in ("application/xml", "text/xml")
    root = ElementTree.fromstring(answer.content)
    assert root.tag == "login"
    assert root.findtext("subject") == "ann"
    assert [role.text for role in root.findall("roles/role")] == ["clerk", "reader"]
    assert root.findtext("session/expires_at") == "2026-09-22T02:13:20.000Z"
    assert world("GET", "/whoami", bearer=root.findtext("session_token")).status_code == 200


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/csv", "application/xml;q=0.1, */*"])
def test_everybody_else_gets_json__S2_37(world: World, accept: str) -> None:
    answer = world("POST", "/login", json=RIGHT, headers={"accept": accept})
    assert answer.headers["content-type"] == "application/json"


def test_log_in_ends_the_session_that_was_there__F26(world: World) -> None:
    before = world.log_in("ann")
    after = new_token(world("POST", "/login", json=RIGHT, cookie=before))
    assert after != before
    assert world("GET", "/whoami", cookie=before).status_code == 401
    assert world("GET", "/whoami", cookie=after).status_code == 200


def test_planted_session_is_dead_after_log_in_and_its_id_is_not_taken_over__F26(world: World) -> None:
    planted = world.log_in("bob")
    after = new_token(world("POST", "/login", json=RIGHT, cookie=planted))
    assert world("GET", "/whoami", cookie=planted).status_code == 401
    assert world("GET", "/whoami", cookie=after).json()["subject"] == "ann"


def test_every_session_that_came_along_ends__F26(world: World) -> None:
    cookie, bearer = world.log_in("ann"), world.log_in("bob")
    assert world("POST", "/login", json=RIGHT, cookie=cookie, bearer=bearer).status_code == 200
    assert world("GET", "/whoami", cookie=cookie).status_code == 401
    assert world("GET", "/whoami", bearer=bearer).status_code == 401


def test_log_in_over_a_stale_cookie_sets_the_new_one_only__C05__F26(world: World) -> None:
    answer = world("POST", "/login", json=RIGHT, cookie="ww_s_stale")
    (line,) = set_cookies(answer)  # RFC 6265bis: not two Set-Cookie lines of one name
    assert "Max-Age=43200" in line


def test_delivery_in_the_body_clears_a_cookie_that_came_along__S2_37(world: World) -> None:
    old = world.log_in("ann")
    answer = world("POST", "/login", json={**RIGHT, "delivery": "body"}, cookie=old)
    (line,) = set_cookies(answer)
    assert line.startswith("watchword=; Max-Age=0")


def test_wrong_password_is_refused_without_a_pop_up__C07__S2_1(world: World) -> None:
    answer = world("POST", "/login", json=WRONG)
    assert answer.status_code == 401
    refused_by(answer, "C07")
    assert answer.headers.get_list("www-authenticate") == ['Watchword-Cookie realm="RESTHeart Realm"']
    assert set_cookies(answer) == []


def test_unknown_wrong_and_disabled_differ_in_nothing_but_the_request_id__C07__S0_14__F30(world: World) -> None:
    answers = [
        world("POST", "/login", json={"username": name, "password": "something else"})
        for name in ("ann", "nobody", "gone", "ann:x", "\x00")
    ]
    answers.append(world("POST", "/login", json={"username": "gone", "password": password_of("gone")}))
    told = []
    for answer in answers:
        problem = answer.json()
        request_id = problem["instance"].rpartition(":")[2]
        fields = [(name, value.replace(request_id, "ID")) for name, value in answer.headers.multi_items()]
        told.append((answer.status_code, answer.text.replace(request_id, "ID"), fields))
    assert all(each == told[0] for each in told)


def test_wrong_log_in_leaves_the_session_that_was_there__S2_1(world: World) -> None:
    token = world.log_in("ann")
    assert world("POST", "/login", json=WRONG, cookie=token).status_code == 401
    assert world("GET", "/whoami", cookie=token).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=["foreign", "null", "cross-site", "same-site"],
)
@pytest.mark.parametrize("options", [{"json": RIGHT}, {"data": RIGHT}], ids=["json", "form"])
def test_no_page_of_another_origin_logs_anybody_in__C14__F27(
    world: World, headers: dict[str, str], options: dict[str, Any]
) -> None:
    answer = world("POST", "/login", headers=headers, **options)
    assert answer.status_code == 403
    assert refused_by(answer, "C14")["code"] == "csrf"
    assert set_cookies(answer) == []


def test_own_origin_logs_in__F27(world: World) -> None:
    headers = {"origin": "http://localhost", "sec-fetch-site": "same-origin"}
    assert world("POST", "/login", json=RIGHT, headers=headers).status_code == 200


def test_cross_origin_log_in_does_not_end_the_session__F27(world: World) -> None:
    token = world.log_in("ann")
    world("POST", "/login", json=RIGHT, cookie=token, headers={"origin": "https://evil.example"})
    assert world("GET", "/whoami", cookie=token).status_code == 200


def test_storage_down_is_503_and_says_nothing_of_the_password__C17(world: World) -> None:
    world.answers.down = (StartSession,)
    answer = world("POST", "/login", json=RIGHT)
    assert answer.status_code == 503
    refused_by(answer, "C17")
    assert answer.headers["retry-after"].isdigit()
    assert set_cookies(answer) == []
    assert answer.headers.get_list("www-authenticate") == []


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({}, "#/username"),
        ({"username": "ann"}, "#/password"),
        ({"username": None, "password": "x"}, "#/username"),
        ({"username": "ann", "password": ["CANARY"]}, "#/password"),
        ({"username": "ann", "password": {"CANARY": "CANARY"}}, "#/password"),
        ({"username": "ann", "password": 12345678}, "#/password"),
        ({**RIGHT, "delivery": "CANARY"}, "#/delivery"),
        ({"username": "x" * 1025, "password": "CANARY"}, "#/username"),
    ],
)
def test_wrong_members_are_named_and_never_repeated__F33(world: World, sent: dict[str, Any], pointer: str) -> None:
    answer = world("POST", "/login", json=sent)
    assert answer.status_code == 422
    assert pointer in [each["pointer"] for each in is_problem(answer, "invalid-content")["errors"]]
    assert "CANARY" not in answer.text
    assert "12345678" not in answer.text


@pytest.mark.parametrize("options", [{}, {"json": {}}, {"data": {"username": ""}}, {"json": []}, {"content": b""}])
def test_empty_post_gets_nowhere__F29(world: World, options: dict[str, Any]) -> None:
    answer = world("POST", "/login", **options)
    assert answer.status_code in (415, 422)
    assert set_cookies(answer) == []


def test_get_does_not_log_in__F27__F29(world: World) -> None:
    answer = world("GET", f"/login?username=ann&password={password_of('ann')}")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "OPTIONS, POST"
    assert set_cookies(answer) == []


def test_credentials_in_the_header_do_not_stand_in_for_the_form__F29(world: World) -> None:
    answer = world("POST", "/login", json=WRONG, auth=("ann", password_of("ann")))
    assert answer.status_code == 401


def test_too_many_failures_are_throttled_right_or_wrong__C16(make_world: Callable[..., World]) -> None:
    world = make_world(limits={"account_failures": 3})
    for _ in range(3):
        assert world("POST", "/login", json=WRONG).status_code == 401
    for attempt in (WRONG, RIGHT):
        answer = world("POST", "/login", json=attempt)
        assert answer.status_code == 429
        refused_by(answer, "C16")
        assert int(answer.headers["retry-after"]) > 0


def test_session_and_token_of_the_witness_show_no_password__F33(world: World) -> None:
    world("POST", "/login", json={"username": "ann", "password": "CANARY-PASSWORD"})
    assert world.seen.refusals
    assert "CANARY" not in repr(world.seen.refusals)
