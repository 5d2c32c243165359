"""Tokens signed by HS256: verified with a secret that was copied to the verifier, and is published nowhere."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.edge.verifier.calls import by_asgi, by_wsgi, until, until_known, verifier
from tests.live import Live, User, live_server
from watchword import Watchword
from watchword.crypto.jose import base64url
from watchword.crypto.jose.jwk_written import private_jwk, public_jwk
from watchword.crypto.jose.key import generate
from watchword.edge.verifier import feed_client
from watchword.edge.verifier.shared_keys import read_shared_keys

ANN = User("ann", roles=frozenset(("clerk",)))
CONFIG = '[tokens]\nalgorithm = "HS256"\nmax_refresh = 1000\n'


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with live_server(CONFIG, [ANN]) as running:
        yield running


def keys(live: Live, *arguments: str) -> str:
    command = [sys.executable, "-m", "watchword", "keys", *arguments]
    command += ["--config", str(live.data / "watchword.toml"), "--data", str(live.data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr + done.stdout


def token(live: Live) -> str:
    answer = httpx.post(f"{live.url}/auth/login", json={"username": ANN.name, "password": ANN.password})
    return str(answer.json()["access_token"])


@contextmanager
def shared(live: Live, folder: Path) -> Iterator[tuple[Watchword, Path]]:
    file = folder / "shared.json"
    assert "holds 1 shared key" in keys(live, "share", str(file))
    with verifier(live.url, shared_keys=file) as auth:
        yield auth, file


def test_who_has_the_secret_verifies_what_the_server_signs__S2_17__S2_15(live: Live, tmp_path: Path) -> None:
    with shared(live, tmp_path) as (auth, file):
        assert file.stat().st_mode & 0o777 == 0o600
        for call in (by_wsgi(auth), by_asgi(auth)):
            answer = call(token(live))
            assert (answer.status, answer.content) == (200, b"ann")
    assert httpx.get(f"{live.url}/oauth2/jwks").json() == {"keys": []}, "published nowhere"


def test_logging_out_is_heard_of_through_a_feed_signed_by_the_secret__S2_20(live: Live, tmp_path: Path) -> None:
    with shared(live, tmp_path) as (auth, _):
        call = by_wsgi(auth)
        pair = httpx.post(f"{live.url}/auth/login", json={"username": ANN.name, "password": ANN.password}).json()
        assert call(pair["access_token"]).status == 200
        httpx.post(f"{live.url}/auth/logout", json={"refresh_token": pair["refresh_token"]}).raise_for_status()
        until_known(auth)
        assert call(pair["access_token"]).status == 401


def test_without_the_secret_nothing_is_verified_and_the_log_says_why__C17(
    live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), verifier(live.url, first_contact=0.5) as auth:
        answer = by_wsgi(auth)(token(live))
        assert (answer.status, answer.cell) == (503, "C17")
        until(lambda: "where tokens are signed by HS256, give the shared_keys" in caplog.text)


def test_a_file_written_anew_is_read_when_its_key_is_announced__F34(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_client, "KEYS_COOLDOWN", 0.2)
    with live_server(CONFIG, [ANN]) as live, shared(live, tmp_path) as (auth, file):
        call = by_wsgi(auth)
        old = token(live)
        assert call(old).status == 200
        keys(live, "rotate", "--after", "8s")
        assert "holds 2 shared keys" in keys(live, "share", str(file))
        until(lambda: auth.knowledge().keys == 2)
        ends = time.monotonic() + 60
        while key_name(new := token(live)) != key_names(file)[-1]:
            assert call(new).status == call(old).status == 200
            assert time.monotonic() < ends, "the new key never signs"
            time.sleep(0.1)
        assert call(new).status == call(old).status == 200


def key_name(token: str) -> str:
    return str(json.loads(base64url.decode(token.split(".")[0]))["kid"])


def key_names(file: Path) -> list[str]:
    return [key["kid"] for key in json.loads(file.read_text())["keys"]]


def written(folder: Path, *jwks: object, mode: int = 0o600) -> Path:
    file = folder / "shared.json"
    file.write_text(json.dumps({"keys": jwks}))
    file.chmod(mode)
    return file


SECRET = json.loads(private_jwk(generate("HS256", "k1")).reveal())


def test_what_others_may_read_is_refused__F34(tmp_path: Path) -> None:
    for mode in (0o640, 0o604, 0o644):
        with pytest.raises(ValueError, match="chmod 600"):
            read_shared_keys(written(tmp_path, SECRET, mode=mode))
    assert [key.kid for key in read_shared_keys(written(tmp_path, SECRET))] == ["k1"]


@pytest.mark.parametrize(
    "jwks",
    [
        [],
        [public_jwk(generate("ES256", "k1").key)],
        [SECRET, public_jwk(generate("ES256", "k2").key)],
        [{**SECRET, "k": "AAAA"}],
        [{name: value for name, value in SECRET.items() if name != "kid"}],
        [SECRET, SECRET],
        ["no object"],
    ],
    ids=["none", "public", "one public", "weak", "nameless", "twice", "text"],
)
def test_what_is_no_set_of_secrets_is_refused_with_a_sentence(jwks: list[object], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="watchword keys share") as refused:
        read_shared_keys(written(tmp_path, *jwks))
    assert SECRET["k"] not in str(refused.value)


def test_what_is_wrong_with_the_file_is_said_at_start_up(tmp_path: Path) -> None:
    for file, says in ((tmp_path / "none.json", "cannot be read"), (written(tmp_path), "watchword keys share")):
        with pytest.raises(ValueError, match=says):
            Watchword("http://127.0.0.1:1", shared_keys=file)
    with pytest.raises(ValueError, match="leave shared_keys out"):
        Watchword("http://127.0.0.1:1", strict=True, client=("a", "b"), shared_keys=written(tmp_path, SECRET))


def test_sharing_what_is_not_shared_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with live_server("", [ANN], data=data):
        pass
    command = [sys.executable, "-m", "watchword", "keys", "share", str(tmp_path / "f"), "--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert (done.returncode, done.stdout) == (1, "")
    assert "No key is shared" in done.stderr
    assert not (tmp_path / "f").exists()
