"""Whatever a provider answers is an answer, or none of a known kind, in bounded time."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hostile_provider import COOKIE, PATHS, HostileProvider, hostile_provider
from tests.outgoing.asking import LATITUDE, PATIENCE, answered, asking, became_of, quicker_than, refused
from tests.ports import free_port
from tests.stores.test_slots import until
from watchword.outgoing.breaker import Breaker
from watchword.outgoing.http import NoAnswer, NoAnswerKind


@pytest.fixture(scope="module")
def everybody() -> Iterator[HostileProvider]:
    with hostile_provider() as provider:
        yield provider


@pytest.fixture
def provider(everybody: HostileProvider) -> HostileProvider:
    everybody.received.clear()
    everybody.connections = 0
    return everybody


# --- statuses --------------------------------------------------------------------------------------------------------


def test_every_final_status_is_an_answer__S1_3__S1_10(provider: HostileProvider) -> None:
    with asking() as outgoing:
        statuses = [answered(outgoing, f"{provider.url}/status/{status}").status for status in range(200, 600)]
    assert statuses == list(range(200, 600))
    assert provider.connections == 1


@pytest.mark.parametrize("status", [*range(100, 105), 110, 199, "000", "099", 600, 601, 700, 999])
def test_all_others_are_none__S1_3__S1_10(provider: HostileProvider, status: int | str) -> None:
    with asking() as outgoing:
        assert refused(outgoing, f"{provider.url}/status/{status}").kind == "protocol"
        assert answered(outgoing, f"{provider.url}/ok").status == 200


@pytest.mark.parametrize("number", [1, 16])
def test_interim_answers_are_skipped__S1_3(provider: HostileProvider, number: int) -> None:
    with asking() as outgoing:
        assert answered(outgoing, f"{provider.url}/interim/{number}").content == b'{"ok": true}'


def test_interim_answers_are_bounded_in_number__F6(provider: HostileProvider) -> None:
    with asking() as outgoing:
        assert refused(outgoing, f"{provider.url}/interim/17").kind == "protocol"
        assert refused(outgoing, f"{provider.url}/interim").kind == "protocol"


# --- everything else -------------------------------------------------------------------------------------------------

NO_ANSWERS: dict[str, NoAnswerKind] = {
    "/hang": "timeout",
    "/drip-head": "timeout",
    "/drip": "timeout",
    "/huge": "too-large",
    "/huge-chunks": "too-large",
    "/huge-told": "too-large",
    "/huge-head": "too-large",
    "/many-fields": "too-large",
    "/long-extensions": "too-large",
    "/garbage": "protocol",
    "/ssh": "protocol",
    "/interim": "protocol",
    "/lying-length": "protocol",
    "/two-lengths": "protocol",
    "/both-lengths": "protocol",
    "/garbage-chunks": "protocol",
    "/reset": "unreachable",
    "/close": "unreachable",
}
ANSWERS = {
    "/ok": 200,
    "/key": 401,
    "/echo": 200,
    "/redirect-loop": 302,
    "/html": 200,
    "/invalid-json": 200,
    "/compressed-bomb": 200,
    "/two-answers": 200,
    "/content-is-a-request": 200,
    "/late": 200,
}


def test_every_path_of_the_provider_is_looked_at() -> None:
    assert {*NO_ANSWERS, *ANSWERS} == set(PATHS)


@pytest.mark.parametrize("path", NO_ANSWERS)
def test_what_is_no_answer_is_told_by_its_kind_in_time__F6__C21(provider: HostileProvider, path: str) -> None:
    with asking(patience=patience_for(path)) as outgoing, quicker_than(PATIENCE + LATITUDE):
        assert refused(outgoing, provider.url + path).kind == NO_ANSWERS[path]


def patience_for(path: str) -> float:
    """Little where it will run out; much where that would hide what happens, on a busy machine."""
    return PATIENCE if NO_ANSWERS[path] == "timeout" else 30.0


@pytest.mark.parametrize("path", ANSWERS)
def test_what_is_an_answer_is_given_as_it_came__S1_3(provider: HostileProvider, path: str) -> None:
    with asking() as outgoing:
        assert answered(outgoing, provider.url + path).status == ANSWERS[path]


def test_the_next_question_is_not_answered_by_what_came_before_it__F6(provider: HostileProvider) -> None:
    with asking() as outgoing:
        for path in [*NO_ANSWERS, *ANSWERS]:
            became_of(outgoing, provider.url + path, patience=patience_for(path) if path in NO_ANSWERS else None)
            assert answered(outgoing, f"{provider.url}/ok").content == b'{"ok": true}'


def test_what_is_compressed_is_never_unpacked__F6(provider: HostileProvider) -> None:
    with asking() as outgoing:
        got = answered(outgoing, f"{provider.url}/compressed-bomb")
    assert got.content.startswith(b"\x1f\x8b")
    assert (b"content-encoding", b"gzip") in got.fields


def test_fields_come_as_they_are_with_names_in_lower_case__S1_3(provider: HostileProvider) -> None:
    with asking() as outgoing:
        got = answered(outgoing, f"{provider.url}/status/407")
    assert [value for name, value in got.fields if name == b"set-cookie"] == [COOKIE.encode()]
    assert b"proxy-authenticate" in dict(got.fields)
    assert all(type(name) is bytes and type(value) is bytes for name, value in got.fields)
    assert type(got.content) is bytes


@pytest.mark.parametrize("path", ["/huge", "/huge-chunks"])
def test_content_may_be_so_large_and_no_larger__F6(provider: HostileProvider, path: str) -> None:
    with asking(largest=12) as outgoing:
        assert len(answered(outgoing, f"{provider.url}/ok").content) == 12
    with asking(largest=11) as outgoing:
        assert refused(outgoing, f"{provider.url}/ok").kind == "too-large"
        assert refused(outgoing, provider.url + path).kind == "too-large"


def test_an_upload_that_nobody_reads_is_as_late_as_a_hang__F6__C21() -> None:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        with asking(patience=PATIENCE) as outgoing, quicker_than(PATIENCE + LATITUDE):
            assert refused(outgoing, url, method="PUT", content=bytes(32 * 1024 * 1024)).kind == "timeout"


def test_who_answers_before_it_has_heard_everything_has_answered__F6() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:

        def answer_at_once() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65_536):
                    pass

        pool.submit(answer_at_once)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        with asking() as outgoing:
            assert answered(outgoing, url, method="PUT", content=bytes(4 * 1024 * 1024)).status == 413


def test_nobody_who_listens_is_told_at_once__F6__C21() -> None:
    with asking(patience=30) as outgoing, quicker_than(LATITUDE):
        assert refused(outgoing, f"http://127.0.0.1:{free_port()}/").kind == "unreachable"


# --- nobody waits for longer, and not many at once -------------------------------------------------------------------


def test_so_many_wait_at_once_and_the_next_does_not__F6__F13__C21() -> None:
    with (
        hostile_provider() as provider,
        asking(patience=60, at_once=3) as outgoing,
        ThreadPoolExecutor(10) as pool,
    ):
        asked = [pool.submit(outgoing.ask, "GET", f"{provider.url}/held") for _ in range(10)]
        until(lambda: sum(one.done() for one in asked) == 7)
        for one in asked:
            if one.done():
                failed = one.exception()
                assert isinstance(failed, NoAnswer)
                assert (failed.kind, failed.retry_after) == ("busy", 1)
        provider.let_go.set()
        assert [one.result().status for one in asked if one.exception() is None] == [200] * 3
        assert answered(outgoing, f"{provider.url}/ok").status == 200


def test_who_waits_for_a_place_waits_no_longer_than_for_an_answer__F6__F13() -> None:
    with (
        hostile_provider() as provider,
        asking(patience=60, at_once=1, queue=60) as outgoing,
        ThreadPoolExecutor(1) as pool,
    ):
        first = pool.submit(outgoing.ask, "GET", f"{provider.url}/held")
        until(lambda: len(provider.received) == 1)
        with quicker_than(PATIENCE + LATITUDE), pytest.raises(NoAnswer) as failed:
            outgoing.ask("GET", f"{provider.url}/ok", patience=PATIENCE)
        assert failed.value.kind in {"busy", "timeout"}
        provider.let_go.set()
        assert first.result().status == 200


def test_a_question_may_have_less_patience_of_its_own__F6(provider: HostileProvider) -> None:
    with asking(patience=30) as outgoing, quicker_than(LATITUDE), pytest.raises(NoAnswer) as failed:
        outgoing.ask("GET", f"{provider.url}/hang", patience=0.1)
    assert failed.value.kind == "timeout"


def test_who_fails_for_a_while_is_left_alone_and_found_again__F6__C21(provider: HostileProvider) -> None:
    now = 0.0
    breaker = Breaker(failures=2, within=60, pause=7, clock=lambda: now)
    with asking(breaker=breaker) as outgoing:
        with provider.failing("/reset"):
            assert [refused(outgoing, provider.url).kind for _ in range(3)] == ["unreachable"] * 2 + ["open-circuit"]
            assert refused(outgoing, provider.url).retry_after == 7
            assert len(provider.received) == 2
            now = 7.0
            assert refused(outgoing, provider.url).kind == "unreachable"
            assert refused(outgoing, provider.url).kind == "open-circuit"
        now = 14.0
        assert answered(outgoing, provider.url).status == 200
        assert answered(outgoing, provider.url).status == 200


@pytest.mark.parametrize("path", ["/status/500", "/status/401", "/huge", "/redirect-loop"])
def test_who_answers_does_not_open_the_circuit__F6__C21(provider: HostileProvider, path: str) -> None:
    with asking(breaker=Breaker(failures=1)) as outgoing:
        for _ in range(3):
            assert became_of(outgoing, provider.url + path) not in ("open-circuit", "unreachable")
        assert became_of(outgoing, "https://10.0.0.1/") == "not-permitted"
        assert answered(outgoing, provider.url).status == 200


@pytest.mark.parametrize("path", [path for path, kind in NO_ANSWERS.items() if kind != "too-large"])
def test_who_chooses_the_path_does_not_open_the_circuit_for_others__F6__F38(
    provider: HostileProvider, path: str
) -> None:
    with asking(breaker=Breaker(failures=1)) as outgoing:
        for _ in range(3):
            with pytest.raises(NoAnswer) as failed:
                outgoing.ask("GET", provider.url + path, on_behalf=True, patience=patience_for(path))
            assert failed.value.kind == NO_ANSWERS[path]
        assert answered(outgoing, provider.url).status == 200


def test_a_path_that_hangs_does_not_keep_an_open_circuit_open__F6__F38(provider: HostileProvider) -> None:
    now = 0.0
    with asking(breaker=Breaker(failures=1, pause=7, clock=lambda: now)) as outgoing:
        with provider.failing("/reset"):
            refused(outgoing, provider.url)
        assert refused(outgoing, provider.url).kind == "open-circuit"
        now = 7.0
        with ThreadPoolExecutor(1) as pool:
            asked = len(provider.received)
            hanging = pool.submit(outgoing.ask, "GET", f"{provider.url}/hang", on_behalf=True, patience=1)
            while len(provider.received) == asked:
                time.sleep(0.01)
            assert outgoing.ask("GET", provider.url, on_behalf=True).status == 200
            assert answered(outgoing, provider.url).status == 200
            assert isinstance(hanging.exception(), NoAnswer)


def test_a_server_that_is_not_reached_opens_it_whoever_asks__F6__C21() -> None:
    with asking(breaker=Breaker(failures=1)) as outgoing:
        url = f"http://127.0.0.1:{free_port()}"
        for kind in ("unreachable", "open-circuit"):
            with pytest.raises(NoAnswer) as failed:
                outgoing.ask("GET", url, on_behalf=True)
            assert failed.value.kind == kind


# --- what is sent ----------------------------------------------------------------------------------------------------


def echoed(outgoing_fields: tuple[tuple[bytes, bytes], ...], provider: HostileProvider, method: str = "GET") -> object:
    with asking() as outgoing:
        got = json.loads(answered(outgoing, f"{provider.url}/echo", method=method, fields=outgoing_fields).content)
        return got["fields"]


def test_what_is_sent_is_this_and_no_more__S1_4(provider: HostileProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    host = provider.url.removeprefix("http://")
    expected = {"host": host, "accept-encoding": "identity", "user-agent": "watchword"}
    assert echoed((), provider) == expected
    assert echoed((), provider, "POST") == {**expected, "content-length": "0"}
    given_ = ((b"Authorization", b"Bearer key"), (b"User-Agent", b"Mine/1"), (b"X-Umlaut", "ä".encode()))
    assert echoed(given_, provider) == {
        **expected,
        "user-agent": "Mine/1",
        "authorization": "Bearer key",
        "x-umlaut": "ä".encode().decode("latin-1"),
    }


def test_nobody_else_writes_the_fields_of_the_connection__F24(provider: HostileProvider) -> None:
    hostile = {
        b"Host": b"other.example",
        b"Content-Length": b"5",
        b"Transfer-Encoding": b"chunked",
        b"Connection": b"close, authorization",
        b"Upgrade": b"h2c",
        b"TE": b"trailers",
        b"Trailer": b"x",
        b"Expect": b"100-continue",
        b"Accept-Encoding": b"gzip",
        b"Keep-Alive": b"1",
        b"Proxy-Connection": b"close",
    }
    assert echoed(tuple(hostile.items()), provider) == {
        "host": provider.url.removeprefix("http://"),
        "accept-encoding": "identity",
        "user-agent": "watchword",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"x-key", b"good\r\nX-Injected: yes"),
        (b"x-key", b"good\nX-Injected: yes"),
        (b"x-key", b"good\r"),
        (b"x-key", b"good\0"),
        (b"x-key", b"\x7f"),
        (b"x-key", b"\x1b[0m"),
        (b"x-key", b" good"),
        (b"x-key", b"good "),
        (b"x-key: yes\r\nx-injected", b"yes"),
        (b"x key", b"yes"),
        (b"", b"yes"),
        (b"x-key:", b"yes"),
        (b"x-k\xe4y", b"yes"),
    ],
)
def test_what_could_be_read_as_two_fields_is_not_sent__F24(
    provider: HostileProvider, name: bytes, value: bytes
) -> None:
    with asking() as outgoing:
        assert refused(outgoing, provider.url, fields=((name, value),)).kind == "not-permitted"
    assert (provider.connections, provider.received) == (0, [])


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "GET / HTTP/1.1\r\nX: y\r\n\r\nGET", "", "GE T", "GET\n"])
def test_what_is_no_method_of_ours_is_not_sent__F24(provider: HostileProvider, method: str) -> None:
    with asking() as outgoing:
        assert refused(outgoing, provider.url, method=method).kind == "not-permitted"
    assert provider.connections == 0


@given(name=st.binary(max_size=12), value=st.binary(max_size=24))
def test_every_field_is_sent_as_it_is_or_not_at_all__F24(everybody: HostileProvider, name: bytes, value: bytes) -> None:
    everybody.received.clear()
    with asking() as outgoing:
        became = became_of(outgoing, everybody.url, fields=((b"x-" + name, value),))
    if became == "not-permitted":
        assert everybody.received == []
    else:
        (received,) = everybody.received
        assert received.field(f"x-{name.decode('ascii').lower()}") == value.decode("latin-1")
        assert len(received.fields) == 4


# --- what is told ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*NO_ANSWERS, "/status/999"])
def test_what_went_wrong_is_told_without_secrets__F33(
    provider: HostileProvider, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    secret = "canary-5d41402a"
    fields = ((b"authorization", f"Bearer {secret}".encode()),)
    with asking(patience=0.1) as outgoing:
        url = f"{provider.url}{path}?key={secret}"
        failed = refused(outgoing, url, method="POST", fields=fields, content=secret.encode())
        told = f"{failed!r} {failed} {outgoing!r} {caplog.text} {failed.__cause__!r}"
    assert "127.0.0.1" in str(failed)
    assert secret not in told
    assert path not in told


def test_a_url_that_cannot_be_read_is_not_shown__F33() -> None:
    with asking() as outgoing:
        failed = refused(outgoing, "https://ann:canary@api.example/")
    assert failed.kind == "not-permitted"
    assert "canary" not in str(failed)


def test_answers_are_not_shown__F33(provider: HostileProvider) -> None:
    with asking() as outgoing:
        got = answered(outgoing, f"{provider.url}/echo?canary", fields=((b"x-key", b"canary"),))
    assert b"canary" in got.content
    assert "canary" not in repr(got)
