"""How the stores ask another server: where they were told to, and in bounded time."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests.hostile_provider import hostile_provider
from tests.outgoing.asking import LATITUDE, PATIENCE, quicker_than
from tests.stores.small_server import Received, Reply, small_server
from watchword.core.ask import AnswerFailed
from watchword.stores.http.asked import AT_ONCE, Asked


def test_what_is_sent_is_this_and_no_more() -> None:
    fields = ((b"authorization", b"Bearer secret"),)
    with (
        hostile_provider() as server,
        closing(Asked("callback", f"{server.url}/a/b", patience=30, fields=fields)) as to,
    ):
        assert to.post(b"{}", "application/json").status == 200
    (received,) = server.received
    assert (received.method, received.target, received.content) == ("POST", "/a/b", b"{}")
    assert dict(received.fields) == {
        "host": server.url.removeprefix("http://"),
        "accept": "application/json",
        "accept-encoding": "identity",
        "content-type": "application/json",
        "user-agent": "watchword",
        "authorization": "Bearer secret",
        "content-length": "2",
    }


@pytest.mark.parametrize("path", ["/hang", "/drip-head", "/drip"])
def test_an_answer_that_drips_in_is_as_late_as_one_that_hangs__F6__C17(path: str) -> None:
    with (
        hostile_provider() as server,
        closing(Asked("callback", server.url + path, patience=PATIENCE)) as to,
        quicker_than(PATIENCE + LATITUDE),
        pytest.raises(AnswerFailed, match="timeout"),
    ):
        to.post(b"{}", "application/json")


def test_one_that_is_closed_as_it_is_used_again_is_replaced__F6() -> None:
    """To ask twice whether a password is right changes nothing."""
    with hostile_provider() as server, closing(Asked("callback", server.url, patience=30)) as to:
        assert to.post(b"{}", "application/json").status == 200
        server.instead = "/close"
        with pytest.raises(AnswerFailed):
            to.post(b"{}", "application/json")
        assert (server.connections, len(server.received)) == (2, 3)


def test_who_waits_for_a_place_gets_one__F13() -> None:
    def late(received: Received) -> Reply:
        time.sleep(0.1)
        return Reply()

    with (
        small_server(late) as port,
        closing(Asked("callback", f"http://127.0.0.1:{port}/", patience=30)) as to,
        ThreadPoolExecutor(AT_ONCE * 2) as pool,
    ):
        assert {*pool.map(lambda _: to.post(b"", "text/plain").status, range(AT_ONCE * 2))} == {200}


def test_who_waits_for_a_place_waits_no_longer_than_for_an_answer__F13__C17() -> None:
    with hostile_provider() as server, closing(Asked("callback", f"{server.url}/hang", patience=PATIENCE)) as to:

        def ask(_: int) -> None:
            with quicker_than(PATIENCE + LATITUDE), pytest.raises(AnswerFailed):
                to.post(b"", "text/plain")

        with ThreadPoolExecutor(AT_ONCE + 4) as pool:
            list(pool.map(ask, range(AT_ONCE + 4)))


def test_what_went_wrong_is_told_without_secrets__F33(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    fields = ((b"authorization", b"Bearer topsecret"),)
    with (
        hostile_provider() as server,
        closing(Asked("callback", f"{server.url}/hang", patience=0.1, fields=fields)) as to,
        pytest.raises(AnswerFailed) as failed,
    ):
        to.post(b'{"password":"topsecret"}', "application/json")
    assert str(failed.value) == "callback: no answer from 127.0.0.1 (timeout)"
    assert "topsecret" not in caplog.text + repr(to)
