"""Only who is vouched for is asked, and by a TLS that is still good (S1.4)."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.hostile_provider import TLS_FAULTS, TlsFault, hostile_provider, provider_tls
from tests.outgoing.asking import LATITUDE, PATIENCE, answered, asking, quicker_than, refused
from watchword.outgoing.destination import Destination, read_destination
from watchword.outgoing.network import Network
from watchword.outgoing.wire import Deadline


@dataclass(frozen=True)
class Trusted:
    authority: Authority
    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "authorities.pem"


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Trusted:
    made = Trusted(Authority(), tmp_path_factory.mktemp("tls"))
    made.file.write_text(made.authority.pem)
    return made


def test_who_is_vouched_for_is_asked_over_a_connection_that_is_kept__S1_4(trusted: Trusted) -> None:
    with (
        hostile_provider(tls=provider_tls(trusted.authority, trusted.folder)) as provider,
        asking(authorities=trusted.file) as outgoing,
    ):
        assert [answered(outgoing, f"{provider.url}/ok").status for _ in range(4)] == [200] * 4
        assert provider.connections == 1


@pytest.mark.parametrize("fault", TLS_FAULTS)
def test_nobody_else_hears_a_question__S1_4__C21(trusted: Trusted, fault: TlsFault) -> None:
    with (
        hostile_provider(tls=provider_tls(trusted.authority, trusted.folder, fault=fault)) as provider,
        asking(authorities=trusted.file) as outgoing,
    ):
        assert refused(outgoing, provider.url).kind == "tls"
        assert provider.received == []


def test_the_system_s_authorities_do_not_vouch_for_everybody__S1_4(trusted: Trusted) -> None:
    with hostile_provider(tls=provider_tls(trusted.authority, trusted.folder)) as provider, asking() as outgoing:
        assert refused(outgoing, provider.url).kind == "tls"


def test_who_speaks_no_tls_is_no_answer__S1_4__C21(trusted: Trusted) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        ThreadPoolExecutor(1) as pool,
        asking(authorities=trusted.file) as outgoing,
    ):

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

        pool.submit(answer)
        assert refused(outgoing, f"https://127.0.0.1:{listening.getsockname()[1]}/").kind == "tls"


def test_a_handshake_that_hangs_is_waited_for_a_bounded_time__F6__C21(trusted: Trusted) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        asking(patience=PATIENCE, authorities=trusted.file) as outgoing,
        quicker_than(PATIENCE + LATITUDE),
    ):
        url = f"https://127.0.0.1:{listening.getsockname()[1]}/"
        assert refused(outgoing, url).kind == "timeout"


def test_what_was_decrypted_and_not_read_is_noticed__F6(trusted: Trusted) -> None:
    deadline = Deadline(time.monotonic() + 30)
    with hostile_provider(tls=provider_tls(trusted.authority, trusted.folder)) as provider:
        destination = read_destination(provider.url)
        assert isinstance(destination, Destination)
        network = Network(frozenset([destination.host]), authorities=trusted.file)
        with closing(network.open(destination, deadline)) as wire:
            wire.send(b"GET /ok HTTP/1.1\r\nHost: a\r\n\r\n", deadline)
            whole = wire.receive(1, deadline)
            assert not wire.is_quiet()
            whole += wire.receive(10_000, deadline)
            assert whole.endswith(b'{"ok": true}')
            assert wire.is_quiet()


@pytest.mark.parametrize("path", ["/hang", "/drip", "/drip-head"])
def test_an_answer_that_drips_through_tls_is_as_late_as_one_that_hangs__F6__C21(trusted: Trusted, path: str) -> None:
    with (
        hostile_provider(tls=provider_tls(trusted.authority, trusted.folder)) as provider,
        asking(patience=PATIENCE, authorities=trusted.file) as outgoing,
        quicker_than(PATIENCE + LATITUDE),
    ):
        assert refused(outgoing, provider.url + path).kind == "timeout"
