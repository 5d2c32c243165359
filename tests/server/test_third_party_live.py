"""Credentials for third parties in running servers: several processes, new keys under load, `Expect: 100-continue`."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.hostile_provider import GOOD_KEY, HostileProvider, hostile_provider
from tests.live import Live, User, live_server
from watchword.config.keys.file import change_keys, read_keys
from watchword.crypto.secret import Secret
from watchword.tokens.third_party_seal import PURPOSE, SETTLES, with_new_third_party_key

PEOPLE = [User(f"user{number}") for number in range(4)]
PATH = "/integrations/acme/credential"
BAD_KEY = "bad-key-canary-4711-0815"
PATIENCE = 30.0

CONFIG = """
[[provider]]
name = "acme"
recheck = "{recheck}"
timeout = "8s"
private_hosts = ["127.0.0.1"]

[provider.check]
url = "{url}/key"
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[HostileProvider]:
    with hostile_provider() as started:
        yield started


@pytest.fixture(scope="module")
def live(provider: HostileProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    config = CONFIG.format(url=provider.url, recheck="1d")
    with live_server(config, PEOPLE, workers=2, data=tmp_path_factory.mktemp("desk")) as running:
        yield running


def client(live: Live, who: User) -> httpx.Client:
    token = httpx.post(
        live.url + "/login", json={"username": who.name, "password": who.password, "delivery": "body"}
    ).json()["session_token"]
    return httpx.Client(base_url=live.url, headers={"authorization": f"Bearer {token}"})


def test_new_keys_under_load_lose_no_credential__F34(live: Live) -> None:
    """The harshest case: the key before may go at once, as if the new one had been in use for long."""

    def use(who: User) -> list[int]:
        with client(live, who) as asking:
            found = [asking.put(PATH, json={"credential": GOOD_KEY}).status_code]
            for turn in range(12):
                time.sleep(0.25)
                if turn % 4 == 3:
                    found.append(asking.put(PATH, json={"credential": GOOD_KEY}).status_code)
                else:
                    found.append(asking.post("/integrations/acme/check").status_code)
            return found

    with ThreadPoolExecutor(len(PEOPLE)) as pool:
        using = [pool.submit(use, who) for who in PEOPLE]
        for number in range(3):
            time.sleep(0.75)
            secret, now = Secret(bytes([number]) * 32), time.time() - SETTLES
            newer = partial(with_new_third_party_key, key_id=f"key-{number}", secret=secret, now=now, lead=0)
            change_keys(live.data, newer)
        for each in using:
            assert {*each.result()} <= {200, 201}
    end = time.monotonic() + PATIENCE
    while [key.id for key in read_keys(live.data).all(PURPOSE)] != ["key-2"]:
        assert time.monotonic() < end, "older keys stay"
        time.sleep(0.2)
    for who in PEOPLE:
        with client(live, who) as asking:
            assert asking.get(PATH).json()["state"] == "verified"
            assert asking.post("/integrations/acme/check").status_code in (200, 429)


def test_there_is_one_final_status_after_100_continue__S1_7(live: Live) -> None:
    with client(live, PEOPLE[0]) as asking:
        authorization = asking.headers["authorization"]
    content = json.dumps({"credential": BAD_KEY, "store_unverified": True}).encode()
    head = (
        f"PUT {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {authorization}\r\nExpect: 100-continue\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", live.port), timeout=60) as connection:
        connection.sendall(head.encode())
        interim = connection.recv(4096)
        assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(content)
        received = b""
        while part := connection.recv(4096):
            received += part
    assert received.startswith((b"HTTP/1.1 403 ", b"HTTP/1.1 429 "))
    assert received.count(b"HTTP/1.1 ") == 1
    assert b"www-authenticate" not in received.lower()


def test_an_anonymous_submission_is_refused_before_its_content__S1_7__C27(live: Live) -> None:
    head = (
        f"PUT {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Type: application/json\r\n"
        "Content-Length: 20\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", live.port), timeout=60) as connection:
        connection.sendall(head.encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")


def test_of_several_processes_one_asks_again_and_no_key_is_written_anywhere__F33(
    provider: HostileProvider, tmp_path: Path
) -> None:
    with live_server(CONFIG.format(url=provider.url, recheck="2s"), PEOPLE[:1], workers=2, data=tmp_path) as running:
        with client(running, PEOPLE[0]) as asking:
            assert asking.put(PATH, json={"credential": BAD_KEY}).status_code == 403
            assert asking.put(PATH, json={"credential": GOOD_KEY}).status_code == 201
            with provider.failing("/status/401"):
                before = len(provider.received)
                end = time.monotonic() + PATIENCE
                while asking.get(PATH).json()["state"] != "rejected":
                    assert time.monotonic() < end, "nobody asked again"
                    time.sleep(0.1)
                time.sleep(0.6)
                assert len(provider.received) == before + 1
        assert running.stop() == 0
        for file in tmp_path.iterdir():
            if file.is_file():
                assert BAD_KEY.encode() not in file.read_bytes()
                assert GOOD_KEY.encode() not in file.read_bytes()
        assert "third_party_credential_rejected" in running.log.read_text("utf-8")
