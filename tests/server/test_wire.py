"""The server on the wire: what is no HTTP, too much of it, too slow, or could be read in two ways."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.live import Live, User, live_server
from tests.quickness import TRIES
from tests.server.wire import (
    Answer,
    Log,
    Wire,
    basic,
    chunked,
    exchange,
    json_request,
    log_in,
    processor_seconds,
    request,
    resident,
)
from tests.server.workers import has_read, wait_until

ANN, ROOT = User("ann", roles=frozenset(("clerk",))), User("root", roles=frozenset(("admin",)))
RIGHT = basic(ANN.name, ANN.password)
LOGIN = {"username": ANN.name, "password": ANN.password}
CONFIG = '[log]\nformat = "json"\n'


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    with live_server(CONFIG, [ANN, ROOT], copied=False) as live:
        yield live


@pytest.fixture
def port(server: Live) -> int:
    return server.port


@pytest.fixture
def log(server: Live) -> Log:
    return Log(server.log)


def is_refusal(answer: Answer, status: int, code: str) -> None:
    assert answer.status == status, answer
    assert answer.one("content-type") == "application/problem+json"
    assert answer.one("cache-control") == "no-store"
    assert answer.one("x-content-type-options") == "nosniff"
    assert answer.one("connection") == "close"
    assert answer.one("date")
    assert answer.json["code"] == code
    assert answer.json["status"] == status


# --- F24: one message has one meaning --------------------------------------------------------------------------------

SECOND = b"GET /whoami HTTP/1.1\r\nHost: a\r\n\r\n"

TWO_READINGS: dict[str, tuple[int, bytes]] = {
    "CL_TE": (
        400,
        b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    "TE_CL": (
        400,
        b"POST /login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    ),
    "TE_vertical_tab": (400, b"POST /login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
    "TE_nul": (400, b"POST /login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\0\r\n\r\n0\r\n\r\n"),
    "TE_delete": (400, b"POST /login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\x7f\r\n\r\n0\r\n\r\n"),
    "TE_space_before_colon": (400, b"POST /login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    "TE_tab_after": (400, b"POST /login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n"),
    "TE_other": (501, b"POST /login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    "TE_identity": (501, b"POST /login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"),
    "TE_gzip": (501, b"POST /login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "TE_twice": (
        400,
        b"POST /login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
    ),
    "TE_in_1_0": (400, b"POST /login HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "CL_twice": (400, b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}"),
    "CL_list": (400, b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 2, 2\r\n\r\n{}"),
    "CL_plus": (400, b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\n{}"),
    "CL_hexadecimal": (400, b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 0x2\r\n\r\n{}"),
    "CL_negative": (400, b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: -2\r\n\r\n{}"),
    "CL_beyond_64_bits": (400, b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 36893488147419103232\r\n\r\n{}"),
    "obs_fold": (400, b"GET /whoami HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\n\r\n"),
    "obs_fold_of_TE": (400, b"POST /login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
    "bare_LF": (400, b"GET /whoami HTTP/1.1\nHost: a\n\n"),
    "bare_LF_in_fields": (400, b"GET /whoami HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"),
    "bare_CR": (400, b"GET /whoami HTTP/1.1\r\nHost: a\rX: y\r\n\r\n"),
    "space_before_first_field": (400, b"GET /whoami HTTP/1.1\r\n Host: a\r\n\r\n"),
    "field_without_colon": (400, b"GET /whoami HTTP/1.1\r\nHost: a\r\nabc\r\n\r\n"),
    "field_name_with_space": (400, b"GET /whoami HTTP/1.1\r\nHost: a\r\nX Y: z\r\n\r\n"),
    "field_without_name": (400, b"GET /whoami HTTP/1.1\r\nHost: a\r\n: z\r\n\r\n"),
    "nul_in_field": (400, b"GET /whoami HTTP/1.1\r\nHost: a\r\nX: y\0z\r\n\r\n"),
    "no_host": (400, b"GET /whoami HTTP/1.1\r\n\r\n"),
    "two_hosts": (400, b"GET /whoami HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    "host_with_user": (400, b"GET /whoami HTTP/1.1\r\nHost: a@b\r\n\r\n"),
    "host_with_path": (400, b"GET /whoami HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    "other_host_in_target": (400, b"GET http://b/whoami HTTP/1.1\r\nHost: a\r\n\r\n"),
    "fragment": (400, b"GET /whoami#/login HTTP/1.1\r\nHost: a\r\n\r\n"),
    "target_without_slash": (400, b"GET whoami HTTP/1.1\r\nHost: a\r\n\r\n"),
    "target_star": (400, b"GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
    "target_with_space": (400, b"GET /who ami HTTP/1.1\r\nHost: a\r\n\r\n"),
    "target_with_nul": (400, b"GET /who\0ami HTTP/1.1\r\nHost: a\r\n\r\n"),
    "target_not_ascii": (400, b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"),
    "authority_form": (501, b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
    "HTTP_2_preface": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "HTTP_2": (505, b"GET /whoami HTTP/2.0\r\nHost: a\r\n\r\n"),
    "HTTP_0_9": (505, b"GET /whoami\r\n\r\n"),
    "HTTP_1_2": (400, b"GET /whoami HTTP/1.2\r\nHost: a\r\n\r\n"),
    "unknown_method": (501, b"BREW /whoami HTTP/1.1\r\nHost: a\r\n\r\n"),
    "method_in_lower_case": (501, b"get /whoami HTTP/1.1\r\nHost: a\r\n\r\n"),
    "TLS_client_hello": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(64))),
    "SSH": (400, b"SSH-2.0-OpenSSH_9.6\r\n"),
}


@pytest.mark.parametrize("name", TWO_READINGS)
def test_what_can_be_read_in_two_ways_is_refused_and_ends_the_connection__F24(port: int, log: Log, name: str) -> None:
    status, sent = TWO_READINGS[name]
    (answer,) = exchange(port, sent + SECOND)
    is_refusal(answer, status, "malformed-request")
    (line,) = map(json.loads, log.lines(1))
    assert (line["event"], line["code"], line["status"]) == ("input_validation_fail", "malformed-request", status)
    assert answer.json["instance"] == f"urn:watchword:request:{line['id']}"


@pytest.mark.parametrize("name", ["bare_LF", "CL_TE", "TE_vertical_tab", "obs_fold", "no_host"])
def test_bytes_that_come_one_by_one_mean_the_same__F24(port: int, name: str) -> None:
    status, sent = TWO_READINGS[name]
    with Wire(port) as wire:
        try:
            for byte in sent:
                wire.send(bytes((byte,)))
        except ConnectionError:
            pass  # it has been refused already
        (answer,) = wire.answers()
    is_refusal(answer, status, "malformed-request")


BAD_CHUNKS: dict[str, bytes] = {
    "wrong_end": b"2\r\n{}XX0\r\n\r\n",
    "LF_after_size": b"2\n{}\r\n0\r\n\r\n",
    "LF_after_data": b"2\r\n{}\n0\r\n\r\n",
    "negative": b"-2\r\n{}\r\n0\r\n\r\n",
    "prefix": b"0x2\r\n{}\r\n0\r\n\r\n",
    "space": b"2 \r\n{}\r\n0\r\n\r\n",
    "beyond_64_bits": b"10000000000000002\r\n{}\r\n0\r\n\r\n",
    "LF_in_extension": b"2;a\nb\r\n{}\r\n0\r\n\r\n",
    "trailer_without_colon": b"2\r\n{}\r\n0\r\nabc\r\n\r\n",
    "length_in_trailer": b"2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n",
}


@pytest.mark.parametrize("name", BAD_CHUNKS)
def test_bad_chunk_is_refused_in_place_of_an_answer__F24(port: int, name: str) -> None:
    head = b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    (answer,) = exchange(port, head + BAD_CHUNKS[name] + SECOND)
    is_refusal(answer, 400, "malformed-request")


def test_chunks_with_extensions_are_content_like_any_other__F24(port: int) -> None:
    content = json.dumps(LOGIN).encode()
    chunks = b"%x;a=b\r\n%b\r\n%x;c\r\n%b\r\n0\r\n\r\n" % (5, content[:5], len(content) - 5, content[5:])
    head = "Content-Type: application/json", "Transfer-Encoding: chunked"
    with Wire(port) as wire:
        assert wire.send(request("POST", "/login", *head) + chunks).answer().status == 200
        assert wire.send(request("GET", "/whoami")).answer().cell == "C03"


def test_trailers_never_become_fields__F21(port: int) -> None:
    session = f"Cookie: watchword={log_in(port, ANN.name, ANN.password)}"
    for trailer in (RIGHT, session, "No-Auth-Challenge: 1", "Host: b"):
        head = request("GET", "/whoami", "Transfer-Encoding: chunked", "Trailer: authorization, cookie")
        with Wire(port) as wire:
            answer = wire.send(head + chunked(b"abc", trailer=[trailer])).answer()
            assert answer.cell == "C03", trailer
            assert len(answer.all("www-authenticate")) > 1
            assert wire.send(request("GET", "/whoami", RIGHT)).answer().status == 200


def test_upgrade_is_not_taken_and_the_next_request_is_answered(port: int) -> None:
    ask = request("GET", "/whoami", RIGHT, "Connection: upgrade", "Upgrade: websocket")
    with Wire(port) as wire:
        wire.send(ask + ask + request("GET", "/whoami"))
        assert [wire.answer().status for _ in range(3)] == [200, 200, 401]
        assert wire.send(ask).answer().status == 200


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_content_of_a_request_that_asks_for_an_upgrade_is_its_content__F24(port: int, size: int) -> None:
    """As Java's client sends it, which asks for HTTP/2 first; see RFC 9113 section 3.2 for why that is of no use."""
    content = json.dumps(LOGIN).encode()
    java = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAA")
    head = "Content-Type: application/json", *java
    plain = request("POST", "/login", *head, body=content)
    in_chunks = request("POST", "/login", *head, "Transfer-Encoding: chunked") + chunked(content[:9], content[9:])
    hostile = request("POST", "/login", *head, body=request("GET", "/whoami", RIGHT))
    sent = (plain + in_chunks + hostile + request("GET", "/whoami", RIGHT, *java)) * 2
    with Wire(port) as wire:
        for at in range(0, len(sent), size):
            wire.send(sent[at : at + size])
        assert [wire.answer().status for _ in range(8)] == [200, 200, 400, 200] * 2
        assert wire.send(request("GET", "/whoami")).answer().cell == "C03"


