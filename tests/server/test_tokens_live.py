"""Log-ins with tokens, against servers as users run them: several processes, and clients that lose answers."""

from __future__ import annotations

import json
import socket
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from tests.cli.calling import call
from tests.live import Live, User, live_server
from tests.server.workers import wait_until
from watchword.crypto.jose.base64url import encode

USERS = [User("ann", roles=frozenset(("clerk",))), User("bob"), User("root", roles=frozenset(("admin",)))]
PASSWORD = User("ann").password


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    """Two workers, so that two requests in a row are often answered by different processes."""
    with live_server(users=USERS, workers=2) as live:
        yield live


def log_in(live: Live, name: str = "ann") -> dict[str, Any]:
    answer = httpx.post(f"{live.url}/auth/login", json={"username": name, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def redeem(live: Live, token: str, **headers: str) -> httpx.Response:
    return httpx.post(f"{live.url}/auth/token", data={"refresh_token": token}, headers=headers)


def statuses(live: Live, tokens: dict[str, Any], times: int = 6) -> set[int]:
    """Of several checks, each over a connection of its own, so that every worker is asked."""
    fields = {"authorization": f"Bearer {tokens['access_token']}"}
    return {httpx.get(f"{live.url}/whoami", headers=fields).status_code for _ in range(times)}


def kid_of(token: str) -> str:
    header = token.split(".")[0]
    kid: str = json.loads(urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"]
    return kid


def test_token_names_the_address_that_the_server_got_as_its_issuer__S2_15(live: Live) -> None:
    payload = log_in(live)["access_token"].split(".")[1]
    assert json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["iss"] == live.url


def test_client_that_never_read_its_answer_gets_the_same_token_by_asking_again__S2_20__F1(live: Live) -> None:
    tokens = log_in(live)
    body = f"refresh_token={tokens['refresh_token']}".encode()
    request = (
        b"POST /auth/token HTTP/1.1\r\nHost: localhost\r\nUser-Agent: one\r\nContent-Length: %d\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" % len(body)
    ) + body
    with socket.create_connection(("127.0.0.1", live.port)) as connection:
        connection.sendall(request)
        assert connection.recv(16)  # it was redeemed, and the answer is lost from here on
    again = [redeem(live, tokens["refresh_token"], **{"user-agent": "one"}).json() for _ in range(4)]
    assert len({answer["refresh_token"] for answer in again}) == 1
    assert statuses(live, again[-1]) == {200}
    assert redeem(live, again[0]["refresh_token"], **{"user-agent": "one"}).status_code == 200


def test_another_user_agent_with_a_spent_token_ends_everything_in_every_process__S2_20__F2(live: Live) -> None:
    tokens = log_in(live)
    new = redeem(live, tokens["refresh_token"]).json()
    assert statuses(live, new) == {200}
    stolen = redeem(live, tokens["refresh_token"], **{"user-agent": "a thief's"})
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    assert statuses(live, new) == statuses(live, tokens) == {401}
    assert redeem(live, new["refresh_token"]).status_code == 400
    assert "token_reused" in live.log.read_text("utf-8")


def test_one_token_redeemed_by_many_at_once_has_one_successor__S2_20__F2(live: Live) -> None:
    for _ in range(5):
        tokens = log_in(live)
        together = threading.Barrier(8)

        def once(token: str = tokens["refresh_token"], together: threading.Barrier = together) -> httpx.Response:
            together.wait()
            return redeem(live, token)

        with ThreadPoolExecutor(8) as pool:
            answers = [future.result() for future in [pool.submit(once) for _ in range(8)]]
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["refresh_token"] for answer in answers}) == 1


def test_ban_is_felt_at_the_next_check_of_every_process__S2_20__F36(live: Live) -> None:
    tokens = log_in(live, "bob")
    assert statuses(live, tokens) == {200}
    answer = httpx.post(f"{live.url}/users/bob/disable", auth=("root", PASSWORD))
    assert answer.status_code == 204
    assert statuses(live, tokens) == {401}
    refused = redeem(live, tokens["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_command_line_revokes_on_a_running_server__S2_24(live: Live) -> None:
    tokens, other = log_in(live), log_in(live, "root")
    counted = call("revoke", "--where", "subject = ann", "--dry-run", "--json", f"--data={live.data}")
    assert counted.json["revoked"] == counted.json["refresh"] >= 1
    assert statuses(live, tokens) == {200}
    done = call("revoke", "--where", "role = clerk", f"--data={live.data}")
    assert (done.code, done.err) == (0, "")
    assert statuses(live, tokens) == {401}
    assert statuses(live, other) == {200}


def test_rotation_of_keys_under_load_refuses_no_good_token__F34(live: Live) -> None:
    refused: list[tuple[int, str]] = []
    over = threading.Event()
    kids: set[str] = set()

    def work(name: str) -> None:
        """Log in, check at once and again with every token so far, whichever process signed it."""
        kept: list[str] = []
        with httpx.Client(base_url=live.url, timeout=30) as client:
            while not over.is_set():
                answer = client.post("/auth/login", json={"username": name, "password": PASSWORD})
                if answer.status_code != 200:
                    refused.append((answer.status_code, answer.text))
                    continue
                kept = [*kept[-5:], answer.json()["access_token"]]
                kids.add(kid_of(kept[-1]))
                for token in kept:
                    seen = client.get("/whoami", headers={"authorization": f"Bearer {token}"})
                    if seen.status_code != 200:
                        refused.append((seen.status_code, seen.text))
                time.sleep(0.01)

    def flood() -> None:
        """Tokens that name keys which nobody has."""
        unknown = b'{"alg":"ES256","typ":"at+jwt","kid":"nobody-has-it"}'
        token = f"{encode(unknown)}.e30.{encode(bytes(64))}"
        with httpx.Client(base_url=live.url, timeout=30) as client:
            while not over.is_set():
                assert client.get("/whoami", headers={"authorization": f"Bearer {token}"}).status_code == 401
                time.sleep(0.01)  # more would only take processors from other tests

    def refusals() -> int:
        """How often the file was refused: once by each process, when it looks, which takes a request."""
        assert httpx.get(f"{live.url}/oauth2/jwks").status_code == 200
        return live.log.read_text("utf-8").count("key_file_refused")

    workers = [threading.Thread(target=work, args=(name,)) for name in ("ann", "root")]
    workers.append(threading.Thread(target=flood))
    for worker in workers:
        worker.start()
    try:
        time.sleep(0.5)
        for _ in range(2):
            done = call("keys", "rotate", "--after", "6s", "--json", f"--data={live.data}")
            assert done.code == 0, done.err
            deadline = time.monotonic() + 60
            while done.json["id"] not in kids:
                assert time.monotonic() < deadline, "the new key never signed"
                time.sleep(0.1)
        # Half a file, and one that others may read, are not taken over.
        keys = live.data / "keys.json"
        whole = keys.read_text("utf-8")
        keys.write_text(whole[:100], "utf-8")
        wait_until(lambda: refusals() >= 2)
        keys.write_text(whole, "utf-8")
        keys.chmod(0o644)
        wait_until(lambda: refusals() >= 4)
        keys.chmod(0o600)
    finally:
        over.set()
        for worker in workers:
            worker.join()
    assert refused == []
    assert len(kids) == 3
    published = httpx.get(f"{live.url}/oauth2/jwks").json()["keys"]
    assert kids <= {key["kid"] for key in published}


def test_tokens_outlive_a_restart_and_a_crash__F1() -> None:
    config = '[tokens]\nissuer = "https://auth.example"\n'
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        with live_server(config, USERS, data=Path(folder)) as live:
            tokens = log_in(live)
            live.stop(9)
        with live_server(config, data=Path(folder)) as live:
            assert statuses(live, tokens) == {200}
            new = redeem(live, tokens["refresh_token"]).json()
            assert redeem(live, tokens["refresh_token"]).json()["refresh_token"] == new["refresh_token"]
            httpx.post(f"{live.url}/auth/logout", data={"refresh_token": new["refresh_token"]})
        with live_server(config, data=Path(folder)) as live:
            assert statuses(live, tokens) == {401}
