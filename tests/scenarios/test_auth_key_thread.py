"""The answer of that thread which 43 people liked: "require a Auth-Key header upon every request to the API".

"/api/authenticate will take a username and a password, and return user information along side with the Auth-Key",
which is stored with "a md5 hash of the remote ip + the user agent". "If a valid user is found that has been active
during the past N minutes the user will be granted access, if not: http return code 401."

The rules it taught: a key is a session in a field of its own; what a client looks like is a signal and no proof; and
keys that others gave go on where their table is moved.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.live import Live, User, live_server
from tests.quickness import TRIES
from tests.scenarios.clients import CLIENTS, Client, client_of

PASSWORD = "correct horse battery"
CONFIG = """
[realm]
personas = ["auth-key"]
[auth_key]
idle = "2s"
absolute = "1h"
"""
CHALLENGE = 'Auth-Key realm="Watchword"'


@pytest.fixture(scope="module")
def service() -> Iterator[Live]:
    with live_server(CONFIG.replace('"2s"', '"30m"'), [User("ann", PASSWORD, frozenset(("clerk",)))]) as live:
        yield live


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest, tmp_path: Path, require_program: Callable[[str], str]) -> Iterator[Client]:
    made = client_of(request.param, tmp_path, require_program)
    yield made
    made.close()


def key_of(client: Client, service: Live) -> str:
    answer = client.authenticate(service.url, "ann", PASSWORD)
    assert answer.status == 200, answer
    assert answer.lines("cache-control") == ["no-store"]
    told = json.loads(answer.body)
    assert told["user"] == {"name": "ann", "roles": ["clerk"], "permissions": []}
    assert told["expires_in"] == 3600
    key: str = told["auth_key"]
    return key


def test_every_client_gets_a_key_and_sends_it_with_every_request__S2_4(client: Client, service: Live) -> None:
    key = key_of(client, service)
    for _ in range(2):
        answer = client.get(f"{service.url}/whoami", headers={"Auth-Key": key})
        assert answer.status == 200
        assert json.loads(answer.body)["mechanism"] == "auth-key"


def test_every_client_understands_what_is_missing_or_wrong__S2_4(client: Client, service: Live) -> None:
    nothing = client.get(f"{service.url}/whoami")
    assert (nothing.status, nothing.lines("www-authenticate")) == (401, [CHALLENGE])
    wrong = client.get(f"{service.url}/whoami", headers={"Auth-Key": "f" * 32})
    assert (wrong.status, wrong.code, wrong.schemes) == (401, "invalid-auth-key", ["Auth-Key"])
    refused = client.authenticate(service.url, "ann", "wrong")
    assert (refused.status, refused.code, refused.schemes) == (401, "invalid-credentials", ["Auth-Key"])


def test_one_client_s_key_is_no_other_client_s__S2_5(client: Client, service: Live) -> None:
    key = key_of(client, service)
    thief = requests.get(f"{service.url}/whoami", headers={"Auth-Key": key, "User-Agent": "stolen/1.0"}, timeout=30)
    assert (thief.status_code, thief.json()["code"]) == (401, "expired-auth-key")
    assert client.get(f"{service.url}/whoami", headers={"Auth-Key": key}).status == 200


def test_only_keys_open_doors_there__S2_4(service: Live) -> None:
    for auth, fields in (((("ann", PASSWORD)), {}), (None, {"Authorization": "Bearer x"}), (None, {"Cookie": "a=b"})):
        answer = requests.get(f"{service.url}/whoami", auth=auth, headers=fields, timeout=30)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, CHALLENGE)


def test_who_was_not_active_for_so_long_gets_401__S2_6() -> None:
    with live_server(CONFIG, [User("ann", PASSWORD)]) as service, requests.Session() as client:
        form = {"username": "ann", "password": PASSWORD}

        def stays_while_active() -> str | None:
            """A key that was used twice as long as it may be unused; None where the machine was too busy to use it."""
            key: str = client.post(f"{service.url}/api/authenticate", json=form, timeout=30).json()["auth_key"]
            began = used = time.monotonic()
            while time.monotonic() - began < 4:
                asked = time.monotonic()
                status = client.get(f"{service.url}/whoami", headers={"Auth-Key": key}, timeout=30).status_code
                if status != 200 and time.monotonic() - used > 1.5:
                    return None
                assert status == 200
                used = asked
                time.sleep(0.25)
            return key

        key = next(key for _ in range(TRIES) if (key := stays_while_active()) is not None)
        time.sleep(2.2)
        answer = client.get(f"{service.url}/whoami", headers={"Auth-Key": key}, timeout=30)
        assert (answer.status_code, answer.json()["code"]) == (401, "expired-auth-key")


def test_a_stolen_database_gives_no_key__S2_35__S2_5(service: Live) -> None:
    form = {"username": "ann", "password": PASSWORD}
    fields = {"User-Agent": "some-agent-canary/1.0"}
    key = requests.post(f"{service.url}/api/authenticate", json=form, headers=fields, timeout=30).json()["auth_key"]
    stored = b"".join(file.read_bytes() for file in service.data.glob("watchword.db*"))
    assert key.encode() not in stored
    assert hashlib.sha256(key.encode()).digest() in stored
    for look in (b"some-agent-canary/1.0", b"127.0.0.1some-agent-canary/1.0", b"127.0.0.1"):
        for digest in (hashlib.md5(look), hashlib.sha256(look)):
            assert digest.digest() not in stored
            assert digest.hexdigest().encode() not in stored


def test_keys_of_the_table_before_go_on_each_for_its_own_client__S2_5(service: Live, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    look = hashlib.md5(b"127.0.0.1Old-Client/1.0").hexdigest()
    entry = {
        "user": "ann",
        "kind": "auth-key",
        "token": "9e107d9d372bb6826bd81d3542a419d6",
        "expires_at": time.time() + 3600,
        "binding": f"md5:{look}",
    }
    file.write_text(json.dumps({"sessions": [entry]}))
    command = [sys.executable, "-m", "watchword", "import", str(file), "--data", str(service.data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    for agent, status in (("Old-Client/1.0", 200), ("Old-Client/1.1", 401)):
        fields = {"Auth-Key": "9e107d9d372bb6826bd81d3542a419d6", "User-Agent": agent}
        assert requests.get(f"{service.url}/whoami", headers=fields, timeout=30).status_code == status