def test_many_upgrades_in_one_piece_are_answered_each(port: int) -> None:
    ask = request("GET", "/healthz", "Connection: upgrade", "Upgrade: h2c")
    with Wire(port) as wire:
        wire.send(ask * 90)
        assert {wire.answer().status for _ in range(90)} == {200}


# --- keep-alive, pipelines, HEAD, versions, targets ------------------------------------------------------------------


def test_connection_serves_one_request_after_another(port: int) -> None:
    with Wire(port) as wire:
        for _ in range(3):
            assert wire.send(request("GET", "/whoami", RIGHT)).answer().status == 200
            assert wire.send(request("GET", "/whoami")).answer().cell == "C03"
            assert wire.send(json_request("POST", "/login", LOGIN)).answer().status == 200
        assert wire.send(request("GET", "/healthz", last=True)).answer().one("connection") == "close"
        assert wire.is_ended_by_server()


def test_pipelined_requests_are_answered_in_their_order__F24(port: int) -> None:
    sent = (
        json_request("POST", "/login", LOGIN)
        + request("GET", "/whoami")
        + json_request("POST", "/login", {**LOGIN, "password": "wrong"})
        + request("GET", "/healthz", last=True)
        + request("GET", "/whoami")
    )
    assert [answer.status for answer in exchange(port, sent)] == [200, 401, 401, 200]


