"""A gateway: nginx, configured by exactly what we print, in front of an API, with a real server that it asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.gateway.echo import Echo, run_echo
from tests.gateway.nginx import Nginx, run_nginx
from tests.gateway.wire import Answer, Lines, send
from tests.live import Live, User, live_server
from tests.ports import free_port
from watchword.server.gateway import nginx_configuration

CONFIG = """
[server]
trusted_proxies = ["127.0.0.1"]

[realm]
personas = ["openmrs", "restheart"]

[limits]
account_failures = 8
address_per_minute = 100000
overall_per_minute = 100000

[[space]]
mechanisms = ["session", "auth-token", "basic", "bearer"]
no_auth_challenge = "no-popup"
cors = ["https://app.example.com"]

[[space.protect]]
path = "/public/*"
public = true

[[space.protect]]
path = "/admin/*"
require = { roles = ["admin"] }

[[space.protect]]
path = "/hidden/*"
hidden = true
require = { roles = ["admin"] }

[[space.protect]]
path = "/page/*"
login_page = "/ui/login"

[[space.protect]]
path = "/strict/*"
strict = true

[[space.protect]]
path = "/of/{name}"
require = { owner = "name" }

[[space.protect]]
path = "/second-factor/*"
require = { acr = ["mfa"] }

[[space.protect]]
path = "/by-method/*"
methods = ["GET"]

[[space.protect]]
path = "/by-method/*"
require = { roles = ["admin"] }
"""

USERS = (
    User("ann", roles=frozenset(("clerk",))),
    User("root", roles=frozenset(("admin",))),
    User("throttled"),
    User('Zoë, "100%"', roles=frozenset(("a,b", "c d", "é"))),
)


@dataclass(frozen=True, slots=True)
class Gateway:
    """The three of them. Called, it sends one request to nginx."""

    nginx: Nginx
    server: Live
    api: Echo

    def __call__(
        self, method: str, target: str, fields: Lines = (), body: bytes = b"", *, version: str = "1.1"
    ) -> Answer:
        return send(self.nginx.port, method, target, fields, body, version=version)


@pytest.fixture(scope="session")
def api() -> Iterator[Echo]:
    with run_echo() as echo:
        yield echo


@pytest.fixture(scope="session")
def server() -> Iterator[Live]:
    with live_server(CONFIG, USERS) as live:
        yield live


@pytest.fixture(scope="session")
def gateway(
    require_program: Callable[[str], str], server: Live, api: Echo, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    port, folder = free_port(), tmp_path_factory.mktemp("nginx")
    configuration = nginx_configuration(server_url=server.url, upstream_url=api.url, listen=f"127.0.0.1:{port}")
    with run_nginx(require_program("nginx"), configuration, port, folder) as nginx:
        yield Gateway(nginx, server, api)


@pytest.fixture(scope="session")
def session_of(server: Live) -> Callable[[str], str]:
    """`session_of("ann")` logs in, and gives the Cookie field's value."""

    def log_in(name: str) -> str:
        body = f'{{"username": "{name}", "password": "correct horse battery"}}'.encode()
        answer = send(server.port, "POST", "/login", [("Content-Type", "application/json")], body)
        assert answer.status == 200, answer
        return answer.one("Set-Cookie").partition(";")[0]

    return log_in
