"""JSON-RPC as the clients of Kallithea know it, by such a client, curl and httpie.

The thread's rule: whoever calls by JSON-RPC looks at the content of an answer and nowhere else. "All responses from API
will be HTTP/1.0 200 OK. If there is an error, the response will have a failure description in error and result will be
null." What was missing was "some stable identifier of the kind of error": that is `error_code`.
"""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.live import Live, User, live_server

PASSWORD = "correct horse battery"
KALLITHEA = '[realm]\npersonas = ["kallithea"]\n'
UNKNOWN = "5fec5a6b1e1c4f8a9d6ba1c7dd6b3b8e"


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with live_server(KALLITHEA, [User("ann", PASSWORD)]) as running:
        yield running


@pytest.fixture(scope="module")
def key(live: Live) -> str:
    answer = requests.post(f"{live.url}/keys", json={"name": "api"}, auth=("ann", PASSWORD), timeout=30)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["key"]
    return made


class ApiError(Exception):
    """What the client shows to a person."""


def api_call(live: Live, api_key: str, method: str, /, **args: object) -> Any:
    """A call as `kallithea-api` makes it: text/plain, the key in the content, and the id must come back."""
    sent = json.dumps({"id": 4711, "api_key": api_key, "method": method, "args": args}).encode()
    request = urllib.request.Request(f"{live.url}/rpc", data=sent, headers={"content-type": "text/plain"})
    with urllib.request.urlopen(request, timeout=30) as answer:  # raises for every status that is not 2xx
        told = json.loads(answer.read())
    if told["id"] != 4711:
        raise ApiError(f"something went wrong. ID mismatch got {told['id']}, expected 4711")
    if told["error"]:
        raise ApiError(told["error"])
    return told["result"]


def test_a_client_of_kallithea_is_served__S4_6(live: Live, key: str) -> None:
    assert api_call(live, key, "whoami")["subject"] == "ann"
    made = api_call(live, key, "keys.create", name="second")
    assert api_call(live, made["key"], "whoami")["subject"] == "ann"
    assert made["id"] in [each["id"] for each in api_call(live, key, "keys.list")["keys"]]
    assert api_call(live, key, "keys.revoke", id=made["id"]) == {"revoked": made["id"]}
    with pytest.raises(ApiError, match=r"^Invalid API KEY$"):
        api_call(live, made["key"], "whoami")


@pytest.mark.parametrize(
    ("method", "args", "text"),
    [
        ("foo", {}, "No such method: foo"),
        ("keys.revoke", {}, "Missing non optional `id` arg in JSON DATA"),
        ("keys.revoke", {"id": "foo"}, "key `foo` does not exist"),
        ("sessions.revoke", {"id": "foo"}, "session `foo` does not exist"),
        ("keys.list", {"userid": "ann"}, "Unknown `userid` arg in JSON DATA"),
    ],
)
def test_its_person_is_shown_the_texts_that_she_knows__S4_6(
    live: Live, key: str, method: str, args: dict[str, str], text: str
) -> None:
    with pytest.raises(ApiError) as shown:
        api_call(live, key, method, **args)
    assert str(shown.value) == text


# --- byte for byte ---------------------------------------------------------------------------------------------------

THREAD: list[tuple[str, str]] = [
    # What the thread says is sent, and what it says comes back, with the identifier that it wishes for.
    (
        '{"id": 1, "method": "whoami", "args": {}}',
        '{"id":null,"result":null,"error":"Incorrect JSON query missing \'api_key\'",'
        '"error_code":"authentication-required"}',
    ),
    (
        f'{{"id": 1, "api_key": "{UNKNOWN}", "method": "whoami", "args": {{}}}}',
        '{"id":1,"result":null,"error":"Invalid API KEY","error_code":"invalid-api-key"}',
    ),
    (
        '{"id": 1, "api_key": "KEY", "method": "foo", "args": {}}',
        '{"id":1,"result":null,"error":"No such method: foo","error_code":"no-such-method"}',
    ),
    (
        '{"id": 1, "api_key": "KEY", "method": "keys.revoke", "args": {}}',
        '{"id":1,"result":null,"error":"Missing non optional `id` arg in JSON DATA","error_code":"invalid-content"}',
    ),
    (
        '{"id": 1, "api_key": "KEY", "method": "keys.revoke", "args": {"id": "foo"}}',
        '{"id":1,"result":null,"error":"key `foo` does not exist","error_code":"not-found"}',
    ),
]


