"""POST /oauth2/revoke (RFC 7009)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.server.api.oauth import (
    SECRET,
    add_client,
    ask_token,
    client_token,
    introspect,
    is_error,
    log_in_by,
    revoke,
)
from tests.server.api.world import World
from watchword.core.questions import ChangeAccount, EndFamilies, RevokeToken
from watchword.tokens.format import API_KEY, AUTH_TOKEN, CLIENT_SECRET, SESSION, new_token


@pytest.fixture(params=["jwt", "opaque"])
def either(request: pytest.FixtureRequest, make_world: Callable[..., World]) -> World:
    """A server whose access tokens are of one kind or the other, with a client."""
    world = make_world(tokens={"access": request.param})
    add_client(world)
    add_client(world, "other")
    return world


def passes(world: World, token: str) -> bool:
    return world("GET", "/whoami", bearer=token).status_code == 200


def test_access_token_ends_alone__S2_43(either: World) -> None:
    pair, token = log_in_by(either, "svc"), client_token(either)
    for each in (token, pair.access.token):
        assert passes(either, each)
        answer = revoke(either, each)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers.get_list("cache-control") == ["no-store"]
        assert not passes(either, each)
    fresh = ask_token(either, grant_type="refresh_token", refresh_token=pair.refresh)
    assert passes(either, fresh.json()["access_token"])


def test_refresh_token_ends_the_whole_log_in__S2_43__S2_20(either: World) -> None:
    pair, elsewhere = log_in_by(either, "svc"), log_in_by(either, "svc")
    assert revoke(either, pair.refresh).status_code == 200
    assert not passes(either, pair.access.token)
    is_error(ask_token(either, grant_type="refresh_token", refresh_token=pair.refresh), "invalid_grant")
    assert passes(either, elsewhere.access.token)


def test_refresh_token_that_was_redeemed_ends_the_log_in_too(either: World) -> None:
    pair = log_in_by(either, "svc")
    fresh = ask_token(either, grant_type="refresh_token", refresh_token=pair.refresh).json()
    revoke(either, pair.refresh)
    assert not passes(either, fresh["access_token"])


def test_another_clients_token_is_refused_and_lives_on__S2_43(either: World) -> None:
    """RFC 7009 section 2.1: the request is refused, and the client is informed of the error."""
    pair, token = log_in_by(either, "svc"), client_token(either)
    for each in (token, pair.access.token, pair.refresh):
        is_error(revoke(either, each, "other"), "invalid_grant")
    assert passes(either, token)
    assert passes(either, pair.access.token)
    assert introspect(either, pair.refresh).json()["active"] is True


def test_token_of_a_log_in_without_a_client_is_no_clients(either: World) -> None:
    told = either("POST", "/auth/login", json={"username": "ann", "password": "the password of ann"}).json()
    for name in ("access_token", "refresh_token"):
        is_error(revoke(either, told[name]), "invalid_grant")
    assert passes(either, told["access_token"])


def test_client_cannot_call_itself_by_the_name_of_those_without_one(either: World) -> None:
    told = either("POST", "/auth/login", json={"username": "ann", "password": "the password of ann"}).json()
    form = {"client_id": "watchword", "token": told["refresh_token"]}
    is_error(either("POST", "/oauth2/revoke", data=form), "invalid_client", 401)


@pytest.mark.parametrize("token", ["x", "a.b.c", "ww_r_" + "0" * 43 + "_000000", "\x00", "ü", "x" * 20_000])
def test_unknown_token_is_as_good_as_revoked(either: World, token: str) -> None:
    assert revoke(either, token).status_code == 200


def test_expired_and_revoked_tokens_are_as_good_as_revoked(either: World) -> None:
    token = client_token(either)
    assert [revoke(either, token).status_code for _ in range(2)] == [200, 200]
    token = client_token(either)
    either.now += 900
    assert revoke(either, token).status_code == 200


@pytest.mark.parametrize("kind", [SESSION, API_KEY, AUTH_TOKEN, CLIENT_SECRET])
def test_tokens_that_end_elsewhere_are_unsupported(either: World, kind: str) -> None:
    is_error(revoke(either, new_token(kind, bytes(32))), "unsupported_token_type")


def test_hint_does_not_matter(either: World) -> None:
    for hint in ("refresh_token", "nonsense"):
        token = client_token(either)
        assert revoke(either, token, token_type_hint=hint).status_code == 200
        assert not passes(either, token)


def test_token_and_client_are_needed(either: World) -> None:
    is_error(revoke(either, ""), "invalid_request")
    is_error(revoke(either, "x", None), "invalid_client", 401)


def test_revoked_stays_revoked_when_the_roles_come_back__F36(world: World) -> None:
    """A token that is out of date just now may hold again: to revoke it has to count all the same."""
    add_client(world)
    pair = log_in_by(world, "svc")
    world.storage.change_account(ChangeAccount("ann", roles=frozenset()))
    assert revoke(world, pair.access.token).status_code == 200
    world.storage.change_account(ChangeAccount("ann", roles=frozenset(("clerk", "reader"))))
    assert not passes(world, pair.access.token)


def test_public_client_revokes_its_own(either: World) -> None:
    add_client(either, "spa", secret_hash=None)
    pair = log_in_by(either, "spa")
    assert revoke(either, pair.refresh, None, client_id="spa").status_code == 200
    assert not passes(either, pair.access.token)


def test_what_could_not_be_revoked_is_503__C17__F39(either: World) -> None:
    pair, token = log_in_by(either, "svc"), client_token(either)
    either.answers.down = (RevokeToken, EndFamilies)
    for each in (token, pair.refresh):
        is_error(revoke(either, each), "temporarily_unavailable", 503)  # section 2.2.1: it must be taken to be alive
    either.answers.down = ()
    assert passes(either, token)


def test_revocation_is_in_the_log_without_the_token__F33(either: World) -> None:
    token = client_token(either)
    revoke(either, token)
    assert ("authn_token_revoked", "client:svc") in [
        (event.name, event.fields.get("subject")) for event in either.seen.events
    ]
    assert token not in str(either.seen.events)
    assert SECRET not in str(either.seen.events)
