"""/users: administrators and owners."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.api.world import ACCOUNTS, World, basic, is_problem, password_of, refused_by
from watchword.core.names import account_name
from watchword.core.questions import FindAccount

ROOT = {"auth": basic("root")}


def names(world: World, **params: Any) -> list[str]:
    return [each["username"] for each in world("GET", "/users", **ROOT, params=params).json()["users"]]


def test_administrators_list_accounts_by_name(world: World) -> None:
    answer = world("GET", "/users", **ROOT)
    assert answer.json()["next_cursor"] is None
    assert [each["username"] for each in answer.json()["users"]] == sorted(ACCOUNTS)
    assert answer.json()["users"][0] == {
        "username": "ann",
        "roles": ["clerk", "reader"],
        "permissions": ["read"],
        "disabled": False,
        "attributes": {},
        "created_at": "2026-09-21T14:13:20.000Z",
    }


def test_no_account_shows_its_hash_or_stamp__F33(world: World) -> None:
    told = world("GET", "/users", **ROOT).text + world("GET", "/users/ann", **ROOT).text
    assert "$argon2id$" not in told
    assert "stamp of ann" not in told


def test_accounts_are_searched_and_come_in_pages(world: World) -> None:
    assert names(world, search="o") == ["bob", "gone", "root"]
    first = world("GET", "/users", **ROOT, params={"search": "o", "limit": 2}).json()
    second = world("GET", "/users", **ROOT, params={"search": "o", "limit": 2, "cursor": first["next_cursor"]}).json()
    assert [each["username"] for page in (first, second) for each in page["users"]] == ["bob", "gone", "root"]
    assert second["next_cursor"] is None
    assert "bob" not in first["next_cursor"]


@pytest.mark.parametrize("search", ["%", "_", "' or 1=1 --", "\x00", "é" * 255, "nobody"])
def test_search_takes_every_character_as_it_is(world: World, search: str) -> None:
    assert names(world, search=search) == []


@pytest.mark.parametrize(
    ("params", "wrong"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "CANARY"}, "limit"),
        ({"cursor": "CANARY!"}, "cursor"),
        ({"cursor": "_w"}, "cursor"),  # no UTF-8
        ({"search": "CANARY" * 50}, "search"),
    ],
)
def test_wrong_parameters_are_named_and_not_repeated__F33(world: World, params: dict[str, str], wrong: str) -> None:
    answer = world("GET", "/users", **ROOT, params=params)
    assert answer.status_code == 422
    assert [each["parameter"] for each in is_problem(answer, "invalid-content")["errors"]] == [wrong]
    assert "CANARY" not in answer.text


@pytest.mark.parametrize("name", ["ann", "nobody"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/users/{}"),
        ("PATCH", "/users/{}"),
        ("DELETE", "/users/{}"),
        ("PUT", "/users/{}/password"),
        ("POST", "/users/{}/disable"),
        ("POST", "/users/{}/enable"),
    ],
)
def test_others_learn_nothing_not_even_what_exists__C12__F30(world: World, method: str, path: str, name: str) -> None:
    answer = world(method, path.format(name), auth=basic("bob"))
    assert answer.status_code == 403
    refused_by(answer, "C12")


def test_owners_see_themselves(world: World) -> None:
    assert world("GET", "/users/bob", auth=basic("bob")).json()["username"] == "bob"


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_owners_change_nothing_but_their_password__C12(world: World, method: str) -> None:
    refused_by(world(method, "/users/bob", auth=basic("bob"), json={"roles": ["admin"]}), "C12")
    assert world("GET", "/whoami", auth=basic("bob")).json()["roles"] == ["clerk"]


def test_owner_is_found_under_any_spelling_of_the_name__F17(world: World) -> None:
    world("POST", "/users", **ROOT, json={"username": "Zoe\u0308", "password": "a long enough password"})
    composed, decomposed = "Zo\u00eb", "Zoe\u0308"
    assert account_name(decomposed) == composed
    for name in (composed, decomposed):
        assert world("GET", f"/users/{name}", **ROOT).json()["username"] == composed
    assert world("GET", f"/users/{composed}", auth=(composed, "a long enough password")).status_code == 200


def test_patch_changes_what_it_names_and_nothing_else(world: World) -> None:
    answer = world("PATCH", "/users/ann", **ROOT, json={"roles": ["nurse"], "attributes": {"ward": "3"}})
    assert answer.status_code == 200
    assert answer.json()["roles"] == ["nurse"]
    assert answer.json()["permissions"] == ["read"]
    assert answer.json()["attributes"] == {"ward": "3"}
    assert world("PATCH", "/users/ann", **ROOT, json={"permissions": []}).json()["attributes"] == {"ward": "3"}
    assert world("PATCH", "/users/ann", **ROOT, json={}).json()["permissions"] == []


def test_changed_roles_count_at_the_next_request__F36(world: World) -> None:
    token = world.log_in("ann")
    world("PATCH", "/users/ann", **ROOT, json={"roles": []})
    assert world("GET", "/whoami", bearer=token).json()["roles"] == []


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        ({"roles": "admin"}, "#/roles"),
        ({"roles": [1]}, "#/roles/0"),
        ({"roles": ["ok", "a\nb"]}, "#/roles/1"),
        ({"roles": [""]}, "#/roles/0"),
        ({"roles": [str(n) for n in range(101)]}, "#/roles"),
        ({"attributes": {"CANARY": 1}}, "#/attributes"),
        ({"disabled": "yes"}, "#/disabled"),
        ({"password_hash": "CANARY"}, "#"),
        ({"CANARY": 1}, "#"),
        ({"stamp": "CANARY"}, "#"),
    ],
)
def test_wrong_members_are_named_and_not_repeated__F33(world: World, content: dict[str, Any], pointer: str) -> None:
    answer = world("PATCH", "/users/ann", **ROOT, json=content)
    assert answer.status_code == 422
    assert [each["pointer"] for each in is_problem(answer, "invalid-content")["errors"]] == [pointer]
    assert "CANARY" not in answer.text


def test_disabled_account_is_refused_everywhere_at_once__F36(world: World) -> None:
    session = world.log_in("ann")
    token = world("GET", "/tokens/ann", auth=basic("ann")).json()["auth_token"]
    assert world("POST", "/users/ann/disable", **ROOT).status_code == 204
    for options in ({"cookie": session}, {"bearer": session}, {"auth": basic("ann")}, {"auth": ("ann", token)}):
        assert world("GET", "/whoami", **options).status_code == 401
    assert world("POST", "/login", json={"username": "ann", "password": password_of("ann")}).status_code == 401


def test_enabled_account_works_again_but_its_old_session_does_not__F36(world: World) -> None:
    session = world.log_in("ann")
    world("PATCH", "/users/ann", **ROOT, json={"disabled": True})
    assert world("POST", "/users/ann/enable", **ROOT).status_code == 204
    assert world("GET", "/whoami", auth=basic("ann")).status_code == 200
    assert world("GET", "/whoami", bearer=session).status_code == 401


def test_deleted_account_is_gone_with_everything_it_had__F36(world: World) -> None:
    session = world.log_in("ann")
    assert world("DELETE", "/users/ann", **ROOT).status_code == 204
    assert world("GET", "/whoami", bearer=session).status_code == 401
    assert world("GET", "/whoami", auth=basic("ann")).status_code == 401
    assert world.storage.find_account(FindAccount("ann")) is None
    is_problem(world("DELETE", "/users/ann", **ROOT), "not-found")


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("GET", "/users/nobody", None),
        ("PATCH", "/users/nobody", {"roles": []}),
        ("DELETE", "/users/nobody", None),
        ("PUT", "/users/nobody/password", {"password": "a long enough password"}),
        ("POST", "/users/nobody/disable", None),
        ("POST", "/users/nobody/enable", None),
    ],
)
def test_what_is_not_there_is_not_found(world: World, method: str, path: str, content: dict[str, Any] | None) -> None:
    is_problem(world(method, path, **ROOT, json=content), "not-found")


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("PATCH", "/users/root", {"roles": ["clerk"]}),
        ("PATCH", "/users/root", {"disabled": True}),
        ("POST", "/users/root/disable", None),
        ("DELETE", "/users/root", None),
    ],
)
def test_last_administrator_stays(world: World, method: str, path: str, content: dict[str, Any] | None) -> None:
    answer = world(method, path, **ROOT, json=content)
    assert answer.status_code == 409
    is_problem(answer, "last-administrator")
    assert world("GET", "/users", **ROOT).status_code == 200
    world("PATCH", "/users/gone", **ROOT, json={"roles": ["admin"]})  # a disabled one does not count
    assert world(method, path, **ROOT, json=content).status_code == 409
    world("PATCH", "/users/ann", **ROOT, json={"roles": ["admin"]})
    assert world(method, path, **ROOT, json=content).status_code in (200, 204)
    assert world("GET", "/users", **ROOT).status_code in (401, 403)
    assert world("GET", "/users", auth=basic("ann")).status_code == 200


def test_administrators_may_keep_being_administrators(world: World) -> None:
    answer = world("PATCH", "/users/root", **ROOT, json={"roles": ["admin", "clerk"], "disabled": False})
    assert answer.json()["roles"] == ["admin", "clerk"]
