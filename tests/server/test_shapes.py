"""Expect, HEAD, HTTP/1.0 and pipelines at our own door: the same answers in their shape (C27)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.gateway.wire import answers, basic, first_answer, request, send, talk
from tests.live import Live, User, live_server

WAITS = ("Expect", "100-continue")
AS_JSON = ("Content-Type", "application/json")
CONFIG = "[limits]\naccount_failures = 100\n"
QUESTION = json.dumps({"method": "GET", "url": "/x", "peer": "127.0.0.1"}).encode()
LOGIN = json.dumps({"username": "ann", "password": "correct horse battery"}).encode()


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    with live_server(CONFIG, [User("ann"), User("api", roles=frozenset(("service",)))]) as live:
        yield live


@pytest.mark.parametrize(
    ("method", "target", "fields", "status"),
    [
        ("POST", "/decide", (), 401),
        ("POST", "/decide", (basic("ann"),), 403),
        ("POST", "/decide", (basic("ann", "wrong"),), 401),
        ("POST", "/users", (), 401),
        ("PUT", "/users/ann/password", (), 401),
        ("POST", "/whoami", (), 401),
        ("POST", "/verify", (), 401),
        ("POST", "/verify/nginx", (), 401),
        ("POST", "/decide", (("Authorization", "Basic " + "A" * 17_000),), 431),
    ],
)
def test_refused_content_is_never_asked_for__C27(
    server: Live, method: str, target: str, fields: tuple[tuple[str, str], ...], status: int
) -> None:
    """The final status comes without 100 (Continue), and before any content was sent."""
    sent = request(method, target, [*fields, AS_JSON, WAITS, ("Content-Length", "1000")])
    answer = first_answer(server.port, sent)
    assert (answer.interim, answer.status) == ((), status)


@pytest.mark.parametrize(
    ("target", "fields", "content"), [("/login", (), LOGIN), ("/decide", (basic("api"),), QUESTION)]
)
def test_content_that_is_wanted_is_asked_for__C27(
    server: Live, target: str, fields: tuple[tuple[str, str], ...], content: bytes
) -> None:
    sent = request("POST", target, [*fields, AS_JSON, WAITS], content)
    (answer,) = answers(talk(server.port, sent))
    assert (answer.interim, answer.status) == ((100,), 200)


TARGETS = ("/whoami", "/verify", "/verify/nginx", "/verify/nginx?numbered", "/decide", "/users", "/no/such/path")
every_target = pytest.mark.parametrize("target", TARGETS)
OF_THE_MOMENT = {"date", "auth-decision", "x-auth-problem"}


@every_target
@pytest.mark.parametrize("credentials", [(), (basic("ann"),), (basic("ann", "wrong"),)], ids=["C03", "C00", "C07"])
def test_head_gets_what_get_would_without_the_content__C27(
    server: Live, target: str, credentials: tuple[tuple[str, str], ...]
) -> None:
    head, get = (send(server.port, method, target, credentials) for method in ("HEAD", "GET"))
    assert head.status == get.status
    assert head.content == b""
    told = [
        [line for line in answer.lines if line[0].lower() not in {*OF_THE_MOMENT, "allow"}] for answer in (head, get)
    ]
    assert told[0] == told[1]


@every_target
def test_http_1_0_gets_the_same__C27(server: Live, target: str) -> None:
    for fields in ((), (("Host", "localhost"),)):
        old = send(server.port, "GET", target, fields, version="1.0")
        new = send(server.port, "GET", target)
        assert old.status == new.status
        assert len(old.content) == len(new.content)
        assert old.all("WWW-Authenticate") == new.all("WWW-Authenticate")
        assert old.all("Transfer-Encoding") == []


def test_http_1_0_is_asked_for_nothing__C27(server: Live) -> None:
    """RFC 9110 section 10.1.1: an HTTP/1.0 client knows no 100."""
    sent = request("POST", "/login", [AS_JSON, WAITS], LOGIN, version="1.0")
    (answer,) = answers(talk(server.port, sent))
    assert (answer.interim, answer.status) == ((), 200)


def test_pipelined_requests_are_judged_one_by_one_and_in_order__C27(server: Live) -> None:
    kept = ("Connection", "keep-alive")
    sent = [
        request("GET", "/whoami", [kept, basic("ann")]),
        request("GET", "/whoami", [kept]),
        request("POST", "/login", [kept, AS_JSON], LOGIN),
        request("POST", "/decide", [kept, AS_JSON], QUESTION),
        request("GET", "/verify", [kept, basic("ann", "wrong")]),
        request("GET", "/verify", [kept, basic("ann")]),
        request("GET", "/healthz"),
    ]
    found = answers(talk(server.port, b"".join(sent)))
    assert [answer.status for answer in found] == [200, 401, 200, 401, 401, 200, 200]
    assert found[0].json()["subject"] == "ann"
    assert found[5].one("Remote-User") == "ann"


def test_refused_content_is_not_the_next_request__C27(server: Live) -> None:
    """What a refused request carries is thrown away, whatever it looks like."""
    smuggled = request("GET", "/whoami", [basic("ann")])
    sent = request("POST", "/decide", [("Connection", "keep-alive"), AS_JSON], smuggled) + request("GET", "/healthz")
    found = answers(talk(server.port, sent))
    assert [answer.status for answer in found] in ([401, 200], [401])
    assert all(b"ann" not in answer.content for answer in found)
