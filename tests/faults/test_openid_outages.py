"""A provider that people log in by is stopped, hung, slow, restarted: 503, never 401, and it recovers (F6, S2_40)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import pytest

from tests.live import Live, User, live_server
from tests.oidc_provider import Browser, OpenIdProvider, openid_provider
from tests.relay import Relay, relay
from tests.relying_party import Visitor, provider_table, register, secret_file

CONFIG = """
[log]
format = "json"
[limits]
address_per_minute = 100000
"""
TIMEOUT = 3.0
"""Seconds for which an answer of the provider is waited for."""
RECOVERY = 20.0
"""Seconds after which people can log in again: five, and what a machine that does much else needs for it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A Watchword, a provider, and the wire between them, over which browsers reach it, too."""

    live: Live
    provider: OpenIdProvider
    wire: Relay


@pytest.fixture(scope="module")
def running(require_program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    secret = secret_file(tmp_path_factory.mktemp("secret"))
    with relay(1) as wire, openid_provider(require_program, issuer=wire.url) as provider:
        wire.target = provider.port
        table = provider_table("corp", wire.url, secret, first_log_in="create", timeout=f"{TIMEOUT:.0f}s")
        with live_server(CONFIG + table, [User("bob")]) as live:
            register(provider, "corp", live.url)
            yield Place(live, provider, wire)


@pytest.fixture
def place(running: Place) -> Iterator[Place]:
    yield running
    running.wire.hanging, running.wire.delay = False, 0.0
    running.wire.cut()
    running.wire.mend()
    assert logs_in_within(running, RECOVERY)


@pytest.fixture
def visitor(running: Place) -> Iterator[Visitor]:
    with Browser() as browser:
        yield Visitor(running.live, browser)


def logs_in_within(place: Place, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while True:
        with Browser() as browser:
            visitor = Visitor(place.live, browser)
            answer = browser.client.get(f"{place.live.url}/login/with/corp")
            if answer.status_code == 303:
                browser.visit(answer.headers["location"])
                if visitor.logged_in_as == "ann":
                    return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)


def comes_back(visitor: Visitor, url: str) -> float:
    """Whoever comes back meanwhile gets 503 at once or after the timeout, and no session; in how many seconds."""
    began = time.monotonic()
    answer = visitor.browser.client.get(url, headers={"accept": "application/json"})
    took = time.monotonic() - began
    assert answer.status_code == 503, answer.text
    assert answer.json()["cell"] == "C17"
    assert int(answer.headers["retry-after"]) > 0
    assert "www-authenticate" not in answer.headers
    assert visitor.logged_in_as is None
    return took


def others_are_served(place: Place) -> None:
    with Browser() as browser:
        began = time.monotonic()
        told = {"username": "bob", "password": "correct horse battery"}
        assert browser.client.post(f"{place.live.url}/login", json=told).status_code == 200
        assert time.monotonic() - began < 2 * TIMEOUT


def test_a_provider_that_is_cut_off_is_an_outage__F6__S2_40(place: Place, visitor: Visitor) -> None:
    url = visitor.come_back("corp")
    place.wire.cut()
    assert comes_back(visitor, url) < TIMEOUT
    others_are_served(place)


def test_a_provider_that_hangs_is_an_outage__F6__S2_40(place: Place, visitor: Visitor) -> None:
    url = visitor.come_back("corp")
    place.wire.hanging = True
    assert comes_back(visitor, url) < 3 * TIMEOUT
    others_are_served(place)


def test_many_who_wait_for_a_provider_hold_up_nobody__F6__S2_40(place: Place) -> None:
    config = (place.live.data / "watchword.toml").read_text("utf-8")
    place.wire.hanging = True
    with (
        live_server(config, [User("bob")]) as live,
        ThreadPoolExecutor(30) as pool,
        httpx.Client(timeout=60, trust_env=False) as client,
    ):
        # It has never asked the provider before, so all of them need its answer.
        began = time.monotonic()
        asked = [pool.submit(client.get, f"{live.url}/login/with/corp") for _ in range(30)]
        others_are_served(Place(live, place.provider, place.wire))
        assert {each.result().status_code for each in asked} == {503}
        assert time.monotonic() - began < 3 * TIMEOUT


def test_a_provider_that_is_slow_is_waited_for__F6__S2_40(place: Place, visitor: Visitor) -> None:
    url = visitor.come_back("corp")
    place.wire.delay = TIMEOUT / 8
    visitor.browser.visit(url)
    assert visitor.logged_in_as == "ann"


def test_a_provider_that_is_too_slow_is_an_outage__F6__S2_40(place: Place, visitor: Visitor) -> None:
    url = visitor.come_back("corp")
    place.wire.delay = TIMEOUT * 3
    assert comes_back(visitor, url) < 3 * TIMEOUT


def test_a_provider_that_restarts_with_new_keys_is_believed_again__F6__S2_40(place: Place, visitor: Visitor) -> None:
    url = visitor.come_back("corp")
    place.provider.stop()
    comes_back(visitor, url)
    place.provider.start()
    assert logs_in_within(place, RECOVERY)


def test_who_is_logged_in_stays_so_while_the_provider_is_away__F6__S2_40(place: Place, visitor: Visitor) -> None:
    visitor.log_in("corp")
    place.wire.cut()
    assert visitor.logged_in_as == "ann"
    assert visitor.browser.client.post(f"{place.live.url}/logout").status_code == 204
    assert visitor.logged_in_as is None
