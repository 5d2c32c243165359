"""Digest at the server's own routes: what is kept of a password, when, and what becomes of it (S2.39)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.mechanisms.node import answered
from tests.server.api.world import ACCOUNTS, World, account, basic, is_problem, password_of, refused_by
from watchword.core.credentials import DIGEST, Credential
from watchword.core.questions import AddCredentials, EndCredentials, FindCredentials, NoteProven, SpendOnce
from watchword.http.authentication import parse_challenges
from watchword.http.digest import Algorithm, digest_secret

MECHANISMS = {"mechanisms": ["session", "basic", "digest", "digest-md5", "bearer", "api-key"]}
DIGESTS: dict[str, Any] = {"space": MECHANISMS, "digest": {"keep_secrets": True}, "realm": {}}


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world(**DIGESTS)


def kept(world: World, name: str = "ann") -> list[Credential]:
    return [each for each in world.storage.find_credentials(FindCredentials(name)) if each.kind == DIGEST]


def digest(name: str = "ann", password: str | None = None) -> httpx.DigestAuth:
    return httpx.DigestAuth(name, password_of(name) if password is None else password)


def log_in(world: World, name: str = "ann") -> None:
    assert world("GET", "/whoami", auth=basic(name)).status_code == 200


# --- what is kept ----------------------------------------------------------------------------------------------------


def test_a_password_that_proves_right_leaves_what_digest_needs__S2_39(world: World) -> None:
    refused = world("GET", "/whoami", auth=digest())
    assert refused_by(refused, "C07")["code"] == "invalid-credentials"
    assert world.seen.refusals[-1][0].reasons == ("digest: no-digest-secret",)
    log_in(world)
    assert {each.label for each in kept(world)} == {"SHA-256 Watchword", "MD5 Watchword"}
    answer = world("GET", "/whoami", auth=digest())
    assert (answer.status_code, answer.json()["mechanism"]) == (200, "digest")


def test_it_is_written_once__S2_39(world: World) -> None:
    log_in(world)
    ids = {each.id for each in kept(world)}
    for _ in range(3):
        world("POST", "/login", json={"username": "ann", "password": password_of("ann")})
    assert {each.id for each in kept(world)} == ids


def test_it_is_sealed__S2_39(world: World) -> None:
    log_in(world)
    for each in kept(world):
        algorithm: Algorithm = "MD5" if each.label.startswith("MD5") else "SHA-256"
        plain = digest_secret(algorithm, "ann", "Watchword", password_of("ann").encode())
        assert len(each.secret) > len(plain)
        assert plain not in each.secret


def test_nothing_is_kept_where_nobody_asked_for_it__S2_39(make_world: Callable[..., World]) -> None:
    world = make_world()
    log_in(world)
    assert kept(world) == []


def test_a_new_account_has_it__S2_39(make_world: Callable[..., World]) -> None:
    world = make_world(**DIGESTS | {"passwords": {"sign_up": True}})
    assert world("POST", "/users", json={"username": "eve", "password": "a long one"}).status_code == 201
    assert world("GET", "/whoami", auth=digest("eve", "a long one")).status_code == 200


def test_a_new_password_replaces_it__S2_39__F36(world: World) -> None:
    log_in(world)
    change = {"password": "another long one", "current_password": password_of("ann")}
    assert world("PUT", "/users/ann/password", auth=basic("ann"), json=change).status_code == 204
    assert world("GET", "/whoami", auth=digest()).status_code == 401
    assert world("GET", "/whoami", auth=digest("ann", "another long one")).status_code == 200
    assert len(kept(world)) == 2


@pytest.mark.parametrize("question", [AddCredentials, EndCredentials])
def test_what_cannot_be_kept_spoils_no_change__S2_39__F39(
    make_world: Callable[..., World], question: type[Any]
) -> None:
    world = make_world(**DIGESTS if question is AddCredentials else {})
    log_in(world)
    world.answers.down = (question,)
    change = {"password": "another long one", "current_password": password_of("ann")}
    assert world("PUT", "/users/ann/password", auth=basic("ann"), json=change).status_code == 204
    if question is AddCredentials:
        assert world("GET", "/whoami", auth=digest()).status_code == 401, "the old password would still do"
        assert world("GET", "/whoami", auth=digest("ann", "another long one")).status_code == 401
        world.answers.down = ()
        assert world("GET", "/whoami", auth=("ann", "another long one")).status_code == 200
        assert world("GET", "/whoami", auth=digest("ann", "another long one")).status_code == 200


def test_a_change_without_digest_removes_it__S2_39(make_world: Callable[..., World]) -> None:
    before = make_world(**DIGESTS)
    log_in(before)
    after = make_world(storage=before.storage)
    change = {"password": "another long one", "current_password": password_of("ann")}
    assert after("PUT", "/users/ann/password", auth=basic("ann"), json=change).status_code == 204
    assert kept(before) == []


def test_a_realm_that_is_renamed_needs_a_log_in_by_password__S2_39(make_world: Callable[..., World]) -> None:
    before = make_world(**DIGESTS)
    log_in(before)
    after = make_world(**DIGESTS | {"realm": {"name": "Clinic"}}, storage=before.storage)
    assert after("GET", "/whoami", auth=digest()).status_code == 401
    log_in(after)
    assert {each.label for each in kept(after)} == {"SHA-256 Clinic", "MD5 Clinic"}
    assert after("GET", "/whoami", auth=digest()).status_code == 200


# --- the answers -----------------------------------------------------------------------------------------------------


def test_the_challenges_stand_strongest_first__C03(world: World) -> None:
    lines = world("GET", "/whoami").headers.get_list("www-authenticate")
    algorithms = [line.partition("algorithm=")[2].partition(",")[0] for line in lines if line.startswith("Digest")]
    assert algorithms == ["SHA-256", "MD5"]


def test_failed_digest_withholds_every_digest_challenge__C07(world: World) -> None:
    log_in(world)
    lines = world("GET", "/whoami", auth=digest("ann", "wrong")).headers.get_list("www-authenticate")
    assert lines
    assert not any(line.startswith("Digest") for line in lines)


def test_no_pop_up_is_provoked_by_digest_where_none_is_wanted__S3_8(world: World) -> None:
    for options in ({"headers": {"No-Auth-Challenge": "true"}}, {"headers": {"Sec-Fetch-Dest": "empty"}}):
        lines = world("GET", "/whoami", **options).headers.get_list("www-authenticate")
        assert not any(line.startswith(("Digest", "Basic")) for line in lines)


def test_a_browser_s_digest_is_ambient__C14__F27(world: World) -> None:
    log_in(world)
    page = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    answer = world("POST", "/keys", auth=digest(), headers=page, json={})
    assert refused_by(answer, "C14")["code"] == "csrf"


def test_a_stale_nonce_is_told_and_fetched_anew__C09__S2_39(world: World) -> None:
    log_in(world)
    auth = digest()
    assert world("GET", "/whoami", auth=auth).status_code == 200
    world.now += 300
    seen = len(world.seen.cells)
    assert world("GET", "/whoami", auth=auth).status_code == 200
    assert world.seen.cells[seen:] == ["C09", "C00"]
    refused, asked = world.seen.refusals[-1]
    assert (refused.code, refused.reasons) == ("expired-nonce", ("digest: expired-nonce",))
    again = world("GET", "/whoami", headers={"authorization": (asked.field(b"authorization") or b"").decode()})
    is_problem(again, "expired-nonce")
    stale = [line for line in again.headers.get_list("www-authenticate") if line.endswith("stale=true")]
    assert [line.partition("algorithm=")[2].partition(",")[0] for line in stale] == ["SHA-256"]


def test_a_captured_request_is_refused__C09__F3(world: World) -> None:
    log_in(world)
    answer = world("GET", "/whoami?x=1", auth=digest())
    captured = {"authorization": answer.request.headers["authorization"]}
    assert world("GET", "/whoami?x=1", headers=captured).status_code == 401
    assert world("GET", "/whoami?x=2", headers=captured).status_code == 401
    assert world("DELETE", "/whoami?x=1", headers=captured).status_code == 401


def test_the_next_nonce_comes_with_an_answer__S2_39(world: World) -> None:
    log_in(world)
    auth = digest()
    assert "authentication-info" not in world("GET", "/whoami", auth=auth).headers
    world.now += 200
    answer = world("GET", "/whoami", auth=auth)
    assert answer.headers["authentication-info"].startswith('nextnonce="')


def test_a_route_may_demand_more_without_using_the_nonce_up__S2_39(world: World) -> None:
    """/users and /keys have the request judged again for what their rule alone cannot tell."""
    log_in(world, "root")
    auth = digest("root")
    assert world("GET", "/users/ann", auth=auth).status_code == 200
    assert world("GET", "/keys", params={"subject": "ann"}, auth=auth).status_code == 200
    assert world("POST", "/keys", auth=auth, json={"name": "ci"}).status_code == 201


def test_a_route_s_answer_is_the_same_for_an_outage__C17__F39(world: World) -> None:
    log_in(world)
    world.answers.down = (SpendOnce,)
    assert refused_by(world("GET", "/whoami", auth=digest()), "C17")["status"] == 503
    world.answers.down = (NoteProven,)
    assert world("GET", "/whoami", auth=digest()).status_code == 200


def test_a_proxy_asks_about_the_target_that_the_client_saw__S2_31__S2_39(make_world: Callable[..., World]) -> None:
    world = make_world(**DIGESTS, server={"trusted_proxies": ["127.0.0.1"]})
    log_in(world)
    challenge = next(
        each
        for each in parse_challenges(world("GET", "/whoami").headers.get_list("www-authenticate"))
        if each.param("algorithm") == "SHA-256"
    )
    told = {
        "authorization": answered(challenge, "ann", password_of("ann"), method="PUT", target="/patients/1?x=%20"),
        "x-forwarded-method": "PUT",
        "x-forwarded-uri": "/patients/1?x=%20",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "api.example",
        "x-forwarded-for": "192.0.2.1",
    }
    assert world("GET", "/verify", headers=told | {"x-forwarded-uri": "/patients/2?x=%20"}).status_code == 401
    assert world("GET", "/verify", headers=told | {"x-forwarded-method": "GET"}).status_code == 401
    passed = world("GET", "/verify", headers=told)
    assert (passed.status_code, passed.headers["remote-user"]) == (200, "ann")
    refused = world("GET", "/verify/nginx", headers=told)
    assert (refused.status_code, refused.headers["x-auth-status"]) == (401, "401")
    assert any("stale=true" in line for line in refused.headers.get_list("www-authenticate"))


def test_failures_are_shared_with_every_other_door__S0_14__F14(world: World) -> None:
    for number in range(10):
        if number % 2:
            world("GET", "/whoami", auth=("ann", "wrong"))
        else:
            world("GET", "/whoami", auth=digest("ann", "wrong"))
    for auth in (digest(), basic("ann")):
        answer = world("GET", "/whoami", auth=auth)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


def test_nothing_tells_which_names_there_are__C07__F30(world: World) -> None:
    for name in ("ann", "bob"):
        log_in(world, name)
    told = []
    for name in ("ann", "bob", "gone", "nobody"):
        answer = world("GET", "/whoami", auth=digest(name, "wrong"))
        body = answer.json() | {"instance": ""}
        fields = [(key, value) for key, value in answer.headers.multi_items() if key != "auth-decision"]
        told.append((answer.status_code, body, fields))
    assert all(each == told[0] for each in told)
    assert "gone" in ACCOUNTS


def test_a_second_factor_is_due__C15__F28(world: World) -> None:
    world.storage.put_accounts([replace(account("bob"), name="eve", second_factor=True)])
    world("GET", "/whoami", auth=("eve", password_of("bob")))
    answer = world("GET", "/whoami", auth=digest("eve", password_of("bob")))
    assert refused_by(answer, "C15")["code"] == "step-up-required"
