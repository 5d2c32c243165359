"""What came of a call is noted for the security log, by the names of OWASP's Logging Vocabulary."""

from __future__ import annotations

from typing import Any

from tests.server.api.world import World, basic, password_of

ROOT = {"auth": basic("root")}
PASSWORD = "CANARY long password"


def noted(world: World) -> list[tuple[str, dict[str, Any]]]:
    told = [(event.name, event.fields) for event in world.seen.events]
    world.seen.events.clear()
    return told


def test_log_in_and_log_out_are_noted__F33(world: World) -> None:
    token = world.log_in("ann")
    session = world("GET", "/whoami", bearer=token).json()["session"]
    assert noted(world) == [("authn_login_success", {"subject": "ann", "client": "127.0.0.1", "session": session})]
    world("POST", "/logout", cookie=token)
    assert noted(world) == [("session_expired", {"subject": "ann", "client": "127.0.0.1", "reason": "logout"})]
    world("POST", "/logout", cookie=token)
    assert noted(world) == []


def test_openmrs_log_in_is_noted_once(world: World) -> None:
    world("GET", "/ws/rest/v1/session", auth=basic("ann"))
    assert [name for name, _ in noted(world)] == ["authn_login_success"]
    world("GET", "/ws/rest/v1/session")
    assert noted(world) == []


def test_ended_sessions_are_noted_with_who_ended_them(world: World) -> None:
    for _ in range(2):
        world.log_in("ann")
    noted(world)
    world("DELETE", "/sessions?subject=ann", **ROOT)
    by_root = {"subject": "ann", "client": "127.0.0.1", "by": "root", "reason": "revoked", "sessions": 2}
    assert noted(world) == [("session_expired", by_root)]


def test_what_is_done_to_accounts_is_noted_and_by_whom__F33(world: World) -> None:
    client = {"subject": "eve", "client": "127.0.0.1", "by": "root"}
    world("POST", "/users", **ROOT, json={"username": "eve", "password": PASSWORD, "roles": ["b", "a"]})
    assert noted(world) == [("user_created", {**client, "roles": "a,b"})]
    world("PATCH", "/users/eve", **ROOT, json={"roles": ["c"], "disabled": False})
    assert noted(world) == [
        ("privilege_permissions_changed", {**client, "roles": "c", "permissions": ""}),
        ("user_updated", {**client, "disabled": "false"}),
    ]
    world("POST", "/users/eve/disable", **ROOT)
    assert noted(world) == [("user_updated", {**client, "disabled": "true"})]
    world("PUT", "/users/eve/password", **ROOT, json={"password": PASSWORD})
    assert noted(world) == [("authn_password_change", client)]
    world("DELETE", "/users/eve", **ROOT)
    assert noted(world) == [("user_deleted", client)]


def test_what_did_not_happen_is_not_noted(world: World) -> None:
    world("POST", "/users", **ROOT, json={"username": "ann", "password": PASSWORD})
    world("DELETE", "/users/root", **ROOT)
    world("DELETE", "/users/nobody", **ROOT)
    world("PATCH", "/users/ann", **ROOT, json={})
    world("DELETE", "/tokens/ann", bearer=world.log_in("ann"))
    assert [name for name, _ in noted(world)] == ["authn_login_success"]


def test_no_event_holds_a_secret__F33(world: World) -> None:
    token = world.log_in("ann")
    auth_token = world("GET", "/tokens/ann", auth=basic("ann")).json()["auth_token"]
    change = {"password": PASSWORD, "current_password": password_of("ann")}
    world("PUT", "/users/ann/password", cookie=token, json=change)
    second = world("GET", "/tokens/ann", auth=("ann", PASSWORD)).json()["auth_token"]
    world("DELETE", "/tokens/ann", auth=("ann", PASSWORD))
    told = repr(world.seen.events)
    assert [event.name for event in world.seen.events] == [
        "authn_login_success",
        "authn_password_change",
        "authn_token_revoked",
    ]
    for secret in (token, auth_token, second, PASSWORD, password_of("ann")):
        assert secret not in told