def curl(program: str, url: str, content: str, content_type: str) -> tuple[int, str]:
    command = [program, "-s", "-w", "\n%{http_code}", "-X", "POST", "-H", f"content-type:{content_type}"]
    done = subprocess.run(
        [*command, "--data-binary", content, url], capture_output=True, text=True, check=True, timeout=30
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def httpie(program: str, url: str, content: str, content_type: str) -> tuple[int, str]:
    command = [program, "--ignore-stdin", "--print=hb", "--pretty=none", "--raw", content, "POST", url]
    done = subprocess.run(
        [*command, f"Content-Type:{content_type}"], capture_output=True, text=True, check=True, timeout=60
    )
    head, _, body = done.stdout.replace("\r\n", "\n").partition("\n\n")
    return int(head.split()[1]), body


@pytest.mark.parametrize("content_type", ["text/plain", "application/json"])
@pytest.mark.parametrize("client", ["curl", "httpie"])
@pytest.mark.parametrize(("sent", "told"), THREAD, ids=["missing", "invalid", "method", "argument", "record"])
def test_errors_are_those_of_the_thread_byte_for_byte__S4_6__S4_7(
    live: Live,
    key: str,
    require_program: Callable[[str], str],
    client: str,
    content_type: str,
    sent: str,
    told: str,
) -> None:
    run, program = (curl, "curl") if client == "curl" else (httpie, "http")
    content = sent.replace("KEY", key) if '"KEY"' in sent else sent
    assert run(require_program(program), f"{live.url}/rpc", content, content_type) == (200, told)


def test_what_is_no_call_to_kallithea_still_gets_the_challenge_of_the_patch__S4_1__S4_9(live: Live) -> None:
    for fields in ({}, {"X-API-Key": UNKNOWN}):
        answer = requests.get(f"{live.url}/whoami", headers=fields, timeout=30)
        assert answer.status_code == 401
        assert 'APIKEY realm="Kallithea"' in answer.raw.headers.getlist("www-authenticate")


def test_the_same_server_speaks_version_2_to_whoever_says_so__S4_7(live: Live, key: str) -> None:
    content = {"jsonrpc": "2.0", "id": "a", "method": "whoami"}
    refused = requests.post(f"{live.url}/rpc", json=content, timeout=30)
    assert (refused.status_code, refused.json()["error"]["code"], refused.json()["id"]) == (401, -32003, "a")
    answer = requests.post(f"{live.url}/rpc", json=content, headers={"X-API-Key": key}, timeout=30)
    assert (answer.status_code, answer.json()["result"]["subject"]) == (200, "ann")


def test_no_log_has_a_key_that_came_in_the_content__S4_8__F33(live: Live, key: str) -> None:
    for sent in (key, UNKNOWN, f"{key}x", "tiny"):
        forms: list[dict[str, Any]] = [{"id": 1, "method": "whoami", "args": {}}]
        for form in (*forms, {"jsonrpc": "2.0", "id": 1, "method": sent}):
            requests.post(f"{live.url}/rpc", json={**form, "api_key": sent}, timeout=30)
    log = live.log.read_text("utf-8")
    assert f"****{UNKNOWN[-4:]}" in log
    for sent in (key, UNKNOWN):
        assert sent not in log
        assert sent[:-4] not in log
    metrics = requests.get(f"{live.url}/metrics", timeout=30).text
    assert 'watchword_decisions_total{cell="C09"} 0' not in metrics


def test_a_storage_that_is_down_looks_like_success_to_nobody__C17__S4_6() -> None:
    with live_server(KALLITHEA, [User("ann", PASSWORD)]) as running:
        made = requests.post(f"{running.url}/keys", json={}, auth=("ann", PASSWORD), timeout=30).json()["key"]
        for name in ("watchword.db", "watchword.db-wal"):
            with (running.data / name).open("r+b") as file:
                file.truncate(0)
        content = {"id": 1, "api_key": made[:-1] + "x", "method": "whoami", "args": {}}
        # Not one of ours by its last characters: nobody needs to be asked.
        answer = requests.post(f"{running.url}/rpc", json=content, timeout=30)
        assert answer.json()["error_code"] == "invalid-api-key"
        answer = requests.post(f"{running.url}/rpc", json={**content, "api_key": UNKNOWN}, timeout=30)
        assert (answer.status_code, answer.json()["result"], answer.json()["error_code"]) == (200, None, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Auth-Decision"].startswith("C17;")
