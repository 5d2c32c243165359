"""A verifier that is not on the server's machine: over TLS, and with credentials, because nobody trusts its address."""

from __future__ import annotations

import http.client
import json
import logging
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.edge.verifier.calls import by_wsgi, until, verifier
from tests.live import Live, User, live_server
from tests.server.test_tls import Files, make_files
from watchword.edge.verifier import wire

ISSUER = "https://auth.example.com"
PASSWORD = "correct horse battery"
USERS = [
    User("ann", roles=frozenset(("clerk",))),
    User("images", roles=frozenset(("verifier",))),
]


@dataclass(frozen=True, slots=True)
class Running:
    live: Live
    files: Files
    token: str

    @property
    def url(self) -> str:
        return self.live.url.replace("127.0.0.1", "localhost")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("tls")
    files = make_files(folder)
    with live_server(f'{files.config}[tokens]\nissuer = "{ISSUER}"\n', USERS) as live:
        context = ssl.create_default_context(cafile=files.authority)
        with closing(http.client.HTTPSConnection("localhost", live.port, context=context, timeout=60)) as connection:
            content = json.dumps({"username": "ann", "password": PASSWORD})
            connection.request("POST", "/auth/login", content, {"content-type": "application/json"})
            token = json.loads(connection.getresponse().read())["access_token"]
        yield Running(live, files, token)


@pytest.fixture
def from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if something in between had said for whom it speaks: the server does not take us for its own machine."""
    shown = wire.AuthenticationServer._shown

    def passed_on(self: wire.AuthenticationServer) -> dict[str, str]:
        return {**shown(self), "X-Forwarded-For": "192.0.2.7"}

    monkeypatch.setattr(wire.AuthenticationServer, "_shown", passed_on)


@pytest.mark.usefixtures("from_elsewhere")
def test_credentials_of_a_verifier_let_it_listen_over_tls(running: Running) -> None:
    options: dict[str, Any] = {"issuer": ISSUER, "authority_file": running.files.authority}
    with verifier(running.url, credentials=("images", PASSWORD), **options) as auth:
        call = by_wsgi(auth)
        until(auth.ready)
        assert call(running.token).status == 200


@pytest.mark.usefixtures("from_elsewhere")
def test_an_api_key_with_the_scope_lets_it_listen(running: Running) -> None:
    command = [sys.executable, "-m", "watchword", "key", "create", "--user", "images", "--scope", "revocations"]
    command += ["--json", "--config", str(running.live.data / "watchword.toml"), "--data", str(running.live.data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    options: dict[str, Any] = {"issuer": ISSUER, "authority_file": running.files.authority}
    with verifier(running.url, api_key=json.loads(done.stdout)["key"], **options) as auth:
        until(auth.ready)
        assert by_wsgi(auth)(running.token).status == 200


@pytest.mark.usefixtures("from_elsewhere")
@pytest.mark.parametrize("credentials", [None, ("ann", PASSWORD), ("images", "wrong")], ids=str)
def test_nobody_else_listens__C17(
    running: Running, credentials: tuple[str, str] | None, caplog: pytest.LogCaptureFixture
) -> None:
    options: dict[str, Any] = {"issuer": ISSUER, "authority_file": running.files.authority}
    with (
        caplog.at_level(logging.WARNING),
        verifier(running.url, credentials=credentials, first_contact=0.5, **options) as auth,
    ):
        assert by_wsgi(auth)(running.token).status == 503
        until(lambda: "/revocations/feed answers 40" in caplog.text)


def test_a_server_for_which_nobody_vouches_is_not_heard__C17(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), verifier(running.url, issuer=ISSUER, first_contact=0.5) as auth:
        assert by_wsgi(auth)(running.token).status == 503
        until(lambda: "CERTIFICATE_VERIFY_FAILED" in caplog.text)
