"""Auth-Keys and credentials in URLs through nginx: judged, passed on, and no answer kept (S2.4, S2.8)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.gateway.echo import Echo
from tests.gateway.nginx import run_nginx
from tests.gateway.wire import Answer, send
from tests.live import Live, User, live_server
from tests.ports import free_port
from watchword.server.gateway import nginx_configuration

pytestmark = pytest.mark.nginx

CONFIG = """
[server]
trusted_proxies = ["127.0.0.1"]
[auth_key]
binding = "both"
[[space]]
mechanisms = ["session", "auth-key", "url-session", "api-key", "url-key"]
[[space.protect]]
path = "/admin"
require = { roles = ["admin"] }
"""
PASSWORD = "correct horse battery"
AGENT = ("User-Agent", "curl/8.9")


@dataclass(frozen=True, slots=True)
class Behind:
    port: int
    server: Live
    api: Echo
    log: Path

    def __call__(self, target: str, *fields: tuple[str, str]) -> Answer:
        return send(self.port, "GET", target, fields)

    def given(self, path: str, **more: str) -> dict[str, str]:
        body = json.dumps({"username": "ann", "password": PASSWORD, **more}).encode()
        answer = send(self.server.port, "POST", path, [("Content-Type", "application/json"), AGENT], body)
        assert answer.status == 200, answer
        found: dict[str, str] = json.loads(answer.content)
        return found


_SNIPPET = re.compile(r"^```nginx\n(.*?)^(access_log) \S+ (\S+;)\n```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def behind(
    require_program: Callable[[str], str], api: Echo, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Behind]:
    """With the log that the page on credentials in URLs advises."""
    port, folder = free_port(), tmp_path_factory.mktemp("nginx")
    snippet = _SNIPPET.search((ROOT / "docs" / "mechanisms" / "url.md").read_text("utf-8"))
    assert snippet is not None
    log = folder / "access.log"
    with live_server(CONFIG, [User("ann", PASSWORD)]) as server:
        printed = nginx_configuration(server_url=server.url, upstream_url=api.url, listen=f"127.0.0.1:{port}")
        logging = f"server_tokens off; {snippet[2]} {log} {snippet[3]}"
        configuration = snippet[1] + printed.replace("server_tokens off;", logging)
        with run_nginx(require_program("nginx"), configuration, port, folder):
            yield Behind(port, server, api, log)


def test_an_auth_key_opens_the_api_for_its_own_client__S2_4__S2_5(behind: Behind) -> None:
    key = ("Auth-Key", behind.given("/api/authenticate")["auth_key"])
    assert behind("/patients", key, AGENT).status == 200
    assert behind.api.seen[-1].all("Remote-User") == ["ann"]
    other = behind("/patients", key, ("User-Agent", "Mozilla/5.0"))
    assert (other.status, json.loads(other.content)["code"]) == (401, "expired-auth-key")
    nothing = behind("/patients", AGENT)
    assert any(line.startswith("Auth-Key realm=") for line in nothing.all("WWW-Authenticate"))


@pytest.mark.parametrize("target", ["/a?sid={}", "/a;jsessionid={}", "/a?JSESSIONID={}&b=c"])
def test_a_session_in_the_url_passes_and_nobody_keeps_the_answer__S2_8__D14(behind: Behind, target: str) -> None:
    target = target.format(behind.given("/login", delivery="body")["session_token"])
    answer = behind(target)
    assert answer.status == 200
    assert behind.api.seen[-1].target == target
    assert answer.all("Cache-Control") == ["no-store"]
    assert answer.all("Referrer-Policy") == ["no-referrer"]


def test_other_answers_of_the_api_may_be_kept__S2_8(behind: Behind) -> None:
    answer = behind("/a", ("Auth-Key", behind.given("/api/authenticate")["auth_key"]), AGENT)
    assert answer.status == 200
    assert answer.all("Cache-Control") == answer.all("Referrer-Policy") == []


def test_a_path_parameter_hides_no_path__F22__S2_8(behind: Behind) -> None:
    token = behind.given("/login", delivery="body")["session_token"]
    assert behind(f"/admin;jsessionid={token}").status == 403
    assert behind(f"/a;jsessionid={token}/../admin").status == 400


def test_the_log_that_is_advised_holds_no_secret__F33__S2_8(behind: Behind) -> None:
    token = behind.given("/login", delivery="body")["session_token"]
    for target in (f"/seen?sid={token}", f"/seen;jsessionid={token}/x?a=b", f"/seen?api_key={token}", "/seen"):
        behind(target)
    lines = [line for line in behind.log.read_text().splitlines() if "/seen" in line]
    assert len(lines) == 4
    assert all(line.split('"')[1] == "GET /seen" for line in lines), lines
    assert token not in behind.log.read_text()


def test_a_bad_one_is_refused_without_its_url__S4_3(behind: Behind) -> None:
    answer = behind("/a?api_key=canary-canary-canary")
    assert (answer.status, json.loads(answer.content)["code"]) == (401, "invalid-api-key")
    assert "canary" not in repr(answer)
    assert answer.all("Cache-Control") == ["no-store"]
    assert answer.all("Referrer-Policy") == ["no-referrer"]
