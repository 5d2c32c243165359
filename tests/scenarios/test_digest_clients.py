"""Digest with the clients that people have, against a server of two processes (S2.39, RFC 7616)."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
import requests
from requests.auth import HTTPDigestAuth

from tests.live import Live, User, live_server

CONFIG = """
[digest]
keep_secrets = true
nonce_ttl = "{nonce_ttl}"
[[space]]
mechanisms = ["session", "digest", {md5} "basic", "bearer"]
"""
ANN = ("ann", 'correct "horse" battery')
ZOE = ("Zoë", "pässwörd ☃ €")
USERS = [User(*ANN), User(*ZOE)]


@contextmanager
def serving(md5: str = "", nonce_ttl: str = "5m") -> Iterator[Live]:
    with live_server(CONFIG.format(md5=md5, nonce_ttl=nonce_ttl), USERS, workers=2) as live:
        for user in USERS:  # imported with a hash: the first log-in by password leaves what Digest needs
            answer = httpx.post(f"{live.url}/login", json={"username": user.name, "password": user.password})
            assert answer.status_code == 200, answer.text
        yield live


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with serving() as live:
        yield live


@pytest.fixture
def curl(require_program: Callable[[str], str], live: Live) -> Callable[..., tuple[int, str, str]]:
    """Runs curl on a path: the status, the content, and all that went over the wire."""
    program = require_program("curl")

    def run(path: str, *arguments: str) -> tuple[int, str, str]:
        command = [program, "-s", "-v", "-w", "\n%{http_code}", *arguments, live.url + path]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        content, _, status = done.stdout.rpartition("\n")
        return int(status), content, done.stderr

    return run


@pytest.mark.parametrize("path", ["/whoami", "/whoami?a=1&b=%20x,y&c=%22", "/whoami?"])
@pytest.mark.parametrize("user", [ANN, ZOE], ids=["ascii", "utf-8"])
def test_curl__S2_39(curl: Callable[..., tuple[int, str, str]], user: tuple[str, str], path: str) -> None:
    status, content, wire = curl(path, "--digest", "-u", ":".join(user))
    assert (status, json.loads(content)["subject"]) == (200, user[0])
    assert "algorithm=SHA-256" in wire


def test_curl_takes_digest_of_all_that_is_offered__S2_39(curl: Callable[..., tuple[int, str, str]]) -> None:
    status, content, wire = curl("/whoami", "--anyauth", "-u", ":".join(ANN))
    assert (status, json.loads(content)["mechanism"]) == (200, "digest")
    assert "> Authorization: Basic" not in wire


def test_curl_sends_content_by_digest__S2_39(curl: Callable[..., tuple[int, str, str]]) -> None:
    status, content, _ = curl(
        "/keys", "--digest", "-u", ":".join(ANN), "-H", "Content-Type: application/json", "-d", '{"name": "by Digest"}'
    )
    assert (status, json.loads(content)["name"]) == (201, "by Digest")


def test_curl_is_told_no_by_a_wrong_password__C07(curl: Callable[..., tuple[int, str, str]]) -> None:
    status, content, wire = curl("/whoami", "--digest", "-u", "ann:wrong")
    assert (status, json.loads(content)["cell"]) == (401, "C07")
    assert wire.count("> Authorization: Digest") == 1


def test_a_captured_curl_is_refused__F3(curl: Callable[..., tuple[int, str, str]]) -> None:
    _, _, wire = curl("/whoami?x=1", "--digest", "-u", ":".join(ANN))
    (captured,) = [line[2:].strip() for line in wire.splitlines() if line.startswith("> Authorization: Digest")]
    for _ in range(4):  # at both processes, as a rule
        assert curl("/whoami?x=1", "-H", captured)[0] == 401
    assert curl("/whoami?x=2", "-H", captured)[0] == 401


@pytest.mark.parametrize("user", [ANN, ZOE], ids=["ascii", "utf-8"])
def test_requests__S2_39(live: Live, user: tuple[str, str]) -> None:
    """It sends the name in ISO 8859-1, and hashes it in UTF-8."""
    with requests.Session() as session:
        session.auth = HTTPDigestAuth(*user)
        for number in range(5):  # it counts the nonce up, whichever process it meets
            answer = session.get(f"{live.url}/whoami", params={"n": number}, timeout=60)
            assert (answer.json()["mechanism"], answer.json()["subject"]) == ("digest", user[0])
            assert len(answer.history) == (number == 0)


def test_a_nonce_that_ends_amid_a_session_disturbs_nobody__S2_39() -> None:
    with serving(nonce_ttl="2s") as hasty, requests.Session() as session:
        session.auth = HTTPDigestAuth(*ANN)
        assert session.get(f"{hasty.url}/whoami", timeout=60).status_code == 200
        time.sleep(2.1)
        answer = session.post(f"{hasty.url}/keys", json={"name": "later"}, timeout=60)
        assert answer.status_code == 201
        (refused,) = answer.history
        assert refused.headers["www-authenticate"].startswith("Digest ")
        assert "stale=true" in refused.headers["www-authenticate"]


def test_httpx__S2_39(live: Live) -> None:
    """Its header fields are ASCII, so names must be; passwords may be anything."""
    with httpx.Client(auth=httpx.DigestAuth(*ANN)) as client:
        for number in range(3):
            answer = client.get(f"{live.url}/whoami", params={"n": number})
            assert (answer.status_code, answer.json()["subject"]) == (200, "ann")
        assert client.post(f"{live.url}/keys", json={"name": "httpx"}).status_code == 201


def test_urllib__S2_39() -> None:
    """It knows MD5 and SHA-1 alone: so only where MD5 is on."""
    with serving('"digest-md5",') as live:
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, live.url, *ANN)
        with urllib.request.build_opener(_Weak(passwords)).open(f"{live.url}/whoami?x=1", timeout=60) as answer:
            assert json.load(answer)["mechanism"] == "digest-md5"


class _Weak(urllib.request.HTTPDigestAuthHandler):
    """Python's own handler raises at a challenge that it does not know, instead of looking at the next."""

    def http_error_401(self, req, fp, code, msg, headers):  # type: ignore[no-untyped-def]  # as urllib has it
        lines = [line for line in headers.get_all("WWW-Authenticate", []) if "algorithm=MD5" in line]
        del headers["WWW-Authenticate"]
        headers["WWW-Authenticate"] = lines[0]
        return super().http_error_401(req, fp, code, msg, headers)


def test_httpie__S2_39(live: Live, require_program: Callable[[str], str]) -> None:
    """It looks at the first challenge only: where Digest is to be found, it has to come before Basic."""
    program = require_program("http")
    arguments = ["--ignore-stdin", "--check-status", "-A", "digest", "-a", ":".join(ANN)]
    done = subprocess.run([program, *arguments, f"{live.url}/whoami"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["subject"] == "ann"
