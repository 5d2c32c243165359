"""A second factor at a real server, with an authenticator that nobody here wrote; and what its log and files hold."""

from __future__ import annotations

import subprocess
import time
from base64 import b32decode
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.live import Live, User, live_server

PASSWORD = "correct horse battery"


@pytest.fixture
def live() -> Iterator[Live]:
    with live_server('[log]\nformat = "json"\nlevel = "debug"', [User("ann", PASSWORD)], workers=2) as running:
        yield running


@pytest.fixture
def shows(require_program: Callable[[str], str]) -> Callable[[str], str]:
    """What `oathtool` shows for a secret now, in a step of which there is time left."""
    program = require_program("oathtool")

    def code(secret: str) -> str:
        if time.time() % 30 > 25:
            time.sleep(5.5)
        shown = subprocess.run([program, "--totp", "-b", secret], capture_output=True, text=True, check=True)
        return shown.stdout.strip()

    return code


def test_oathtool_logs_in_and_log_and_files_hold_no_secret__F33(live: Live, shows: Callable[[str], str]) -> None:
    password = {"username": "ann", "password": PASSWORD, "delivery": "body"}
    with httpx.Client(base_url=live.url) as client:
        session = client.post("/login", json=password).json()["session_token"]
        bearer = {"authorization": f"Bearer {session}"}
        added = client.post("/second-factors", json={"label": "phone"}, headers=bearer).json()
        code = shows(added["secret"])
        wrong = f"{(int(code) + 1) % 10**6:06}"
        path = f"/second-factors/{added['id']}/confirm"
        confirmed = client.post(path, json={"code": code}, headers=bearer)
        assert confirmed.status_code == 200, confirmed.text
        codes = confirmed.json()["recovery_codes"]
        half = client.post("/login", json=password).json()["mfa_token"]
        for sent in (
            {"mfa_token": half, "code": wrong},
            {"mfa_token": half, "code": code},
            {"mfa_token": half, "code": codes[0][:-1]},
            {"mfa_token": half + "x", "code": codes[0]},
            {"code": codes[0]},
            {"mfa_token": half, "code": [codes[0]]},
        ):
            assert client.post("/login/second-factor", json=sent).status_code in (401, 422)
        for fields in (
            {"authorization": f"Bearer {half}"},
            {"authorization": f"Basic {half}"},
            {"authorization": codes[1]},
            {"cookie": f"watchword={half}"},
            {"x-api-key": half},
        ):
            assert client.get("/whoami", headers=fields).status_code in (400, 401)
        assert client.get(f"/verify?mfa_token={half}&code={codes[1]}").status_code == 401
        finished = client.post("/login/second-factor", json={"mfa_token": half, "code": codes[0], "delivery": "body"})
        assert finished.status_code == 200
        assert client.post("/login", json={**password, "code": codes[0]}).status_code == 401
        client.headers["authorization"] = f"Bearer {finished.json()['session_token']}"
        assert client.get("/second-factors").json()["recovery_codes"] == 9
        renewed = client.post("/second-factors/recovery-codes").json()["recovery_codes"]
        assert client.delete(f"/second-factors/{added['id']}").status_code == 204
    live.stop()
    told = live.log.read_bytes()
    assert b"authn_second_factor_fail" in told
    assert b"authn_recovery_code_used" in told
    kept = b"".join(path.read_bytes() for path in live.data.iterdir() if path.name != "keys.json")
    seed = b32decode(added["secret"])
    texts = [added["secret"], half, session, *codes, *renewed, *(each.replace("-", "") for each in codes)]
    for secret in (seed, *(text.encode() for text in texts)):
        assert secret not in told
        assert secret not in kept
