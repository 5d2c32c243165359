"""/integrations/{provider}/call/…: what goes out, what comes back, and who may (S1.2, S1.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.hostile_provider import GOOD_KEY, HostileProvider, hostile_provider
from tests.server.api.world import World, basic, is_problem, refused_by

CALL = "/integrations/weather/call"


@pytest.fixture(scope="module")
def provider() -> Iterator[HostileProvider]:
    with hostile_provider() as provider:
        yield provider


@pytest.fixture
def make(make_world: Callable[..., World], provider: HostileProvider) -> Callable[..., World]:
    """A server that knows the provider, at which ann has stored a good key."""

    def make(name: str = "weather", **others: Any) -> World:
        weather = {
            "name": name,
            "private_hosts": ["127.0.0.1"],
            "check": {"url": f"{provider.url}/key"},
            "call": {
                "url": f"{provider.url}/echo",
                "methods": ["GET", "HEAD", "POST"],
                "largest": 2000,
            },
            **others.pop("provider", {}),
        }
        quiet = {"name": "quiet", "check": {"url": "https://api.example.com/me"}}
        world = make_world(provider=[weather, quiet], **others)
        stored = world("PUT", f"/integrations/{name}/credential", auth=basic("ann"), json={"credential": GOOD_KEY})
        assert stored.status_code == 201, stored.text
        return world

    return make


@pytest.fixture
def world(make: Callable[..., World]) -> World:
    return make()


def test_request_goes_out_with_the_stored_credential_and_nothing_of_ours__S1_3__F33(
    world: World, provider: HostileProvider
) -> None:
    session = world.log_in("ann")
    headers = {
        "accept": "application/json",
        "accept-language": "de",
        "if-none-match": '"1"',
        "content-type": "text/plain",
        "x-api-key": "ours",
        "x-forwarded-for": "192.0.2.1",
        "forwarded": "for=192.0.2.1",
        "remote-user": "root",
        "referer": "https://app.example.com/",
        "user-agent": "a browser",
        "no-auth-challenge": "",
    }
    answer = world("POST", f"{CALL}/a%20b/c?x=1&y=a+b", cookie=session, headers=headers, content=b"content")
    assert answer.status_code == 200, answer.text
    sent = provider.received[-1]
    assert (sent.method, sent.target, sent.content) == ("POST", "/echo/a%20b/c?x=1&y=a+b", b"content")
    assert dict(sent.fields) == {
        "host": f"127.0.0.1:{provider.port}",
        "accept": "application/json",
        "accept-encoding": "identity",
        "accept-language": "de",
        "authorization": f"Bearer {GOOD_KEY}",
        "content-length": "7",
        "content-type": "text/plain",
        "if-none-match": '"1"',
        "user-agent": "watchword",
    }


def test_fields_that_the_provider_always_wants_go_with_checks_and_calls(
    make: Callable[..., World], provider: HostileProvider
) -> None:
    world = make(provider={"fields": {"Accept": "application/vnd.acme+json", "Acme-Version": "2"}})
    checked = provider.received[-1]
    answer = world("GET", f"{CALL}/", auth=basic("ann"), headers={"accept": "text/plain", "acme-version": "1"})
    assert answer.status_code == 200, answer.text
    for received in (checked, provider.received[-1]):
        told = [line for line in received.fields if line[0] in ("accept", "acme-version", "authorization")]
        assert sorted(told) == [
            ("accept", "application/vnd.acme+json"),
            ("acme-version", "2"),
            ("authorization", f"Bearer {GOOD_KEY}"),
        ]


@pytest.mark.parametrize("send", ["header", "query", "bearer"])
def test_nobody_puts_another_credential_in_its_place__S1_3(
    make: Callable[..., World], provider: HostileProvider, send: str
) -> None:
    named = {} if send == "bearer" else {"send_name": "X-Key"}
    world = make(provider={"send": send, **named})
    headers = {"x-key": "mine", "proxy-authorization": "Basic bWluZTo="}
    answer = world("GET", f"{CALL}/", auth=basic("ann"), headers=headers)
    assert answer.status_code == 200, answer.text
    sent = provider.received[-1]
    assert "mine" not in repr(sent)
    assert GOOD_KEY in repr(sent)
    if send == "query":
        for query in ("X-Key=mine", "a=b&x-key=mine", "%58-key=mine"):
            refused = world("GET", f"{CALL}/?{query}", auth=basic("ann"))
            assert refused.status_code == 400
            assert "credential-in-query" in is_problem(refused, "not-relayed")["detail"]


def test_credentials_of_ours_in_the_url_and_in_forms_stay_here__S1_3__F33(
    make: Callable[..., World], provider: HostileProvider
) -> None:
    world = make(space={"mechanisms": ["session", "url-session", "url-key", "basic", "bearer"]}, realm={})
    session = world.log_in("ann")
    parameters = {name.decode() for m in world.service.space.mechanisms for name in _parameters(m)}
    assert parameters
    for name in sorted(parameters):
        answer = world("GET", f"{CALL}/?a=b&{name.upper()}={session}&c=d", bearer=session)
        sent = provider.received[-1]
        if answer.status_code == 200:
            assert sent.target == "/echo/?a=b&c=d"
        assert session not in repr(sent)
    form = {"a": "b", sorted(parameters)[0]: session}
    world("POST", f"{CALL}/", bearer=session, data=form)
    assert session not in repr(provider.received[-1])


def _parameters(mechanism: Any) -> tuple[bytes, ...]:
    places = getattr(mechanism, "places", None)
    return () if places is None else places.parameters


def test_answer_is_the_providers_and_says_so__S1_3(world: World) -> None:
    answer = world("GET", f"{CALL}/", auth=basic("ann"))
    assert answer.headers["integration-provider"] == "weather"
    assert answer.headers["integration-status"] == "200"
    for name in ("cache-control", "x-content-type-options", "content-security-policy", "referrer-policy", "vary"):
        assert len(answer.headers.get_list(name)) == 1
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'; frame-ancestors 'none'")
    assert answer.headers["content-type"] == "application/json"
    head = world("HEAD", f"{CALL}/", auth=basic("ann"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["integration-status"] == "200"
    assert "content-length" not in head.headers


def test_pages_of_other_origins_may_read_whose_answer_it_is__S1_3(make: Callable[..., World]) -> None:
    world = make(space={"cors": ["https://app.example.com"]})
    answer = world("GET", f"{CALL}/", bearer=world.log_in("ann"), headers={"origin": "https://app.example.com"})
    assert answer.headers["access-control-allow-origin"] == "https://app.example.com"
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"Integration-Provider", "Integration-Status"} <= set(exposed)


def test_nobody_calls_without_credentials__C03(world: World, provider: HostileProvider) -> None:
    asked = len(provider.received)
    answer = world("GET", f"{CALL}/")
    refused_by(answer, "C03")
    assert answer.status_code == 401
    assert answer.headers.get_list("www-authenticate")
    assert len(provider.received) == asked


@pytest.mark.parametrize(("scopes", "status"), [(["integrations"], 200), (["other"], 403), (None, 200), ([], 403)])
def test_key_needs_the_scope__C11(world: World, scopes: list[str] | None, status: int) -> None:
    made = world("POST", "/keys", auth=basic("ann"), json={"name": "ci", "scopes": scopes})
    assert made.status_code == 201, made.text
    answer = world("GET", f"{CALL}/", headers={"x-api-key": made.json()["key"]})
    assert answer.status_code == status, answer.text
    if status == 403:
        refused_by(answer, "C11")


def test_pages_of_other_origins_do_not_call__C14__F27(world: World, provider: HostileProvider) -> None:
    asked = len(provider.received)
    evil = {"origin": "https://evil.example", "content-type": "text/plain"}
    session = world.log_in("ann")
    refused_by(world("POST", f"{CALL}/", cookie=session, headers=evil, content=b"x"), "C14")
    # A link or an image elsewhere calls nothing either, even where the cookie comes along.
    for mode in ("navigate", "no-cors"):
        fetched = {"sec-fetch-site": "cross-site", "sec-fetch-mode": mode}
        refused_by(world("GET", f"{CALL}/", cookie=session, headers=fetched), "C14")
    assert len(provider.received) == asked
    for site in ("same-origin", "none"):
        assert world("GET", f"{CALL}/", cookie=session, headers={"sec-fetch-site": site}).is_success


def test_who_has_stored_none_is_told_so(world: World, provider: HostileProvider) -> None:
    asked = len(provider.received)
    answer = world("GET", f"{CALL}/", auth=basic("bob"))
    assert answer.status_code == 409
    is_problem(answer, "no-credential")
    assert len(provider.received) == asked


@pytest.mark.parametrize("name", ["none", "quiet"])
def test_what_cannot_be_called_is_not_there(world: World, name: str) -> None:
    answer = world("GET", f"/integrations/{name}/call/x", auth=basic("ann"))
    assert answer.status_code == 404


def test_other_methods_are_not_relayed(world: World, provider: HostileProvider) -> None:
    asked = len(provider.received)
    answer = world("DELETE", f"{CALL}/", auth=basic("ann"))
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"
    assert world("PROPFIND", f"{CALL}/", auth=basic("ann")).status_code == 405
    assert world("OPTIONS", f"{CALL}/", auth=basic("ann")).status_code == 204
    assert len(provider.received) == asked


@pytest.mark.parametrize(
    "path",
    ["/a;b=c", "/%2e%2e/key", "/a%2fb", "/a%5cb", "//a", "/a//b", "/%00", "/%252e%252e/key", "/a%0d%0ab", "/.%2e/key"],
)
def test_path_that_could_leave_is_refused_and_nothing_is_sent__C10(
    world: World, provider: HostileProvider, path: str
) -> None:
    asked = len(provider.received)
    answer = world("GET", CALL + path, auth=basic("ann"))
    assert answer.status_code in (400, 404), answer.text
    assert answer.json()["code"] in ("invalid-request", "not-relayed", "not-found")
    assert len(provider.received) == asked


def test_content_is_bounded_both_ways__C21(world: World, provider: HostileProvider) -> None:
    asked = len(provider.received)
    too_long = world("POST", f"{CALL}/", auth=basic("ann"), content=b"x" * 2001)
    assert too_long.status_code == 413
    is_problem(too_long, "content-too-large")
    assert len(provider.received) == asked
    with provider.failing("/huge-told"):
        answer = world("GET", f"{CALL}/", auth=basic("ann"))
    assert answer.status_code == 502
    refused_by(answer, "C21")
