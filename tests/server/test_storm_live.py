"""A storm of wrong passwords on the real server, while good clients go on (F13).

The short form sends as fast as it is answered; the long one 10,000 guesses at 100 a second, and prints how much slower
the checks became. How fast they are, neither asserts: the machine may do much else.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from statistics import quantiles

import pytest

from tests.live import Live, User, live_server
from tests.server.wire import Wire, basic, request

ANN, BOB = User("ann"), User("bob")
HOME = "192.0.2.7"
NAMES, ADDRESSES = 500, 50


def from_address(
    address: str, *fields: str, method: str = "GET", target: str = "/whoami", content: bytes = b""
) -> bytes:
    told = (f"X-Forwarded-For: {address}", "X-Forwarded-Proto: https")
    length = (f"Content-Length: {len(content)}",) if content else ()
    return request(method, target, *told, *fields, *length) + content


def token_of(live: Live, user: User) -> str:
    content = f'{{"username": "{user.name}", "password": "{user.password}", "delivery": "body"}}'.encode()
    asked = from_address(HOME, "Content-Type: application/json", method="POST", target="/login", content=content)
    with Wire(live.port) as wire:
        answer = wire.send(asked).answer()
    assert answer.status == 200, answer.body
    token: str = answer.json["session_token"]
    return token


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with live_server('[server]\ntrusted_proxies = ["127.0.0.1"]\n', [ANN, BOB]) as server:
        yield server


class Storm:
    """Wrong passwords for 500 names, a quarter of them for ann, from 50 addresses; and what they are answered with."""

    def __init__(self, live: Live, guesses: int, a_second: int | None) -> None:
        self._live = live
        self._numbers = iter(range(guesses))
        self._a_second = a_second
        self._begun = time.monotonic()
        self.statuses: Counter[int] = Counter()
        self.slowest = 0.0
        self.unsaid = 0
        self._lock = threading.Lock()

    def rage(self) -> None:
        """One connection's share of the guesses."""
        with Wire(self._live.port) as wire:
            while True:
                with self._lock:
                    number = next(self._numbers, None)
                if number is None:
                    return
                if self._a_second is not None:
                    time.sleep(max(0.0, self._begun + number / self._a_second - time.monotonic()))
                name = ANN.name if number % 4 == 0 else f"user {number % NAMES}"
                asked = from_address(f"203.0.113.{number % ADDRESSES + 1}", basic(name, f"guess {number}"))
                begun = time.monotonic()
                answer = wire.send(asked).answer()
                with self._lock:
                    self.statuses[answer.status] += 1
                    self.slowest = max(self.slowest, time.monotonic() - begun)
                    self.unsaid += answer.status in (429, 503) and not answer.all("retry-after")


def check_until(live: Live, token: str, over: threading.Event) -> list[float]:
    """Checks of a good client, 100 a second; how long each took."""
    took: list[float] = []
    check = from_address(HOME, f"Authorization: Bearer {token}")
    with Wire(live.port) as wire:
        while not over.wait(0.01):
            begun = time.perf_counter()
            answer = wire.send(check).answer()
            took.append(time.perf_counter() - begun)
            assert answer.status == 200, answer
    return took


def log_in_until(live: Live, over: threading.Event) -> int:
    """The victim, at home, whose password is never taken from what is remembered alone: by turns with a new session."""
    for done in count():
        if over.wait(0.2):
            return done
        token_of(live, ANN)
        with Wire(live.port) as wire:
            assert wire.send(from_address(HOME, basic(ANN.name, ANN.password))).answer().status == 200
    raise AssertionError("it counts for ever")


def rage(live: Live, guesses: int, a_second: int | None, *, crowd: int) -> tuple[Storm, list[float], list[float]]:
    """The storm of so many connections when it is over, and how long checks took before it and meanwhile."""
    token = token_of(live, ANN)
    assert token_of(live, BOB)
    idle, over = threading.Event(), threading.Event()
    with ThreadPoolExecutor(crowd + 3) as pool:
        before = pool.submit(check_until, live, token, idle)
        time.sleep(0.1 if a_second is None else 1)
        idle.set()
        alone = before.result()
        storm = Storm(live, guesses, a_second)
        checking, victim = pool.submit(check_until, live, token, over), pool.submit(log_in_until, live, over)
        for one in [pool.submit(storm.rage) for _ in range(crowd)]:
            one.result()
        over.set()
        assert victim.result() > 0, "ann gets in from home all the time"
        return storm, alone, checking.result()


def is_bounded(storm: Storm, guesses: int) -> None:
    assert sum(storm.statuses.values()) == guesses
    assert set(storm.statuses) <= {401, 429, 503}
    assert storm.statuses[429] > 0
    assert storm.unsaid == 0, "who is held is told for how long"
    assert storm.slowest < 30


def test_a_storm_disturbs_neither_checks_nor_its_victim_at_home__F13(live: Live) -> None:
    storm, _, checks = rage(live, 80, None, crowd=16)
    is_bounded(storm, 80)
    assert checks


@pytest.mark.long
def test_ten_thousand_wrong_passwords_disturb_neither_checks_nor_their_victim__F13(live: Live) -> None:
    storm, alone, checks = rage(live, 10_000, 100, crowd=100)
    is_bounded(storm, 10_000)
    p99, idle = quantiles(checks, n=100)[98], quantiles(alone, n=100)[98]
    print(f"{dict(storm.statuses)}; p99 of checks {p99 * 1e3:.2f} ms, {p99 / idle:.2f} x that of the idle server")
