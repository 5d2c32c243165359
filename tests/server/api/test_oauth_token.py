"""POST /oauth2/token (RFC 6749 sections 4.4 and 6, RFC 8707)."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request as AsgiRequest

from tests.server.api.oauth import (
    ISSUER,
    SECRET,
    add_client,
    ask_token,
    client_token,
    introspect,
    is_error,
    log_in_by,
)
from tests.server.api.world import NOW, World, scope
from watchword.core.questions import ChangeClient, DeleteClient, FindSigningKey, KeepToken, SpendRefresh
from watchword.server.api.oauth.form import OAuthForm, read_oauth_form
from watchword.server.api.token_errors import TokenError

API, FILES = "https://api.example.com", "https://files.example.com"


@pytest.fixture(params=["jwt", "opaque"])
def either(request: pytest.FixtureRequest, make_world: Callable[..., World]) -> World:
    """A server whose access tokens are of one kind or the other."""
    return make_world(tokens={"access": request.param})


# --- client_credentials ----------------------------------------------------------------------------------------------


def test_client_gets_a_token_for_itself__S2_43__S2_13(either: World) -> None:
    add_client(either, roles=frozenset(("clerk",)))
    answer = ask_token(either)
    assert answer.status_code == 200
    assert answer.headers.get_list("cache-control") == ["no-store"]
    told = answer.json()
    assert set(told) == {"access_token", "token_type", "expires_in", "scope"}  # and no refresh token
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 900, "read write")
    who = either("GET", "/whoami", bearer=told["access_token"]).json()
    assert (who["subject"], who["roles"], who["scopes"]) == ("client:svc", ["clerk"], ["read", "write"])


def test_token_of_a_client_names_it_and_expires__S2_13__S2_17(world: World) -> None:
    add_client(world, roles=frozenset(("clerk",)))
    keys = jwt.PyJWKSet.from_dict(world("GET", "/oauth2/jwks").json())
    token = client_token(world)
    key = next(each for each in keys.keys if each.key_id == jwt.get_unverified_header(token)["kid"])
    claims = jwt.decode(token, key.key, ["ES256"], audience=ISSUER, options={"verify_exp": False, "verify_iat": False})
    assert claims["sub"] == "client:svc"  # no account is called so (RFC 9700 section 4.15)
    assert claims["client_id"] == "svc"
    assert claims["exp"] == claims["iat"] + 900 == NOW + 900
    assert (claims["scope"], claims["roles"]) == ("read write", ["clerk"])
    assert "sid" not in claims


def test_token_expires_on_the_second__S2_13__C09(either: World) -> None:
    add_client(either)
    token = client_token(either)
    either.now += 899
    assert either("GET", "/whoami", bearer=token).status_code == 200
    either.now += 1
    answer = either("GET", "/whoami", bearer=token)
    assert (answer.status_code, answer.json()["code"]) == (401, "expired-token")


def test_scopes_are_those_asked_for_and_never_more_than_the_clients__S2_43(either: World) -> None:
    add_client(either)
    assert ask_token(either, scope="read").json()["scope"] == "read"
    assert ask_token(either, scope="write read").json()["scope"] == "read write"
    assert ask_token(either, scope="").json()["scope"] == "read write"  # section 3.2: as if it were left out
    for scopes in ("admin", "read admin", "*"):
        is_error(ask_token(either, scope=scopes), "invalid_scope")
    for scopes in (" read", "read  write", 'a"b', "a\\b", "a\tb", "é"):
        is_error(ask_token(either, scope=scopes), "invalid_scope")


def test_client_without_scopes_gets_a_token_that_may_nothing_special__C11(either: World) -> None:
    add_client(either, scopes=frozenset())
    answer = ask_token(either)
    assert answer.json()["scope"] == ""
    assert either("GET", "/whoami", bearer=answer.json()["access_token"]).json()["scopes"] == []


def test_grant_that_there_is_not_and_one_that_the_client_has_not(world: World) -> None:
    add_client(world, grants=frozenset(("refresh_token",)))
    is_error(ask_token(world), "unauthorized_client")
    for grant_type in ("password", "authorization_code", "implicit", "CLIENT_CREDENTIALS", "urn:x"):
        is_error(ask_token(world, grant_type=grant_type), "unsupported_grant_type")
    is_error(ask_token(world, grant_type=""), "invalid_request")


def test_client_that_changed_meanwhile_gets_nothing(make_world: Callable[..., World]) -> None:
    world = make_world(tokens={"access": "opaque"})
    add_client(world)

    def meanwhile(question: object) -> None:
        if isinstance(question, KeepToken):
            world.storage.delete_client(DeleteClient("svc"))

    world.answers.before = meanwhile
    is_error(ask_token(world), "temporarily_unavailable", 503)


def test_jwt_that_was_issued_while_its_client_was_shut_out_is_dead__F3(world: World) -> None:
    add_client(world)

    def meanwhile(question: object) -> None:
        if isinstance(question, FindSigningKey):
            world.storage.change_client(ChangeClient("svc", disabled=True))

    world.answers.before = meanwhile
    token = client_token(world)
    world.answers.before = lambda question: None
    assert world("GET", "/whoami", bearer=token).status_code == 401


# --- resource (RFC 8707) ---------------------------------------------------------------------------------------------


def test_resource_becomes_the_audience(make_world: Callable[..., World]) -> None:
    world = make_world(tokens={"audience": [ISSUER, API, FILES]})
    add_client(world)
    for asked, meant in (([], [ISSUER, API, FILES]), ([API], [API]), ([FILES, API, FILES], [FILES, API])):
        token = client_token(world, resource=asked)  # type: ignore[arg-type]  # a list: httpx repeats the field
        assert introspect(world, token).json()["aud"] == meant
        assert world("GET", "/whoami", bearer=token).status_code == (401 if asked else 200)


def test_resource_that_tokens_are_not_issued_for_is_refused(make_world: Callable[..., World]) -> None:
    world = make_world(tokens={"audience": [ISSUER, API]})
    add_client(world)
    for resource in (FILES, API + "/", API.upper(), "x", f"{API}#f"):
        is_error(ask_token(world, resource=resource), "invalid_target")
        is_error(ask_token(world, resource=[API, resource]), "invalid_target")


# --- refresh_token ---------------------------------------------------------------------------------------------------


def refreshed(world: World, token: str, by: str | None = "svc", **form: Any) -> httpx.Response:
    return ask_token(world, by, grant_type="refresh_token", refresh_token=token, **form)


def test_client_redeems_its_own_refresh_token__S2_19__S2_20(either: World) -> None:
    add_client(either)
    first = log_in_by(either, "svc", scopes=frozenset(("read", "write")))
    answer = refreshed(either, first.refresh)
    assert answer.status_code == 200
    assert answer.headers.get_list("cache-control") == ["no-store"]
    told = answer.json()
    assert told["refresh_token"] != first.refresh
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 900, "read write")
    who = either("GET", "/whoami", bearer=told["access_token"]).json()
    assert (who["subject"], who["scopes"], who["session"]) == ("ann", ["read", "write"], first.family.id)


def test_refresh_token_of_another_client_or_of_a_log_in_is_invalid_grant__S2_19(world: World) -> None:
    add_client(world)
    add_client(world, "other")
    mine = log_in_by(world, "svc")
    first_party = world("POST", "/auth/login", json={"username": "ann", "password": "the password of ann"}).json()
    is_error(refreshed(world, mine.refresh, "other"), "invalid_grant")
    is_error(refreshed(world, first_party["refresh_token"]), "invalid_grant")
    is_error(world_auth_token(world, mine.refresh), "invalid_grant")
    assert refreshed(world, mine.refresh).status_code == 200  # nobody's try has spent it


def world_auth_token(world: World, token: str) -> httpx.Response:
    return world("POST", "/auth/token", data={"refresh_token": token})


def test_reused_refresh_token_ends_the_family__S2_20__F2(world: World) -> None:
    add_client(world)
    first = log_in_by(world, "svc")
    second = refreshed(world, first.refresh).json()
    world.now += 11
    is_error(refreshed(world, first.refresh), "invalid_grant")
    is_error(refreshed(world, second["refresh_token"]), "invalid_grant")
    assert world("GET", "/whoami", bearer=second["access_token"]).status_code == 401


def test_scope_of_a_refresh_may_only_narrow__S2_19(either: World) -> None:
    add_client(either)
    first = log_in_by(either, "svc", scopes=frozenset(("read", "write")))
    is_error(refreshed(either, first.refresh, scope="read admin"), "invalid_scope")
    narrowed = refreshed(either, first.refresh, scope="read").json()
    assert narrowed["scope"] == "read"
    assert refreshed(either, narrowed["refresh_token"]).json()["scope"] == "read write"


def test_resource_of_a_refresh_may_only_narrow(make_world: Callable[..., World]) -> None:
    world = make_world(tokens={"audience": [ISSUER, API, FILES]})
    add_client(world)
    first = log_in_by(world, "svc", audience=(ISSUER, API))
    is_error(refreshed(world, first.refresh, resource=FILES), "invalid_target")
    told = refreshed(world, first.refresh, resource=API).json()
    assert introspect(world, told["access_token"]).json()["aud"] == [API]


def test_refresh_without_a_token_or_with_none_of_ours(world: World) -> None:
    add_client(world)
    is_error(ask_token(world, grant_type="refresh_token"), "invalid_request")
    for token in ("x", "ww_r_" + "0" * 43 + "_000000", client_token(world), "\x00", "ww_r_é"):
        is_error(refreshed(world, token), "invalid_grant")


def test_public_client_rotates_by_its_name_alone__S2_20(world: World) -> None:
    add_client(world, "spa", secret_hash=None, grants=frozenset(("refresh_token",)))
    first = log_in_by(world, "spa")
    assert refreshed(world, first.refresh, None, client_id="spa").status_code == 200


def test_outage_while_refreshing_is_503_and_the_client_can_ask_again__C17__F39(world: World) -> None:
    add_client(world)
    first = log_in_by(world, "svc")
    world.answers.down = (SpendRefresh,)
    is_error(refreshed(world, first.refresh), "temporarily_unavailable", 503)
    world.answers.down = (FindSigningKey,)  # the token is spent, the answer is lost
    is_error(refreshed(world, first.refresh), "temporarily_unavailable", 503)
    world.answers.down = ()
    assert refreshed(world, first.refresh).status_code == 200


# --- the form --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"grant_type=client_credentials&grant_type=client_credentials",
        b"grant_type=client_credentials&scope=read&scope=write",
        b"grant_type=client_credentials&scope=&scope=read",
        b"grant_type=client_credentials&client_id=svc&client_id=svc",
        b"grant_type=client_credentials&unknown=1&unknown=2",
        b"grant_type=client_credentials&x=%ff",
        b"grant_type=client_credentials&x",
        b"&".join(b"a%d=1" % n for n in range(60)),
        b"grant_type=" + b"x" * 70_000,
        b"",
    ],
)
def test_form_with_two_meanings_is_invalid_request__F11(world: World, content: bytes) -> None:
    add_client(world)
    headers = {"content-type": "application/x-www-form-urlencoded"}
    is_error(world("POST", "/oauth2/token", content=content, headers=headers, auth=("svc", SECRET)), "invalid_request")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_anything_but_a_form_is_invalid_request(world: World, content_type: str) -> None:
    add_client(world)
    content = json.dumps({"grant_type": "client_credentials"}) if "json" in content_type else "grant_type=x"
    headers = {"content-type": content_type} if content_type else {}
    answer = world("POST", "/oauth2/token", content=content, headers=headers, auth=("svc", SECRET))
    is_error(answer, "invalid_request")


def test_unknown_parameters_are_ignored(world: World) -> None:
    add_client(world)
    assert ask_token(world, utm_source="x", code="y", username="ann", password="z").status_code == 200


def test_semicolon_separates_nothing__F11(world: World) -> None:
    add_client(world)
    is_error(ask_token(world, grant_type="client_credentials;scope=read"), "unsupported_grant_type")


async def read(content: bytes) -> OAuthForm | str:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    headers = [(b"content-type", b"application/x-www-form-urlencoded")]
    try:
        return await read_oauth_form(AsgiRequest(scope("POST", "/oauth2/token", headers), receive))
    except TokenError as error:
        return error.error.error


def drive(content: bytes) -> OAuthForm | str:
    steps = read(content)
    try:
        steps.send(None)
    except StopIteration as done:
        found: OAuthForm | str = done.value
        return found
    raise AssertionError("it waited")


PARAMETERS = st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=8)), min_size=1, max_size=12)


@given(PARAMETERS)
def test_every_form_is_read_as_it_was_written_or_refused_for_a_repetition__F11(pairs: list[tuple[str, str]]) -> None:
    found = drive(urlencode(pairs).encode())
    names = [name for name, _ in pairs if name != "resource"]
    if len(set(names)) != len(names):
        assert found == "invalid_request"
    else:
        assert isinstance(found, OAuthForm)
        assert found.fields == {name: value for name, value in pairs if value and name != "resource"}
        assert found.resources == tuple(value for name, value in pairs if value and name == "resource")


@given(st.binary(max_size=200))
def test_reading_a_form_is_total__F11(content: bytes) -> None:
    assert isinstance(drive(content), OAuthForm) or drive(content) == "invalid_request"


def test_get_and_other_methods_are_405(world: World) -> None:
    for path in ("/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"):
        for method in ("GET", "PUT", "DELETE"):
            assert world(method, path).status_code == 405
        assert world("OPTIONS", path).headers["allow"] == "OPTIONS, POST"


# --- what is told to operators ---------------------------------------------------------------------------------------


def test_issue_and_refusal_are_in_the_log_without_secrets__F33(world: World) -> None:
    add_client(world)
    token = client_token(world)
    ask_token(world, "svc", scope="admin")
    noted = [(event.name, event.fields["subject"]) for event in world.seen.events if event.name.startswith("authn_t")]
    assert noted == [("authn_token_created", "client:svc")]
    assert token not in str(world.seen.events)
    assert SECRET not in str(world.seen.events)


# --- F39: every answer fails -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("access", ["jwt", "opaque"])
@pytest.mark.parametrize("what", ["client_credentials", "refresh_token", "introspect", "revoke", "revoke_family"])
def test_nth_answer_that_fails_is_503_or_does_not_matter__C17__F39(
    make_world: Callable[..., World], access: str, what: str
) -> None:
    world = make_world(tokens={"access": access})
    add_client(world)
    for nth in range(1, 40):
        world.answers.fails_at = None
        pair, token = log_in_by(world, "svc"), client_token(world)
        send: dict[str, Callable[[], httpx.Response]] = {
            "client_credentials": lambda: ask_token(world),
            "refresh_token": partial(refreshed, world, pair.refresh),
            "introspect": partial(introspect, world, token),
            "revoke": partial(revoked, world, token),
            "revoke_family": partial(revoked, world, pair.refresh),
        }
        world.answers.asked, world.answers.fails_at = 0, nth
        answer = send[what]()
        if world.answers.asked < nth:
            assert nth > 2
            return
        if answer.status_code != 200:
            is_error(answer, "temporarily_unavailable", 503)
            assert int(answer.headers["retry-after"]) > 0
        world.answers.fails_at = None
        assert send[what]().status_code == 200  # and it can be had by asking again
    pytest.fail("it asks more than forty questions")


def revoked(world: World, token: str) -> httpx.Response:
    return world("POST", "/oauth2/revoke", data={"token": token}, auth=("svc", SECRET))
