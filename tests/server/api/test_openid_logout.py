"""POST /login/with/{name}/backchannel-logout: what a logout token ends, and what no other token ends (S2_40).

The provider is asked over HTTP for its keys, as it is in earnest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.false_provider import LEFT_OUT, RSA_KEY, STRANGER, Answer, FalseProvider, by_rs256, encoded, false_provider
from tests.server.api.world import World, refused_by
from watchword.core.linked import LinkedIdentity, LinkedLogIn
from watchword.core.principal import Authentication, Principal
from watchword.core.questions import AddLinkedIdentity, EndLinkedSessions, FindAccount, StartSession
from watchword.tokens.session import new_session

PATH = "/login/with/corp/backchannel-logout"
NAMES = {"ann": "ann-1", "bob": "bob-2"}


@pytest.fixture(scope="module")
def running() -> Iterator[FalseProvider]:
    with false_provider() as provider:
        yield provider


@pytest.fixture
def provider(running: FalseProvider) -> FalseProvider:
    running.honest()
    running.somebody = "ann-1"
    return running


@pytest.fixture
def world(make_world: Callable[..., World], provider: FalseProvider) -> World:
    """Where ann and bob are linked to what the provider calls them."""
    corp = {
        "name": "corp",
        "issuer": provider.url,
        "client_id": "watchword",
        "private_hosts": ["127.0.0.1"],
        "algorithms": ["RS256", "ES256"],
        "timeout": "1s",
    }
    made = make_world(identity_provider=[corp])
    made.now = time.time()
    for name, subject in NAMES.items():
        identity = LinkedIdentity(issuer=provider.url, subject=subject, account=name, created_at=made.now)
        assert made.storage.linked.add(AddLinkedIdentity(identity))
    return made


def begin(world: World, name: str, issuer: str, sid: str | None = "s1") -> str:
    """The token of a session that the provider began."""
    who = Principal(subject=name, realm="r", authentication=Authentication(mechanism="identity-provider"))
    entropy = f"{name} {sid} {issuer[-8:]}".encode().ljust(32)[:32]
    session, token = new_session(who, entropy, world.now, idle_timeout=7200.0, lifetime=7200.0)
    owner = world.storage.find_account(FindAccount(name))
    assert owner is not None
    assert world.storage.start_session(
        StartSession(replace(session, stamp=owner.stamp, linked=LinkedLogIn(issuer, sid)))
    )
    return token


def lives(world: World, token: str) -> bool:
    told: bool = world("GET", "/session", bearer=token).json()["authenticated"]
    return told


def send(world: World, token: str, **options: Any) -> httpx.Response:
    return world("POST", PATH, data={"logout_token": token}, **options)


def is_done(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["cache-control"] == "no-store"


def is_refused(world: World, answer: httpx.Response, reason: str) -> None:
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "error": "invalid_request",
        "error_description": "This logout token is not taken.",
    }
    told = world.seen.events[-1]
    assert (told.name, told.level) == ("authn_logout_refused", "warning")
    assert told.fields == {"provider": "corp", "client": "127.0.0.1", "reason": reason}


def test_the_session_that_is_named_ends__S2_40(world: World, provider: FalseProvider) -> None:
    ended, other = begin(world, "ann", provider.url), begin(world, "ann", provider.url, "s2")
    bobs, elsewhere = begin(world, "bob", provider.url, "s3"), begin(world, "ann", "https://other.example.com")
    is_done(send(world, provider.logout_token(client_id="watchword", sid="s1")))
    assert [lives(world, each) for each in (ended, other, bobs, elsewhere)] == [False, True, True, True]
    assert world.seen.events[-1].fields == {
        "provider": "corp", "client": "127.0.0.1", "subject": "ann", "reason": "logout at the provider", "sessions": 1,
    }  # fmt: skip


def test_all_sessions_of_the_person_end_where_none_is_named__S2_40(world: World, provider: FalseProvider) -> None:
    mine = [begin(world, "ann", provider.url, sid) for sid in ("s1", "s2", None)]
    others = [begin(world, "bob", provider.url, "s3"), begin(world, "ann", "https://other.example.com")]
    is_done(send(world, provider.logout_token(client_id="watchword")))
    assert [lives(world, each) for each in mine] == [False] * 3
    assert [lives(world, each) for each in others] == [True] * 2


def test_a_session_alone_is_enough__S2_40(world: World, provider: FalseProvider) -> None:
    token = begin(world, "ann", provider.url)
    is_done(send(world, provider.logout_token(client_id="watchword", sub=LEFT_OUT, sid="s1")))
    assert not lives(world, token)


def test_nobody_ends_another_s_session_by_its_name__S2_40(world: World, provider: FalseProvider) -> None:
    token = begin(world, "bob", provider.url)
    is_done(send(world, provider.logout_token(client_id="watchword", sub="ann-1", sid="s1")))
    is_done(send(world, provider.logout_token(client_id="watchword", sub="stranger-9", sid="s1")))
    assert lives(world, token)


def test_a_log_out_that_was_told_already_ends_nothing_anew__S2_40__F2(world: World, provider: FalseProvider) -> None:
    token = provider.logout_token(client_id="watchword")
    is_done(send(world, token))
    later = begin(world, "ann", provider.url)
    is_refused(world, send(world, token), "replayed-logout-token")
    assert lives(world, later)


def test_no_cookie_counts_and_none_is_needed__S2_40__F27(world: World, provider: FalseProvider) -> None:
    own, ended = world.log_in("root"), begin(world, "ann", provider.url)
    foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    is_done(send(world, provider.logout_token(client_id="watchword"), cookie=own, headers=foreign))
    assert (lives(world, own), lives(world, ended)) == (True, False)
    is_refused(world, send(world, "nonsense", cookie=own, headers=foreign), "malformed")
    assert lives(world, own)


OTHERS: Mapping[str, tuple[Callable[[FalseProvider], str], str]] = {
    "an ID token": (
        lambda provider: provider.id_token(client_id="watchword", nonce="n", access_token="a"),
        "type",
    ),
    "an ID token that says it is one": (
        lambda provider: provider.signed(
            {"iss": provider.url, "sub": "ann-1", "aud": "watchword", "nonce": "n", "exp": time.time() + 60},
            {"typ": "logout+jwt"},
        ),
        "claims",
    ),
    "for another client": (lambda provider: provider.logout_token(client_id="another"), "audience"),
    "of another issuer": (
        lambda provider: provider.logout_token(client_id="watchword", iss="https://other.example.com"),
        "issuer",
    ),
    "with a nonce": (lambda provider: provider.logout_token(client_id="watchword", nonce="n"), "claims"),
    "of nobody": (lambda provider: provider.logout_token(client_id="watchword", sub=LEFT_OUT), "claims"),
    "of long ago": (
        lambda provider: provider.logout_token(client_id="watchword", iat=1_600_000_000, exp=1_600_000_120),
        "expired",
    ),
    "of long ago, for good": (
        lambda provider: provider.logout_token(client_id="watchword", iat=1_600_000_000, exp=4_000_000_000),
        "expired",
    ),
}
HEADERS: Mapping[str, tuple[dict[str, Any], Callable[[bytes], bytes], str]] = {
    "unsigned": ({"alg": "none"}, lambda message: b"", "algorithm"),
    "signed by a stranger": ({}, by_rs256(STRANGER), "signature"),
    "signed by a key that nobody has": ({"kid": "unknown"}, by_rs256(RSA_KEY), "unknown-key"),
    "signed by the client's secret": ({"alg": "HS256"}, lambda message: b"0" * 32, "algorithm"),
    "with a key of its own": ({"jwk": {"kty": "oct", "k": encoded(b"k")}}, by_rs256(STRANGER), "header"),
}


@pytest.mark.parametrize("name", [*OTHERS, *HEADERS])
def test_what_is_no_logout_token_for_us_ends_nothing__S2_40(world: World, provider: FalseProvider, name: str) -> None:
    alive = begin(world, "ann", provider.url)
    if name in OTHERS:
        made, reason = OTHERS[name]
        token = made(provider)
    else:
        header, provider.sign, reason = HEADERS[name]
        provider.header.update(header)
        token = provider.logout_token(client_id="watchword")
    is_refused(world, send(world, token), reason)
    assert lives(world, alive)


FORMS: Mapping[str, dict[str, Any]] = {
    "nothing": {"data": {}},
    "JSON": {"json": {"logout_token": "a.b.c"}},
    "two": {
        "content": b"logout_token=a&logout_token=b",
        "headers": {"content-type": "application/x-www-form-urlencoded"},
    },
    "in the address": {"params": {"logout_token": "a.b.c"}, "data": {"logout_token": "a.b.c"}},
    "empty": {"data": {"logout_token": ""}},
    "huge": {"data": {"logout_token": "a" * 70_000}},
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_it_comes_as_a_form_and_once__S2_40(world: World, name: str) -> None:
    answer = world("POST", PATH, **FORMS[name])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert world("GET", PATH).status_code == 405


def test_a_provider_that_is_away_is_an_outage__F6__S2_40(world: World, provider: FalseProvider) -> None:
    alive = begin(world, "ann", provider.url)
    token = provider.logout_token(client_id="watchword")
    provider.answers["/jwks"] = Answer(500)
    refused_by(send(world, token), "C17")
    assert lives(world, alive)


def test_a_storage_that_is_down_is_an_outage__F6__S2_40(world: World, provider: FalseProvider) -> None:
    alive = begin(world, "ann", provider.url)
    world.answers.down = (EndLinkedSessions,)
    refused_by(send(world, provider.logout_token(client_id="watchword")), "C17")
    refused_by(world("GET", "/login/with/corp/frontchannel-logout", params={"iss": provider.url, "sid": "s1"}), "C17")
    world.answers.down = ()
    assert lives(world, alive)


def test_whichever_answer_fails_nothing_is_said_to_have_ended__F39__S2_40(
    world: World, provider: FalseProvider
) -> None:
    alive = begin(world, "ann", provider.url)
    number = 0
    for number in range(1, 20):
        token = provider.logout_token(client_id="watchword")
        world.answers.asked, world.answers.fails_at = 0, number
        answer = send(world, token)
        world.answers.fails_at = None
        if answer.status_code == 200:
            break
        refused_by(answer, "C17")
        assert lives(world, alive)
    assert (number, lives(world, alive)) == (5, False)


# --- going on to the provider ----------------------------------------------------------------------------------------


def go_on(world: World, **options: Any) -> httpx.Response:
    return world("GET", "/login/with/corp/logout", **options)


def test_browsers_go_on_to_where_the_provider_logs_people_out__S2_40(world: World, provider: FalseProvider) -> None:
    answer = go_on(world, params={"post_logout_redirect_uri": "https://evil.example", "client_id": "evil"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{provider.url}/end?client_id=watchword")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("/", "https%3A%2F%2Fauth.example.com%2F"),
        ("https://www.example.com/bye", "https%3A%2F%2Fwww.example.com%2Fbye"),
    ],
)
def test_the_provider_is_told_where_people_come_from__S2_40__F32(
    make_world: Callable[..., World], provider: FalseProvider, page: str, told: str
) -> None:
    corp = {"name": "corp", "issuer": provider.url, "client_id": "w", "private_hosts": ["127.0.0.1"]}
    world = make_world(
        server={"public_url": "https://auth.example.com"}, identity_provider=[{**corp, "after_logout": page}]
    )
    answer = go_on(world, secure=True, headers={"host": "evil.example"})
    assert (
        answer.headers["location"]
        .replace("https:%2F%2F", "https%3A%2F%2F")
        .endswith(f"/end?client_id=w&post_logout_redirect_uri={told}")
    )


def test_a_provider_without_log_out_has_no_such_page__S2_40(world: World, provider: FalseProvider) -> None:
    provider.discovery["end_session_endpoint"] = LEFT_OUT
    assert go_on(world).status_code == 404


def test_a_provider_that_is_away_logs_nobody_out__F6__S2_40(world: World, provider: FalseProvider) -> None:
    provider.answers["/.well-known/openid-configuration"] = Answer(503)
    refused_by(go_on(world), "C17")
