"""/auth: log-ins that give tokens, renewed and ended by them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.server.api.world import NOW, World, basic, is_problem, password_of, refused_by
from watchword.config import load
from watchword.config.hooks import Hooks
from watchword.core.questions import (
    ChangeAccount,
    FindFamily,
    KeepToken,
    Risk,
    SpendRefresh,
    StartFamily,
    Verdict,
)

MINUTE = 60
DAY = 86_400


def log_in(world: World, name: str = "ann", **more: Any) -> dict[str, Any]:
    """The tokens of a new log-in."""
    options = {key: more.pop(key) for key in ("headers", "address") if key in more}
    content = {"username": name, "password": password_of(name), **more}
    answer = world("POST", "/auth/login", json=content, **options)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def redeem(world: World, refresh_token: str, **options: Any) -> httpx.Response:
    return world("POST", "/auth/token", json={"refresh_token": refresh_token}, **options)


def renewed(world: World, tokens: dict[str, Any], **options: Any) -> dict[str, Any]:
    answer = redeem(world, tokens["refresh_token"], **options)
    assert answer.status_code == 200, answer.text
    value: dict[str, Any] = answer.json()
    return value


def passes(world: World, tokens: dict[str, Any]) -> bool:
    answer = world("GET", "/whoami", bearer=tokens["access_token"])
    assert answer.status_code in (200, 401), answer.text
    return answer.status_code == 200


def is_error(answer: httpx.Response, error: str) -> None:
    """An error of RFC 6749 section 5.2, with nothing of a problem in it."""
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers.get_list("cache-control") == ["no-store"]
    assert answer.headers.get_list("www-authenticate") == []
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.json()["error"] == error


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def events(world: World) -> list[tuple[str, str]]:
    return [(event.name, event.level) for event in world.seen.events]


@pytest.fixture(params=["jwt", "opaque"])
def either(request: pytest.FixtureRequest, make_world: Callable[..., World]) -> World:
    """A server whose access tokens are of one kind or the other."""
    return make_world(tokens={"access": request.param})


# --- logging in ------------------------------------------------------------------------------------------------------


def test_log_in_gives_both_tokens_and_how_long_they_live__S2_18(either: World) -> None:
    answer = either("POST", "/auth/login", json={"username": "ann", "password": password_of("ann")})
    assert answer.status_code == 200
    assert answer.headers.get_list("cache-control") == ["no-store"]
    tokens = answer.json()
    assert set(tokens) == {"access_token", "token_type", "expires_in", "refresh_token", "refresh_expires_in"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 15 * MINUTE)
    assert tokens["refresh_expires_in"] == 30 * DAY
    who = either("GET", "/whoami", bearer=tokens["access_token"]).json()
    assert (who["subject"], who["roles"], who["scopes"]) == ("ann", ["clerk", "reader"], None)
    assert events(either)[0] == ("authn_login_success", "info")


def test_log_in_by_a_form_and_in_xml__S2_37(world: World) -> None:
    answer = world(
        "POST",
        "/auth/login",
        data={"username": "ann", "password": password_of("ann"), "button": "Log in"},
        headers={"accept": "application/xml"},
    )
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/xml")
    assert b"<token_type>Bearer</token_type>" in answer.content


def test_wrong_password_is_told_as_at_login__C07__S2_18(world: World) -> None:
    answers = [
        world("POST", path, json={"username": name, "password": "wrong"})
        for path in ("/auth/login", "/login")
        for name in ("ann", "nobody", "gone")
    ]
    assert {answer.status_code for answer in answers} == {401}
    for answer in answers:
        refused_by(answer, "C07")
        assert [line.split()[0] for line in answer.headers.get_list("www-authenticate")] == ["Watchword-Cookie"]
    bodies = [{k: v for k, v in answer.json().items() if k != "instance"} for answer in answers]
    assert all(body == bodies[0] for body in bodies)


def test_page_of_another_origin_logs_nobody_in__C14(world: World) -> None:
    content = {"username": "ann", "password": password_of("ann")}
    answer = world("POST", "/auth/login", json=content, headers={"origin": "https://elsewhere.example"})
    assert answer.status_code == 403
    refused_by(answer, "C14")


def test_self_contained_token_carries_the_claims_of_rfc_9068__S2_17(world: World) -> None:
    claims = claims_of(log_in(world)["access_token"])
    issuer = "http://127.0.0.1:8080"
    assert (claims["iss"], claims["aud"], claims["sub"], claims["client_id"]) == (issuer, issuer, "ann", "watchword")
    assert (claims["iat"], claims["exp"], claims["auth_time"]) == (NOW, NOW + 900, NOW)
    assert (claims["roles"], claims["permissions"], claims["amr"]) == (["clerk", "reader"], ["read"], ["pwd"])
    assert {"jti", "sid", "ww_state"} <= set(claims)
    assert "scope" not in claims


def test_issuer_and_audience_are_those_configured__S2_15(make_world: Callable[..., World]) -> None:
    world = make_world(tokens={"issuer": "https://auth.example", "audience": ["https://api.example", "other"]})
    tokens = log_in(world)
    claims = claims_of(tokens["access_token"])
    assert (claims["iss"], claims["aud"]) == ("https://auth.example", ["https://api.example", "other"])
    assert passes(world, tokens)


def test_tokens_with_scopes_may_do_no_more_than_those_name__C11(either: World) -> None:
    tokens = log_in(either, "root", scope="users:read files")
    assert tokens["scope"] == "files users:read"
    assert either("GET", "/whoami", bearer=tokens["access_token"]).json()["scopes"] == ["files", "users:read"]
    answer = either("GET", "/users", bearer=tokens["access_token"])
    assert answer.status_code == 403
    refused_by(answer, "C11")
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("scope", [" ", "a  b", 'a"b', "*", "a\tb", "\N{SNOWMAN}"])
def test_scope_that_is_none_is_refused(world: World, scope: str) -> None:
    content = {"username": "ann", "password": password_of("ann"), "scope": scope}
    is_problem(world("POST", "/auth/login", json=content), "invalid-content")


def test_no_token_can_be_issued_that_does_not_expire__S2_13(either: World) -> None:
    tokens = log_in(either)
    assert 0 < tokens["expires_in"] < tokens["refresh_expires_in"]
    either.now += 15 * MINUTE - 1
    assert passes(either, tokens)
    either.now += 1  # on the second it is expired
    answer = either("GET", "/whoami", bearer=tokens["access_token"])
    assert refused_by(answer, "C09")["code"] == "expired-token"
    assert any('error="invalid_token"' in line for line in answer.headers.get_list("www-authenticate"))
    renewed(either, tokens)
    either.now += 30 * DAY
    is_error(redeem(either, tokens["refresh_token"]), "invalid_grant")


def test_access_token_does_not_outlive_its_log_in__S2_13(make_world: Callable[..., World]) -> None:
    world = make_world(tokens={"refresh_ttl": "20m", "access_ttl": "15m"})
    tokens = log_in(world)
    world.now += 10 * MINUTE
    again = renewed(world, tokens)
    assert again["expires_in"] == again["refresh_expires_in"] == 10 * MINUTE


# --- redeeming -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [True, False], ids=["form", "json"])
def test_refresh_token_brings_a_new_pair__S2_19(either: World, form: bool) -> None:
    tokens = log_in(either)
    content = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    answer = either("POST", "/auth/token", **({"data": content} if form else {"json": content}))
    assert answer.status_code == 200, answer.text
    assert answer.headers.get_list("cache-control") == ["no-store"]
    new = answer.json()
    assert new["refresh_token"] != tokens["refresh_token"]
    assert new["access_token"] != tokens["access_token"]
    assert passes(either, new)
    assert passes(either, tokens)  # the old access token lives on until it expires


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({"refresh_token": "ww_r_nonsense"}, "invalid_grant"),
        ({"refresh_token": "ww_r_9GYKBGnhSFAFyrAYfRnjmH7Xqlu3rxGXolWJiJ8pHKR_1f16bJ"}, "invalid_grant"),
        ({"refresh_token": ""}, "invalid_request"),
        ({}, "invalid_request"),
        ({"refresh_token": "x", "grant_type": "password"}, "unsupported_grant_type"),
        ({"refresh_token": 1}, "invalid_request"),
        ({"refresh_token": "x", "scope": '"'}, "invalid_scope"),
        ([], "invalid_request"),
    ],
)
def test_errors_are_those_of_rfc_6749_section_5_2__S2_19__S0_15(world: World, content: Any, error: str) -> None:
    is_error(world("POST", "/auth/token", json=content), error)


def test_parameter_sent_twice_is_an_invalid_request__S2_19(world: World) -> None:
    twice = b"refresh_token=a&refresh_token=b"
    fields = {"content-type": "application/x-www-form-urlencoded"}
    is_error(world("POST", "/auth/token", content=twice, headers=fields), "invalid_request")
    is_error(
        world("POST", "/auth/token", content=b"{", headers={"content-type": "application/json"}), "invalid_request"
    )
    is_error(world("POST", "/auth/token", content=b"x" * 70_000, headers=fields), "invalid_request")


def test_wrong_credentials_beside_a_refresh_token_do_not_matter__S2_19(world: World) -> None:
    tokens = log_in(world)
    world.now += 16 * MINUTE
    assert redeem(world, tokens["refresh_token"], bearer=tokens["access_token"]).status_code == 200


def test_scope_can_be_narrowed_and_never_widened__S2_19(either: World) -> None:
    tokens = log_in(either, scope="a b")
    content = {"refresh_token": tokens["refresh_token"], "scope": "a c"}
    is_error(either("POST", "/auth/token", json=content), "invalid_scope")
    narrowed = either("POST", "/auth/token", json={**content, "scope": "a"}).json()
    assert narrowed["scope"] == "a"
    assert either("GET", "/whoami", bearer=narrowed["access_token"]).json()["scopes"] == ["a"]
    assert renewed(either, narrowed)["scope"] == "a b"


def test_lost_answer_is_given_again_to_the_same_client__S2_20(either: World) -> None:
    tokens = log_in(either)
    lost = renewed(either, tokens)
    either.now += 9
    again = renewed(either, tokens)
    assert again["refresh_token"] == lost["refresh_token"]
    assert passes(either, again)
    assert renewed(either, again)["refresh_token"] != again["refresh_token"]


def test_several_lost_answers_lead_to_the_live_token__S2_20(world: World) -> None:
    first = log_in(world)
    second = renewed(world, first)
    third = renewed(world, second)
    assert renewed(world, first)["refresh_token"] == third["refresh_token"]
    assert renewed(world, second)["refresh_token"] == third["refresh_token"]


@pytest.mark.parametrize(
    "other",
    [{"headers": {"user-agent": "another"}}, {"address": "127.0.0.2"}],
    ids=["user_agent", "address"],
)
def test_another_client_with_a_spent_token_ends_the_log_in__S2_20__F2(either: World, other: dict[str, Any]) -> None:
    tokens = log_in(either)
    live = renewed(either, tokens)
    is_error(redeem(either, tokens["refresh_token"], **other), "invalid_grant")
    assert ("token_reused", "warning") in events(either)
    is_error(redeem(either, live["refresh_token"]), "invalid_grant")
    assert not passes(either, live)
    assert not passes(either, tokens)


def test_spent_token_after_the_grace_ends_the_log_in__S2_20(either: World) -> None:
    tokens = log_in(either)
    live = renewed(either, tokens)
    either.now += 10
    is_error(redeem(either, tokens["refresh_token"]), "invalid_grant")
    is_error(redeem(either, live["refresh_token"]), "invalid_grant")
    assert not passes(either, live)


def test_reuse_ends_that_log_in_and_no_other__S2_20(world: World) -> None:
    stolen, other = log_in(world), log_in(world)
    renewed(world, stolen)
    world.now += 11
    is_error(redeem(world, stolen["refresh_token"]), "invalid_grant")
    assert passes(world, other)
    renewed(world, other)


# --- what kills them -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["disable", "delete", "password", "delete and make again"])
def test_changed_account_has_no_tokens_left__S2_20__F36(either: World, change: str) -> None:
    tokens, other = log_in(either), log_in(either, "bob")
    if change == "disable":
        assert either("POST", "/users/ann/disable", auth=basic("root")).status_code == 204
    elif change == "password":
        content = {"password": "a long enough password"}
        assert either("PUT", "/users/ann/password", json=content, auth=basic("root")).status_code == 204
    else:
        assert either("DELETE", "/users/ann", auth=basic("root")).status_code == 204
    if change == "delete and make again":
        content = {"username": "ann", "password": password_of("ann")}
        assert either("POST", "/users", json=content, auth=basic("root")).status_code == 201
    assert not passes(either, tokens)
    is_error(redeem(either, tokens["refresh_token"]), "invalid_grant")
    assert passes(either, other)


def test_banned_and_enabled_again_the_old_tokens_stay_dead__S2_20__F36(either: World) -> None:
    tokens = log_in(either)
    either("POST", "/users/ann/disable", auth=basic("root"))
    either("POST", "/users/ann/enable", auth=basic("root"))
    assert not passes(either, tokens)
    is_error(redeem(either, tokens["refresh_token"]), "invalid_grant")
    assert passes(either, log_in(either))


def test_lost_role_is_lost_at_the_next_check_and_a_refresh_tells_the_new_ones__F36(either: World) -> None:
    tokens = log_in(either, "root")
    assert either("GET", "/users", bearer=tokens["access_token"]).status_code == 200
    either.storage.change_account(ChangeAccount("root", roles=frozenset(("clerk",))))
    answer = either("GET", "/users", bearer=tokens["access_token"])
    if tokens["access_token"].startswith("ww_"):
        refused_by(answer, "C12")  # a reference token means whatever is true now
    else:
        assert refused_by(answer, "C09")["code"] == "expired-token"
    new = renewed(either, tokens)
    assert either("GET", "/whoami", bearer=new["access_token"]).json()["roles"] == ["clerk"]


@pytest.mark.parametrize("by", ["refresh_token", "access_token"])
def test_log_out_by_either_token_ends_the_log_in__S2_18(either: World, by: str) -> None:
    first = log_in(either)
    tokens, other = renewed(either, first), log_in(either)
    if by == "refresh_token":
        answer = either("POST", "/auth/logout", json={"refresh_token": tokens["refresh_token"]})
    else:
        answer = either("POST", "/auth/logout", bearer=tokens["access_token"])
    assert (answer.status_code, answer.content) == (204, b"")
    assert not passes(either, tokens)
    assert not passes(either, first)
    is_error(redeem(either, tokens["refresh_token"]), "invalid_grant")
    assert passes(either, other)
    assert events(either).count(("session_expired", "info")) == 1


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"json": {"refresh_token": "nonsense"}},
        {"data": {"refresh_token": "ww_r_9GYKBGnhSFAFyrAYfRnjmH7Xqlu3rxGXolWJiJ8pHKR_1f16bJ"}},
        {"bearer": "nonsense"},
        {"bearer": "a.b.c"},
        {"bearer": "ww_o_9GYKBGnhSFAFyrAYfRnjmH7Xqlu3rxGXolWJiJ8pHKR_1f16bJ"},
        {"auth": ("ann", "wrong")},
    ],
)
def test_log_out_says_the_same_whatever_it_got__S2_18(either: World, options: dict[str, Any]) -> None:
    tokens = log_in(either)
    assert either("POST", "/auth/logout", **options).status_code == 204
    assert passes(either, tokens)


def test_expired_access_token_logs_nobody_out(either: World) -> None:
    tokens = log_in(either)
    either.now += 15 * MINUTE
    assert either("POST", "/auth/logout", bearer=tokens["access_token"]).status_code == 204
    renewed(either, tokens)


# --- how many --------------------------------------------------------------------------------------------------------


def test_one_log_in_too_many_ends_the_oldest__S2_22(make_world: Callable[..., World]) -> None:
    world = make_world(tokens={"max_refresh": 2})
    kept: list[dict[str, Any]] = []
    for _ in range(3):
        world.now += 1
        kept.append(log_in(world))
    assert [passes(world, tokens) for tokens in kept] == [False, True, True]
    is_error(redeem(world, kept[0]["refresh_token"]), "invalid_grant")


def test_one_log_in_too_many_is_refused_where_that_is_wished__S2_22(make_world: Callable[..., World]) -> None:
    world = make_world(tokens={"max_refresh": 1, "when_full": "refuse"})
    first = log_in(world)
    answer = world("POST", "/auth/login", json={"username": "ann", "password": password_of("ann")})
    assert answer.status_code == 409
    is_problem(answer, "too-many-log-ins")
    assert passes(world, first)
    log_in(world, "bob")
    world("POST", "/auth/logout", bearer=first["access_token"])
    log_in(world)


# --- what is known of them, and who may object -----------------------------------------------------------------------


def test_where_and_with_what_a_log_in_happened_is_kept__S2_23(make_world: Callable[..., World]) -> None:
    countries = {"127.0.0.1": "de", "127.0.0.2": "nowhere"}
    world = make_world(hooks=Hooks(country_of=countries.get))
    tokens = log_in(world, device="Ann's phone", headers={"user-agent": "app/1"})
    (listed,) = world("GET", "/sessions", bearer=tokens["access_token"]).json()["sessions"]
    assert (listed["kind"], listed["device"], listed["user_agent"]) == ("refresh", "Ann's phone", "app/1")
    assert (listed["address"], listed["country"], listed["current"]) == ("127.0.0.1", "DE", True)
    renewed(world, tokens)
    renewed(world, log_in(world, "bob"), headers={"user-agent": "app/2"}, address="127.0.0.2")
    (listed,) = world("GET", "/sessions", auth=basic("bob")).json()["sessions"]
    assert (listed["address"], listed["country"], listed["user_agent"]) == ("127.0.0.2", "", "app/2")


def test_policy_may_ask_for_more_or_refuse__S2_23__C15(make_world: Callable[..., World]) -> None:
    said = {"ann": Verdict.STEP_UP, "bob": Verdict.REFUSED}
    world = make_world(hooks=Hooks(judge=lambda risk: said.get(risk.subject, Verdict.FINE)))
    step_up = world("POST", "/auth/login", json={"username": "ann", "password": password_of("ann")})
    assert step_up.status_code == 401
    assert refused_by(step_up, "C15")["code"] == "step-up-required"
    refused = world("POST", "/auth/login", json={"username": "bob", "password": password_of("bob")})
    wrong = world("POST", "/auth/login", json={"username": "bob", "password": "wrong"})
    told = [{k: v for k, v in answer.json().items() if k != "instance"} for answer in (refused, wrong)]
    assert told[0] == told[1]
    log_in(world, "root")


def test_policy_looks_at_a_refresh_before_anything_is_spent__S2_23(make_world: Callable[..., World]) -> None:
    seen: list[Risk] = []

    def judge(risk: Risk) -> Verdict:
        seen.append(risk)
        moved = risk.before is not None and risk.before.country != risk.country
        return Verdict.REFUSED if moved else Verdict.FINE

    countries = {"127.0.0.1": "DE", "127.0.0.2": "US"}
    world = make_world(hooks=Hooks(country_of=countries.get, judge=judge))
    tokens = log_in(world)
    is_error(redeem(world, tokens["refresh_token"], address="127.0.0.2"), "invalid_grant")
    assert [(risk.subject, risk.country) for risk in seen] == [("ann", "DE"), ("ann", "US")]
    renewed(world, tokens)


def test_policy_that_fails_lets_nobody_through__S2_23__C17(make_world: Callable[..., World]) -> None:
    def fail(risk: Risk) -> Verdict:
        raise RuntimeError("with a secret in it")

    world = make_world(hooks=Hooks(judge=fail))
    answer = world("POST", "/auth/login", json={"username": "ann", "password": password_of("ann")})
    assert answer.status_code == 503
    assert [event.name for event in world.seen.events] == ["hook_failed"]
    assert "secret" not in str(world.seen.events)


# --- time and outages ------------------------------------------------------------------------------------------------


def test_clock_that_goes_back_revives_no_expired_access_token__F8(either: World) -> None:
    tokens = log_in(either)
    either.now += DAY
    assert not passes(either, tokens)
    either.now -= DAY
    assert not passes(either, tokens)
    assert passes(either, renewed(either, tokens))


def test_clock_that_goes_back_does_not_begin_the_grace_anew__F8(either: World) -> None:
    tokens = log_in(either)
    either.now += 3600
    live = renewed(either, tokens)
    either.now -= 3600
    is_error(redeem(either, tokens["refresh_token"]), "invalid_grant")
    is_error(redeem(either, live["refresh_token"]), "invalid_grant")


def test_clock_that_goes_back_revives_no_expired_refresh_token__F8(either: World) -> None:
    tokens = log_in(either)
    either.now += 31 * DAY
    is_error(redeem(either, tokens["refresh_token"]), "invalid_grant")
    either.now -= 31 * DAY
    is_error(redeem(either, tokens["refresh_token"]), "invalid_grant")


def test_no_lifetime_is_ever_negative__F8(either: World) -> None:
    tokens = log_in(either)
    either.now -= 40 * DAY
    again = renewed(either, tokens)
    assert again["expires_in"] > 0
    assert again["refresh_expires_in"] > 0


@pytest.mark.parametrize("down", [SpendRefresh, KeepToken, FindFamily])
def test_outage_is_told_in_the_words_of_oauth__C17__F39(make_world: Callable[..., World], down: type) -> None:
    world = make_world(tokens={"access": "opaque"})
    tokens = log_in(world, scope="a")
    world.answers.down = (down,)
    answer = world("POST", "/auth/token", json={"refresh_token": tokens["refresh_token"], "scope": "a"})
    assert answer.status_code == 503
    assert answer.json()["error"] == "temporarily_unavailable"
    assert answer.headers["retry-after"].isdigit()
    world.answers.down = ()
    assert passes(world, renewed(world, tokens))


def test_answer_that_fails_after_the_token_was_spent_is_had_by_asking_again__F1__F39(either: World) -> None:
    tokens = log_in(either)
    for nth in range(1, 20):
        either.answers.asked, either.answers.fails_at = 0, nth
        answer = redeem(either, tokens["refresh_token"])
        if either.answers.asked < nth:
            break
        assert answer.status_code == 503, (nth, answer.text)
        either.answers.fails_at = None
        assert passes(either, renewed(either, tokens)), nth
    else:
        pytest.fail("it asks more than twenty questions")
    assert nth > 2


def test_account_that_changes_while_it_logs_in_gets_no_tokens__F36(either: World) -> None:
    def change(question: Any) -> None:
        if isinstance(question, StartFamily):
            either.storage.change_account(ChangeAccount("ann", disabled=True))

    either.answers.before = change
    answer = either("POST", "/auth/login", json={"username": "ann", "password": password_of("ann")})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


def test_no_token_is_in_any_event__F33(either: World) -> None:
    tokens = log_in(either)
    live = renewed(either, tokens)
    redeem(either, tokens["refresh_token"], headers={"user-agent": "another"})
    redeem(either, live["refresh_token"])
    either("GET", "/whoami", bearer=live["access_token"])
    told = str(either.seen.events) + str([refused for refused, _ in either.seen.refusals])
    for secret in (*tokens.values(), *live.values()):
        if isinstance(secret, str) and secret != "Bearer":
            assert secret not in told


def test_session_cookie_logs_in_as_before_beside_them(world: World) -> None:
    session, tokens = world.log_in("ann"), log_in(world)
    kinds = [each["kind"] for each in world("GET", "/sessions", bearer=session).json()["sessions"]]
    assert sorted(kinds) == ["refresh", "session"]
    world("POST", "/logout", bearer=session)
    assert passes(world, tokens)


def test_persona_jwt_takes_tokens_and_keys_by_default__S2_18() -> None:
    settings = load(None, {"WATCHWORD_REALM__PERSONAS": '["jwt"]'})
    (space,) = settings.spaces()
    assert space.mechanisms == ("bearer", "api-key")
