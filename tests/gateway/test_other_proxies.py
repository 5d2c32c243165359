"""Caddy's forward_auth and Traefik's ForwardAuth: the same decisions, by the dialects that are meant for them."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import on_path
from tests.gateway.echo import OWN_CHALLENGE, Echo
from tests.gateway.nginx import wait_for
from tests.gateway.test_identity_fields import ANN, SPELLINGS, identity
from tests.gateway.test_paths import leads_to
from tests.gateway.wire import Answer, Lines, basic, send
from tests.live import Live
from tests.ports import free_port

pytestmark = pytest.mark.gateway

IDENTITY = ("Remote-User", "Remote-Roles", "Remote-Scopes", "Remote-Session", "Watchword-Identity")

CADDYFILE = """\
{{
    admin off
    auto_https off
    persist_config off
}}
http://:{port} {{
    bind 127.0.0.1
    forward_auth {watchword} {{
        uri /verify/caddy
        copy_headers {identity}
    }}
    reverse_proxy {api}
}}
"""

TRAEFIK = """\
http:
  routers:
    api:
      entryPoints: [web]
      rule: "PathPrefix(`/`)"
      middlewares: [watchword]
      service: api
  middlewares:
    watchword:
      forwardAuth:
        address: "{watchword}/verify/traefik"
        authResponseHeaders: [{identity}]
  services:
    api:
      loadBalancer:
        servers:
          - url: "{api}"
