"""Connections are kept for the next question, and never for anything else."""

from __future__ import annotations

import gc
import os
import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.hostile_provider import hostile_provider
from tests.outgoing.asking import answered, asking, refused
from watchword.outgoing.exchange import Connection
from watchword.outgoing.http import NoAnswer, Outgoing
from watchword.outgoing.question import Question
from watchword.outgoing.wire import Deadline, Wire

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def listening_on() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def url_of(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}/"


def request_on(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65_536)
        if not piece:
            break
        received += piece
    return received


def test_connections_are_kept() -> None:
    with hostile_provider() as provider, asking() as outgoing:
        for _ in range(5):
            assert answered(outgoing, provider.url).status == 200
        assert (provider.connections, len(provider.received)) == (1, 5)


def test_cookies_are_not() -> None:
    with hostile_provider() as provider, asking() as outgoing:
        for _ in range(2):
            assert answered(outgoing, f"{provider.url}/status/200").status == 200
        assert [received.field("cookie") for received in provider.received] == [None, None]


def test_one_that_was_closed_meanwhile_is_not_noticed__F6() -> None:
    with listening_on() as listening, ThreadPoolExecutor(1) as pool:

        def serve() -> None:
            """Takes connections one after the other, and closes each after two answers."""
            for _ in range(3):
                connection, _ = listening.accept()
                with connection:
                    for _ in range(2):
                        assert request_on(connection)
                        connection.sendall(OK)

        serving = pool.submit(serve)
        with asking() as outgoing:
            for _ in range(6):
                assert answered(outgoing, url_of(listening)).content == b"{}"
        serving.result(5)


@pytest.mark.parametrize("rude", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize(
    ("method", "repeatable", "asked"),
    [("GET", None, 3), ("PUT", None, 3), ("POST", None, 2), ("POST", True, 3), ("PATCH", None, 2), ("GET", False, 2)],
)
def test_only_what_may_be_sent_twice_is__F6(method: str, repeatable: bool | None, asked: int, rude: bool) -> None:
    """The connection is closed after the second request has come, whatever it was: it may have been carried out."""
    requests: list[bytes] = []
    with listening_on() as listening, ThreadPoolExecutor(1) as pool:

        def serve() -> None:
            first, _ = listening.accept()
            with first:
                requests.append(request_on(first))
                first.sendall(OK)
                requests.append(request_on(first))
                if rude:
                    first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, 0, 0, 0, 0, 0, 0, 0]))
            if asked == 3:
                second, _ = listening.accept()
                with second:
                    requests.append(request_on(second))
                    second.sendall(OK)

        serving: Future[None] = pool.submit(serve)
        with asking() as outgoing:
            assert answered(outgoing, url_of(listening)).status == 200
            if asked == 3:
                assert outgoing.ask(method, url_of(listening), repeatable=repeatable).status == 200
            else:
                with pytest.raises(NoAnswer) as failed:
                    outgoing.ask(method, url_of(listening), repeatable=repeatable)
                assert failed.value.kind == "unreachable"
                listening.setblocking(False)
                with pytest.raises(BlockingIOError):
                    listening.accept()
        serving.result(30)
    assert len(requests) == asked


def test_a_new_connection_that_is_closed_is_not_tried_again__F6() -> None:
    with hostile_provider() as provider, asking() as outgoing:
        assert refused(outgoing, f"{provider.url}/close").kind == "unreachable"
        assert len(provider.received) == 1


def test_what_nobody_asked_for_is_no_answer_to_the_next_question__F6() -> None:
    with hostile_provider() as provider, asking() as outgoing:
        assert answered(outgoing, f"{provider.url}/two-answers").content == b"{}"
        assert answered(outgoing, f"{provider.url}/ok").content == b'{"ok": true}'
        assert provider.connections == 2


SMUGGLED = b"GET /late HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_what_somebody_chose_to_send_answers_nobody_else__F24(method: str) -> None:
    """A server that takes content for another request answers that, too, and later than anybody could notice."""
    with hostile_provider() as provider, asking() as outgoing:
        outgoing.ask(method, f"{provider.url}/content-is-a-request", content=SMUGGLED, on_behalf=True)
        assert outgoing.ask("GET", f"{provider.url}/ok", on_behalf=True).content == b'{"ok": true}'
        assert provider.connections == 2


@pytest.mark.parametrize(("method", "connections"), [("GET", 1), ("HEAD", 2), ("POST", 2)])
def test_only_what_can_hide_nothing_leaves_its_connection_to_others__F24(method: str, connections: int) -> None:
    with hostile_provider() as provider, asking() as outgoing:
        for _ in range(2):
            outgoing.ask(method, f"{provider.url}/ok", on_behalf=True)
        assert provider.connections == connections


@pytest.mark.parametrize("heard", [True, False])
def test_a_connection_over_which_not_all_was_sent_is_not_used_again__F24(heard: bool) -> None:
    """The next question would be read as the rest of this one."""
    near, far = socket.socketpair()
    with near, far:
        far.sendall(OK)
        if not heard:
            far.shutdown(socket.SHUT_RD)
        connection = Connection(Wire(near))
        question = Question("PUT", "/", ((b"host", b"a"), (b"content-length", b"4")), b"rest")
        assert connection.ask(question, largest=10, deadline=Deadline(time.monotonic() + 30)).status == 200
        assert connection.is_reusable() is heard


@pytest.mark.parametrize("path", ["/huge-told", "/huge", "/hang", "/garbage", "/drip"])
def test_a_connection_with_an_answer_that_was_not_read_is_closed__F6(path: str) -> None:
    with hostile_provider() as provider, asking() as outgoing:
        with pytest.raises(NoAnswer):
            outgoing.ask("GET", provider.url + path, patience=0.2)
        assert answered(outgoing, provider.url).status == 200
        assert provider.connections == 2


def test_nothing_is_connected_before_something_is_asked() -> None:
    with listening_on() as listening, asking():
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_hosts_and_ports_have_connections_of_their_own() -> None:
    with hostile_provider() as one, hostile_provider() as another, asking() as outgoing:
        for provider in (one, another, one, another):
            assert answered(outgoing, provider.url).status == 200
        assert (one.connections, another.connections) == (1, 1)


def test_no_more_are_kept_than_may_be_under_way() -> None:
    with hostile_provider() as one, hostile_provider() as another, asking(at_once=1) as outgoing:
        for provider in (one, another, one, another):
            assert answered(outgoing, provider.url).status == 200
        assert (one.connections, another.connections) == (1, 2)


def test_a_forked_process_uses_none_of_its_parent_s(monkeypatch: pytest.MonkeyPatch) -> None:
    with hostile_provider() as provider, asking() as outgoing:
        assert answered(outgoing, provider.url).status == 200
        monkeypatch.setattr(os, "getpid", lambda: 1)
        for _ in range(2):
            assert answered(outgoing, provider.url).status == 200
        assert provider.connections == 2


def test_connections_end_with_who_holds_them() -> None:
    with listening_on() as listening, ThreadPoolExecutor(1) as pool:

        def answered_until_closed() -> bytes:
            connection, _ = listening.accept()
            with connection:
                connection.settimeout(30)
                assert request_on(connection)
                connection.sendall(OK)
                return connection.recv(65_536)

        serving = pool.submit(answered_until_closed)
        outgoing = Outgoing("provider", patience=30, private_hosts=["127.0.0.1"])
        assert answered(outgoing, url_of(listening)).status == 200
        del outgoing
        gc.collect()
        assert serving.result(30) == b""
