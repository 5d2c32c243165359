"""Clients for Python beside a real server, over every library that they are made for."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.edge.calling import LIBRARIES, Library, Wanted
from tests.live import Live, User, live_server
from watchword.edge.clients.api_key import ApiKeyAuth
from watchword.edge.clients.auth_token import AuthTokenAuth
from watchword.edge.clients.failures import LogInNeeded, LogInRefused, NotAuthenticated
from watchword.edge.clients.jwt import JwtAuth, Tokens
from watchword.edge.clients.session import SessionAuth
from watchword.edge.clients.signed_request import SignedRequestAuth
from watchword.edge.clients.steps import Kind

CONFIG = """
[tokens]
access_ttl = 6
max_refresh = 1000

[log]
format = "json"

[limits]
account_failures = 100
address_per_minute = 100000

[[space]]
mechanisms = ["session", "auth-token", "basic", "bearer", "api-key", "signed-request"]
"""
ACCESS_TTL = 6  # seconds, as above
MANY = 32
SOME = 8
PASSWORD = User("ann").password


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with live_server(CONFIG, [User(name) for name in ("ann", "bob", "cal", "dan")]) as live:
        yield live


@pytest.fixture(scope="module", autouse=True)
def old(live: Live) -> tuple[float, dict[str, Tokens]]:
    """Tokens for each library, and when their access tokens are over; clients are not told when."""
    given: dict[str, Tokens] = {}
    for name in LIBRARIES:
        answer = httpx.post(f"{live.url}/auth/login", json={"username": "dan", "password": PASSWORD})
        told = answer.json()
        given[name] = Tokens(told["access_token"], told["refresh_token"])
    return time.monotonic() + ACCESS_TTL + 1, given


ALIKE = ("httpx2", "httpx2-asyncio", "niquests")
"""They have the same drivers as others here: they are tried in the long run, and always against doubles."""


@pytest.fixture(params=[pytest.param(n, marks=pytest.mark.long if n in ALIKE else ()) for n in LIBRARIES])
def name(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def library(name: str) -> Library:
    return LIBRARIES[name]


def events(live: Live, event: str) -> list[dict[str, Any]]:
    """Those of one kind that the server has logged."""
    lines = live.log.read_text("utf-8").splitlines()
    read = [json.loads(line) for line in lines if line.startswith("{")]
    return [each for each in read if each.get("event") == event]


def who(live: Live, times: int = 1) -> list[Wanted]:
    return [Wanted(f"{live.url}/whoami")] * times


def test_what_is_known_to_be_over_is_not_sent__S2_46(live: Live, library: Library) -> None:
    at = [1000.0]
    kind = JwtAuth(live.url, "ann", PASSWORD, clock=lambda: at[0])
    assert library(kind, who(live)) == [200]
    first, before = kind.tokens, len(events(live, "authn_token_created"))
    at[0] += ACCESS_TTL
    assert library(kind, who(live, SOME)) == [200] * SOME
    assert kind.tokens != first
    assert len(events(live, "authn_token_created")) == before + 1


def test_tokens_that_cannot_be_renewed_are_said_to_be_over__C09(live: Live, library: Library) -> None:
    kind = JwtAuth(live.url, tokens=Tokens("no-token", "ww_r_no-token"))
    assert [type(each) for each in library(kind, who(live, 4))] == [LogInNeeded] * 4
    assert kind.tokens is None


@pytest.mark.parametrize("delivery", ["body", "cookie"])
def test_a_session_that_was_ended_is_one_new_log_in__S2_41__C05__C09(
    live: Live, library: Library, delivery: Any
) -> None:
    kind = SessionAuth(live.url, "bob", PASSWORD, delivery=delivery)
    assert library(kind, who(live)) == [200]
    assert httpx.delete(f"{live.url}/sessions", auth=("bob", PASSWORD)).status_code < 300
    before = len(events(live, "authn_login_success"))
    assert library(kind, who(live, SOME)) == [200] * SOME
    assert len(events(live, "authn_login_success")) == before + 1


def test_an_auth_token_that_was_revoked_is_asked_for_once__S2_41__C09(live: Live, library: Library) -> None:
    kind = AuthTokenAuth(live.url, "cal", PASSWORD)
    assert library(kind, who(live)) == [200]
    held = kind.kept.held
    assert httpx.delete(f"{live.url}/tokens/cal", auth=("cal", PASSWORD)).status_code == 204
    assert library(kind, who(live, SOME)) == [200] * SOME
    assert held is not None
    assert kind.kept.held != held


@pytest.mark.parametrize("kind", [SessionAuth, JwtAuth, AuthTokenAuth])
def test_a_wrong_password_is_tried_once__C07__F3(live: Live, library: Library, kind: Any) -> None:
    before = len(events(live, "authn_login_fail"))
    wrong: Kind = kind(live.url, "ann", "a wrong password")
    for _ in range(2):
        outcomes = library(wrong, who(live, SOME))
        assert [type(each) for each in outcomes] == [LogInRefused] * SOME
        assert not any("wrong password" in repr(each) for each in outcomes)
    assert len(events(live, "authn_login_fail")) == before + 1


def test_what_another_account_may_is_not_tried_again__C12(live: Live, library: Library) -> None:
    kind = SessionAuth(live.url, "ann", PASSWORD)
    assert library(kind, who(live)) == [200]
    held = kind.kept.held
    assert library(kind, [Wanted(f"{live.url}/users")]) == [403]
    assert kind.kept.held is held


def test_keys_and_signatures_go_with_every_request__S2_41(live: Live, library: Library) -> None:
    made = httpx.post(f"{live.url}/keys", auth=("ann", PASSWORD), json={"signing": True}).json()
    key = httpx.post(f"{live.url}/keys", auth=("ann", PASSWORD), json={"name": "k"}).json()["key"]
    signed = SignedRequestAuth(live.url, made["access_key_id"], made["secret_access_key"])
    wanted = [
        *who(live, 4),
        Wanted(f"{live.url}/whoami?b=%20x&a=1"),
        Wanted(f"{live.url}/keys", "POST", b'{"name": "by signature"}', {"content-type": "application/json"}),
    ]
    assert library(signed, wanted) == [200, 200, 200, 200, 200, 201]
    assert library(ApiKeyAuth(live.url, key), who(live, 2)) == [200, 200]
    assert library(ApiKeyAuth(live.url, key + "x"), who(live)) == [401]
    for each in (
        made["id"],
        json.loads(httpx.get(f"{live.url}/keys", auth=("ann", PASSWORD)).content)["keys"][-1]["id"],
    ):
        httpx.delete(f"{live.url}/keys/{each}", auth=("ann", PASSWORD))


def test_a_signature_is_made_by_the_server_s_clock_where_ours_is_wrong__C09(live: Live, library: Library) -> None:
    made = httpx.post(f"{live.url}/keys", auth=("ann", PASSWORD), json={"signing": True}).json()
    late = datetime.now(UTC).timestamp() - 3600
    kind = SignedRequestAuth(live.url, made["access_key_id"], made["secret_access_key"], clock=lambda: late)
    assert library(kind, who(live)) == [200]
    httpx.delete(f"{live.url}/keys/{made['id']}", auth=("ann", PASSWORD))


# niquests in asyncio takes asynchronous iterators only.
@pytest.mark.parametrize("name", [name for name in LIBRARIES if name != "niquests-asyncio"])
def test_content_that_can_be_sent_once_is_not_sent_again(live: Live, name: str) -> None:
    library = LIBRARIES[name]
    kind = SessionAuth(live.url, "ann", PASSWORD)
    assert library(kind, who(live)) == [200]
    httpx.delete(f"{live.url}/sessions", auth=("ann", PASSWORD))
    posted = Wanted(f"{live.url}/keys", "POST", iter((b'{"name": ', b'"x"}')), {"content-type": "application/json"})
    (outcome,) = library(kind, [posted])
    assert isinstance(outcome, NotAuthenticated), outcome
    assert "only once" in str(outcome)
    assert library(kind, who(live)) == [200]


# --- last, so that the access tokens have expired meanwhile ----------------------------------------------------------


def test_many_expired_at_once_are_one_refresh__S2_46__S4_9__C09(
    live: Live, old: tuple[float, dict[str, Tokens]], name: str, library: Library
) -> None:
    over, tokens = old[0], old[1][name]
    time.sleep(max(0.0, over - time.monotonic()))
    kept: list[Tokens] = []
    before = len(events(live, "authn_token_created"))
    kind = JwtAuth(live.url, tokens=tokens, on_tokens=kept.append, clock=lambda: 0.0)
    assert library(kind, who(live, MANY)) == [200] * MANY
    assert len(events(live, "authn_token_created")) == before + 1
    assert kept == [kind.tokens]
    assert kept[0].refresh_token != tokens.refresh_token
    # Whoever kept them goes on with them, in another process too.
    again = JwtAuth(live.url, tokens=Tokens("lost", kept[0].refresh_token), on_tokens=kept.append)
    assert library(again, who(live)) == [200]
    assert len(kept) == 2
