"""/keys: API keys, made, listed, rotated and revoked by whoever may, and used at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.server.api.world import NOW, World, account, basic, is_problem, refused_by
from watchword.core.grants import Client, ReferenceToken
from watchword.core.questions import ChangeAccount, DeleteAccount, KeepToken, TouchKey
from watchword.crypto.secret import fingerprint
from watchword.tokens.format import API_KEY, REFERENCE, encode, is_well_formed


def make(world: World, content: dict[str, Any] | None = None, *, who: str = "ann", **options: Any) -> dict[str, Any]:
    """The new key, as its owner was told of it."""
    options = options or {"auth": basic(who)}
    answer = world("POST", "/keys", json={"name": "ci"} if content is None else content, **options)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def by(key: str | dict[str, Any]) -> dict[str, Any]:
    return {"headers": {"x-api-key": key if isinstance(key, str) else key["key"]}}


def whoami(world: World, key: str | dict[str, Any]) -> httpx.Response:
    return world("GET", "/whoami", **by(key))


# --- making ----------------------------------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_proves_its_account_from_then_on__S2_16(world: World) -> None:
    answer = world("POST", "/keys", json={"name": "ci", "scopes": ["b", "a"], "expires_in": 60}, auth=basic("ann"))
    assert answer.status_code == 201
    assert answer.headers.get_list("cache-control") == ["no-store"]
    made = answer.json()
    assert is_well_formed(made["key"], API_KEY)
    assert made["hint"] == f"****{made['key'][-4:]}"
    assert {name: made[name] for name in made.keys() - {"id", "key", "hint"}} == {
        "name": "ci",
        "scopes": ["a", "b"],
        "created_at": "2026-09-21T14:13:20.000Z",
        "expires_at": "2026-09-21T14:14:20.000Z",
        "last_used": None,
        "superseded_by": None,
    }
    who = whoami(world, made).json()
    assert (who["subject"], who["scopes"], who["mechanism"]) == ("ann", ["a", "b"], "api-key")
    assert who["roles"] == ["clerk", "reader"]
    listed = world("GET", "/keys", auth=basic("ann")).json()["keys"]
    assert [key.keys() for key in listed] == [made.keys() - {"key"}]
    assert made["key"] not in json.dumps(listed)


def test_only_the_fingerprint_of_a_key_is_kept__S2_7(world: World) -> None:
    made = make(world)
    (kept,) = world.storage.all_keys()
    assert kept.fingerprint == fingerprint(made["key"].encode())
    assert made["key"] not in repr(kept)


@pytest.mark.parametrize(
    ("content", "member"),
    [
        ({"name": ""}, "name"),
        ({"name": "n" * 101}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a\u0000b"}, "name"),
        ({"scopes": ["a b"]}, "scopes"),
        ({"scopes": [""]}, "scopes"),
        ({"scopes": ["*"]}, "scopes"),
        ({"scopes": ['"']}, "scopes"),
        ({"scopes": [f"s{n}" for n in range(101)]}, "scopes"),
        ({"expires_in": 0}, "expires_in"),
        ({"expires_in": -1}, "expires_in"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": "2027-01-31T12:00:00"}, "expires_at"),
        ({"expires_at": "2020-01-31T12:00:00Z"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-23:00"}, "expires_at"),
        ({"expires_at": "2027-01-31T12:00:00Z", "expires_in": 5}, "expires_in"),
    ],
)
def test_what_no_key_can_be_is_422_and_names_the_member(world: World, content: dict[str, Any], member: str) -> None:
    answer = world("POST", "/keys", json=content, auth=basic("ann"))
    assert answer.status_code == 422
    assert [error["pointer"] for error in is_problem(answer, "invalid-content")["errors"]] == [f"#/{member}"]
    assert list(world.storage.all_keys()) == []


def test_an_account_has_a_thousand_live_keys_at_most(world: World) -> None:
    token = world.log_in("ann")
    for _ in range(999):
        make(world, {}, bearer=token)
    expiring = make(world, {"expires_in": 10})
    answer = world("POST", "/keys", json={}, auth=basic("ann"))
    assert answer.status_code == 409
    is_problem(answer, "too-many-keys")
    assert make(world, who="bob")
    world.now += 10
    assert make(world)["id"] != expiring["id"]  # what has expired counts no longer


# --- what a key may make ---------------------------------------------------------------------------------------------


def test_a_key_makes_no_key_with_more_scopes_than_its_own__C11(world: World) -> None:
    key = make(world, {"scopes": ["a", "b"]})
    assert make(world, {"scopes": ["a"]}, **by(key))["scopes"] == ["a"]
    assert make(world, {}, **by(key))["scopes"] == ["a", "b"]
    answer = world("POST", "/keys", json={"scopes": ["a", "c"]}, **by(key))
    assert answer.status_code == 403
    refused_by(answer, "C11")
    (challenge,) = answer.headers.get_list("www-authenticate")
    assert challenge.endswith('error="insufficient_scope", scope="a c"')


def test_a_key_makes_no_key_that_outlives_it(world: World) -> None:
    key = make(world, {"expires_in": 60})
    for content in ({}, {"expires_in": 3600}):
        assert make(world, content, **by(key))["expires_at"] == key["expires_at"]
    assert make(world, {"expires_in": 5}, **by(key))["expires_at"] < key["expires_at"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/tokens/root"),
        ("GET", "/sessions"),
        ("DELETE", "/sessions"),
        ("GET", "/users"),
        ("GET", "/users/root"),
        ("POST", "/users/ann/disable"),
        ("GET", "/keys?subject=ann"),
        ("DELETE", "/users/ann"),
    ],
)
def test_a_key_with_scopes_manages_no_accounts_and_gets_no_credentials_without_scopes__C11(
    world: World, method: str, path: str
) -> None:
    scoped, free = make(world, {"scopes": ["a"]}, who="root"), make(world, {}, who="root")
    answer = world(method, path, **by(scoped))
    assert answer.status_code == 403
    refused_by(answer, "C11")
    assert world(method, path, **by(free)).is_success


def test_metrics_are_for_keys_of_administrators_with_the_scope(world: World) -> None:
    good, other = (make(world, {"scopes": [scope]}, who="root") for scope in ("metrics", "a"))
    answers = [world("GET", "/metrics", address="192.0.2.1", secure=True, **by(key)) for key in (good, other)]
    assert [answer.status_code for answer in answers] == [200, 403]


def test_a_session_that_makes_keys_is_an_hour_old_at_most__C15(make_world: Callable[..., World]) -> None:
    world = make_world(session={"idle": "12h"})
    token = world.log_in("ann")
    world.now += 3599
    key = make(world, {}, bearer=token)
    world.now += 1
    for path in ("/keys", f"/keys/{key['id']}/rotate"):
        answer = world("POST", path, json={}, bearer=token)
        assert answer.status_code == 401
        refused_by(answer, "C15")
    assert world("GET", "/keys", bearer=token).status_code == 200
    assert world("POST", "/keys", json={}, **by(key)).status_code == 201


def test_an_application_that_somebody_let_in_makes_no_keys__C12(world: World) -> None:
    key = make(world)
    text = encode(REFERENCE, bytes(32))
    token = ReferenceToken(
        id="token",
        fingerprint=fingerprint(text.encode()),
        subject="ann",
        stamp=account("ann").stamp,
        client_id="web",
        scopes=frozenset(("a",)),
        audience=world.service.token_policy.audience,
        auth_time=NOW,
        issued_at=NOW,
        expires_at=NOW + 900,
    )
    world.storage.put_clients([Client(id="web", stamp="stamp of web", scopes=frozenset(("a",)))])
    assert world.storage.keep_token(KeepToken(token))
    assert world("GET", "/whoami", bearer=text).json()["subject"] == "ann"
    for method, path in (("POST", "/keys"), ("GET", "/keys"), ("DELETE", f"/keys/{key['id']}")):
        answer = world(method, path, bearer=text, **({"json": {}} if method == "POST" else {}))
        assert answer.status_code == 403
        assert refused_by(answer, "C12")["code"] == "not-exposed"


# --- rotating and revoking -------------------------------------------------------------------------------------------


def test_rotation_overlaps_and_the_old_key_ends_on_the_second__S2_16(world: World) -> None:
    old = make(world, {"name": "ci", "scopes": ["a"], "expires_in": 7200})
    world.now += 600
    answer = world("POST", f"/keys/{old['id']}/rotate", json={"overlap": 60}, **by(old))
    assert answer.status_code == 201
    new = answer.json()
    assert (new["name"], new["scopes"]) == ("ci", ["a"])
    assert new["expires_at"] == "2026-09-21T16:23:20.000Z"  # as long a life as the old one began with
    listed = {key["id"]: key for key in world("GET", "/keys", auth=basic("ann")).json()["keys"]}
    assert listed[old["id"]]["superseded_by"] == new["id"]
    world.now += 59.5
    assert [whoami(world, key).status_code for key in (old, new)] == [200, 200]
    world.now += 0.5
    assert [whoami(world, key).status_code for key in (old, new)] == [401, 200]
    assert whoami(world, old).json()["code"] == "expired-api-key"


def test_the_overlap_prolongs_no_key(world: World) -> None:
    old = make(world, {"expires_in": 30})
    assert world("POST", f"/keys/{old['id']}/rotate", json={"overlap": 3600}, **by(old)).status_code == 201
    world.now += 30
    assert whoami(world, old).status_code == 401


def test_without_overlap_the_old_key_is_dead_at_once(world: World) -> None:
    old = make(world)
    assert whoami(world, old).status_code == 200
    assert world("POST", f"/keys/{old['id']}/rotate", json={"overlap": 0}, **by(old)).status_code == 201
    assert whoami(world, old).status_code == 401


@pytest.mark.parametrize("overlap", [-1, 1e9])
def test_an_overlap_has_bounds(world: World, overlap: float) -> None:
    answer = world("POST", f"/keys/{make(world)['id']}/rotate", json={"overlap": overlap}, auth=basic("ann"))
    assert answer.status_code == 422


def test_a_key_is_rotated_once_and_while_it_lives(world: World) -> None:
    once, expired = make(world), make(world, {"expires_in": 1})
    assert world("POST", f"/keys/{once['id']}/rotate", json={}, auth=basic("ann")).status_code == 201
    world.now += 1
    for key in (once, expired):
        answer = world("POST", f"/keys/{key['id']}/rotate", json={}, auth=basic("ann"))
        assert answer.status_code == 409
        is_problem(answer, "key-ended")


def test_a_key_reaches_itself_and_what_has_no_more_scopes__C11(world: World) -> None:
    key, less, other, free = (make(world, {"scopes": scopes}) for scopes in (["a", "b"], ["a"], ["c"], None))
    for refused in (other, free):
        for method, path in (("POST", f"/keys/{refused['id']}/rotate"), ("DELETE", f"/keys/{refused['id']}")):
            answer = world(method, path, **by(key), **({"json": {}} if method == "POST" else {}))
            assert answer.status_code == 403
            refused_by(answer, "C11")
    assert world("DELETE", f"/keys/{less['id']}", **by(key)).status_code == 204
    assert world("DELETE", f"/keys/{key['id']}", **by(key)).status_code == 204
    assert [whoami(world, each).status_code for each in (less, key, other, free)] == [401, 401, 200, 200]


def test_a_revoked_key_is_refused_at_the_next_request__F36(world: World) -> None:
    key = make(world)
    assert whoami(world, key).status_code == 200
    assert world("DELETE", f"/keys/{key['id']}", auth=basic("ann")).status_code == 204
    assert refused_by(whoami(world, key), "C09")["code"] == "invalid-api-key"
    assert world("DELETE", f"/keys/{key['id']}", auth=basic("ann")).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda world: world.storage.change_account(ChangeAccount("ann", disabled=True)), id="disabled"),
        pytest.param(lambda world: world.storage.delete_account(DeleteAccount("ann")), id="deleted"),
        pytest.param(
            lambda world: (
                world.storage.delete_account(DeleteAccount("ann")),
                world.storage.put_accounts([account("ann")]),
            ),
            id="deleted and made anew",
        ),
    ],
)
def test_keys_die_with_their_account__F36(world: World, change: Callable[[World], object]) -> None:
    key = make(world)
    assert whoami(world, key).status_code == 200
    change(world)
    assert whoami(world, key).status_code == 401


def test_a_role_that_was_taken_away_is_gone_for_keys_too__F36(world: World) -> None:
    key = make(world, {}, who="root")
    assert world("GET", "/users", **by(key)).status_code == 200
    world.storage.change_account(ChangeAccount("root", roles=frozenset()))
    assert refused_by(world("GET", "/users", **by(key)), "C12")


# --- whose -----------------------------------------------------------------------------------------------------------


def test_administrators_have_to_do_with_everybody_s_keys_and_others_with_their_own__C12(world: World) -> None:
    answer = world("POST", "/keys?subject=ann", json={"name": "for ann"}, auth=basic("root"))
    assert answer.status_code == 201
    key = answer.json()
    assert whoami(world, key).json()["subject"] == "ann"
    assert [k["id"] for k in world("GET", "/keys?subject=ann", auth=basic("root")).json()["keys"]] == [key["id"]]
    assert world("GET", "/keys", auth=basic("root")).json()["keys"] == []
    for method, path in (
        ("GET", "/keys?subject=ann"),
        ("DELETE", f"/keys/{key['id']}?subject=ann"),
        ("DELETE", f"/keys/{key['id']}"),
    ):
        assert world(method, path, auth=basic("bob")).status_code == (403 if "?" in path else 404)
    assert world("DELETE", f"/keys/{key['id']}?subject=ann", auth=basic("root")).status_code == 204


@pytest.mark.parametrize("name", ["nobody", "gone"])
def test_no_key_is_made_for_an_account_that_cannot_be_used(world: World, name: str) -> None:
    assert world("POST", f"/keys?subject={name}", json={}, auth=basic("root")).status_code == 404


# --- use -------------------------------------------------------------------------------------------------------------


def test_uses_are_noted_once_a_minute__S2_16(world: World) -> None:
    asked: list[object] = []
    world.answers.before = lambda question: asked.append(question) if isinstance(question, TouchKey) else None
    key = make(world)
    for _ in range(10):
        assert whoami(world, key).status_code == 200
    assert len(asked) == 1
    world.now += 60
    for _ in range(10):
        assert whoami(world, key).status_code == 200
    assert len(asked) == 2
    (listed,) = world("GET", "/keys", auth=basic("ann")).json()["keys"]
    assert listed["last_used"] == "2026-09-21T14:14:20.000Z"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"x-api-key": "{key}x"}, "invalid-api-key"),
        ({"authorization": "APIKEY {key}x"}, "invalid-api-key"),
        ({"authorization": "APIKEY"}, "invalid-api-key"),
        ({"authorization": "APIKEY a=b"}, "invalid-api-key"),
        ({"authorization": "APIKEY {key}, Bearer x"}, "invalid-api-key"),
        ({"x-api-key": ""}, "invalid-api-key"),
        ({"authorization": "APIKEY {key}", "x-api-key": "another-key-altogether"}, "invalid-api-key"),
    ],
)
def test_a_bad_key_is_401_with_its_challenge_and_never_redirected__S4_1__C09(
    world: World, headers: dict[str, str], code: str
) -> None:
    key = make(world)["key"]
    answer = world(
        "GET",
        "/whoami",
        headers={
            "accept": "text/html",
            "sec-fetch-mode": "navigate",
            **{name: value.format(key=key) for name, value in headers.items()},
        },
    )
    assert answer.status_code == 401
    assert "location" not in answer.headers
    assert 'APIKEY realm="RESTHeart Realm", error="invalid_key"' in answer.headers.get_list("www-authenticate")


def test_a_key_opens_no_door_before_it_is_whole__S2_7(world: World) -> None:
    asked: list[object] = []
    key = make(world)["key"]
    world.answers.before = asked.append
    for mistyped in (key[:-1] + "#", key[:-1], key.replace("ww_k_", "ww_s_"), key[:10] + "0" + key[11:]):
        if mistyped != key:
            assert whoami(world, mistyped).status_code == 401
    assert asked == []


def test_no_line_of_the_log_has_more_of_a_key_than_its_last_characters__S4_8__F33(world: World) -> None:
    made = make(world)
    unknown = "some-foreign-key-0123456789"
    whoami(world, made)
    for bad in (unknown, f"{made['key']}x", "short"):
        whoami(world, bad)
    world("DELETE", f"/keys/{made['id']}", auth=basic("ann"))
    whoami(world, made)
    reasons = [reason for refused, _ in world.seen.refusals for reason in refused.reasons]
    assert f"api-key: unknown-key (****{made['key'][-4:]})" in reasons
    assert "api-key: unknown-key (****6789)" in reasons
    told = repr((reasons, world.seen.events))
    for secret in (made["key"], unknown):
        assert secret[:-4] not in told
    assert f"****{made['key'][-4:]}" in told


# --- service accounts ------------------------------------------------------------------------------------------------

SERVICE_KEY = "the-key-of-the-nightly-report-0123456789"


def serving(make_world: Callable[..., World], **more: Any) -> World:
    entry = {"name": "reporter", "key_fingerprint": fingerprint(SERVICE_KEY.encode()).hex(), "roles": ["service"]}
    return make_world(service_account=[{**entry, **more}])


def test_a_fixed_service_account_needs_no_account__S2_45(make_world: Callable[..., World]) -> None:
    world = serving(make_world, permissions=["read"], scopes=["a"])
    assert whoami(world, SERVICE_KEY).json() == {
        "subject": "service:reporter",
        "roles": ["service"],
        "permissions": ["read"],
        "scopes": ["a"],
        "mechanism": "api-key",
        "authenticated_at": "1970-01-01T00:00:00.000Z",
        "session": None,
    }
    question = {"method": "GET", "url": "/x", "headers": [], "peer": "192.0.2.1"}
    asked = world("POST", "/decide", json=question, address="192.0.2.9", secure=True, **by(SERVICE_KEY))
    assert (asked.status_code, asked.json()["granted"]) == (200, False)
    assert whoami(world, SERVICE_KEY + "x").status_code == 401
    assert make(world, {}, who="ann")  # and other keys are keys as before


def test_a_service_account_can_call_while_the_storage_is_down__S2_45(make_world: Callable[..., World]) -> None:
    world = serving(make_world)

    def down(*_: object, **__: object) -> None:
        raise AssertionError("the storage was asked")

    world.storage.find_key = down  # type: ignore[method-assign]  # the storage fails from here on
    world.storage.touch_key = down  # type: ignore[method-assign]  # as above
    assert whoami(world, SERVICE_KEY).status_code == 200


def test_a_service_account_has_no_keys_of_its_own__S2_45(make_world: Callable[..., World]) -> None:
    world = serving(make_world)
    assert world("GET", "/keys", **by(SERVICE_KEY)).json() == {"keys": []}
    assert world("POST", "/keys", json={}, **by(SERVICE_KEY)).status_code == 404


def test_a_service_account_s_key_expires_on_the_second__S2_45(make_world: Callable[..., World]) -> None:
    world = serving(make_world, expires_at="2026-09-21T14:13:30Z")
    world.now = NOW + 9.5
    assert whoami(world, SERVICE_KEY).status_code == 200
    world.now = NOW + 10
    assert whoami(world, SERVICE_KEY).json()["code"] == "expired-api-key"
