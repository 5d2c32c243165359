"""POST /oauth2/introspect (RFC 7662)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.server.api.oauth import (
    ISSUER,
    SECRET,
    add_client,
    client_token,
    introspect,
    is_error,
    log_in_by,
    revoke,
)
from tests.server.api.world import NOW, World, account, password_of
from watchword.core.grants import ApiKey
from watchword.core.questions import (
    AddKey,
    ChangeAccount,
    ChangeClient,
    DeleteAccount,
    EndSessions,
    FindStanding,
    TouchKey,
    TouchSession,
)
from watchword.tokens.api_key import new_key

VERIFIER = frozenset(("verifier",))
INACTIVE = {"active": False}


@pytest.fixture(params=["jwt", "opaque"])
def either(request: pytest.FixtureRequest, make_world: Callable[..., World]) -> World:
    """A server whose access tokens are of one kind or the other, with a client, and a resource server."""
    world = make_world(tokens={"access": request.param})
    add_client(world)
    add_client(world, "api", roles=VERIFIER, scopes=frozenset(), grants=frozenset())
    return world


@pytest.fixture
def known(world: World) -> World:
    add_client(world)
    add_client(world, "api", roles=VERIFIER, scopes=frozenset(), grants=frozenset())
    return world


def keep_key(world: World, subject: str = "ann", **members: Any) -> tuple[ApiKey, str]:
    key, text = new_key(bytes(32), NOW, subject=subject, name="ci", **members)
    assert world.storage.add_key(AddKey(key))
    return key, text


# --- what is told ----------------------------------------------------------------------------------------------------


def test_access_token_of_a_log_in(either: World) -> None:
    pair = log_in_by(either, "svc", scopes=frozenset(("read",)))
    told = introspect(either, pair.access.token, "api")
    assert told.headers.get_list("cache-control") == ["no-store"]
    assert told.json() == {
        "active": True,
        "token_type": "Bearer",
        "iss": ISSUER,
        "sub": "ann",
        "username": "ann",
        "client_id": "svc",
        "aud": [ISSUER],
        "scope": "read",
        "iat": NOW,
        "exp": NOW + 900,
        "jti": pair.access.id,
        "sid": pair.family.id,
        "auth_time": NOW,
        "roles": ["clerk", "reader"],
        "permissions": ["read"],
    }


def test_access_token_of_a_client(either: World) -> None:
    told = introspect(either, client_token(either), "api").json()
    assert (told["sub"], told["client_id"], told["scope"]) == ("client:svc", "svc", "read write")
    assert not {"username", "sid"} & set(told)  # there is no account behind it


def test_access_token_of_a_log_in_without_a_client(either: World) -> None:
    content = {"username": "ann", "password": password_of("ann")}
    token = either("POST", "/auth/login", json=content).json()["access_token"]
    told = introspect(either, token, "api").json()
    assert (told["sub"], told["client_id"]) == ("ann", "watchword")
    assert "scope" not in told  # it may do all that the account may


def test_session(known: World) -> None:
    told = introspect(known, known.log_in("ann"), "api").json()
    assert told["active"] is True
    assert (told["token_type"], told["sub"], told["exp"]) == ("Bearer", "ann", NOW + 1800)
    assert told["sid"] == told["jti"]
    assert not {"client_id", "scope", "aud"} & set(told)


def test_api_key(known: World) -> None:
    key, text = keep_key(known, scopes=frozenset(("read",)), expires_at=NOW + 60)
    told = introspect(known, text, "api").json()
    assert (told["token_type"], told["sub"], told["scope"], told["jti"]) == ("APIKEY", "ann", "read", key.id)
    assert told["exp"] == NOW + 60


def test_refresh_token_for_its_own_client(known: World) -> None:
    pair = log_in_by(known, "svc")
    told = introspect(known, pair.refresh).json()
    assert (told["token_type"], told["sub"], told["client_id"]) == ("refresh_token", "ann", "svc")
    assert told["exp"] == NOW + 30 * 86_400


def test_hint_does_not_matter(either: World) -> None:
    token = client_token(either)
    for hint in ("access_token", "refresh_token", "nonsense", ""):
        assert introspect(either, token, token_type_hint=hint).json()["active"] is True


def test_internal_members_are_not_told(either: World) -> None:
    answer = introspect(either, client_token(either), "api")
    assert not {"ww_state", "stamp", "fingerprint"} & set(answer.json())
    assert "stamp of" not in answer.text


# --- to whom ---------------------------------------------------------------------------------------------------------


def test_client_may_know_of_its_own_tokens_and_of_nobody_elses(either: World) -> None:
    add_client(either, "other")
    pair = log_in_by(either, "svc")
    _, key = keep_key(either)
    for token in (pair.access.token, pair.refresh, client_token(either)):
        assert introspect(either, token, "svc").json()["active"] is True
        assert introspect(either, token, "other").json() == INACTIVE
    for token in (either.log_in("ann"), key):
        assert introspect(either, token, "svc").json() == INACTIVE


def test_verifier_learns_nothing_of_refresh_tokens(known: World) -> None:
    """Whoever asks for nothing but `active` would take one for an access token."""
    assert introspect(known, log_in_by(known, "svc").refresh, "api").json() == INACTIVE


def test_scope_does_not_make_a_verifier(known: World) -> None:
    """Roles are given by whoever runs the server; scopes can be asked for."""
    add_client(known, "other", scopes=frozenset(("verifier", "introspect")))
    assert introspect(known, client_token(known), "other").json() == INACTIVE


def test_who_does_not_authenticate_learns_nothing__C03(known: World) -> None:
    is_error(introspect(known, client_token(known), None), "invalid_client", 401)
    answer = known("POST", "/oauth2/introspect", data={"token": "x"}, bearer=client_token(known))
    is_error(answer, "invalid_client", 401)


def test_token_is_needed(known: World) -> None:
    is_error(introspect(known, ""), "invalid_request")


# --- what is inactive, and nothing else ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "token",
    ["x", "a.b.c", "ww_o_" + "0" * 43 + "_000000", "ww_s_x", "\x00", "ü" * 30, "x" * 20_000, "e30.e30.e30", "null"],
)
def test_what_is_none_of_ours_is_inactive(either: World, token: str) -> None:
    for by in ("svc", "api"):
        assert introspect(either, token, by).json() == INACTIVE


def test_expired_is_inactive_on_the_second(either: World) -> None:
    pair, token = log_in_by(either, "svc"), client_token(either)
    _, key = keep_key(either, expires_at=NOW + 900)
    session = either.log_in("ann")
    either.now += 899
    assert all(introspect(either, each, "api").json()["active"] for each in (token, pair.access.token, key, session))
    either.now += 1
    assert [introspect(either, each, "api").json() for each in (token, pair.access.token, key)] == [INACTIVE] * 3
    either.now += 900
    assert introspect(either, session, "api").json() == INACTIVE
    either.now = NOW + 30 * 86_400
    assert introspect(either, pair.refresh).json() == INACTIVE


def test_revoked_is_inactive_at_once(either: World) -> None:
    pair, token, session = log_in_by(either, "svc"), client_token(either), either.log_in("ann")
    revoke(either, token)
    assert introspect(either, token).json() == INACTIVE
    revoke(either, pair.refresh)
    assert introspect(either, pair.access.token).json() == INACTIVE
    assert introspect(either, pair.refresh).json() == INACTIVE
    either.storage.end_sessions(EndSessions("ann"))
    assert introspect(either, session, "api").json() == INACTIVE


def test_spent_refresh_token_is_inactive(known: World) -> None:
    pair = log_in_by(known, "svc")
    form = {"grant_type": "refresh_token", "refresh_token": pair.refresh}
    fresh = known("POST", "/oauth2/token", data=form, auth=("svc", SECRET)).json()["refresh_token"]
    assert introspect(known, pair.refresh).json() == INACTIVE
    assert introspect(known, fresh).json()["active"] is True


@pytest.mark.parametrize("how", ["disabled", "deleted", "password"])
def test_tokens_of_an_account_that_is_gone_are_inactive__F36(either: World, how: str) -> None:
    pair, session = log_in_by(either, "svc"), either.log_in("ann")
    changes: dict[str, Callable[[], object]] = {
        "disabled": lambda: either.storage.change_account(ChangeAccount("ann", disabled=True)),
        "deleted": lambda: either.storage.delete_account(DeleteAccount("ann")),
        "password": lambda: either.storage.change_account(ChangeAccount("ann", password_hash="x", stamp="new")),
    }
    changes[how]()
    assert introspect(either, pair.access.token, "api").json() == INACTIVE
    assert introspect(either, pair.refresh).json() == INACTIVE
    assert introspect(either, session, "api").json() == INACTIVE


def test_token_for_others_is_told_to_them(make_world: Callable[..., World]) -> None:
    """The server itself would not take it, but it knows it."""
    api = "https://api.example.com"
    world = make_world(tokens={"audience": [ISSUER, api]})
    add_client(world)
    assert introspect(world, client_token(world, resource=api)).json()["aud"] == [api]


def test_changed_scopes_of_the_client_count_at_once__F36(either: World) -> None:
    token = client_token(either)
    either.storage.change_client(ChangeClient("svc", scopes=frozenset(("read",))))
    assert introspect(either, token).json() == INACTIVE
    assert introspect(either, client_token(either)).json()["scope"] == "read"


# --- looking is not using --------------------------------------------------------------------------------------------


def test_looking_at_a_token_does_not_prolong_its_life(known: World) -> None:
    session = known.log_in("ann")
    _, key = keep_key(known)
    asked: list[object] = []
    known.answers.before = asked.append
    known.now += 1700
    assert introspect(known, session, "api").json()["active"] is True
    assert introspect(known, key, "api").json()["active"] is True
    assert not [question for question in asked if isinstance(question, TouchSession | TouchKey)]
    known.now += 100
    assert introspect(known, session, "api").json() == INACTIVE


def test_knowledge_that_cannot_be_had_is_503_and_never_inactive__C17__F39(known: World) -> None:
    token = client_token(known)
    known.answers.down = (FindStanding,)
    is_error(introspect(known, token), "temporarily_unavailable", 503)


def test_account_of_the_same_name_gets_nothing_of_the_old_one__F36(either: World) -> None:
    pair = log_in_by(either, "svc")
    either.storage.delete_account(DeleteAccount("ann"))
    either.storage.put_accounts([account("ann")])
    assert introspect(either, pair.refresh).json() == INACTIVE
    assert introspect(either, pair.access.token).json() == INACTIVE
