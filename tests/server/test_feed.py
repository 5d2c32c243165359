"""GET /revocations/feed at a running server: what verifiers are told, who may listen, and how it ends."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.live import Live, User, live_server
from tests.quickness import can_be_done_within
from tests.server.feed_wire import FEED, Subscriber, pulled
from tests.server.workers import wait_until
from watchword.core.questions import ChangeAccount, RevokeToken
from watchword.core.revocations import Revoked
from watchword.storage import Storage, open_storage

USERS = (
    User("ann", roles=frozenset(("clerk",))),
    User("images", roles=frozenset(("verifier",))),
)
CONFIG = '[tokens]\nissuer = "https://auth.example.com"\nstaleness = "1s"\noffline_ttl = "12s"\n'


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with live_server(CONFIG, USERS) as running:
        yield running


@pytest.fixture(scope="module")
def storage(live: Live) -> Iterator[Storage]:
    """The database of the running server, as another process of the machine has it."""
    opened = open_storage("sqlite:///watchword.db", live.data)
    yield opened
    opened.close()


def answer(live: Live, method: str, target: str, **fields: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=60)
    try:
        connection.request(method, target, headers={name.replace("_", "-"): value for name, value in fields.items()})
        response = connection.getresponse()
        told = {name.lower(): value for name, value in response.getheaders()}
        return response.status, told, b"" if "event-stream" in told.get("content-type", "") else response.read()
    finally:
        connection.close()


def subscribers(live: Live) -> int:
    content = answer(live, "GET", "/metrics")[2].decode()
    found = re.search(r"^watchword_feed_subscribers (\d+)$", content, re.MULTILINE)
    assert found is not None
    return int(found[1])


def test_a_verifier_is_told_everything_and_then_what_comes(live: Live, storage: Storage) -> None:
    listening = Subscriber(live.port, nonce="a-nonce")
    try:
        first = next(listening.messages())
        assert listening.response.getheader("content-type") == "text/event-stream"
        assert listening.response.getheader("cache-control") == "no-store"
        assert (first.whole, first.since, first.nonce) == (True, -1, "a-nonce")
        assert first.issuer == "https://auth.example.com"
        assert (first.staleness, first.offline_ttl, first.keep) == (1.0, 12.0, 3600.0)
        assert abs(first.at - time.time()) < 60
        storage.change_account(ChangeAccount("ann", disabled=True))
        message = next(message for message in listening.messages() if message.entries)
        told = {(entry.what, entry.key, entry.state) for entry in message.entries}
        assert (Revoked.ACCOUNT, "ann", None) in told
        assert message.since == first.until
        assert listening.ids == sorted(listening.ids)

        def hear_of_a_change() -> None:
            storage.change_account(ChangeAccount("ann", disabled=True))
            assert any(message.entries for message in listening.messages())

        can_be_done_within(1.0, hear_of_a_change)
    finally:
        listening.close()
        storage.change_account(ChangeAccount("ann", disabled=False))


def test_whoever_comes_back_says_where_it_was(live: Live, storage: Storage) -> None:
    (before,) = pulled(live.port)
    storage.revoke_token(RevokeToken("t1", time.time() + 900))
    for query, fields in (
        ({"since": before.until, "epoch": before.epoch}, {}),
        ({"since": before.until}, {}),
        ({}, {"Last-Event-ID": str(before.until)}),
    ):
        (told,) = pulled(live.port, fields=fields, **query)
        assert (told.whole, told.since) == (False, before.until)
        assert [entry.key for entry in told.entries] == ["t1"]


def test_numbers_of_another_run_of_the_server_count_for_nothing__S2_20(live: Live) -> None:
    (told,) = pulled(live.port, since=0, epoch="another")
    assert told.whole


def test_workers_are_one_epoch_and_a_restart_is_another(tmp_path: Path) -> None:
    epochs: list[set[str]] = []
    for _ in range(2):
        with live_server(workers=2, data=tmp_path) as live:
            streams: set[str] = set()
            seen: set[str] = set()
            while len(streams) < 2:  # whichever worker accepts a connection answers it
                (told,) = pulled(live.port)
                streams.add(told.stream)
                seen.add(told.epoch)
            epochs.append(seen)
    assert [len(epoch) for epoch in epochs] == [1, 1]
    assert epochs[0] != epochs[1]


def test_events_and_one_answer_say_the_same(live: Live) -> None:
    listening = Subscriber(live.port, nonce="one")
    (once,) = pulled(live.port, nonce="two")
    streamed = next(listening.messages())
    listening.close()
    assert (streamed.since, streamed.until, streamed.entries) == (once.since, once.until, once.entries)
    assert (streamed.stream, streamed.nonce, once.nonce) == (once.stream, "one", "two")
    status, fields, content = answer(live, "GET", FEED, Accept="application/json")
    assert (status, fields["content-type"], fields["cache-control"]) == (200, "application/json", "no-store")
    assert list(json.loads(content)) == ["messages"]


def test_nobody_misses_anything_while_others_write(live: Live, storage: Storage) -> None:
    names = {f"busy{number}" for number in range(400)}
    ready = threading.Barrier(5)
    heard: list[set[str]] = []

    def listen() -> None:
        listening = Subscriber(live.port)
        ready.wait()
        seen: set[str] = set()
        position: int | None = None
        for message in listening.messages():
            assert position is None or message.since == position
            position = message.until
            seen |= {entry.key for entry in message.entries}
            if seen >= names:
                break
        listening.close()
        heard.append(seen & names)

    threads = [threading.Thread(target=listen) for _ in range(4)]
    for thread in threads:
        thread.start()
    ready.wait()
    for name in names:
        storage.revoke_token(RevokeToken(name, time.time() + 900))
    for thread in threads:
        thread.join(60)
    assert heard == [names] * 4


# --- who may -----------------------------------------------------------------------------------------------------

ELSEWHERE = {"X-Forwarded-For": "192.0.2.7"}
"""Whoever asks through something else does not ask from here."""


def basic(name: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{name}:correct horse battery".encode()).decode()}


@pytest.mark.parametrize(
    ("fields", "cell", "status"),
    [(ELSEWHERE, "C03", 401), (ELSEWHERE | basic("ann"), "C12", 403), (ELSEWHERE | basic("nobody"), "C07", 401)],
    ids=["C03", "C12", "C07"],
)
def test_strangers_and_others_roles_do_not_listen(live: Live, fields: dict[str, str], cell: str, status: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=60)
    connection.request("GET", FEED, headers=fields)
    response = connection.getresponse()
    assert (response.status, (response.getheader("auth-decision") or "")[:3]) == (status, cell)
    connection.close()


def test_the_role_verifier_listens_from_anywhere(live: Live) -> None:
    assert pulled(live.port, fields=ELSEWHERE | basic("images"))
    listening = Subscriber(live.port, fields=ELSEWHERE | basic("images"))
    next(listening.messages())
    listening.close()


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("POST", FEED, 405),
        ("DELETE", FEED, 405),
        ("HEAD", FEED, 200),
        ("HEAD", FEED + "?pull", 200),
        ("GET", FEED + "?since=x", 400),
        ("GET", FEED + "?since=-2", 400),
        ("GET", FEED + "?since=1.5", 400),
        ("GET", FEED + "?since=" + "9" * 40, 400),
        ("GET", FEED + "?nonce=" + "n" * 65, 400),
        ("GET", FEED + "?nonce=%22%3A", 400),
        ("GET", FEED + "/", 404),
    ],
)
def test_what_cannot_be_meant_is_told_so(live: Live, method: str, target: str, status: int) -> None:
    assert answer(live, method, target)[0] == status


# --- how it ends -------------------------------------------------------------------------------------------------


def test_listeners_are_counted_and_those_that_left_are_not(live: Live) -> None:
    listening = [Subscriber(live.port) for _ in range(3)]
    wait_until(lambda: subscribers(live) == 3)
    for each in listening:
        each.connection.sock.shutdown(socket.SHUT_RDWR)
        each.close()
    wait_until(lambda: subscribers(live) == 0)


def test_who_does_not_read_is_cut_off__F9(tmp_path: Path) -> None:
    with (
        live_server(data=tmp_path) as live,
        closing(open_storage("sqlite:///watchword.db", tmp_path)) as storage,
        closing(socket.socket()) as lazy,
        closing(Subscriber(live.port)) as eager,
    ):
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect(("127.0.0.1", live.port))
        lazy.sendall(b"GET /revocations/feed HTTP/1.1\r\nhost: localhost\r\n\r\n")
        wait_until(lambda: subscribers(live) == 2)
        heard: set[str] = set()
        last = f"{'last':020000}"

        def listen() -> None:
            for message in eager.messages():
                heard.update(entry.key for entry in message.entries)
                if last in heard:
                    break

        listening = threading.Thread(target=listen)
        listening.start()
        number = 0
        began = time.monotonic()
        while subscribers(live) == 2 and time.monotonic() - began < 40:
            for _ in range(20):  # long names, so that there is something to buffer
                storage.revoke_token(RevokeToken(f"{number:020000}", time.time() + 900))
                number += 1
        storage.revoke_token(RevokeToken(last, time.time() + 900))
        listening.join(60)
        assert subscribers(live) == 1, "the one that does not read is not waited for"
        assert len(heard) == number + 1, "the one that reads missed nothing"


def test_a_server_that_stops_lets_its_listeners_go_at_once__F37(tmp_path: Path) -> None:
    with live_server(workers=2, data=tmp_path) as live:
        listening = [Subscriber(live.port) for _ in range(6)]
        for each in listening:
            next(each.messages())
        began = time.monotonic()
        assert live.stop() == 0
        assert time.monotonic() - began < 15
        for each in listening:
            assert all(not message.whole for message in each.messages()), "the streams have ended in good order"
            each.close()
