"""A strict verifier and a real server: every kind of token, refused at the very next request after its revocation."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from tests.edge.verifier.calls import HOSTS, Call, by_wsgi, verifier
from tests.live import Live, User, live_server
from tests.relay import relay
from tests.server.feed_wire import keys_of
from watchword import Requirement, Watchword
from watchword.core.questions import ChangeAccount
from watchword.core.space import Rule
from watchword.storage import open_storage

ISSUER = "https://auth.example.com"
PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True)
class Running:
    """A server, and the client as which verifiers ask it."""

    live: Live
    client: tuple[str, str]

    def call(self, method: str, path: str, content: Any, **fields: str) -> Any:
        import http.client

        with closing(http.client.HTTPConnection("127.0.0.1", self.live.port, timeout=20)) as connection:
            connection.request(method, path, json.dumps(content), {"content-type": "application/json", **fields})
            answer = connection.getresponse()
            read = answer.read()
            assert answer.status < 300, read
            return json.loads(read)

    def tokens(self) -> dict[str, Any]:
        told: dict[str, Any] = self.call("POST", "/auth/login", {"username": "ann", "password": PASSWORD})
        return told

    def api_key(self) -> str:
        basic = "Basic " + b64encode(f"ann:{PASSWORD}".encode()).decode()
        key: str = self.call("POST", "/keys", {"name": "script", "scopes": ["read"]}, authorization=basic)["key"]
        return key

    def ban(self, disabled: bool) -> None:
        with closing(open_storage("sqlite:///watchword.db", self.live.data)) as storage:
            storage.change_account(ChangeAccount("ann", disabled=disabled))


def made_client(live: Live, *roles: str) -> tuple[str, str]:
    command = [sys.executable, "-m", "watchword", "client", "add", "images", "--json", "--data", str(live.data)]
    command += ["--config", str(live.data / "watchword.toml"), *(word for role in roles for word in ("--role", role))]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return told["id"], told.get("secret") or told["client_secret"]


@pytest.fixture(scope="module", params=["jwt", "opaque"])
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    config = f'[tokens]\nissuer = "{ISSUER}"\naccess = "{request.param}"\n'
    with live_server(config, [User("ann", roles=frozenset(("clerk",)))]) as live:
        yield Running(live, made_client(live, "verifier"))


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> Any:
    return HOSTS[request.param]


def strict(running: Running, **options: Any) -> Any:
    return verifier(running.live.url, issuer=ISSUER, strict=True, client=running.client, **options)


RULES = [
    Rule(path="/clerks", requirement=Requirement(roles=frozenset(("clerk",)))),
    Rule(path="/admins", requirement=Requirement(roles=frozenset(("admin",)))),
    Rule(path="/read", requirement=Requirement(scopes=frozenset(("read",)))),
    Rule(path="/write", requirement=Requirement(scopes=frozenset(("write",)))),
]


def test_every_kind_of_access_token_is_judged_as_the_server_would(running: Running, host: Any) -> None:
    with strict(running, rules=RULES) as auth:
        call: Call = host(auth)
        token = running.tokens()["access_token"]
        assert (call(token).status, call(token).content) == (200, b"ann")
        assert [call(token, path=path).status for path in ("/clerks", "/admins")] == [200, 403]
        for wrong in ("garbage-garbage", token[:-2] + "xx", "ww_o_" + "A" * 43 + "_AAAAAA"):
            assert (call(wrong).status, call(wrong).cell) == (401, "C09")


def test_an_api_key_is_known_with_its_scopes(running: Running, host: Any) -> None:
    key = running.api_key()
    with strict(running, rules=RULES) as auth:
        call: Call = host(auth)
        assert [call(x_api_key=key, path=path).status for path in ("/read", "/write", "/clerks")] == [200, 403, 200]
        assert call(x_api_key=key[:-1] + ("y" if key[-1] == "x" else "x")).status == 401
        assert call(key).status == 401, "a key is no Bearer token"


def test_what_is_meant_for_the_server_alone_is_taken_by_nobody_else(running: Running) -> None:
    told = running.call("POST", "/login", {"username": "ann", "password": PASSWORD, "delivery": "body"})
    refresh = running.tokens()["refresh_token"]
    with strict(running) as auth:
        call = by_wsgi(auth)
        assert call(told["session_token"]).status == 401
        assert call(refresh).status == 401
    with strict(running, audience="https://another.example.com") as auth:
        assert by_wsgi(auth)(running.tokens()["access_token"]).status == 401


def test_revoked_means_refused_at_the_next_request__S2_20__F36(running: Running, host: Any) -> None:
    token, key = running.tokens()["access_token"], running.api_key()
    with strict(running) as auth:
        call: Call = host(auth)
        assert (call(token).status, call(x_api_key=key).status) == (200, 200)
        running.ban(True)
        try:
            assert (call(token).status, call(x_api_key=key).status) == (401, 401)
        finally:
            running.ban(False)


def test_a_server_that_is_away_is_503_at_the_next_request__C17(running: Running, host: Any) -> None:
    token = running.tokens()["access_token"]
    with relay(running.live.port) as wire:
        options: dict[str, Any] = {"issuer": ISSUER, "strict": True, "client": running.client}
        with verifier(wire.url, **options) as auth:
            call: Call = host(auth)
            assert call(token).status == 200
            assert auth.ready()
            wire.cut()
            answer = call(token)
            assert (answer.status, answer.cell) == (503, "C17")
            assert "retry-after" in answer.fields
            assert call().status == 401
            assert not auth.ready()
            wire.mend()
            assert call(token).status == 200


@pytest.mark.parametrize("secret", ["wrong", ""])
def test_a_client_that_may_not_ask_knows_nothing__C17(running: Running, secret: str) -> None:
    token = running.tokens()["access_token"]
    with verifier(running.live.url, issuer=ISSUER, strict=True, client=("images", secret)) as auth:
        assert by_wsgi(auth)(token).status == 503
        assert not auth.ready()
    assert keys_of(running.live.port).keys


@pytest.mark.parametrize(
    "options",
    [{"strict": True}, {"client": ("a", "b")}, {"strict": True, "client": ("a", "b"), "offline_ttl": 5}],
    ids=str,
)
def test_half_of_what_strict_needs_is_refused_at_once__F40(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="strict"):
        Watchword("https://auth.example.com", **options)
