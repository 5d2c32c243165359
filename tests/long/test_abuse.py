"""The long form of what tests/server/test_wire.py tries in short: crowds of slow clients, and gigabytes."""

from __future__ import annotations

import resource
import selectors
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.live import Live, User, live_server
from tests.server.impatient import impatient_server
from tests.server.test_wire import stream
from tests.server.wire import Wire, basic, log_in, request, resident

pytestmark = pytest.mark.long

ANN = User("ann")
CROWD = 2000


@pytest.fixture(scope="module")
def many_files() -> Iterator[None]:
    """As many descriptors as the system lets us have; servers that are started meanwhile inherit that."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    if before[1] < 3 * CROWD:
        pytest.skip(f"a process may open {before[1]} files here")
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def p99_of_checks(live: Live, token: str, seconds: float) -> float:
    """Seconds within which 99 of 100 checks of a good client are answered."""
    took: list[float] = []
    check = request("GET", "/whoami", f"Authorization: Bearer {token}")
    until = time.monotonic() + seconds
    with Wire(live.port) as wire:
        while time.monotonic() < until:
            began = time.perf_counter()
            assert wire.send(check).answer().status == 200
            took.append(time.perf_counter() - began)
            time.sleep(0.002)
    return sorted(took)[len(took) * 99 // 100]


@pytest.mark.parametrize(
    ("start", "drop", "size"),
    [
        (b"GET /whoami HTTP/1.1\r\nHost: a\r\n", b"X: y\r\n", CROWD),
        (request("POST", "/login", "Content-Type: application/json", "Content-Length: 60000"), b"a", CROWD),
        # Fewer: to make them all these answers is work for anybody.
        (request("GET", "/openapi.json") * 40, b"", 50),
    ],
    ids=["slow heads", "slow content", "slow reading"],
)
def test_crowd_of_slow_clients_does_not_hinder_good_ones__F9(
    many_files: None, tmp_path: Path, start: bytes, drop: bytes, size: int
) -> None:
    bounds = {"head_patience": 10.0, "content_patience": 10.0, "reading_patience": 10.0}
    with impatient_server(tmp_path, bounds, [ANN]) as live, ExitStack() as opened:
        token = log_in(live.port, ANN.name, ANN.password)
        alone = p99_of_checks(live, token, 4)
        memory = resident(live.process.pid)
        crowd = [opened.enter_context(Wire(live.port)).send(start) for _ in range(size)]
        stopped = threading.Event()

        def trickle() -> None:
            while not stopped.wait(0.05) and drop:
                for wire in crowd[:: size // 20]:
                    try:
                        wire.sock.send(drop)
                    except OSError:
                        continue

        trickling = threading.Thread(target=trickle)
        trickling.start()
        time.sleep(2)
        crowded = p99_of_checks(live, token, 6)
        stopped.set()
        trickling.join()
        assert crowded < 2 * alone + 0.005
        assert resident(live.process.pid) - memory < 200_000_000
        time.sleep(12)
        with selectors.DefaultSelector() as ended:
            for wire in crowd:
                ended.register(wire.sock, selectors.EVENT_READ)
            assert len(ended.select(0)) == size  # an end, or an answer that nobody fetched before it
        assert p99_of_checks(live, token, 2) < 2 * alone + 0.005


def test_four_gigabytes_leave_no_trace__F11() -> None:
    with live_server("", [ANN], copied=False) as live:
        memory = resident(live.process.pid)
        for target in ("/login", "/whoami", "/nothing", "/users"):
            for length in ("Content-Length: 1073741824", "Transfer-Encoding: chunked"):
                head = request("POST", target, "Content-Type: application/json", basic(ANN.name, ANN.password), length)
                with Wire(live.port) as wire:
                    answers = stream(wire, head, 1024)
                assert [answer.status for answer in answers] in ([413], [405], [404], [403], [])
        assert resident(live.process.pid) - memory < 10_000_000
