"""The thread "REST API and Authentication" (OpenMRS, RESTWS-859), sentence by sentence, with real clients.

The rule it taught: 401 is for a problem with the credentials and says how to go on in WWW-Authenticate, 403 is for
who is known and may not. So the answer alone tells "log in again" from "stop".
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live import Live, User, live_server
from tests.scenarios.clients import CLIENTS, Client, Curl, client_of

ANN = "ann:a:b:c and more"
BASIC = 'Basic realm="OpenMRS", charset="UTF-8"'
COOKIE = 'OpenMRS-Cookie realm="OpenMRS"'

CONFIG = """
[realm]
personas = ["openmrs"]
[session]
idle = "{idle}"
backend = "{backend}"
[limits]
account_failures = 100
[[space]]
[[space.protect]]
path = "/whoami"
"""


BACKENDS = ["stored", "signed", "encrypted"] if os.environ.get("LONG") else ["stored", "encrypted"]
"""What is signed differs from what is encrypted in its form alone."""


@pytest.fixture(scope="module", params=BACKENDS)
def openmrs(request: pytest.FixtureRequest) -> Iterator[Live]:
    """The same whoever keeps the sessions (S2.12)."""
    with live_server(
        CONFIG.format(backend=request.param, idle="30m"), [User("ann", "a:b:c and more", frozenset({"clerk"}))]
    ) as live:
        yield live


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest, tmp_path: Path, require_program: Callable[[str], str]) -> Iterator[Client]:
    made = client_of(request.param, tmp_path, require_program)
    yield made
    made.close()


def test_1_a_valid_session_is_enough__S0_1(openmrs: Live, client: Client) -> None:
    assert client.log_in(openmrs.url, "ann", "a:b:c and more").status == 200
    answer = client.get(f"{openmrs.url}/whoami")
    assert answer.status == 200
    assert json.loads(answer.body)["mechanism"] == "session"


def test_1_where_there_is_a_session_basic_is_not_looked_at__S0_11_S0_18(openmrs: Live, client: Client) -> None:
    client.log_in(openmrs.url, "ann", "a:b:c and more")
    assert client.get(f"{openmrs.url}/whoami", user="ann:wrong").status == 200


def test_2_without_a_session_there_is_basic__S0_2_S0_8_S3_1(openmrs: Live, client: Client) -> None:
    answer = client.get(f"{openmrs.url}/whoami", user=ANN)
    assert answer.status == 200
    assert json.loads(answer.body)["mechanism"] == "basic"


def test_3_without_either_both_challenges_come_on_two_lines__S0_3_S4_9(openmrs: Live, client: Client) -> None:
    answer = client.get(f"{openmrs.url}/whoami")
    assert (answer.status, answer.code) == (401, "authentication-required")
    assert answer.lines("www-authenticate") == [BASIC, COOKIE]


def test_5_a_failed_basic_withholds_its_challenge__S0_4_S0_12(openmrs: Live, client: Client) -> None:
    first = client.get(f"{openmrs.url}/whoami", user="ann:wrong")
    again = client.get(f"{openmrs.url}/whoami", user="ann:wrong")
    assert (first.status, first.code) == (401, "invalid-credentials")
    assert first.lines("www-authenticate") == [COOKIE]
    assert _without_id(first.body) == _without_id(again.body)


def test_an_unknown_user_is_told_the_same_bytes_as_a_wrong_password__S0_14(openmrs: Live, client: Client) -> None:
    known = client.get(f"{openmrs.url}/whoami", user="ann:wrong")
    unknown = client.get(f"{openmrs.url}/whoami", user="nobody:wrong")
    assert _without_id(known.body) == _without_id(unknown.body)
    assert known.lines("www-authenticate") == unknown.lines("www-authenticate")


def test_an_ended_session_is_401_and_never_403__S0_5(openmrs: Live, client: Client) -> None:
    client.forge(openmrs.url, "ww_s_" + "0" * 43 + "_000000")
    answer = client.get(f"{openmrs.url}/whoami")
    assert (answer.status, answer.code) == (401, "session-invalid")
    assert answer.lines("www-authenticate") == [BASIC, COOKIE]
    assert any("Max-Age=0" in line for line in answer.lines("set-cookie"))


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_unused_session_expires__S0_5_S2_2(
    backend: str, tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    curl = Curl(tmp_path, require_program("curl"))
    with live_server(CONFIG.format(backend=backend, idle="1s"), [User("ann", "a:b:c and more")]) as hasty:
        curl.log_in(hasty.url, "ann", "a:b:c and more")
        time.sleep(1.2)
        answer = curl.get(f"{hasty.url}/whoami")
    assert (answer.status, answer.code) == (401, "session-expired")
    assert answer.lines("www-authenticate") == [BASIC, COOKIE]


def test_a_stale_cookie_does_not_block_basic__S0_10(openmrs: Live, client: Client) -> None:
    client.forge(openmrs.url, "planted")
    assert client.get(f"{openmrs.url}/whoami", user=ANN).status == 200


def test_a_missing_privilege_is_403_without_a_challenge__S0_6_S0_7(openmrs: Live, client: Client) -> None:
    answer = client.get(f"{openmrs.url}/users", user=ANN)
    assert (answer.status, answer.code) == (403, "forbidden")
    assert answer.lines("www-authenticate") == []


def test_the_standard_dance_of_basic__S0_9(
    openmrs: Live, tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    curl = Curl(tmp_path, require_program("curl"))
    transcript = subprocess.run(
        [require_program("curl"), "-s", "-v", "--anyauth", "-u", ANN, f"{openmrs.url}/whoami"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stderr
    assert [line for line in transcript.splitlines() if line.startswith("< HTTP/")] == [
        "< HTTP/1.1 401 Unauthorized",
        "< HTTP/1.1 200 OK",
    ]
    assert curl.run("--anyauth", "-u", ANN, f"{openmrs.url}/whoami").status == 200


def test_a_client_of_http_1_0_is_told_the_same__S0_19(openmrs: Live) -> None:
    with socket.create_connection(("127.0.0.1", openmrs.port), 10) as connection:
        connection.sendall(b"GET /whoami HTTP/1.0\r\n\r\n")
        answer = b""
        while more := connection.recv(65536):
            answer += more
    head = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert " 401 " in head[0]
    challenges = [line.partition(": ")[2] for line in head if line.lower().startswith("www-authenticate")]
    assert challenges == [BASIC, COOKIE]


def test_unchanged_openmrs_clients_find_their_session_endpoint(openmrs: Live, client: Client) -> None:
    endpoint = f"{openmrs.url}/ws/rest/v1/session"
    assert json.loads(client.get(endpoint).body)["authenticated"] is False
    answer = client.get(endpoint, user=ANN)
    assert json.loads(answer.body)["authenticated"] is True
    assert any(line.startswith("watchword=ww") for line in answer.lines("set-cookie"))


def _without_id(body: str) -> dict[str, object]:
    """A problem without the one member that names this very answer."""
    problem: dict[str, object] = json.loads(body)
    del problem["instance"]
    return problem
