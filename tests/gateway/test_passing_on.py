"""Whoever may pass, passes unchanged, and what the API answers is its own (S2.31)."""

from __future__ import annotations

import random
from hashlib import sha256

import pytest

from tests.gateway.conftest import Gateway
from tests.gateway.echo import OWN_CHALLENGE
from tests.gateway.wire import answers, basic, request, talk
from watchword.server.forward_auth import DIALECTS

pytestmark = pytest.mark.nginx

_ADDED = {"host", "x-real-ip", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "connection"}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
def test_request_line_and_fields_arrive_as_they_were_sent__S2_31(gateway: Gateway, method: str) -> None:
    sent = [
        basic("ann"),
        ("Accept", "text/csv;q=0.1"),
        ("X-Twice", "one"),
        ("x-twice", 'two, "three"'),
        ("X-Empty", ""),
        ("Cookie", "theme=dark; language=de"),
        ("Accept-Encoding", "gzip, br"),
        ("Range", "bytes=0-9"),
        ("If-None-Match", '"tag"'),
        ("X-Bytes", "caf\xc3\xa9 \xff"),
    ]
    target = "/patients/a%20b;v=1/%C3%A9?q=%2F..&x=a+b&&y"
    assert gateway(method, target, sent).status == 200
    seen = gateway.api.seen[-1]
    assert seen.line == f"{method} {target} HTTP/1.1"
    kept = [(name, value) for name, value in seen.lines if name.lower() not in _ADDED]
    assert kept == [("Remote-User", "ann"), ("Remote-Roles", "clerk"), *sent]
    assert seen.all("Host") == ["api.example.com"]
    assert seen.all("X-Forwarded-For") == seen.all("X-Real-IP") == ["127.0.0.1"]


@pytest.mark.parametrize("size", [0, 1, 1000, 20_000, 3_000_000])
def test_content_arrives_byte_for_byte__S2_31(gateway: Gateway, size: int) -> None:
    content = random.Random(size).randbytes(size)
    fields = [basic("ann"), ("Content-Type", "application/octet-stream"), ("Content-Length", str(size))]
    told = gateway("POST", "/patients", fields, content).json()
    assert (told["length"], told["sha256"]) == (size, sha256(content).hexdigest())


def test_content_in_chunks_arrives_byte_for_byte__S2_31(gateway: Gateway) -> None:
    content = random.Random(1).randbytes(70_000)
    chunks = b"".join(
        b"%x\r\n%b\r\n" % (len(part), part) for part in (content[:1], content[1:60_000], content[60_000:])
    )
    head = request("PUT", "/patients", [basic("ann"), ("Transfer-Encoding", "chunked")])
    (answer,) = answers(talk(gateway.nginx.port, head + chunks + b"0\r\n\r\n"))
    assert (answer.json()["length"], answer.json()["sha256"]) == (70_000, sha256(content).hexdigest())


def test_content_that_waits_for_leave_gets_it__C27(gateway: Gateway) -> None:
    sent = request("POST", "/patients", [basic("ann"), ("Expect", "100-continue")], b"hello")
    (answer,) = answers(talk(gateway.nginx.port, sent))
    assert (answer.interim, answer.status) == ((100,), 200)
    assert answer.json()["length"] == 5


@pytest.mark.parametrize("status", [201, 302, 400, 401, 403, 404, 407, 429, 500, 502, 503])
def test_answers_of_the_api_are_its_own_whatever_they_say__S2_31(gateway: Gateway, status: int) -> None:
    answer = gateway("GET", f"/answers/{status}", [basic("ann")])
    assert answer.status == status
    assert answer.all("WWW-Authenticate") == [OWN_CHALLENGE]
    assert answer.all("Set-Cookie") == ["own=cookie"]
    assert answer.one("X-Echo") == "the API itself"
    assert answer.one("Content-Type") == "application/json"
    assert answer.all("Auth-Decision") == []
    assert answer.json()["line"].startswith("GET /answers/")


def test_one_connection_carries_refusals_and_grants_in_turn(gateway: Gateway) -> None:
    kept = ("Connection", "keep-alive")
    sent = [
        request("GET", "/patients/1", [kept]),
        request("POST", "/patients/2", [kept, basic("ann")], b"first"),
        request("POST", "/patients/3", [kept], b"GET /admin/x HTTP/1.1\r\nHost: a\r\n\r\n"),
        request("GET", "/patients/4", [kept, basic("ann")]),
        request("GET", "/patients/5"),
    ]
    before = len(gateway.api.seen)
    found = answers(talk(gateway.nginx.port, b"".join(sent)))
    assert [answer.status for answer in found] == [401, 200, 401, 200, 401]
    assert [seen.target for seen in gateway.api.seen[before:]] == ["/patients/2", "/patients/4"]


def test_every_request_is_judged_anew__F25(gateway: Gateway) -> None:
    """Nothing is remembered between requests, for whomever: not of a grant, not of a refusal, not of a target."""
    for target, fields, status in (
        ("/patients", [basic("ann")], 200),
        ("/patients", [], 401),
        ("/admin/x", [basic("ann")], 403),
        ("/admin/x", [basic("root")], 200),
        ("/admin/x", [basic("ann")], 403),
        ("/patients", [basic("ann")], 200),
    ):
        assert gateway("GET", target, fields).status == status


def test_doors_of_watchword_are_not_open_through_the_gateway(gateway: Gateway) -> None:
    before = len(gateway.api.seen)
    for target in ("/_watchword", "/_watchword?numbered", "/public/../_watchword", "/%5fwatchword"):
        assert gateway("GET", target).status in (400, 401, 404)
    for target in (*DIALECTS, "/decide", "/metrics"):
        assert gateway("GET", target).status == 401  # the API's own, if it has any
    assert len(gateway.api.seen) == before
