"""Signed requests with the clients that people have: curl, and Amazon's own for Python (S2.7)."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.cli.calling import Shell
from tests.live import Live, User, live_server

CONFIG = """
[[space]]
mechanisms = ["session", "basic", "bearer", "api-key", "signed-request"]
[signed_request]
service = "clinic"
"""


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with live_server(CONFIG, [User("ann")], workers=2) as live:
        yield live


@pytest.fixture(scope="module")
def key(live: Live) -> tuple[str, str]:
    """An access key: its id, and its secret."""
    done = Shell(live.data)("key", "create", "--user", "ann", "--signing")
    id, secret = done.out.splitlines()
    return id, secret


@pytest.fixture
def curl(
    require_program: Callable[[str], str], live: Live, key: tuple[str, str]
) -> Callable[..., tuple[int, str, str]]:
    """Runs curl on a path, signing: the status, the content, and all that went over the wire."""
    program = require_program("curl")

    def run(path: str, *arguments: str, secret: str = key[1], service: str = "clinic") -> tuple[int, str, str]:
        signing = ["--aws-sigv4", f"aws:amz:eu-1:{service}", "--user", f"{key[0]}:{secret}"]
        command = [program, "-s", "-v", "-w", "\n%{http_code}", *signing, *arguments, live.url + path]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        content, _, status = done.stdout.rpartition("\n")
        return int(status), content, done.stderr

    return run


@pytest.mark.parametrize("path", ["/whoami", "/whoami?a=1&b=2"])
def test_curl__S2_7(curl: Callable[..., tuple[int, str, str]], path: str) -> None:
    status, content, _ = curl(path)
    assert (status, json.loads(content)["mechanism"]) == (200, "signed-request")


def test_curl_signs_content__S2_7(curl: Callable[..., tuple[int, str, str]]) -> None:
    content = ("-H", "Content-Type: application/json", "-d", '{"name": "by curl"}')
    status, answer, _ = curl("/keys", *content)
    assert (status, json.loads(answer)["name"]) == (201, "by curl")


def test_curl_is_told_no__C09(curl: Callable[..., tuple[int, str, str]]) -> None:
    for status, content, _ in (curl("/whoami", secret="wrong"), curl("/whoami?s", service="other")):
        assert (status, json.loads(content)["code"]) == (401, "invalid-signature")


def test_a_captured_curl_is_refused__F3(curl: Callable[..., tuple[int, str, str]], live: Live) -> None:
    _, _, wire = curl("/whoami?x=1")
    sent = dict(line[2:].split(": ", 1) for line in wire.splitlines() if line.startswith("> ") and ": " in line)
    fields = {name: value for name, value in sent.items() if name.lower() in ("authorization", "x-amz-date")}
    assert len(fields) == 2
    for _ in range(4):  # at both processes, as a rule
        assert requests.get(f"{live.url}/whoami?x=1", headers=fields, timeout=60).status_code == 401


def test_botocore__S2_7(live: Live, key: tuple[str, str]) -> None:
    signer = SigV4Auth(Credentials(*key), "clinic", "eu-1")
    for number, (method, path, content) in enumerate(
        (("GET", "/whoami", None), ("POST", "/keys", b'{"name": "botocore"}'), ("GET", "/keys?subject=ann", None))
    ):
        asked = AWSRequest(method, live.url + path, data=content, headers={"Content-Type": "application/json"})
        signer.add_auth(asked)
        prepared = asked.prepare()
        answer = requests.request(
            method, prepared.url, data=prepared.body, headers=dict(prepared.headers.items()), timeout=60
        )
        assert answer.status_code in (200, 201), (number, answer.text)


def test_a_key_that_is_revoked_signs_nothing_more__F36(live: Live) -> None:
    done = Shell(live.data)("key", "create", "--user", "ann", "--signing", "--json")
    made = done.json
    signer = SigV4Auth(Credentials(made["access_key_id"], made["secret_access_key"]), "clinic", "eu-1")

    def status() -> int:
        time.sleep(1.05 - time.time() % 1)  # a signature is made for a second
        asked = AWSRequest("GET", f"{live.url}/whoami")
        signer.add_auth(asked)
        return requests.get(f"{live.url}/whoami", headers=dict(asked.headers.items()), timeout=60).status_code

    assert status() == 200
    assert Shell(live.data)("key", "revoke", made["id"]).code == 0
    assert status() == 401
