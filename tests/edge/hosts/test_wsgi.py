"""The WSGI host: whole applications and single routes, without any event loop, under servers that people use."""

from __future__ import annotations

import asyncio.base_events
import json
import re
import signal
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from waitress.server import create_server

from tests.edge.verifier.calls import verifier
from tests.edge.verifier.double import Double, double
from tests.live import User, add_users
from watchword import Requirement, Watchword
from watchword.core.questions import ChangeAccount
from watchword.core.space import Rule
from watchword.edge.refusal import Refusal
from watchword.edge.wsgi import Authenticated, Optional, on_refusal, principal, protect
from watchword.storage import open_storage

RULES = [
    Rule(path="/open", requirement=Requirement(public=True)),
    Rule(path="/nurses", requirement=Requirement(roles=frozenset(("nurse",)))),
]
ROOT = Path(__file__).parents[3]
BASIC = "Basic " + b64encode(b"ann:correct horse battery").decode()


@pytest.fixture(scope="module")
def server() -> Iterator[Double]:
    with double() as server:
        yield server


@pytest.fixture(scope="module")
def auth(server: Double) -> Iterator[Watchword]:
    with verifier(server.url, rules=RULES) as auth:
        yield auth


def who(environ: Any, start_response: Any) -> list[bytes]:
    found = principal(environ)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Vary", "Accept")])
    return [f"{found.subject if found else 'nobody'} {environ.get('HTTP_REMOTE_USER', '-')}".encode()]


