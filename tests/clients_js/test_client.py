"""The JavaScript client in Node: its own tests, which clients/js/test holds, against servers that run here."""

from __future__ import annotations

import json
import os
import re
import subprocess
from base64 import b32decode
from collections.abc import Iterator
from pathlib import Path
from time import time

import httpx2
import pytest

from tests.live import Live, User, live_server
from watchword.crypto.otp import Generator, step_at
from watchword.crypto.secret import Secret

PASSWORD = "correct horse battery"
CONFIG = """
[limits]
account_failures = 50
address_per_minute = 1000
[passwords.hashing]
t = 2
m = 19456
p = 1
[log]
format = "json"
"""


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with live_server(CONFIG, [User(name, PASSWORD) for name in ("ann", "bob", "eve")]) as running:
        yield running


def ran(node: str, file: Path, **variables: str) -> dict[str, bool]:
    """Which tests of a file passed, by their names."""
    command = [node, "--test", "--test-reporter=tap", str(file)]
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", timeout=120, env={**os.environ, **variables}, check=False
    )
    found = re.findall(r"^ *(not ok|ok) \d+ - (.+)$", done.stdout, re.MULTILINE)
    assert done.returncode == 0, done.stdout + done.stderr
    return {name: word == "ok" for word, name in found}


def enrolled(live: Live, name: str) -> list[str]:
    """Recovery codes of an account that gets a second factor."""
    with httpx2.Client(base_url=live.url) as client:
        told = client.post("/login", json={"username": name, "password": PASSWORD, "delivery": "body"}).json()
        client.headers["authorization"] = f"Bearer {told['session_token']}"
        added = client.post("/second-factors", json={"label": "phone"}).json()
        code = Generator(seed=Secret(b32decode(added["secret"]))).code(step_at(time()))
        confirmed = client.post(f"/second-factors/{added['id']}/confirm", json={"code": code})
        codes: list[str] = confirmed.json()["recovery_codes"]
        return codes


def test_no_answer_makes_the_client_loop__S2_41__C15__C21(node: str, client: Path) -> None:
    passed = ran(node, client / "test" / "model.test.js")
    assert sum(passed.values()) >= 4


def test_the_client_does_what_answers_say__S2_41__S2_46__C15__C19__C20__C21(node: str, client: Path) -> None:
    passed = ran(node, client / "test" / "client.test.js")
    assert sum(passed.values()) >= 45


def test_the_client_gets_along_with_a_real_server__S2_41__C15(node: str, client: Path, live: Live) -> None:
    codes = json.dumps(enrolled(live, "bob"))
    before = created(live)
    passed = ran(node, client / "test" / "live.test.js", WATCHWORD=live.url, PASSWORD=PASSWORD, RECOVERY_CODES=codes)
    assert sum(passed.values()) >= 7
    assert created(live) - before == 1


def created(live: Live) -> int:
    """How many refreshes of eve's the server has seen."""
    events = [json.loads(line) for line in live.log.read_text("utf-8").splitlines() if line.startswith("{")]
    return sum(1 for it in events if "authn_token_created" in str(it) and "eve" in str(it))