"""


def _caddy(folder: Path, port: int, values: Mapping[str, str]) -> list[str]:
    file = folder / "Caddyfile"
    file.write_text(CADDYFILE.format(port=port, identity=" ".join(IDENTITY), **values))
    return ["run", "--config", str(file), "--adapter", "caddyfile"]


def _traefik(folder: Path, port: int, values: Mapping[str, str]) -> list[str]:
    file = folder / "dynamic.yml"
    file.write_text(TRAEFIK.format(identity=", ".join(IDENTITY), **values))
    return [
        f"--entrypoints.web.address=127.0.0.1:{port}",
        f"--providers.file.filename={file}",
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
    ]


PROXIES: Mapping[str, Callable[[Path, int, Mapping[str, str]], list[str]]] = {"caddy": _caddy, "traefik": _traefik}


@dataclass(frozen=True)
class Proxy:
    """A running proxy in front of the API."""

    port: int
    api: Echo

    def __call__(self, method: str, target: str, fields: Lines = (), body: bytes = b"") -> Answer:
        return send(self.port, method, target, fields, body)


@contextmanager
def run(name: str, folder: Path, server_url: str, api: Echo) -> Iterator[Proxy]:
    program = on_path(name)
    if program is None:
        pytest.skip(f"{name} is not on this machine; PyPI has it as {name}-bin")
    port = free_port()
    arguments = PROXIES[name](folder, port, {"watchword": server_url, "api": api.url})
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, *arguments],
            stdout=output,
            stderr=output,
            cwd=folder,
            env={**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
            start_new_session=True,
        )
    try:
        wait_for(port, process, log)
        proxy = Proxy(port, api)
        for _ in range(3000):
            if proxy("GET", "/public/x").status != 404:
                break
            time.sleep(0.02)  # Traefik listens before it has read its routes
        yield proxy
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="module", params=PROXIES)
def proxy(
    request: pytest.FixtureRequest, server: Live, api: Echo, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    with run(request.param, tmp_path_factory.mktemp(request.param), server.url, api) as running:
        yield running


@pytest.mark.parametrize(
    ("target", "fields", "status", "cell", "challenges"),
    [
        ("/patients", (), 401, "C03", 3),
        ("/patients", (basic("nobody4", "no"),), 401, "C07", 2),
        ("/patients", (("Cookie", "watchword=ww_s_gone"),), 401, "C05", 3),
        ("/patients", (("Authorization", "Bearer"),), 400, "C10", 1),
        ("/admin/x", (basic("ann"),), 403, "C12", 0),
        ("/patients", (("Authorization", "Basic " + "A" * 17_000),), 431, "C18", 0),
    ],
    ids=["C03", "C07", "C05", "C10", "C12", "C18"],
)
def test_refusals_arrive_as_they_are__C26(
    proxy: Proxy, target: str, fields: Lines, status: int, cell: str, challenges: int
) -> None:
    answer = proxy("GET", target, fields)
    assert (answer.status, answer.json()["cell"]) == (status, cell)
    assert len(answer.all("WWW-Authenticate")) == challenges
    assert answer.one("Content-Type") == "application/problem+json"
    assert len(answer.all("Set-Cookie")) == (cell == "C05")


def test_granted_requests_arrive_with_who_asks__C26(proxy: Proxy) -> None:
    answer = proxy("POST", "/patients?x=1", [basic("ann"), ("Remote-User", "root")], b"content")
    assert (answer.status, answer.json()["length"]) == (200, 7)
    seen = proxy.api.seen[-1]
    assert seen.target == "/patients?x=1"
    assert sorted(field for field in identity(seen) if field[1]) == sorted(ANN)


@pytest.mark.parametrize("status", [401, 403, 500])
def test_answers_of_the_api_are_its_own__S2_31(proxy: Proxy, status: int) -> None:
    answer = proxy("GET", f"/answers/{status}", [basic("ann")])
    assert (answer.status, answer.all("WWW-Authenticate")) == (status, [OWN_CHALLENGE])


@pytest.mark.parametrize("name", SPELLINGS)
def test_clients_cannot_name_themselves__F21(proxy: Proxy, name: str) -> None:
    before = len(proxy.api.seen)
    answer = proxy("GET", "/public/x", [(name, "root")])
    reached = proxy.api.seen[before:]
    assert (answer.status, len(reached)) in ((200, 1), (400, 0))
    assert not any(value for seen in reached for _, value in identity(seen))


@pytest.mark.parametrize(
    "target",
    ["/public/../admin/x", "/public/%2e%2e/admin/x", "/public/..%2fadmin/x", "//admin/x", "/public/..;/admin/x"],
)
def test_public_paths_lead_nobody_to_what_is_protected__F22(proxy: Proxy, target: str) -> None:
    before = len(proxy.api.seen)
    answer = proxy("GET", target)
    assert answer.status >= 300
    assert all(leads_to(seen.target, "/admin") == [] for seen in proxy.api.seen[before:])


@pytest.mark.parametrize(
    "field",
    [
        ("X-Forwarded-Uri", "/public/x"),
        ("X-Forwarded-Method", "OPTIONS"),
        ("X-Original-URI", "/public/x"),
        ("X-Original-URL", "/public/x"),
        ("X-Original-Method", "OPTIONS"),
        ("X_Forwarded_Uri", "/public/x"),
        ("X-Forwarded-Prefix", "/public"),
        ("Forwarded", "for=10.1.2.3;host=public.example"),
    ],
    ids=lambda field: field[0],
)
def test_clients_open_no_door_by_saying_they_want_another__F23(proxy: Proxy, field: tuple[str, str]) -> None:
    before = len(proxy.api.seen)
    assert proxy("GET", "/patients", [field]).status in (400, 401)
    assert proxy("GET", "/admin/x", [field, basic("ann")]).status in (400, 403)
    assert len(proxy.api.seen) == before


@pytest.mark.parametrize("name", PROXIES)
def test_watchword_stopped_lets_nobody_pass__C17(name: str, api: Echo, tmp_path: Path) -> None:
    with run(name, tmp_path, f"http://127.0.0.1:{free_port()}", api) as proxy:
        before = len(api.seen)
        for fields in ((), (basic("ann"),)):
            answer = proxy("GET", "/public/x", fields)
            assert answer.status in (500, 502, 503)
            assert answer.all("WWW-Authenticate") == []
        assert len(api.seen) == before
