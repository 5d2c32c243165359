"""Questions to another server: bounded in time and in size, and sent nowhere else."""

from __future__ import annotations

import gc
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.certificates import HOUR, Authority, Issued
from tests.stores.small_server import Received, Reply, small_server
from watchword.core.ask import AnswerFailed
from watchword.stores.outgoing import AT_ONCE, LARGEST, Outgoing

PATIENCE = 0.6
LATITUDE = 1.5
"""Seconds that a busy machine may add."""


def asked(port: int, *, patience: float = PATIENCE, path: str = "/check") -> bytes:
    with closing(Outgoing(f"http://127.0.0.1:{port}{path}", patience=patience)) as outgoing:
        return outgoing.post(b"{}", "application/json").content


def no_answer(port: int, *, patience: float = PATIENCE) -> float:
    """How long it took until it was clear that there is none."""
    begun = time.monotonic()
    with pytest.raises(AnswerFailed):
        asked(port, patience=patience)
    return time.monotonic() - begun


def noting(seen: list[Received]) -> Callable[[Received], Reply]:
    """Answers nothing in particular, and notes what it was asked."""

    def answer(received: Received) -> Reply:
        seen.append(received)
        return Reply()

    return answer


# --- bounds ----------------------------------------------------------------------------------------------------------


def dripping(pieces: Callable[[], Iterator[bytes]]) -> Callable[[Received], Reply]:
    """Sends a piece every 50 ms, so that no single one is late."""

    def slowly() -> Iterator[bytes]:
        for piece in pieces():
            yield piece
            time.sleep(0.05)

    return lambda received: Reply(raw=slowly)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
DRIPS: dict[str, Callable[[], Iterator[bytes]]] = {
    "status-line": lambda: (bytes((byte,)) for byte in b"HTTP/1.1 200 " + b"O" * 200),
    "fields": lambda: (piece for part in ((HEAD,), (b"X-A: b\r\n",) * 200) for piece in part),
    "content": lambda: (piece for part in ((HEAD + b"Content-Length: 200\r\n\r\n",), (b" ",) * 200) for piece in part),
    "chunks": lambda: (
        piece for part in ((HEAD + b"Transfer-Encoding: chunked\r\n\r\n",), (b"1\r\n \r\n",) * 200) for piece in part
    ),
    "interim-answers": lambda: (b"HTTP/1.1 102 Processing\r\n\r\n" for _ in range(200)),
}


@pytest.mark.parametrize("pieces", DRIPS.values(), ids=DRIPS)
def test_an_answer_that_drips_in_is_as_late_as_one_that_hangs__F6__C17(pieces: Callable[[], Iterator[bytes]]) -> None:
    with small_server(dripping(pieces)) as port:
        assert no_answer(port) < PATIENCE + LATITUDE


def test_who_takes_the_connection_and_says_nothing_is_waited_for_a_bounded_time__F6__C17() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert no_answer(listening.getsockname()[1]) < PATIENCE + LATITUDE


def test_a_handshake_that_hangs_is_waited_for_a_bounded_time__F6__C17() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"https://127.0.0.1:{listening.getsockname()[1]}/"
        begun = time.monotonic()
        with closing(Outgoing(url, patience=PATIENCE)) as outgoing, pytest.raises(AnswerFailed):
            outgoing.post(b"", "text/plain")
        assert time.monotonic() - begun < PATIENCE + LATITUDE


def test_looking_up_a_name_is_waited_for_a_bounded_time__F6__C17(monkeypatch: pytest.MonkeyPatch) -> None:
    def hanging(*_: object, **__: object) -> list[object]:
        time.sleep(PATIENCE + 1)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    begun = time.monotonic()
    with closing(Outgoing("http://accounts.example:1/", patience=PATIENCE)) as outgoing, pytest.raises(AnswerFailed):
        outgoing.post(b"", "text/plain")
    assert time.monotonic() - begun < PATIENCE + LATITUDE