def test_refusal_does_not_overtake_the_answer_before_it__F24(port: int) -> None:
    for bad, status in ((b"GET / HTTP/1.1\n\n", 400), (request("GET", "/", "X: " + "a" * 70_000), 431)):
        sent = json_request("POST", "/login", LOGIN) * 2 + bad
        assert [answer.status for answer in exchange(port, sent)] == [200, 200, status]


def test_bad_content_of_a_later_request_is_told_after_the_earlier_answer__F24(port: int) -> None:
    bad = request("POST", "/login", "Content-Type: application/json", "Transfer-Encoding: chunked") + b"zz\r\n"
    sent = json_request("POST", "/login", LOGIN) * 2 + bad
    assert [answer.status for answer in exchange(port, sent)] == [200, 200, 400]


def test_bad_content_after_its_answer_gets_no_second_one__F24(port: int) -> None:
    with Wire(port) as wire:
        wire.send(request("POST", "/users", "Content-Type: application/json", "Transfer-Encoding: chunked"))
        assert wire.answer().cell == "C03"
        wire.send(b"zz\r\n")
        assert wire.is_ended_by_server()


def test_queue_of_requests_has_an_end(port: int) -> None:
    with Wire(port) as wire:
        wire.send(request("GET", "/healthz") * 5000)
        statuses = [answer.status for answer in wire.answers()]
    assert set(statuses) == {200}
    assert 50 <= len(statuses) <= 300


def test_head_is_answered_like_get_without_content__C27(port: int) -> None:
    for fields in ((), (RIGHT,), (basic("ann", "wrong password"),)):
        with Wire(port) as wire:
            get = wire.send(request("GET", "/whoami", *fields)).answer()
            head = wire.send(request("HEAD", "/whoami", *fields)).answer(head=True)
            assert wire.send(request("GET", "/healthz")).answer().status == 200
        volatile = {"auth-decision", "date"}
        assert head.status == get.status
        assert [line for line in head.fields if line[0] not in volatile] == [
            line for line in get.fields if line[0] not in volatile
        ]