def ask(application: Any, path: str, token: str | None = None, **fields: str) -> tuple[str, dict[str, str], bytes]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        **fields,
    }
    if token is not None:
        environ["HTTP_AUTHORIZATION"] = token if " " in token else f"Bearer {token}"
    told: list[tuple[str, dict[str, str]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
        told.append((status, {name.lower(): value for name, value in headers}))

    content = b"".join(application(environ, start_response))
    ((status, answered),) = told
    return status[:3], answered, content


def routed(routes: dict[str, Any]) -> Any:
    def application(environ: Any, start_response: Any) -> Any:
        return routes[environ["PATH_INFO"]](environ, start_response)

    return application


def test_what_is_demanded_of_an_application_is_for_paths_that_no_rule_names(server: Double, auth: Watchword) -> None:
    application = protect(who, auth, roles={"admin"})
    assert ask(application, "/open")[0] == "200"
    assert ask(application, "/x")[0] == "401"
    assert ask(application, "/x", server.token())[0] == "403"
    assert ask(application, "/x", server.token(roles=frozenset(("admin",))))[2] == b"ann -"
    assert ask(application, "/nurses", server.token(roles=frozenset(("nurse",))))[2] == b"ann -"


@pytest.mark.parametrize("around", [True, False], ids=["protected", "alone"])
def test_routes_demand_by_themselves(server: Double, auth: Watchword, around: bool) -> None:
    routes = {
        "/plain": who,
        "/clerks": Authenticated(auth, roles={"clerk"})(who),
        "/nurses": Optional(auth)(who),
        "/optional": Optional(auth)(who),
    }
    application: Any = routed(routes)
    if around:
        application = protect(application, auth, public=True)
    assert ask(application, "/plain")[2] == b"nobody -"
    assert ask(application, "/clerks")[0] == "401"
    assert ask(application, "/clerks", server.token(roles=frozenset(())))[0] == "403"
    status, fields, content = ask(application, "/clerks", server.token())
    assert (status, content) == ("200", b"ann -")
    assert fields["vary"].count("uthorization") == 1
    assert ask(application, "/optional")[2] == b"nobody -"
    assert ask(application, "/optional", "wrong")[0] == "401"
    assert ask(application, "/nurses")[0] == "401"  # what the configuration protects, no route opens


def test_a_refusal_is_told_in_the_application_s_own_way_and_stays_what_it_is(auth: Watchword) -> None:
    def page(refusal: Refusal) -> tuple[str, bytes] | None:
        return ("text/plain", refusal.title.encode()) if refusal.status == 401 else None

    application = protect(routed({"/clerks": Authenticated(auth)(who)}), auth, public=True)
    on_refusal(application, page)
    status, fields, content = ask(application, "/clerks")
    assert (status, content) == ("401", b"Authentication required")
    assert fields["www-authenticate"] == 'Bearer realm="Watchword"'
    assert fields["content-type"] == "text/plain"
    assert fields["content-length"] == str(len(content))


def test_what_is_judged_twice_is_the_very_same_request__F20(server: Double, auth: Watchword) -> None:
    """So that nothing that may be used once is used up by the application, and missing at the route."""
    seen: list[object] = []

    class Noting:
        @property
        def on_loop(self) -> Any:
            return auth.on_loop

        @property
        def in_threads(self) -> Any:
            door = auth.in_threads

            class Door:
                engine, contents = door.engine, door.contents

                def judge(self, request: Any, demanded: Any) -> Any:
                    seen.append(request)
                    return door.judge(request, demanded)

            return Door()

    noting: Any = Noting()
    application = protect(Authenticated(noting, roles={"clerk"})(who), noting)
    assert ask(application, "/x", server.token())[0] == "200"
    assert len(seen) == 2
    assert seen[0] is seen[1]


def test_no_event_loop_is_made_for_threads(server: Double, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither cold nor warm, in neither mode."""
    made: list[object] = []
    begin = asyncio.base_events.BaseEventLoop.__init__

    def noted(loop: asyncio.base_events.BaseEventLoop) -> None:
        made.append(loop)
        begin(loop)

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "__init__", noted)
    add_users(tmp_path, [User("ann", roles=frozenset(("clerk",)))])
    with verifier(server.url) as verifying, closing(Watchword.from_config(data=tmp_path)) as full:
        for auth, token in ((verifying, server.token()), (full, BASIC)):
            application = protect(Authenticated(auth, roles={"clerk"})(who), auth)
            for _ in range(3):
                assert ask(application, "/x", token)[2] == b"ann -"
            assert ask(application, "/x")[0] == "401"
    assert made == []
    asyncio.new_event_loop().close()
    assert len(made) == 1  # it would have been noticed


@pytest.mark.parametrize(("host", "framework"), [("flask", "flask"), ("django", "django"), ("drf", "rest_framework")])
def test_a_missing_framework_is_said_with_what_brings_it(host: str, framework: str) -> None:
    program = f"import sys; sys.modules[{framework!r}] = None; import watchword.edge.{host}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert f'pip install "watchword[{host}]"' in done.stderr


# --- servers -------------------------------------------------------------------------------------------------------


def over_http(port: int, path: str, authorization: str | None = None) -> tuple[int, Any]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        fields = {"Connection": "close"} | ({"Authorization": authorization} if authorization else {})
        connection.request("GET", path, headers=fields)
        answer = connection.getresponse()
        text = answer.read().decode()
        return answer.status, json.loads(text) if "json" in answer.getheader("content-type", "") else text


def test_waitress_serves_it_from_threads(server: Double, auth: Watchword) -> None:
    serving: Any = create_server(protect(who, auth), host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=serving.run)
    thread.start()
    try:
        port = serving.effective_port
        assert over_http(port, "/x")[1]["cell"] == "C03"
        answers: list[tuple[int, Any]] = []
        bearer = f"Bearer {server.token()}"
        clients = [threading.Thread(target=lambda: answers.append(over_http(port, "/x", bearer))) for _ in range(8)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert answers == [(200, "ann -")] * 8
    finally:
        serving.close()
        serving.task_dispatcher.shutdown()
        thread.join(20)


@contextmanager
def gunicorn(folder: Path, program: str, *options: str) -> Iterator[int]:
    """A gunicorn of two workers, forked from a process that has loaded the application; the port."""
    (folder / "site_of_test.py").write_text(dedent(program))
    log = folder / "log"
    command = [sys.executable, "-m", "gunicorn", "--preload", "--workers", "2", "--bind", "127.0.0.1:0"]
    with (
        log.open("wb") as writing,
        subprocess.Popen(
            [*command, *options, "--pythonpath", f"{folder},{ROOT / 'src'}", "site_of_test:application"],
            stderr=writing,
        ) as process,
    ):
        try:
            yield _port(process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    assert "Traceback" not in log.read_text(), log.read_text()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        text = log.read_text()
        found = re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", text)
        if found and text.count("Booting worker") >= 2:
            return int(found[1])
        assert process.poll() is None, text
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def until_each(ask: Callable[[], tuple[int, Any]]) -> dict[str, set[tuple[int, str]]]:
    """What each of the two workers answers, asked until both have answered several times."""
    told: dict[str, list[tuple[int, str]]] = {}
    deadline = time.monotonic() + 60
    while len(told) < 2 or min(len(answers) for answers in told.values()) < 3:
        assert time.monotonic() < deadline, told
        status, text = ask()
        worker, _, rest = str(text).partition(" ")
        told.setdefault(worker, []).append((status, rest))
    return {worker: set(answers) for worker, answers in told.items()}


PROGRAM = """
    import os
    from wsgiref.util import setup_testing_defaults
    from watchword import Watchword
    from watchword.edge.verifier import verifier
    from watchword.edge.wsgi import principal, protect

    def who(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"{os.getpid()} {principal(environ).subject}".encode()]

    def told(refusal):
        return "text/plain", f"{os.getpid()} {refusal.cell}".encode()

    verifier.FIRST_CONTACT = 60.0  # as on a machine that is not busy
    auth = @AUTH@
    application = protect(who, auth, on_refusal=told)

    # Somebody is served before the fork, so that there is something which must not be shared.
    environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_AUTHORIZATION": "@TOKEN@"}
    setup_testing_defaults(environ)
    (content,) = application(environ, lambda *answer: None)
    assert content.endswith(b" ann"), content
"""


def program(auth: str, token: str) -> str:
    return PROGRAM.replace("@AUTH@", auth).replace("@TOKEN@", token)


def test_workers_that_were_forked_open_their_own_database(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    add_users(data, [User("ann")])
    with gunicorn(tmp_path, program(f"Watchword.from_config(data={str(data)!r})", BASIC), "--threads", "2") as port:
        granted = until_each(lambda: over_http(port, "/x", BASIC))
        assert list(granted.values()) == [{(200, "ann")}] * 2
        with closing(open_storage("sqlite:///watchword.db", data)) as storage:
            assert storage.change_account(ChangeAccount("ann", disabled=True))
        refused = until_each(lambda: over_http(port, "/x", BASIC))
        # Throttled, too, where one worker gets most of the requests.
        assert set().union(*refused.values()) <= {(401, "C07"), (429, "C16")}


def test_workers_that_were_forked_listen_by_themselves(server: Double, tmp_path: Path) -> None:
    bearer = f"Bearer {server.token()}"
    with gunicorn(tmp_path, program(f"Watchword(url={server.url!r})", bearer)) as port:
        granted = until_each(lambda: over_http(port, "/x", bearer))
        assert list(granted.values()) == [{(200, "ann")}] * 2