def test_who_is_unknown_or_listens_to_nobody_is_no_answer__F6__C17() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert no_answer(port) < PATIENCE
    with closing(Outgoing("http://nobody.invalid/", patience=5)) as outgoing, pytest.raises(AnswerFailed):
        outgoing.post(b"", "text/plain")


def test_who_waits_for_one_of_the_connections_waits_no_longer_than_that__F13() -> None:
    def late(received: Received) -> Reply:
        time.sleep(PATIENCE * 2)
        return Reply()

    with small_server(late) as port, closing(Outgoing(f"http://127.0.0.1:{port}/", patience=PATIENCE)) as outgoing:

        def ask(_: int) -> float:
            begun = time.monotonic()
            with pytest.raises(AnswerFailed):
                outgoing.post(b"", "text/plain")
            return time.monotonic() - begun

        with ThreadPoolExecutor(AT_ONCE + 8) as pool:
            assert max(pool.map(ask, range(AT_ONCE + 8))) < PATIENCE + LATITUDE


@pytest.mark.parametrize("chunked", [False, True], ids=["told", "chunked"])
def test_content_may_be_so_large_and_no_larger__C17(chunked: bool) -> None:
    def answer(received: Received) -> Reply:
        size = LARGEST + int(received.target.removeprefix("/"))
        if not chunked:
            return Reply(content=b"x" * size)
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        return Reply(raw=lambda: iter((head, b"%x\r\n" % size, b"x" * size, b"\r\n0\r\n\r\n")))

    with small_server(answer) as port:
        assert len(asked(port, path="/0", patience=5)) == LARGEST
        with pytest.raises(AnswerFailed, match="more than 65536 bytes"):
            asked(port, path="/1", patience=5)


def test_an_endless_answer_is_not_read_to_its_end__C17() -> None:
    def endless() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while True:
            yield b"x" * 65_536

    with small_server(lambda received: Reply(raw=endless)) as port, pytest.raises(AnswerFailed):
        asked(port, patience=5)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\x01\x02",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"x" * 300_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 999999 OK\r\n\r\n",
    ],
    ids=["nothing", "bytes", "ssh", "cut-off", "two-lengths", "long-field", "no-chunk", "no-status"],
)
def test_what_is_no_http_is_no_answer__C17(raw: bytes) -> None:
    with small_server(lambda received: Reply(raw=lambda: iter((raw,)))) as port:
        assert no_answer(port, patience=3) < 3


# --- nothing else is done --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_told_and_never_followed(status: int) -> None:
    seen: list[str] = []

    def answer(received: Received) -> Reply:
        seen.append(received.target)
        return Reply(status, fields={"Location": "/elsewhere"})

    with small_server(answer) as port, closing(Outgoing(f"http://127.0.0.1:{port}/check", patience=5)) as outgoing:
        assert outgoing.post(b"{}", "application/json").status == status
    assert seen == ["/check"]


def test_cookies_are_not_kept_and_proxies_of_the_environment_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    seen: list[Received] = []

    def answer(received: Received) -> Reply:
        seen.append(received)
        return Reply(fields={"Set-Cookie": "AuthSession=abc; Path=/"})

    with small_server(answer) as port, closing(Outgoing(f"http://127.0.0.1:{port}/", patience=5)) as outgoing:
        for _ in range(2):
            assert outgoing.post(b"{}", "application/json").status == 200
    assert [received.fields.get("cookie") for received in seen] == [None, None]


def test_what_is_sent_is_this_and_no_more() -> None:
    seen: list[Received] = []
    with small_server(noting(seen)) as port:
        fields = {"Authorization": b"Bearer secret"}
        with closing(Outgoing(f"http://127.0.0.1:{port}/a/b", patience=5, fields=fields)) as outgoing:
            outgoing.post(b"{}", "application/json")
    assert seen == [
        Received(
            "/a/b",
            {
                "host": f"127.0.0.1:{port}",
                "accept": "application/json",
                "accept-encoding": "identity",
                "content-type": "application/json",
                "user-agent": "watchword",
                "authorization": "Bearer secret",
                "content-length": "2",
            },
            b"{}",
        )
    ]


