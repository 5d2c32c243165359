"""/integrations: credentials for third parties, submitted, kept and checked (S1.1, S1.2, S1.4, S1.11; C19 to C21)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.hostile_provider import GOOD_KEY, HostileProvider, hostile_provider
from tests.server.api.world import World, basic, is_problem, refused_by
from watchword.core.questions import (
    ChangeAccount,
    EndThirdPartyCredentials,
    FindAccount,
    FindThirdPartyCredential,
    ListThirdPartyCredentials,
    NoteThirdPartyCheck,
    PutThirdPartyCredential,
)
from watchword.core.questions.providers import AskProvider, FindThirdPartySealing, SpendProviderAttempt
from watchword.core.third_party import ThirdPartyCredential

ANN = basic("ann")
PATH = "/integrations/acme/credential"
BAD_KEY = "bad-key-0123456789abcdef"


@pytest.fixture(scope="module")
def provider() -> Iterator[HostileProvider]:
    with hostile_provider() as started:
        yield started


@pytest.fixture
def world(tmp_path: Path, provider: HostileProvider) -> Iterator[World]:
    yield from worlds(tmp_path, provider)


def worlds(data: Path, provider: HostileProvider, **settings: Any) -> Iterator[World]:
    made = {
        "private_hosts": ["127.0.0.1"],
        "timeout": 0.3,
        "check": {"url": provider.url + "/key"},
        **settings,
    }
    others = [
        {**made, "name": "limited", "check": {"url": provider.url + "/limited/7"}},
        {**made, "name": "loud", "check": {"url": provider.url + "/status/407"}},
    ]
    world = World(data, provider=[{**made, "name": "acme"}, *others])
    yield world
    world.close()


def put(world: World, key: str, *, path: str = PATH, **options: Any) -> Any:
    return world("PUT", path, auth=ANN, json={"credential": key, **options})


def kept(world: World, provider: str = "acme") -> ThirdPartyCredential | None:
    return world.storage.third_party.find(FindThirdPartyCredential("ann", provider))


# --- submitting ------------------------------------------------------------------------------------------------------


def test_a_good_key_is_stored_and_never_shown__S1_1(world: World) -> None:
    first, second = put(world, GOOD_KEY), put(world, GOOD_KEY)
    assert (first.status_code, second.status_code) == (201, 200)
    shown = world("GET", PATH, auth=ANN)
    listed = world("GET", "/integrations", auth=ANN)
    assert shown.json()["hint"] == "****" + GOOD_KEY[-4:]
    assert shown.json()["state"] == "verified"
    assert listed.json()["integrations"][0] == {"provider": "acme", "credential": shown.json()}
    for answer in (first, second, shown, listed):
        assert GOOD_KEY not in answer.text
        assert GOOD_KEY not in str(answer.headers)
    found = kept(world)
    assert found is not None
    assert GOOD_KEY.encode() not in found.sealed
    assert GOOD_KEY not in repr((found, world.seen.events))


def test_a_bad_key_is_refused_as_the_provider_s__S1_2__S1_5__C19(world: World) -> None:
    token = world.log_in("ann")
    answer = world("PUT", PATH, bearer=token, json={"credential": BAD_KEY})
    assert answer.status_code == 403
    problem = refused_by(answer, "C19")
    assert problem["code"] == "third-party-credential-rejected"
    assert (problem["provider"], problem["provider_status"]) == ("acme", 401)
    for field in ("www-authenticate", "proxy-authenticate", "set-cookie"):
        assert field not in answer.headers
    assert kept(world) is None
    assert world("GET", "/whoami", bearer=token).status_code == 200
    assert BAD_KEY not in answer.text
    assert BAD_KEY not in repr(world.seen.events + [refused for refused, _ in world.seen.refusals])


def test_a_bad_key_replaces_nothing__S1_2(world: World) -> None:
    put(world, GOOD_KEY)
    before = kept(world)
    assert put(world, BAD_KEY).status_code == 403
    assert kept(world) == before


@pytest.mark.parametrize("status", [400, 403, 422])
def test_the_status_of_a_rejected_key_is_configured__S1_5__C19(
    tmp_path: Path, provider: HostileProvider, status: int
) -> None:
    for world in worlds(tmp_path, provider, rejected_status=status):
        answer = put(world, BAD_KEY)
        assert answer.status_code == status
        is_problem(answer, "third-party-credential-rejected")


@pytest.mark.parametrize("status", [403, 424, 502])
def test_the_status_of_a_stored_key_that_is_refused_is_configured__C20(
    tmp_path: Path, provider: HostileProvider, status: int
) -> None:
    for world in worlds(tmp_path, provider, stored_status=status):
        put(world, GOOD_KEY)
        with provider.failing("/status/401"):
            answer = world("POST", "/integrations/acme/check", auth=ANN)
        assert answer.status_code == status
        assert refused_by(answer, "C20")["code"] == "third-party-credential"
        assert "www-authenticate" not in answer.headers
        assert world("GET", PATH, auth=ANN).json()["state"] == "rejected"


OUTAGES = [
    ("/status/500", 502, "third-party-unavailable", 500),
    ("/status/302", 502, "third-party-unavailable", 302),
    ("/status/407", 502, "third-party-unavailable", 407),
    ("/limited/7", 503, "third-party-limited", 429),
    ("/hang", 504, "third-party-slow", None),
    ("/garbage", 502, "third-party-unavailable", None),
    ("/close", 502, "third-party-unavailable", None),
]


@pytest.mark.parametrize(("path", "status", "code", "told"), OUTAGES, ids=[each[0] for each in OUTAGES])
def test_an_outage_is_no_refusal_and_stores_nothing__S1_4__C21(
    world: World, provider: HostileProvider, path: str, status: int, code: str, told: int | None
) -> None:
    with provider.failing(path):
        answer = put(world, GOOD_KEY)
        assert answer.status_code == status
        problem = refused_by(answer, "C21")
        assert (problem["code"], problem["provider"], problem["provider_status"]) == (code, "acme", told)
        assert 1 <= int(answer.headers["retry-after"]) <= 3600
        assert kept(world) is None
        asked = put(world, GOOD_KEY, store_unverified=True)
        assert (asked.status_code, asked.json()["state"]) == (202, "unverified")
    checked = world("POST", "/integrations/acme/check", auth=ANN)
    assert (checked.status_code, checked.json()["state"]) == (200, "verified")


def test_what_a_provider_refuses_is_never_stored_unverified__S1_4(world: World, provider: HostileProvider) -> None:
    assert put(world, BAD_KEY, store_unverified=True).status_code == 403
    with provider.failing("/status/403"):
        answer = put(world, GOOD_KEY, store_unverified=True)
    assert refused_by(answer, "C19")["code"] == "third-party-scope-missing"
    assert kept(world) is None


@pytest.mark.parametrize("key", ["", "a b", "a\r\nX: 1", "ä", "x" * 5000, 7, None, ["x"]])
def test_what_cannot_be_sent_is_refused_without_being_asked_or_repeated__F24(
    world: World, provider: HostileProvider, key: object
) -> None:
    before = len(provider.received)
    answer = world("PUT", PATH, auth=ANN, json={"credential": key})
    assert answer.status_code == 422
    is_problem(answer, "invalid-content")
    assert len(provider.received) == before
    if isinstance(key, str) and key:
        assert key not in answer.text


def test_nobody_finds_out_by_us_which_keys_are_good__C16(world: World, provider: HostileProvider) -> None:
    statuses = [put(world, f"{BAD_KEY}{number}").status_code for number in range(21)]
    assert statuses == [403] * 20 + [429]
    asked = len(provider.received)
    held = put(world, GOOD_KEY)
    assert is_problem(held, "throttled")["cell"] == "C16"
    assert 1 <= int(held.headers["retry-after"]) <= 60
    assert len(provider.received) == asked
    assert world("GET", "/whoami", auth=ANN).status_code == 200  # log-ins are counted apart
    world.now += 60
    assert put(world, GOOD_KEY).status_code == 201


# --- what is kept ----------------------------------------------------------------------------------------------------


def test_a_forgotten_credential_is_gone(world: World) -> None:
    put(world, GOOD_KEY)
    assert [world("DELETE", PATH, auth=ANN).status_code for _ in range(2)] == [204, 404]
    assert world("GET", PATH, auth=ANN).status_code == 404
    assert world("POST", "/integrations/acme/check", auth=ANN).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/integrations/nobody/credential"),
        ("DELETE", "/integrations/nobody/credential"),
        ("POST", "/integrations/nobody/check"),
        ("PUT", "/integrations/nobody/credential"),
    ],
)
def test_a_provider_that_is_not_configured_is_not_there(world: World, method: str, path: str) -> None:
    content = {"json": {"credential": GOOD_KEY}} if method == "PUT" else {}
    is_problem(world(method, path, auth=ANN, **content), "not-found")


def test_nobody_sees_the_credentials_of_others(world: World) -> None:
    put(world, GOOD_KEY)
    assert world("GET", PATH, auth=basic("bob")).status_code == 404
    assert world("GET", PATH).status_code == 401
    listed = world("GET", "/integrations", auth=basic("root")).json()["integrations"]
    assert [each["credential"] for each in listed] == [None, None, None]


def test_a_page_of_another_origin_submits_nothing__C14(world: World, provider: HostileProvider) -> None:
    before = len(provider.received)
    for method, path in (("PUT", PATH), ("DELETE", PATH), ("POST", "/integrations/acme/check")):
        answer = world(
            method,
            path,
            cookie=world.log_in("ann"),
            headers={"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
            **({"json": {"credential": GOOD_KEY}} if method == "PUT" else {}),
        )
        refused_by(answer, "C14")
    assert len(provider.received) == before


def test_credentials_go_with_their_account(world: World) -> None:
    put(world, GOOD_KEY)
    assert world("DELETE", "/users/ann", auth=basic("root")).status_code == 204
    assert world.storage.third_party.list(ListThirdPartyCredentials()) == ()


def test_nothing_is_stored_for_an_account_that_is_disabled_meanwhile__F8(world: World) -> None:
    def disable(question: object) -> None:
        if isinstance(question, AskProvider):
            found = world.storage.find_account(FindAccount("ann"))
            assert found is not None
            world.storage.change_account(ChangeAccount("ann", stamp="another", disabled=True))

    world.answers.before = disable
    assert put(world, GOOD_KEY).status_code == 404
    assert kept(world) is None


# --- checking --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [each[0] for each in OUTAGES])
def test_an_outage_changes_nothing_that_is_known__S1_4__C21(world: World, provider: HostileProvider, path: str) -> None:
    put(world, GOOD_KEY)
    before = kept(world)
    with provider.failing(path):
        answer = world("POST", "/integrations/acme/check", auth=ANN)
    refused_by(answer, "C21")
    assert kept(world) == before


def test_a_key_without_the_right_is_not_rejected_for_that__C20(world: World, provider: HostileProvider) -> None:
    put(world, GOOD_KEY)
    with provider.failing("/status/403"):
        answer = world("POST", "/integrations/acme/check", auth=ANN)
    assert refused_by(answer, "C20")["code"] == "third-party-scope-missing"
    found = kept(world)
    assert found is not None
    assert (found.state, found.provider_status) == ("verified", 403)


def test_a_batch_tells_of_each_check_apart__S1_11(world: World, provider: HostileProvider) -> None:
    put(world, GOOD_KEY)
    for name in ("limited", "loud"):
        put(world, GOOD_KEY, path=f"/integrations/{name}/credential", store_unverified=True)
    answer = world("POST", "/integrations/check", auth=ANN, json={"providers": ["acme", "limited", "nobody", "loud"]})
    assert answer.status_code == 200
    results = {each["provider"]: each for each in answer.json()["results"]}
    assert [*results] == ["acme", "limited", "nobody", "loud"]
    assert {name: each["status"] for name, each in results.items()} == {
        "acme": 200,
        "limited": 503,
        "nobody": 404,
        "loud": 502,
    }
    assert results["acme"]["credential"]["state"] == "verified"
    assert results["acme"]["problem"] is None
    limited = results["limited"]["problem"]
    assert (limited["cell"], limited["provider"], limited["provider_status"]) == ("C21", "limited", 429)
    assert limited["retry_after"] == 7
    assert [each["provider"] for each in world("POST", "/integrations/check", auth=ANN, json={}).json()["results"]] == [
        "acme",
        "limited",
        "loud",
    ]


def test_a_batch_is_bounded__F10(world: World) -> None:
    answer = world("POST", "/integrations/check", auth=ANN, json={"providers": [f"p{n}" for n in range(51)]})
    is_problem(answer, "invalid-content")


def test_what_is_found_out_about_one_key_is_not_noted_of_the_next__F8(world: World, provider: HostileProvider) -> None:
    put(world, GOOD_KEY)
    first = kept(world)
    assert first is not None
    another = replace(first, id="another", hint="****next")

    def replaced(question: object) -> None:
        if isinstance(question, NoteThirdPartyCheck):
            world.storage.third_party.put(PutThirdPartyCredential(another))

    world.answers.before = replaced
    with provider.failing("/status/401"):
        answer = world("POST", "/integrations/acme/check", auth=ANN)
    assert (answer.status_code, answer.json()["hint"], answer.json()["state"]) == (200, "****next", "verified")
    assert kept(world) == another


def test_a_key_that_is_forgotten_meanwhile_is_not_there__F8(world: World) -> None:
    put(world, GOOD_KEY)

    def forgotten(question: object) -> None:
        if isinstance(question, NoteThirdPartyCheck):
            world.storage.third_party.end(EndThirdPartyCredentials("ann", "acme"))

    world.answers.before = forgotten
    assert world("POST", "/integrations/acme/check", auth=ANN).status_code == 404


# --- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("store_unverified", [False, True])
def test_whichever_answer_fails_nothing_counts_as_verified_that_was_not__F1(
    world: World, provider: HostileProvider, store_unverified: bool
) -> None:
    token = world.log_in("ann")
    for failing in range(1, 30):
        world.storage.third_party.end(EndThirdPartyCredentials("ann"))
        asked = len(provider.received)
        world.answers.asked, world.answers.fails_at = 0, failing
        answer = world("PUT", PATH, bearer=token, json={"credential": GOOD_KEY, "store_unverified": store_unverified})
        reached, world.answers.fails_at = world.answers.asked >= failing, None
        found = kept(world)
        if answer.status_code == 201:  # what is noted beside it may fail
            assert found is not None
            assert (found.state, len(provider.received)) == ("verified", asked + 1)
        elif answer.status_code == 202:
            assert store_unverified
            assert found is not None
            assert found.state == "unverified"
        else:
            assert answer.status_code in (502, 503), answer.text
            assert found is None
        if not reached:
            assert answer.status_code == 201
            return
        world.now += 60
    pytest.fail("it never came to its end")


@pytest.mark.parametrize("down", [SpendProviderAttempt, FindThirdPartySealing])
def test_nothing_is_stored_where_our_own_answers_fail__C17(world: World, down: type[Any]) -> None:
    world.answers.down = (down,)
    refused_by(put(world, GOOD_KEY), "C17")
    assert kept(world) is None
