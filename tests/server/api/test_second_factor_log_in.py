"""Log-ins in two steps: POST /login, then POST /login/second-factor; and the same for tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.api.second_factor import Holder, begin, enrol
from tests.server.api.world import World, basic, is_problem, new_token, password_of, refused_by, set_cookies
from watchword.core.questions import (
    ChangeAccount,
    EndCredentials,
    FindAccount,
    FindCredentials,
    FinishLogIn,
    SettleAttempt,
    SpendAttempt,
    SpendCredential,
    SpendOnce,
    StartSession,
)
from watchword.crypto.otp import PERIOD
from watchword.tokens.half_log_in import LIFETIME


@pytest.fixture
def ann(world: World) -> Holder:
    return enrol(world)


# --- the two steps ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", "data"])
def test_right_password_is_half_a_log_in__C15__ASVS_6_3_3(ann: Holder, form: str) -> None:
    answer = ann.world("POST", "/login", **{form: ann.credentials})
    assert answer.status_code == 401
    problem = refused_by(answer, "C15")
    assert problem["code"] == "step-up-required"
    assert set(problem) == {"type", "title", "status", "detail", "instance", "code", "cell", "mfa_token"}
    assert set_cookies(answer) == []
    assert answer.headers.get_list("www-authenticate") == [
        'Watchword-Cookie realm="RESTHeart Realm", error="insufficient_user_authentication"'
    ]


@pytest.mark.parametrize("form", ["json", "data"])
def test_code_finishes_it_with_the_answer_of_a_log_in__C15(ann: Holder, form: str) -> None:
    content = {"mfa_token": ann.half(), "code": ann.fresh_code()}
    answer = ann.world("POST", "/login/second-factor", **{form: content}, secure=True)
    assert answer.status_code == 200
    told = answer.json()
    assert set(told) == {"subject", "roles", "permissions", "session"}
    (line,) = set_cookies(answer)
    assert line.startswith("__Host-watchword=ww_s_")
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(line.split("; "))
    assert ann.world("GET", "/whoami", cookie=new_token(answer), secure=True).json()["subject"] == "ann"


def test_code_may_come_along_with_the_password__C15(ann: Holder) -> None:
    answer = ann.world("POST", "/login", json={**ann.credentials, "code": ann.fresh_code()})
    assert answer.status_code == 200
    assert ann.world("GET", "/whoami", cookie=new_token(answer)).status_code == 200


def test_empty_code_of_a_form_is_none(ann: Holder, world: World) -> None:
    answer = world("POST", "/login", data={**ann.credentials, "code": ""})
    assert refused_by(answer, "C15")["mfa_token"]
    assert world("POST", "/login", data={"username": "bob", "password": password_of("bob"), "code": ""}).is_success


def test_code_of_somebody_who_needs_none_is_not_looked_at(world: World) -> None:
    sent = {"username": "bob", "password": password_of("bob"), "code": "123456"}
    assert world("POST", "/login", json=sent).status_code == 200


def test_session_tells_how_it_was_proven__RFC_8176(ann: Holder) -> None:
    token = ann.log_in()
    session = next(each for each in ann.world.storage.all_sessions() if each.auth_time == ann.world.now)
    assert session.amr == {"pwd", "otp", "mfa"}
    assert session.acr == "mfa"
    assert ann.world("GET", "/whoami", bearer=token).status_code == 200


def test_wrong_code_is_told_like_a_wrong_password__C07(ann: Holder) -> None:
    wrong = ann.finish(ann.half(), ann.wrong_code())
    password = ann.world("POST", "/login", json={**ann.credentials, "password": "something else"})
    assert wrong.status_code == 401
    assert refused_by(wrong, "C07")["code"] == "invalid-credentials"
    assert set_cookies(wrong) == []
    same = [{**answer.json(), "instance": ""} for answer in (wrong, password)]
    assert same[0] == same[1]
    assert wrong.headers["www-authenticate"] == password.headers["www-authenticate"]


def test_wrong_password_gives_no_half_a_log_in__C07(ann: Holder) -> None:
    for more in ({}, {"code": ann.code()}):
        answer = ann.world("POST", "/login", json={**ann.credentials, "password": "something else", **more})
        assert "mfa_token" not in refused_by(answer, "C07")


def test_code_that_was_used_is_a_wrong_one__ASVS_6_5_1__F3(ann: Holder) -> None:
    code = ann.fresh_code()
    assert ann.finish(ann.half(), code).status_code == 200
    refused_by(ann.finish(ann.half(), code), "C07")
    refused_by(ann.world("POST", "/login", json={**ann.credentials, "code": code}), "C07")


def test_code_that_confirmed_the_authenticator_logs_nobody_in__F3(ann: Holder) -> None:
    refused_by(ann.finish(ann.half(), ann.code()), "C07")


def test_half_a_log_in_is_finished_once__F3__F29(ann: Holder) -> None:
    token = ann.half()
    assert ann.finish(token, ann.fresh_code()).status_code == 200
    assert refused_by(ann.finish(token, ann.fresh_code()), "C09")["code"] == "expired-mfa-token"


def test_half_a_log_in_ends_after_five_minutes_to_the_second__C09(ann: Holder) -> None:
    early, late = ann.half(), ann.half()
    ann.world.now += LIFETIME - 1
    assert ann.finish(early, ann.code()).status_code == 200
    ann.world.now += 1
    refused = ann.finish(late, ann.code(PERIOD))
    assert refused_by(refused, "C09")["code"] == "expired-mfa-token"
    assert len(refused.headers.get_list("www-authenticate")) == 1


@pytest.mark.parametrize("token", ["x", "AAAA", "A" * 4096, "é", "ww_s_x", "\x00", "a.b.c"])
def test_what_is_no_half_a_log_in_has_to_begin_anew__C09(ann: Holder, token: str) -> None:
    refused_by(ann.finish(token, ann.fresh_code()), "C09")


def test_half_a_log_in_cannot_be_changed_or_made_elsewhere__C09(ann: Holder, make_world: Callable[..., World]) -> None:
    token = ann.half()
    for at in range(0, len(token), 7):
        other = "A" if token[at] != "A" else "B"
        refused_by(ann.finish(token[:at] + other + token[at + 1 :], ann.code()), "C09")


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    content=st.dictionaries(
        st.sampled_from(("mfa_token", "code", "delivery", "username", "password")),
        st.one_of(st.text(max_size=60), st.none(), st.integers(), st.booleans(), st.lists(st.text(), max_size=2)),
    )
)
def test_second_step_is_total__F29(ann: Holder, content: dict[str, Any]) -> None:
    answer = ann.world("POST", "/login/second-factor", json=content)
    assert answer.status_code in (401, 422, 400, 429)
    assert set_cookies(answer) == []


# --- what happens between the steps ----------------------------------------------------------------------------------


def _new_stamp(world: World) -> None:
    world.storage.change_account(ChangeAccount("ann", password_hash="x", stamp="another stamp"))


BETWEEN: dict[str, Callable[[World], object]] = {
    "password changed": _new_stamp,
    "disabled": lambda world: world.storage.change_account(ChangeAccount("ann", disabled=True)),
    "disabled and enabled": lambda world: [
        world.storage.change_account(ChangeAccount("ann", disabled=disabled)) for disabled in (True, False)
    ],
    "deleted": lambda world: world("DELETE", "/users/ann", auth=basic("root")),
    "logged out everywhere": lambda world: world("DELETE", "/sessions?subject=ann", auth=basic("root")),
    "revoked": lambda world: world("POST", "/revocations", json={"where": "subject = ann"}, auth=basic("root")),
    "revoked by what nobody knows of it": lambda world: world(
        "POST", "/revocations", json={"where": "address = 192.0.2.1"}, auth=basic("root")
    ),
}
HARMLESS: dict[str, Callable[[World], object]] = {
    "another logged out everywhere": lambda world: world("DELETE", "/sessions?subject=bob", auth=basic("root")),
    "revoked to see how many": lambda world: world(
        "POST", "/revocations", json={"where": "subject = ann", "dry_run": True}, auth=basic("root")
    ),
    "nothing": lambda world: None,
}


@pytest.mark.parametrize("event", BETWEEN)
def test_half_a_log_in_dies_with_what_it_was_begun_with__C09__F36(ann: Holder, event: str) -> None:
    token = ann.half()
    BETWEEN[event](ann.world)
    refused_by(ann.finish(token, ann.fresh_code()), "C09")


@pytest.mark.parametrize("event", HARMLESS)
def test_half_a_log_in_outlives_what_ends_nothing_of_its_own(ann: Holder, event: str) -> None:
    token = ann.half()
    HARMLESS[event](ann.world)
    assert ann.finish(token, ann.fresh_code()).status_code == 200


def test_half_a_log_in_that_begins_after_the_end_of_all_is_finished(ann: Holder) -> None:
    assert ann.world("DELETE", "/sessions?subject=ann", auth=basic("root")).status_code == 204
    ann.world.now += 0.001
    assert ann.finish(ann.half(), ann.fresh_code()).status_code == 200


def test_half_a_log_in_proves_nothing_once_the_second_factor_was_reset__F36(ann: Holder) -> None:
    token = ann.half()
    ann.world.storage.end_credentials(EndCredentials("ann", kind="totp"))
    refused_by(ann.finish(token, ann.fresh_code()), "C07")
    assert ann.world("POST", "/login", json=ann.credentials).status_code == 200


def test_account_that_is_made_anew_needs_no_second_factor_and_takes_no_old_code__F36(ann: Holder) -> None:
    token, world = ann.half(), ann.world
    world("DELETE", "/users/ann", auth=basic("root"))
    world("POST", "/users", auth=basic("root"), json=ann.credentials)
    refused_by(ann.finish(token, ann.fresh_code()), "C09")
    assert world("POST", "/login", json=ann.credentials).status_code == 200
    found = world("GET", "/second-factors", bearer=world.log_in("ann")).json()
    assert found == {"second_factors": [], "recovery_codes": 0, "required": False}


def test_new_password_leaves_the_second_factor__ASVS_6_4_3__F36(ann: Holder) -> None:
    world, other = ann.world, "another long password"
    assert world("PUT", "/users/ann/password", auth=basic("root"), json={"password": other}).status_code == 204
    credentials = {"username": "ann", "password": other}
    assert refused_by(world("POST", "/login", json=credentials), "C15")["mfa_token"]
    assert world("POST", "/login", json={**credentials, "code": ann.fresh_code()}).status_code == 200


def test_own_password_is_changed_by_who_has_given_the_second_factor__F28(ann: Holder) -> None:
    world, other = ann.world, "another long password"
    content = {"password": other, "current_password": password_of("ann")}
    wrong = {**content, "current_password": "something else"}
    token = ann.log_in()
    refused_by(world("PUT", "/users/ann/password", bearer=token, json=wrong), "C07")
    assert world("PUT", "/users/ann/password", bearer=token, json=content).status_code == 204
    assert world("GET", "/whoami", bearer=token).status_code == 200


def test_key_and_password_change_no_password_without_the_second_factor__F28(ann: Holder) -> None:
    world = ann.world
    key = world("POST", "/keys", bearer=ann.session, json={}).json()["key"]
    content = {"password": "another long password", "current_password": password_of("ann")}
    refused_by(world("PUT", "/users/ann/password", headers={"x-api-key": key}, json=content), "C15")
    assert refused_by(world("POST", "/login", json=ann.credentials), "C15")


# --- session fixation, and pages of other origins --------------------------------------------------------------------


def test_sessions_that_came_along_end_at_the_second_step__F26(ann: Holder, world: World) -> None:
    planted, bearer = world.log_in("bob"), world.log_in("root")
    token = ann.half()
    answer = ann.finish(token, ann.fresh_code(), cookie=planted, bearer=bearer)
    assert answer.status_code == 200
    for old in (planted, bearer):
        assert world("GET", "/whoami", bearer=old).status_code == 401


def test_sessions_that_came_along_live_on_at_the_first_step__F26(ann: Holder, world: World) -> None:
    before = world.log_in("bob")
    refused_by(world("POST", "/login", json=ann.credentials, cookie=before), "C15")
    assert world("GET", "/whoami", bearer=before).status_code == 200


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}]
)
def test_no_page_of_another_origin_finishes_a_log_in__C14__F27(ann: Holder, headers: dict[str, str]) -> None:
    refused = [ann.finish(ann.half(), ann.fresh_code(), headers=headers)]
    for more in ({}, {"code": ann.fresh_code()}):
        refused.append(ann.world("POST", "/login", json={**ann.credentials, **more}, headers=headers))
    for answer in refused:
        assert "mfa_token" not in refused_by(answer, "C14")
        assert set_cookies(answer) == []


# --- guessing --------------------------------------------------------------------------------------------------------


def test_guessing_codes_is_held_up_for_right_and_wrong_alike__C16__ASVS_6_3_1(ann: Holder) -> None:
    for _ in range(5):
        refused_by(ann.finish(ann.half(), ann.wrong_code()), "C07")
    token = ann.half()
    for code in (ann.wrong_code(), ann.code(PERIOD)):
        answer = ann.finish(token, code)
        assert answer.status_code == 429
        refused_by(answer, "C16")
        assert answer.headers["retry-after"] == "1"
    refused_by(ann.world("POST", "/login", json={**ann.credentials, "code": ann.code(PERIOD)}), "C16")


def test_right_code_after_the_delay_begins_the_count_anew(ann: Holder) -> None:
    for _ in range(5):
        ann.finish(ann.half(), ann.wrong_code())
    ann.world.now += PERIOD
    assert ann.finish(ann.half(), ann.code()).status_code == 200
    for _ in range(5):
        refused_by(ann.finish(ann.half(), ann.wrong_code()), "C07")


def test_one_half_finished_log_in_has_five_tries__C09(make_world: Callable[..., World]) -> None:
    ann = enrol(make_world(second_factor={"failures": 20}))
    token = ann.half()
    for _ in range(5):
        refused_by(ann.finish(token, ann.wrong_code()), "C07")
    refused_by(ann.finish(token, ann.fresh_code()), "C09")


def test_wrong_codes_hold_up_no_password_and_nobody_else__F13(ann: Holder, world: World) -> None:
    bob = enrol(world, "bob")
    for _ in range(8):
        ann.finish(ann.half(), ann.wrong_code())
    assert bob.finish(bob.half(), bob.fresh_code()).status_code == 200
    assert ann.half()


@pytest.mark.parametrize("limit", [3, 7])
def test_how_many_wrong_codes_are_looked_at_is_configured(make_world: Callable[..., World], limit: int) -> None:
    ann = enrol(make_world(second_factor={"failures": limit}))
    for _ in range(limit):
        refused_by(ann.finish(ann.half(), ann.wrong_code()), "C07")
    refused_by(ann.finish(ann.half(), ann.wrong_code()), "C16")


# --- recovery codes --------------------------------------------------------------------------------------------------


def test_recovery_code_stands_in_for_the_authenticator_once__ASVS_6_5_1__F3(ann: Holder) -> None:
    first, second, *_ = ann.recovery_codes
    assert ann.finish(ann.half(), first).status_code == 200
    refused_by(ann.finish(ann.half(), first), "C07")
    typed = second.lower().replace("-", " ")
    answer = ann.world("POST", "/login", json={**ann.credentials, "code": typed, "delivery": "body"})
    assert answer.status_code == 200
    left = ann.world("GET", "/second-factors", bearer=answer.json()["session_token"]).json()["recovery_codes"]
    assert left == 8


def test_recovery_code_passes_while_codes_are_held_up__F13(ann: Holder) -> None:
    for _ in range(5):
        ann.finish(ann.half(), ann.wrong_code())
    refused_by(ann.finish(ann.half(), ann.code()), "C16")
    assert ann.finish(ann.half(), ann.recovery_codes[0]).status_code == 200
    refused_by(ann.finish(ann.half(), ann.wrong_code()), "C07")


def test_wrong_recovery_codes_are_held_up_too__C16(ann: Holder) -> None:
    for _ in range(5):
        refused_by(ann.finish(ann.half(), "0000-0000-0000-0000-0000-0000"), "C07")
    refused_by(ann.finish(ann.half(), "0000-0000-0000-0000-0000-0000"), "C16")


def test_recovery_code_is_not_used_up_by_a_log_in_that_was_finished__F29(ann: Holder) -> None:
    token = ann.half()
    assert ann.finish(token, ann.fresh_code()).status_code == 200
    refused_by(ann.finish(token, ann.recovery_codes[0]), "C09")
    assert ann.finish(ann.half(), ann.recovery_codes[0]).status_code == 200


def test_recovery_code_is_its_owners_alone(ann: Holder, world: World) -> None:
    bob = enrol(world, "bob")
    refused_by(bob.finish(bob.half(), ann.recovery_codes[0]), "C07")
    assert ann.finish(ann.half(), ann.recovery_codes[0]).status_code == 200


# --- tokens ----------------------------------------------------------------------------------------------------------


def test_log_in_for_tokens_has_two_steps_too__C15__S2_18(ann: Holder) -> None:
    token = ann.half("/auth/login")
    content = {"mfa_token": token, "code": ann.fresh_code(), "device": "phone", "scope": "read"}
    answer = ann.world("POST", "/auth/login/second-factor", json=content)
    assert answer.status_code == 200
    assert answer.json()["scope"] == "read"
    assert ann.world("GET", "/whoami", bearer=answer.json()["access_token"]).json()["scopes"] == ["read"]
    (family,) = ann.world.storage.all_families()
    assert (family.device, sorted(family.amr), family.acr) == ("phone", ["mfa", "otp", "pwd"], "mfa")


def test_log_in_for_tokens_in_one_step__C15__S2_18(ann: Holder) -> None:
    tokens = ann.log_in_for_tokens()
    refreshed = ann.world("POST", "/auth/token", data={"refresh_token": tokens["refresh_token"]})
    assert refreshed.status_code == 200
    assert ann.world("GET", "/whoami", bearer=refreshed.json()["access_token"]).status_code == 200


def test_wrong_code_gives_no_tokens__C07(ann: Holder) -> None:
    content = {"mfa_token": ann.half("/auth/login"), "code": ann.wrong_code()}
    refused_by(ann.world("POST", "/auth/login/second-factor", json=content), "C07")
    refused_by(ann.world("POST", "/auth/login", json={**ann.credentials, "code": ann.wrong_code()}), "C07")
    assert list(ann.world.storage.all_families()) == []


def test_wrong_scope_costs_neither_log_in_nor_code(ann: Holder) -> None:
    content = {"mfa_token": ann.half("/auth/login"), "code": ann.fresh_code(), "scope": "a  b"}
    is_problem(ann.world("POST", "/auth/login/second-factor", json=content), "invalid-content")
    assert ann.world("POST", "/auth/login/second-factor", json={**content, "scope": ""}).status_code == 200


# --- raising a session's proof ---------------------------------------------------------------------------------------


@pytest.fixture
def strong(make_world: Callable[..., World]) -> Holder:
    """At a server with a target that wants a second factor given within five minutes."""
    require = {"acr": ["mfa"], "max_age": "5m"}
    return enrol(make_world(space={"protect": [{"path": "/whoami", "require": require}]}))


@pytest.mark.parametrize("door", ["cookie", "bearer"])
def test_code_raises_the_sessions_proof_under_a_new_id__ASVS_7_2_4__RFC_9470(strong: Holder, door: str) -> None:
    world, session = strong.world, strong.log_in()
    assert world("GET", "/whoami", bearer=session).status_code == 200
    world.now += 300
    refused = world("GET", "/whoami", bearer=session)
    refused_by(refused, "C15")
    assert refused.headers.get_list("www-authenticate")[0] == (
        'Bearer realm="RESTHeart Realm", error="insufficient_user_authentication", acr_values="mfa", max_age="300"'
    )
    content = {"code": strong.code(), "delivery": "body"}
    options: dict[str, Any] = {door: session}
    raised = world("POST", "/login/second-factor", json=content, **options)
    assert raised.status_code == 200
    token = raised.json()["session_token"]
    assert token != session
    assert world("GET", "/whoami", bearer=token).status_code == 200
    assert world("GET", "/session", bearer=session).json() == {"authenticated": False}


def test_raised_session_ends_when_the_old_one_would_have_and_keeps_its_data__ASVS_7_3_2(ann: Holder) -> None:
    world, session = ann.world, ann.log_in()
    assert world("PUT", "/session/data", bearer=session, json={"cart": [1]}).status_code == 204
    ends = world("GET", "/session", bearer=session).json()["session"]["expires_at"]
    world.now += 600
    answer = world("POST", "/login/second-factor", json={"code": ann.code()}, cookie=session)
    raised = new_token(answer)
    assert answer.json()["session"]["expires_at"] == ends
    assert f"Max-Age={12 * 3600 - 600}" in set_cookies(answer)[0]
    assert world("GET", "/session/data", bearer=raised).json() == {"cart": [1]}


def test_wrong_code_leaves_the_session_as_it_was__C07(ann: Holder) -> None:
    session = ann.log_in()
    refused_by(ann.world("POST", "/login/second-factor", json={"code": ann.wrong_code()}, cookie=session), "C07")
    assert ann.world("GET", "/whoami", cookie=session).status_code == 200


@pytest.mark.parametrize(
    ("options", "cell"),
    [
        ({}, "C03"),
        ({"cookie": "ww_s_gone"}, "C05"),
        ({"bearer": "ww_s_gone"}, "C09"),
        ({"auth": basic("ann")}, "C15"),
        ({"auth": ("ann", "something else")}, "C07"),
    ],
    ids=["nothing", "dead cookie", "dead bearer", "password", "wrong password"],
)
def test_without_a_session_and_without_the_first_step_there_is_nothing_to_raise__F29(
    ann: Holder, options: dict[str, Any], cell: str
) -> None:
    answer = ann.world("POST", "/login/second-factor", json={"code": ann.fresh_code()}, **options)
    assert answer.status_code == 401
    refused_by(answer, cell)
    assert not any("ww_s" in line for line in set_cookies(answer))


def test_key_is_no_session_that_could_be_raised__F29(ann: Holder) -> None:
    key = ann.world("POST", "/keys", bearer=ann.session, json={}).json()["key"]
    answer = ann.world("POST", "/login/second-factor", json={"code": ann.fresh_code()}, headers={"x-api-key": key})
    assert answer.status_code == 422
    assert is_problem(answer, "invalid-content")["errors"][0]["pointer"] == "#/mfa_token"


def test_page_of_another_origin_raises_no_session__C14__F27(ann: Holder) -> None:
    session, code = ann.log_in(), ann.fresh_code()
    headers = {"origin": "https://evil.example"}
    answer = ann.world("POST", "/login/second-factor", json={"code": code}, cookie=session, headers=headers)
    refused_by(answer, "C14")


def test_session_of_who_has_no_second_factor_is_not_raised__C07(world: World) -> None:
    answer = world("POST", "/login/second-factor", json={"code": "123456"}, cookie=world.log_in("bob"))
    refused_by(answer, "C07")


# --- outages ---------------------------------------------------------------------------------------------------------

ASKED = (FindAccount, FindCredentials, SpendAttempt, SpendOnce, FinishLogIn, StartSession)


@pytest.mark.parametrize("question", ASKED, ids=lambda question: question.__name__)
def test_outage_is_503_and_neither_a_refusal_nor_a_log_in__C17__F39(ann: Holder, question: Any) -> None:
    token, code = ann.half(), ann.fresh_code()
    ann.world.answers.down = (question,)
    answer = ann.finish(token, code)
    assert answer.status_code == 503
    refused_by(answer, "C17")
    assert set_cookies(answer) == []
    ann.world.answers.down = ()
    assert ann.finish(ann.half(), ann.fresh_code()).status_code == 200


def test_outage_while_a_recovery_code_is_used_is_503__C17__F39(ann: Holder) -> None:
    token = ann.half()
    ann.world.answers.down = (SpendCredential,)
    refused_by(ann.finish(token, ann.recovery_codes[0]), "C17")


def test_right_code_that_cannot_be_noted_as_right_logs_in__F39(ann: Holder) -> None:
    token, code = ann.half(), ann.fresh_code()
    ann.world.answers.down = (SettleAttempt,)
    assert ann.finish(token, code).status_code == 200


def test_wrong_code_that_cannot_be_noted_is_503__C17__F39(ann: Holder) -> None:
    token = ann.half()
    ann.world.answers.down = (SettleAttempt,)
    refused_by(ann.finish(token, ann.wrong_code()), "C17")


def test_nth_answer_that_fails_lets_nobody_in_and_accuses_nobody__C17__F39(ann: Holder) -> None:
    asked = 0
    for nth in range(1, 50):
        token, code = ann.half(), ann.fresh_code()
        ann.world.answers.asked, ann.world.answers.fails_at = 0, nth
        answer = ann.finish(token, code)
        asked, ann.world.answers.fails_at = ann.world.answers.asked, None
        assert answer.status_code in (200, 503), answer.text
        if asked < nth:
            break
    assert asked >= 6


# --- what is told ----------------------------------------------------------------------------------------------------


def _events(world: World) -> list[tuple[str, Any]]:
    return [(event.name, event.fields.get("subject")) for event in world.seen.events]


def test_log_tells_whose_password_is_known_to_who_fails_at_the_code__ASVS_6_3_5(ann: Holder) -> None:
    ann.world.seen.events.clear()
    ann.finish(ann.half(), ann.wrong_code())
    ann.world("POST", "/auth/login", json={**ann.credentials, "code": ann.wrong_code()})
    assert _events(ann.world) == [("authn_second_factor_fail", "ann")] * 2
    assert ann.world.seen.events[0].level == "warning"


def test_log_tells_of_recovery_codes_and_of_the_strength_of_log_ins__ASVS_16_3_1(ann: Holder) -> None:
    ann.world.seen.events.clear()
    ann.finish(ann.half(), ann.recovery_codes[0])
    assert _events(ann.world) == [("authn_recovery_code_used", "ann"), ("authn_login_success", "ann")]
    assert ann.world.seen.events[1].fields["acr"] == "mfa"


def test_no_seed_code_or_token_is_told_to_the_log__F33(ann: Holder) -> None:
    world, token = ann.world, ann.half()
    secrets = [token, ann.generator.seed_text, *ann.recovery_codes, ann.session]
    ann.finish(token, ann.wrong_code())
    ann.finish(token, ann.recovery_codes[0])
    ann.finish(token, ann.recovery_codes[1])
    world(
        "POST", "/login/second-factor", json={"mfa_token": token, "code": ann.recovery_codes[2], "delivery": "CANARY"}
    )
    begin(world, ann.log_in())
    ann.finish(ann.half(), ann.fresh_code())
    told = repr((world.seen.events, world.seen.refusals, world.seen.cells))
    assert not [secret for secret in secrets if secret in told]