def test_head_that_cannot_be_read_is_refused_without_content(port: int) -> None:
    with Wire(port) as wire:
        wire.send(request("HEAD", "/whoami", "X: " + "a" * 70_000))
        assert wire.answer(head=True).status == 431
        assert wire.is_ended_by_server()


def test_head_that_is_too_large_is_so_in_pieces_too__F10__C18(port: int) -> None:
    head = request("GET", "/whoami", "X: " + "a" * 70_000)
    with Wire(port) as wire:
        wire.send(head[:40_000])
        wait_until(lambda: has_read(wire))
        assert wire.send(head[40_000:]).answer().status == 431


def test_http_1_0_without_host_gets_the_same_401__S0_19__C27(port: int) -> None:
    with Wire(port) as wire:
        new = wire.send(request("GET", "/whoami")).answer()
    (old,) = exchange(port, request("GET", "/whoami", version="1.0"))
    assert (old.status, old.cell, new.cell) == (401, "C03", "C03")
    assert old.all("www-authenticate") == new.all("www-authenticate")
    assert {**old.json, "instance": ""} == {**new.json, "instance": ""}
    (wrong,) = exchange(port, request("GET", "/whoami", basic("ann", "wrong password"), version="1.0"))
    assert wrong.cell == "C07"
    (right,) = exchange(port, request("GET", "/whoami", RIGHT, version="1.0"))
    assert right.json["subject"] == "ann"


def test_http_1_0_is_never_told_to_continue__S0_19(port: int) -> None:
    content = json.dumps(LOGIN).encode()
    sent = request(
        "POST", "/login", "Expect: 100-continue", "Content-Type: application/json", body=content, version="1.0"
    )
    assert [answer.status for answer in exchange(port, sent)] == [200]


def test_absolute_form_for_this_host_is_the_same_target(port: int) -> None:
    host = f"127.0.0.1:{port}"
    for target in (f"http://{host}/whoami", f"HTTP://{host}/whoami?x=y"):
        (answer,) = exchange(port, request("GET", target, f"Host: {host}", RIGHT, last=True))
        assert (answer.status, answer.json["subject"]) == (200, "ann")
    (answer,) = exchange(port, request("GET", f"http://{host}", f"Host: {host}", last=True))
    assert answer.status == 404


def test_options_star_asks_about_nothing_that_is_there(port: int) -> None:
    (answer,) = exchange(port, request("OPTIONS", "*", last=True))
    assert answer.status == 404


def test_methods_that_a_route_lacks_are_405(port: int) -> None:
    for method in ("PROPFIND", "QUERY", "TRACE", "DELETE"):
        (answer,) = exchange(port, request(method, "/login", last=True))
        assert answer.status == 405, method
        assert answer.one("allow") == "OPTIONS, POST"


def test_white_space_around_a_value_is_none_of_it(port: int) -> None:
    (answer,) = exchange(port, request("GET", "/whoami", RIGHT.replace(": ", ": \t ") + " \t", last=True))
    assert answer.status == 200


# --- Expect ----------------------------------------------------------------------------------------------------------


def test_content_is_asked_for_where_it_is_read__C27(port: int) -> None:
    content = json.dumps(LOGIN).encode()
    head = request("POST", "/login", "Expect: 100-Continue", "Content-Type: application/json", body=content)
    with Wire(port) as wire:
        wire.send(head.removesuffix(content))
        assert wire.answer().status == 100
        final = wire.send(content).answer()
        assert final.status == 200
        assert final.one("connection") == "close"
        assert wire.is_ended_by_server()


def test_refused_request_is_not_asked_for_its_content__C27__S1_7(port: int) -> None:
    head = request("POST", "/users", "Expect: 100-continue", "Content-Type: application/json", "Content-Length: 999")
    with Wire(port) as wire:
        refused = wire.send(head).answer()
        assert refused.cell == "C03"
        assert refused.one("connection") == "close"
        # Whatever comes now, content or another request, nobody could tell: it is not looked at.
        wire.send(request("GET", "/whoami", RIGHT))
        assert wire.answers() == []


# --- F10, F11: bombs -------------------------------------------------------------------------------------------------

BOMBS: dict[str, tuple[str, ...]] = {
    "10000_lines": tuple(f"X-{number}: y" for number in range(10_000)),
    "10000_times_one_name": ("X: y",) * 10_000,
    "1_MB_field": ("X: " + "y" * 1_000_000,),
    "1_MB_field_name": ("Y" * 1_000_000 + ": z",),
    "1_MB_cookie_of_100000_pairs": ("Cookie: " + "; ".join(f"a{number}=b" for number in range(100_000)),),
    "64_KB_authorization": ("Authorization: Basic " + "A" * 65_536,),
    "20_KB_authorization": ("Authorization: Bearer " + "A" * 20_000,),
    "20_KB_cookie": ("Cookie: watchword=" + "A" * 20_000,),
}


