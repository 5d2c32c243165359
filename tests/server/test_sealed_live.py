"""Sessions that clients keep, against a server as users run it: several processes, keys that change, commands."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest

from tests.cli.calling import Answer, call
from tests.live import Live, User, live_server
from watchword.tokens.sealed import key_id

USERS = [User("ann", roles=frozenset(("clerk",))), User("bob"), User("root", roles=frozenset(("admin",)))]
PASSWORD = User("ann").password
CONFIG = '[session]\nbackend = "{backend}"\nidle = "60s"\n'  # so that cookies are set anew every two seconds


@pytest.fixture(scope="module", params=["signed", "encrypted"])
def live(request: pytest.FixtureRequest) -> Iterator[Live]:
    """Two workers, so that two requests in a row are often answered by different processes."""
    with live_server(CONFIG.format(backend=request.param), USERS, workers=2) as live:
        yield live


def log_in(live: Live, name: str = "ann") -> str:
    answer = httpx.post(f"{live.url}/login", json={"username": name, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return cookie_in(answer)


def cookie_in(answer: httpx.Response) -> str:
    return SimpleCookie(answer.headers["set-cookie"])["watchword"].value


def statuses(live: Live, token: str, times: int = 6) -> set[int]:
    """Of several checks, each over a connection of its own, so that every worker is asked."""
    cookies = {"cookie": f"watchword={token}"}
    return {httpx.get(f"{live.url}/whoami", headers=cookies).status_code for _ in range(times)}


def command(live: Live, *arguments: str) -> Answer:
    return call(*arguments, f"--data={live.data}", f"--config={live.data / 'watchword.toml'}")


def test_log_out_is_felt_at_the_next_check_of_every_process__ASVS_7_4_1__F36(live: Live) -> None:
    token, other = log_in(live), log_in(live)
    assert statuses(live, token) == statuses(live, other) == {200}
    assert httpx.post(f"{live.url}/logout", headers={"cookie": f"watchword={token}"}).status_code == 204
    assert statuses(live, token) == {401}
    assert statuses(live, other) == {200}


def test_commands_know_of_them_and_end_them__ASVS_7_4_5(live: Live) -> None:
    token, bobs = log_in(live), log_in(live, "bob")
    listed = command(live, "session", "list", "--user", "ann", "--json").json
    assert [each["user"] for each in listed] == ["ann"]
    told = command(live, "token", "inspect", token, "--json").json
    assert (told["kind"], told["subject"], told["verdict"]) == ("session that its client keeps", "ann", "good")
    assert command(live, "token", "inspect", token[:-1], "--json").json["verdict"].startswith("refused: no key")
    assert command(live, "session", "revoke", listed[0]["id"]).out == "1 session ended.\n"
    assert statuses(live, token) == {401}
    assert command(live, "token", "inspect", token, "--json").json["verdict"] == "refused: ended"
    assert statuses(live, bobs) == {200}
    assert command(live, "session", "revoke", "--all").code == 0
    assert statuses(live, bobs) == {401}


def test_rotation_of_keys_under_load_refuses_no_good_cookie__S2_10__F34(live: Live) -> None:
    refused: list[tuple[int, str]] = []
    over = threading.Event()
    keys: set[str | None] = set()

    def check(client: httpx.Client, token: str) -> str:
        """The cookie that is to be sent next."""
        seen = client.get("/whoami", headers={"cookie": f"watchword={token}"})
        if seen.status_code != 200:
            refused.append((seen.status_code, seen.text))
        return cookie_in(seen) if "set-cookie" in seen.headers else token

    def work(name: str) -> None:
        """Log in, check at once and again with every cookie so far; one of them is never given up."""
        kept: list[str] = []
        with httpx.Client(base_url=live.url, timeout=30) as client:
            first = log_in(live, name)
            while not over.is_set():
                client.cookies.clear()
                kept = [*kept[-5:], log_in(live, name)]
                keys.add(key_id(kept[-1].encode()))
                first = check(client, first)
                for token in kept:
                    client.cookies.clear()
                    check(client, token)
                time.sleep(0.01)

    def flood() -> None:
        """Cookies that name keys which nobody has."""
        token = f"wws1.nobody-has-it.e30.{'A' * 43}"
        with httpx.Client(base_url=live.url, timeout=30) as client:
            while not over.is_set():
                assert client.get("/whoami", headers={"cookie": f"watchword={token}"}).status_code == 401
                time.sleep(0.01)  # more would only take processors from other tests

    workers = [threading.Thread(target=work, args=(name,)) for name in ("ann", "root")]
    workers.append(threading.Thread(target=flood))
    for worker in workers:
        worker.start()
    try:
        time.sleep(0.5)
        for after in ("6s", "0s"):
            done = command(live, "keys", "rotate", "--purpose", "session", "--after", after, "--json")
            assert (done.code, done.json["purpose"]) == (0, "session"), done.err
            deadline = time.monotonic() + 60
            while done.json["id"] not in keys:
                assert time.monotonic() < deadline, "the new key never sealed"
                time.sleep(0.1)
    finally:
        over.set()
        for worker in workers:
            worker.join()
    assert refused == []
    assert len(keys) == 3
    rows = [each for each in command(live, "keys", "list", "--json").json if each["purpose"] == "session"]
    assert [each["state"] for each in rows] == ["verifies", "verifies", "signs"]
    assert rows[0]["verifies_until"] is not None


def test_nothing_of_a_cookie_is_logged_or_kept__F33(live: Live) -> None:
    token = log_in(live)
    statuses(live, token + "x")
    httpx.post(f"{live.url}/logout", headers={"cookie": f"watchword={token}"})
    written = b"".join(file.read_bytes() for file in Path(live.data).iterdir() if file.is_file())
    assert token.rpartition(".")[2].encode() not in written
    assert b"wws1." not in written
    assert b"wwe1." not in written


@pytest.mark.parametrize("backend", ["signed", "encrypted"])
def test_killed_server_forgets_no_log_out_and_no_session__I2__I3(tmp_path: Path, backend: str) -> None:
    config = CONFIG.format(backend=backend)
    with live_server(config, USERS, data=tmp_path) as live:
        gone, stays = log_in(live), log_in(live, "bob")
        httpx.post(f"{live.url}/logout", headers={"cookie": f"watchword={gone}"})
        live.stop(9)
    with live_server(config, data=tmp_path) as live:
        assert (statuses(live, gone), statuses(live, stays)) == ({401}, {200})
