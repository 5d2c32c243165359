"""examples/plug-in, installed and run: a plug-in of each kind in a real server (S3_10)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.live import Live, start
from tests.plug_in import EXAMPLE, installed

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The example's server, on a day on which the reading room is closed."""
    folder = tmp_path_factory.mktemp("room")
    for name in ("people.json", "rooms.txt"):
        (folder / name).write_bytes((EXAMPLE / name).read_bytes())
    config = (EXAMPLE / "watchword.toml").read_text("utf-8")
    config = config.replace('open = "09:00"', 'open = "00:00"').replace('close = "18:00"', 'close = "00:00"')
    config += '\n[server]\ntrusted_proxies = ["127.0.0.1"]\n'
    live = start(config, folder, environ={"PYTHONPATH": _path()}, copied=False)
    try:
        yield live
    finally:
        assert live.stop() == 0
        assert live.process.stdout is not None
        live.process.stdout.close()


def _path() -> str:
    return os.pathsep.join(filter(None, (str(installed()), os.environ.get("PYTHONPATH"), *sys.path)))


def get(live: Live, path: str = "/whoami", *, password: str = "", user: str = "ann", **fields: str) -> httpx.Response:
    told = {name.replace("_", "-"): value for name, value in fields.items()}
    if password:
        told["Authorization"] = "Basic " + b64encode(f"{user}:{password}".encode()).decode()
    return httpx.get(live.url + path, headers=told)


def verify(live: Live, user: str) -> httpx.Response:
    return get(live, "/verify", user=user, password=PASSWORD, X_Forwarded_Uri="/books", X_Forwarded_Method="GET")


def test_the_store_the_token_manager_and_the_mechanism_prove_who_asks__S3_10(room: Live) -> None:
    by_password = get(room, password=PASSWORD)
    assert by_password.status_code == 200
    assert by_password.json()["roles"] == ["reader"]
    token = by_password.headers["auth-token"]
    left = datetime.fromisoformat(by_password.headers["auth-token-valid-until"]) - datetime.now(UTC)
    assert 280 < left.total_seconds() <= 300
    by_token = get(room, password=token)
    assert (by_token.status_code, by_token.json()["mechanism"]) == (200, "auth-token")
    by_key = get(room, X_Room_Key="key-of-room-7")
    assert (by_key.status_code, by_key.json()["mechanism"], by_key.json()["subject"]) == (200, "room-key", "ann")
    assert get(room, password="wrong").json()["cell"] == "C07"
    wrong = get(room, X_Room_Key="no-such-key")
    assert (wrong.status_code, wrong.json()["cell"]) == (401, "C09")
    assert 'Room-Key realm="Reading room"' in wrong.headers.get_list("www-authenticate")


def test_a_token_that_was_revoked_is_refused__S3_4(room: Live) -> None:
    token = get(room, password=PASSWORD).headers["auth-token"]
    assert httpx.delete(f"{room.url}/tokens/ann", auth=("ann", token)).status_code == 204
    assert get(room, password=token).json()["cell"] == "C09"
    assert get(room, password=PASSWORD).headers["auth-token"] != token


def test_the_authorizer_lets_the_staff_alone_in__S3_10_C12(room: Live) -> None:
    assert verify(room, "lib").status_code == 200
    closed = verify(room, "ann")
    assert (closed.status_code, closed.json()["cell"], closed.json()["code"]) == (403, "C12", "forbidden")
    assert "www-authenticate" not in closed.headers
    assert "hours: vetoed" in room.log.read_text("utf-8")
    assert "hours" not in closed.text


def test_a_file_that_is_gone_is_no_wrong_key__C17(room: Live) -> None:
    file = room.data / "rooms.txt"
    kept = file.read_bytes()
    file.unlink()
    try:
        away = get(room, X_Room_Key="key-of-room-7")
        assert (away.status_code, away.json()["cell"]) == (503, "C17")
    finally:
        file.write_bytes(kept)


def test_check_lists_what_is_installed_and_takes_the_example_as_it_is(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "watchword", "check", "--config", str(EXAMPLE / "watchword.toml"), "--json"]
    environ = {**os.environ, "PYTHONPATH": _path()}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=True)
    listed = json.loads(done.stdout)["plug_ins"]
    assert [(one["kind"], one["name"], one["package"]) for one in listed] == [
        ("mechanism", "room-key", "watchword-reading-room 1.0"),
        ("store", "json-people", "watchword-reading-room 1.0"),
        ("token manager", "random-tokens", "watchword-reading-room 1.0"),
        ("authorizer", "opening-hours", "watchword-reading-room 1.0"),
    ]