@pytest.mark.parametrize("name", BOMBS)
def test_header_bomb_is_told_c18_at_little_cost__F10__C18(server: Live, log: Log, name: str) -> None:
    bomb = request("GET", "/whoami", *BOMBS[name], last=True)
    exchange(server.port, bomb)
    memory, spent = resident(server.process.pid), processor_seconds(server.process.pid)
    answers = [answer for _ in range(10) for answer in exchange(server.port, bomb)]
    assert [(answer.status, answer.cell) for answer in answers] == [(431, "C18")] * 10
    assert [answer.all("www-authenticate") for answer in answers] == [[]] * 10
    assert resident(server.process.pid) - memory < 10_000_000
    assert processor_seconds(server.process.pid) - spent < 10 * 0.05
    lines = [json.loads(line) for line in log.lines(11)]
    assert {line["cell"] for line in lines} == {"C18"}
    assert lines[-1]["id"] == answers[-1].one("auth-decision").partition("id=")[2]
    assert lines[-1]["client"] == "127.0.0.1"


def test_request_line_bomb_is_told_c18__F10__C18(port: int) -> None:
    (answer,) = exchange(port, request("GET", "/" + "a" * 1_000_000, last=True))
    is_refusal(answer, 431, "header-too-large")


def test_empty_lines_without_end_are_refused__F10(port: int) -> None:
    (answer,) = exchange(port, *(b"\r\n" * 10_000 for _ in range(8)))
    assert answer.status == 431


def test_head_of_the_full_size_is_taken__F10(port: int) -> None:
    fields = [f"X-{number}: {'y' * 1000}" for number in range(60)]
    (answer,) = exchange(port, request("GET", "/whoami", *fields, RIGHT, last=True))
    assert answer.status == 200


def test_trailer_bomb_is_refused__F10__F11(server: Live) -> None:
    memory = resident(server.process.pid)
    head = request("POST", "/login", "Content-Type: application/json", "Transfer-Encoding: chunked")
    for bomb in (b"X: " + b"y" * 30_000_000, b"X: y\r\n" * 1_000_000):
        with Wire(server.port) as wire:
            try:
                wire.send(head + b"2\r\n{}\r\n0\r\n" + bomb)
            except ConnectionError:
                pass
            assert [answer.status for answer in wire.answers()] in ([431], [])
    assert resident(server.process.pid) - memory < 10_000_000


def test_small_chunks_are_content_like_any_other__F11(port: int) -> None:
    content = json.dumps(LOGIN).encode() + b" " * 30_000
    head = request("POST", "/login", "Content-Type: application/json", "Transfer-Encoding: chunked")
    with Wire(port) as wire:
        pieces = (content[at : at + 1] for at in range(len(content)))
        assert wire.send(head + chunked(*pieces)).answer().status == 200


def stream(wire: Wire, head: bytes, megabytes: int) -> list[Answer]:
    """What is answered to a request whose content goes on and on."""
    chunk = b"a" * 0x100000
    try:
        wire.send(head)
        for _ in range(megabytes):
            wire.send(b"100000\r\n" + chunk + b"\r\n" if b"chunked" in head else chunk)
    except OSError:
        pass  # the server has ended it
    return wire.answers()


ROUTES: dict[str, tuple[tuple[str, ...], ...]] = {
    "login": (("POST", "/login", "Content-Type: application/json"),),
    "form": (("POST", "/login", "Content-Type: application/x-www-form-urlencoded"),),
    "users": (("POST", "/users", "Content-Type: application/json", basic(ROOT.name, ROOT.password)),),
}


