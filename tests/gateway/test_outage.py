"""Where nobody can be judged, nobody passes, and nobody is told that their credentials were wrong (C17)."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.demo.running import serve
from tests.gateway.conftest import Gateway
from tests.gateway.echo import Echo
from tests.gateway.nginx import run_nginx
from tests.gateway.wire import Answer, basic, send
from tests.live import User, live_server, start
from tests.ports import free_port
from tests.server.api.world import World, password_of
from tests.server.api.world import basic as credentials_of
from watchword.core.questions import FindAccount, FindSession
from watchword.server.gateway import nginx_configuration

pytestmark = pytest.mark.nginx

TRUSTING = '[server]\ntrusted_proxies = ["127.0.0.1"]\n'


def unavailable(answer: Answer) -> bool:
    """Whether this is C17, complete."""
    assert answer.status == 503
    assert answer.all("WWW-Authenticate") == []
    assert answer.all("Set-Cookie") == []
    assert int(answer.one("Retry-After")) > 0
    assert answer.one("Content-Type") == "application/problem+json"
    problem = answer.json()
    return (problem["status"], problem["code"], problem["cell"]) == (503, "unavailable", "C17")


def test_watchword_stopped_is_503_and_recovers__C17(
    require_program: Callable[[str], str], api: Echo, tmp_path: Path
) -> None:
    port = free_port()
    with live_server(TRUSTING, [User("ann")], data=tmp_path / "data", port=free_port()) as live:
        configuration = nginx_configuration(server_url=live.url, upstream_url=api.url, listen=f"127.0.0.1:{port}")
        with run_nginx(require_program("nginx"), configuration, port, tmp_path):
            assert send(port, "GET", "/patients", [basic("ann")]).status == 200
            live.stop(signal.SIGKILL)
            before = len(api.seen)
            for fields in ([], [basic("ann")], [basic("ann", "wrong")], [("Cookie", "watchword=ww_s_gone")]):
                for target in ("/patients", "/public/x"):
                    assert unavailable(send(port, "GET", target, fields))
            assert unavailable(send(port, "POST", "/patients", [basic("ann")], b"content"))
            assert send(port, "HEAD", "/patients", [basic("ann")]).status == 503
            assert len(api.seen) == before
            again = start(TRUSTING, tmp_path / "data", port=live.port)
            try:
                assert send(port, "GET", "/patients", [basic("ann")]).status == 200
                assert send(port, "GET", "/patients").status == 401
            finally:
                again.stop()
                assert again.process.stdout is not None
                again.process.stdout.close()


@dataclass(frozen=True)
class Broken:
    """nginx before a server in this process, whose answers can be made to fail."""

    world: World
    port: int


@pytest.fixture(scope="module")
def broken(
    require_program: Callable[[str], str], api: Echo, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broken]:
    folder = tmp_path_factory.mktemp("broken")
    port = free_port()
    world = World(folder, server={"trusted_proxies": ["127.0.0.1"]})
    url, stop = serve(world.application)
    try:
        configuration = nginx_configuration(server_url=url, upstream_url=api.url, listen=f"127.0.0.1:{port}")
        with run_nginx(require_program("nginx"), configuration, port, folder):
            yield Broken(world, port)
    finally:
        stop()
        world.close()


def test_watchwords_own_outage_arrives_as_such__C17__C26(broken: Broken) -> None:
    fields = [("Cookie", f"watchword={broken.world.log_in('ann')}")]
    assert send(broken.port, "GET", "/patients", fields).status == 200
    broken.world.answers.down = (FindSession, FindAccount)
    try:
        answer = send(broken.port, "GET", "/patients", fields)
        assert unavailable(answer)
        assert answer.one("Auth-Decision").startswith("C17;id=")
        assert send(broken.port, "GET", "/patients").status == 401  # who sends nothing asks nothing of the storage
    finally:
        broken.world.answers.down = ()
    assert send(broken.port, "GET", "/patients", fields).status == 200


def test_bugs_in_watchword_let_nobody_pass__F40(broken: Broken) -> None:
    def fail(question: object) -> None:
        raise RuntimeError("a bug")

    broken.world.answers.before = fail
    try:
        assert unavailable(send(broken.port, "GET", "/patients", [basic(*credentials_of("ann"))]))
    finally:
        broken.world.answers.before = lambda question: None
    assert send(broken.port, "GET", "/patients", [basic("ann", password_of("ann"))]).status == 200


@pytest.mark.parametrize("status", [302, 404, 500])
def test_answers_that_watchword_never_gives_let_nobody_pass__F40(
    require_program: Callable[[str], str], gateway: Gateway, tmp_path: Path, status: int
) -> None:
    """What else may listen at Watchword's address by mistake."""
    port = free_port()
    configuration = nginx_configuration(
        server_url=gateway.api.url, upstream_url=gateway.api.url, listen=f"127.0.0.1:{port}"
    ).replace("/verify/nginx?numbered", f"/answers/{status}")
    with run_nginx(require_program("nginx"), configuration, port, tmp_path):
        assert unavailable(send(port, "GET", "/patients"))