def test_what_went_wrong_is_told_without_secrets(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/check"
        outgoing = Outgoing(url, patience=0.1, fields={"Authorization": b"Bearer topsecret"})
        with closing(outgoing), pytest.raises(AnswerFailed) as failed:
            outgoing.post(b'{"password":"topsecret"}', "application/json")
    assert url in str(failed.value)
    assert "topsecret" not in str(failed.value) + caplog.text + repr(outgoing)


# --- connections -----------------------------------------------------------------------------------------------------


def test_connections_are_kept_and_one_that_was_closed_is_not_noticed__F6() -> None:
    connections: list[socket.socket] = []

    def serve(listening: socket.socket, answers: int) -> None:
        """Takes connections one after the other, and closes each after so many answers."""
        for _ in range(3):
            connection, _address = listening.accept()
            connections.append(connection)
            with connection:
                for _ in range(answers):
                    received = b""
                    while b"\r\n\r\n{}" not in received:
                        received += connection.recv(65_536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        serving = pool.submit(serve, listening, 2)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        with closing(Outgoing(url, patience=5)) as outgoing:
            for _ in range(6):
                assert outgoing.post(b"{}", "application/json").content == b"{}"
        serving.result(5)
    assert len(connections) == 3


def test_nothing_is_connected_before_something_is_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        outgoing = Outgoing(f"http://127.0.0.1:{listening.getsockname()[1]}/", patience=1)
        with pytest.raises(BlockingIOError):
            listening.accept()
        outgoing.close()


def test_connections_end_with_who_holds_them() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:

        def answered_until_closed() -> bytes:
            connection, _address = listening.accept()
            with connection:
                connection.settimeout(10)
                assert connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                return connection.recv(65_536)

        serving = pool.submit(answered_until_closed)
        outgoing = Outgoing(f"http://127.0.0.1:{listening.getsockname()[1]}/", patience=5)
        assert outgoing.post(b"", "text/plain").status == 200
        del outgoing
        gc.collect()
        assert serving.result(10) == b""


# --- TLS -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


LOOPBACK = x509.IPAddress(ip_address("127.0.0.1"))
SERVERS = (ExtendedKeyUsageOID.SERVER_AUTH,)
CERTIFICATES: dict[str, Callable[[Authority], Issued]] = {
    "of-this-machine": lambda authority: authority.for_this_machine(),
    "of-another-authority": lambda authority: Authority("Others").for_this_machine(),
    "of-another-host": lambda authority: authority.issue("other", x509.DNSName("other.example"), usage=SERVERS),
    "of-nobody-but-a-common-name": lambda authority: authority.issue("127.0.0.1", usage=SERVERS),
    "expired": lambda authority: authority.issue("localhost", LOOPBACK, usage=SERVERS, begins=-2 * HOUR, ends=-HOUR),
    "of-a-client": lambda authority: authority.issue("localhost", LOOPBACK),
}


@pytest.mark.parametrize("certificate", CERTIFICATES)
def test_only_who_is_vouched_for_is_asked__C17(certificate: str, authority: Authority, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*CERTIFICATES[certificate](authority).write(tmp_path, "server"))
    authorities = tmp_path / "authorities.pem"
    authorities.write_text(authority.pem)
    seen: list[Received] = []
    with small_server(noting(seen), context=context) as port:
        url = f"https://127.0.0.1:{port}/"
        with closing(Outgoing(url, patience=5, authorities=authorities)) as outgoing:
            if certificate == "of-this-machine":
                assert [outgoing.post(b"", "text/plain").status for _ in range(3)] == [200] * 3
                assert len(seen) == 3
                return
            with pytest.raises(AnswerFailed):
                outgoing.post(b"", "text/plain")
    assert not seen


def test_the_system_s_authorities_do_not_vouch_for_everybody__C17(authority: Authority, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.for_this_machine().write(tmp_path, "server"))
    with (
        small_server(lambda received: Reply(), context=context) as port,
        closing(Outgoing(f"https://127.0.0.1:{port}/", patience=5)) as outgoing,
        pytest.raises(AnswerFailed),
    ):
        outgoing.post(b"", "text/plain")