@pytest.mark.parametrize("length", ["Content-Length: 1073741824", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("route", ROUTES)
def test_gigabyte_of_content_is_told_413_and_not_kept__F11(server: Live, route: str, length: str) -> None:
    (start,) = ROUTES[route]
    memory = resident(server.process.pid)
    with Wire(server.port) as wire:
        answers = stream(wire, request(*start, length), 200)
    assert [answer.status for answer in answers] in ([413], [])  # a reset may overtake the answer
    assert resident(server.process.pid) - memory < 10_000_000


@pytest.mark.parametrize("route", ROUTES)
def test_who_waits_for_the_answer_sees_413_before_sending__F11(port: int, route: str) -> None:
    (start,) = ROUTES[route]
    with Wire(port) as wire:
        answer = wire.send(request(*start, "Content-Length: 1073741824")).answer()
    assert answer.status == 413


def test_decide_takes_no_more_than_a_head_s_worth__F11() -> None:
    config = CONFIG + '[server]\ntrusted_proxies = ["127.0.0.1"]\n'
    start = "POST", "/decide", "Content-Type: application/json"
    with live_server(config, copied=False) as live:
        memory = resident(live.process.pid)
        with Wire(live.port) as wire:
            answers = stream(wire, request(*start, "Transfer-Encoding: chunked"), 200)
        assert [answer.status for answer in answers] in ([413], [])
        deep = b'{"method":"GET","url":"/","peer":"::1","headers":' + b"[" * 60_000
        for content, status in ((deep, 400), (b"[" * 65_000, 400), (b'{"a":' * 10_000, 400)):
            (answer,) = exchange(live.port, request(*start, body=content, last=True))
            assert answer.status == status
        assert resident(live.process.pid) - memory < 20_000_000


FORMS: dict[str, tuple[int, str, bytes]] = {
    "100000_fields": (413, "application/x-www-form-urlencoded", b"&".join(b"a%d=" % n for n in range(100_000))),
    "10000_fields": (400, "application/x-www-form-urlencoded", b"&".join(b"a%d=" % n for n in range(8_000))),
    "10000_times_one_field": (400, "application/x-www-form-urlencoded", b"a=&" * 10_000),
    "100000_brackets": (413, "application/json", b"[" * 100_000),
    "60000_brackets": (400, "application/json", b"[" * 60_000),
    "60000_braces": (400, "application/json", b'{"":' * 15_000),
    "long_number": (400, "application/json", b'{"username":' + b"9" * 60_000 + b"}"),
    "multipart": (415, "multipart/form-data; boundary=x", b"a" * 60_000),
}


@pytest.mark.parametrize("name", FORMS)
def test_body_bomb_is_refused_at_little_cost__F11__F16(server: Live, name: str) -> None:
    status, media_type, content = FORMS[name]
    bomb = request("POST", "/login", f"Content-Type: {media_type}", body=content, last=True)
    exchange(server.port, bomb)
    memory, spent = resident(server.process.pid), processor_seconds(server.process.pid)
    for _ in range(5):
        (answer,) = exchange(server.port, bomb)
        assert answer.status == status
    assert resident(server.process.pid) - memory < 10_000_000
    assert processor_seconds(server.process.pid) - spent < 5 * 0.05


def test_content_that_nobody_reads_does_not_end_the_connection_while_it_is_small(port: int) -> None:
    with Wire(port) as wire:
        for _ in range(3):
            assert wire.send(request("GET", "/whoami", RIGHT, body=b"a" * 50_000)).answer().status == 200


# --- connections that break ------------------------------------------------------------------------------------------


def test_connections_that_are_reset_at_any_point_harm_nobody(server: Live, log: Log) -> None:
    whole = json_request("POST", "/login", LOGIN)
    for length in range(0, len(whole) + 1, 4):
        wire = Wire(server.port)
        wire.send(whole[:length])
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close sends a reset
        wire.sock.close()
    with Wire(server.port) as wire:
        assert wire.send(request("GET", "/healthz")).answer().status == 200
    assert [line for line in log.lines() if "unexpected_error" in line] == []


def test_client_that_leaves_before_its_answer_harms_nobody(server: Live, log: Log) -> None:
    for _ in range(10):
        Wire(server.port).send(json_request("POST", "/login", LOGIN)).sock.close()
    time.sleep(0.3)
    assert [line for line in log.lines() if "unexpected_error" in line] == []


# --- F18: control characters -----------------------------------------------------------------------------------------

CONTROL = ["\0", "\r", "\n", "\r\n", "\t", "\x7f", "\x1b[2J", "\u0085", "\u2028"]
SPLIT = "Set-Cookie: split=1"


@pytest.mark.parametrize("member", ["username", "password"])
@pytest.mark.parametrize("character", CONTROL, ids=ascii)
def test_control_characters_at_login_are_wrong_credentials__F18__C07(
    port: int, log: Log, member: str, character: str
) -> None:
    content = {**LOGIN, member: f"{LOGIN[member]}{character}{SPLIT}"}
    (answer,) = exchange(port, json_request("POST", "/login", content, last=True))
    assert (answer.status, answer.cell) == (401, "C07")
    assert answer.all("set-cookie") == []
    (line,) = map(json.loads, log.lines(1))
    assert line["cell"] == "C07"


@pytest.mark.parametrize("character", CONTROL[:7], ids=ascii)
def test_control_characters_in_basic_are_malformed__F18__C08(port: int, log: Log, character: str) -> None:
    for field in (
        basic(f"ann{character}{SPLIT}", ANN.password),
        basic("ann", f"{ANN.password}{character}{SPLIT}"),
    ):
        (answer,) = exchange(port, request("GET", "/whoami", field, last=True))
        assert (answer.status, answer.cell) == (401, "C08")
        assert answer.all("set-cookie") == []
        (line,) = map(json.loads, log.lines(1))
        assert line["cell"] == "C08"


@pytest.mark.parametrize("character", CONTROL[:7], ids=ascii)
def test_control_characters_in_a_cookie_never_split_a_header__F18(port: int, log: Log, character: str) -> None:
    (answer,) = exchange(port, request("GET", "/whoami", f"Cookie: watchword=a{character}{SPLIT}", last=True))
    if character == "\r\n":
        assert (answer.status, answer.cell) == (401, "C05")  # two well-formed lines
    elif character == "\t":
        assert (answer.status, answer.cell) == (401, "C05")  # a tab may stand in a field
    else:
        is_refusal(answer, 400, "malformed-request")
    assert [line for line in answer.all("set-cookie") if "split" in line] == []
    assert len(log.lines(1)) == 1


@pytest.mark.parametrize("escape", ["%00", "%0d%0aSet-Cookie:%20split=1", "%7f", "%c2%85", "%e2%80%a8"])
def test_control_characters_in_a_path_never_split_a_header__F18(port: int, log: Log, escape: str) -> None:
    for target in (f"/users/ann{escape}", f"/tokens/ann{escape}", f"/roles/{escape}"):
        (answer,) = exchange(port, request("GET", target, RIGHT, last=True))
        assert answer.status in (400, 403, 404), target
        assert answer.all("set-cookie") == []
        assert len(log.lines(1)) == 1


# --- F26, S2.2: sessions ---------------------------------------------------------------------------------------------


def test_planted_cookie_is_dead_after_log_in__F26(port: int) -> None:
    planted = log_in(port, ROOT.name, ROOT.password)  # a true session: the attacker's own
    for value in (planted, "ww_s_" + "a" * 43, "attacker"):
        cookie = f"Cookie: watchword={value}"
        (answer,) = exchange(port, json_request("POST", "/login", LOGIN, cookie, last=True))
        assert answer.status == 200
        fresh = answer.one("set-cookie").partition("=")[2].partition(";")[0]
        assert fresh != value
        (dead,) = exchange(port, request("GET", "/whoami", cookie, last=True))
        assert dead.cell == "C05"
        (alive,) = exchange(port, request("GET", "/whoami", f"Cookie: watchword={fresh}", last=True))
        assert alive.json["subject"] == "ann"


def test_session_cookie_that_comes_twice_proves_nobody__F26__C05(port: int) -> None:
    mine, theirs = (log_in(port, user.name, user.password) for user in (ANN, ROOT))
    for fields in (
        (f"Cookie: watchword={mine}; watchword={theirs}",),
        (f"Cookie: watchword={mine}", f"Cookie: watchword={theirs}"),
        (f"Cookie: watchword={mine}; watchword={mine}",),
        (f"Cookie: watchword=; watchword={mine}",),
    ):
        (answer,) = exchange(port, request("GET", "/whoami", *fields, last=True))
        assert (answer.status, answer.cell) == (401, "C05")
        assert "Max-Age=0" in answer.one("set-cookie")
    (alive,) = exchange(port, request("GET", "/whoami", f"Cookie: watchword={mine}", last=True))
    assert alive.status == 200


def test_cookie_is_dead_after_log_out__S2_2(port: int) -> None:
    cookie = f"Cookie: watchword={log_in(port, ANN.name, ANN.password)}"
    with Wire(port) as wire:
        assert wire.send(request("GET", "/whoami", cookie)).answer().status == 200
        out = wire.send(request("POST", "/logout", cookie)).answer()
        assert out.status == 204
        assert "Max-Age=0" in out.one("set-cookie")
        dead = wire.send(request("GET", "/whoami", cookie)).answer()
        assert (dead.status, dead.cell) == (401, "C05")


# --- F9: slowness ----------------------------------------------------------------------------------------------------

IMPATIENT = {
    "head_patience": 0.6,
    "content_patience": 1.2,
    "reading_patience": 0.8,
    "farewell": 0.5,
    "linger": 0.5,
}


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server with the bounds above."""
    from tests.server.impatient import impatient_server

    with impatient_server(tmp_path_factory.mktemp("impatient"), IMPATIENT, [ANN]) as live:
        yield live


def trickle(wire: Wire, data: bytes, pause: float) -> float:
    """Send byte by byte until the server ends the connection; after how many seconds."""
    began = time.monotonic()
    wire.sock.settimeout(pause)
    for byte in data:
        try:
            wire.sock.sendall(bytes((byte,)))
            if wire.sock.recv(1) == b"":
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return time.monotonic() - began


@pytest.mark.parametrize(
    "start",
    [b"", b"\r\n", b"G", b"GET /whoami HTTP/1.1\r\n", b"GET /whoami HTTP/1.1\r\nHost: a\r\n"],
    ids=["nothing", "empty line", "a letter", "request line", "field"],
)
def test_head_that_does_not_come_ends_the_connection__F9(impatient: Live, start: bytes) -> None:
    began = time.monotonic()
    with Wire(impatient.port) as wire:
        assert wire.send(start).is_ended_by_server()
    assert 0.5 < time.monotonic() - began < 15


def test_head_that_comes_slowly_ends_the_connection__F9(impatient: Live) -> None:
    with Wire(impatient.port) as wire:
        slow = b"GET /whoami HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 100
        assert 0.5 < trickle(wire, slow, 0.1) < 30, "all of it takes twice as long"
    with Wire(impatient.port) as wire:  # after a request that was answered too
        assert wire.send(request("GET", "/healthz")).answer().status == 200
        assert 0.5 < trickle(wire, slow, 0.1) < 30
    with Wire(impatient.port) as wire:
        assert 0.5 < trickle(wire, b"\r\n" * 300, 0.1) < 30


def test_content_that_comes_slowly_ends_the_connection__F9(impatient: Live) -> None:
    content = json.dumps(LOGIN).encode().ljust(600)
    for head, slow in (
        (request("POST", "/login", "Content-Type: application/json", f"Content-Length: {len(content)}"), content),
        (
            request("POST", "/login", "Content-Type: application/json", "Transfer-Encoding: chunked"),
            chunked(*(bytes((byte,)) for byte in content)),
        ),
    ):
        with Wire(impatient.port) as wire:
            assert 1 < trickle(wire.send(head), slow, 0.1) < 30, "all of it takes twice as long"


def test_content_may_take_longer_than_a_head__F9(impatient: Live) -> None:
    assert len(json.dumps(LOGIN)) > 30
    sent = json_request("POST", "/login", LOGIN)

    def is_answered() -> bool:
        """Half a second is left for the rest, which a busy machine may need for something else."""
        with Wire(impatient.port) as wire, suppress(OSError, AssertionError):
            wire.send(sent[:-30])
            time.sleep(IMPATIENT["head_patience"] + 0.1)
            return wire.send(sent[-30:]).answer().status == 200
        return False

    assert any(is_answered() for _ in range(TRIES))


def test_answers_that_are_not_read_end_the_connection__F9(impatient: Live) -> None:
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", impatient.port))
        sock.settimeout(40)
        began = time.monotonic()
        try:
            while time.monotonic() - began < 30:
                sock.sendall(request("GET", "/openapi.json") * 20)
        except OSError:
            pass
        assert time.monotonic() - began < 30


def test_idle_connections_do_not_hinder_others__F9(impatient: Live) -> None:
    crowd = [Wire(impatient.port).send(b"GET /") for _ in range(300)]
    try:
        worst = 0.0
        with Wire(impatient.port) as wire:
            for _ in range(50):
                began = time.monotonic()
                assert wire.send(request("GET", "/healthz")).answer().status == 200
                worst = max(worst, time.monotonic() - began)
        assert worst < 10
        assert all(wire.is_ended_by_server() for wire in crowd)
    finally:
        for wire in crowd:
            wire.sock.close()


def test_stopping_server_answers_what_is_on_its_way(tmp_path: Path) -> None:
    with live_server(CONFIG, [ANN], data=tmp_path) as live:
        with Wire(live.port) as idle, Wire(live.port) as begun, Wire(live.port) as fresh, Wire(live.port) as asking:
            assert idle.send(request("GET", "/healthz")).answer().status == 200
            begun.send(b"GET /healthz HTTP/1.1\r\n")
            asking.send(json_request("POST", "/login", LOGIN))
            wait_until(lambda: all(has_read(wire) for wire in (idle, begun, fresh, asking)))
            stopping = threading.Thread(target=live.stop)
            stopping.start()
            assert idle.is_ended_by_server()
            assert begun.send(b"Host: a\r\n\r\n").answer().one("connection") == "close"
            assert fresh.send(request("GET", "/healthz")).answer().one("connection") == "close"
            assert asking.answer().status == 200
            stopping.join()
        assert live.process.returncode == 0
