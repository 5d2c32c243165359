"""Scenarios that depend on the wire, through real servers: what they make of the bytes before a host sees anything."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from http.client import HTTPResponse
from pathlib import Path

import pytest
import uvicorn

from tests.edge.folded import ON_THE_WIRE
from tests.edge.house import Full, full
from tests.edge.members.on_loop import asgi_application
from tests.edge.raw import SAW, Answer, Raw, Told, told
from tests.edge.scenarios import BAD, SCENARIOS, Scenario
from tests.edge.test_scenarios import by_core

ROOT = Path(__file__).parents[2]
PLAIN = (
    "nothing__C03",
    "basic__C00__S0_2",
    "wrong_basic__C07__S0_4",
    "undecodable_basic__C08",
    "bearer_without_token__C10",
    "ntlm_only__C04",
    "two_authorization_lines__C10__F20",
    "head_refused__C27",
    "head_granted__C00",
    "preflight_of_a_stranger__C22",
    "page_for_who_prefers_html__C24",
    "no_pop_ups_by_field__S3_8",
    "cross_site_post_with_a_browsers_basic__C14__F27",
    "throttled__C16__F13",
    "cleartext__C14__S2_9",
    "hidden_and_anonymous__C03__S1_8",
)


def _is_for_the_wire(name: str) -> bool:
    """Those without credentials that only one house knows, nor words of a proxy, which are the test's own here."""
    scenario = BAD[name]
    known = all(b"{" not in value.replace(b"{password}", b"") for _, value in scenario.raw.lines)
    return known and b"{" not in scenario.raw.target and "forwarded" not in name and scenario.host


WIRE = (*PLAIN, *(name for name in BAD if _is_for_the_wire(name)))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Full]:
    made = full("common", tmp_path_factory.mktemp("wire") / "data")
    yield made
    made.close()


@pytest.fixture(scope="module")
def ports(house: Full, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    with uvicorn_serving(house) as asgi, gunicorn_serving(tmp_path_factory.mktemp("gunicorn")) as wsgi:
        yield {"uvicorn": asgi, "gunicorn": wsgi}


def _listening() -> socket.socket:
    """It listens from now on: whoever asks too early waits, and nobody has to try."""
    made = socket.create_server(("127.0.0.1", 0))
    made.set_inheritable(True)
    return made


@contextmanager
def uvicorn_serving(house: Full) -> Iterator[int]:
    with _listening() as listening:
        config = uvicorn.Config(
            asgi_application(house, True, {}), proxy_headers=False, log_level="critical", lifespan="off", ws="none"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def gunicorn_serving(folder: Path) -> Iterator[int]:
    with _listening() as listening:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "tests.edge.served:application", "--log-level", "critical"),
                *("--bind", f"fd://{listening.fileno()}", "--worker-tmp-dir", str(folder), "--no-control-socket"),
            ],
            cwd=ROOT,
            env={**os.environ, "SCENARIO_DATA": str(folder / "data"), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
            pass_fds=(listening.fileno(),),
        )
        try:
            yield listening.getsockname()[1]
        finally:
            process.terminate()
            process.wait(30)


def on_the_wire(raw: Raw, version: str = "1.1") -> bytes:
    """The bytes, as a proxy on this machine sends them, which tells who the client is."""
    told_by_proxy = (
        (b"X-Forwarded-For", raw.address.encode()),
        (b"X-Forwarded-Proto", b"https" if raw.secure else b"http"),
        (b"Connection", b"close"),
    )
    of_client = [line for line in raw.lines if line[0] != b"Client-Cert"]  # a proxy's to tell
    closes = not any(name == b"Connection" for name, _ in of_client)
    lines = [*of_client, *(line for line in told_by_proxy if closes or line[0] != b"Connection")]
    head = raw.method.encode() + b" " + raw.target + f" HTTP/{version}\r\n".encode()
    return head + b"".join(name + b": " + value + b"\r\n" for name, value in lines) + b"\r\n" + raw.content


def ask(port: int, sent: bytes, method: str) -> Answer:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as connection:
        connection.sendall(sent)
        response = HTTPResponse(connection, method=method)
        response.begin()
        lines = tuple((name.lower(), value) for name, value in response.getheaders())
        return Answer(response.status, lines, response.read())


def compared(answer: Answer, method: str) -> Told:
    """Without what two houses have each of their own: tokens, and what is remembered of requests."""
    cell = dict(answer.lines).get("auth-decision", "").partition(";")[0]
    return replace(told(answer, cell, method=method, granted=answer.status == 200), others=())


@pytest.mark.parametrize("server", ["uvicorn", "gunicorn"])
@pytest.mark.parametrize("name", WIRE)
def test_real_servers_change_nothing_but_what_is_listed(
    house: Full, ports: dict[str, int], name: str, server: str
) -> None:
    scenario: Scenario = SCENARIOS[name]
    expected = by_core(house, scenario)
    shown = dict(expected.others).get("auth-decision", "").partition(";")[0]
    house.begin(())
    answer = compared(ask(ports[server], on_the_wire(house.filled(scenario.raw)), scenario.method), scenario.method)
    assert answer.seen == ()
    expected = replace(expected, others=(), cell=shown)
    found = [fold for fold in ON_THE_WIRE if server in fold.members and name in fold.scenarios]
    if not found:
        assert answer == expected
        return
    (fold,) = found
    assert answer != expected, f"nothing is folded here any more: take it out of folded.py ({fold.what})"
    assert (answer.status, answer.cell) == (fold.status, fold.cell), answer


@pytest.mark.parametrize("server", ["uvicorn", "gunicorn"])
def test_http_1_0_gets_the_same_answer__C27(house: Full, ports: dict[str, int], server: str) -> None:
    scenario = SCENARIOS["wrong_basic__C07__S0_4"]
    raw = house.filled(scenario.raw)
    answers = [ask(ports[server], on_the_wire(raw, version), "GET") for version in ("1.0", "1.1")]
    assert compared(answers[0], "GET") == compared(answers[1], "GET")
    assert answers[0].status == 401


@pytest.mark.parametrize("server", ["uvicorn", "gunicorn"])
def test_who_expects_100_gets_the_final_status__C27(house: Full, ports: dict[str, int], server: str) -> None:
    """uvicorn says 100 when an application reads, so never before a refusal; gunicorn says it before anybody is asked
    (a 100 is passed over here, as every client does)."""
    raw = replace(
        SCENARIOS["nothing__C03"].raw,
        method="POST",
        lines=(*SCENARIOS["nothing__C03"].raw.lines, (b"Expect", b"100-continue"), (b"Content-Length", b"2")),
    )
    sent = on_the_wire(raw)
    assert ask(ports[server], sent, "POST").status == 401
    with closing(socket.create_connection(("127.0.0.1", ports[server]), timeout=30)) as connection:
        connection.sendall(sent)
        first = connection.recv(12)
    assert first == {"uvicorn": b"HTTP/1.1 401", "gunicorn": b"HTTP/1.1 100"}[server]


@pytest.mark.parametrize("server", ["uvicorn", "gunicorn"])
@pytest.mark.parametrize("name", ["remote_user", "Remote_User", "REMOTE-USER", "rEMOTE.uSER"])
def test_no_spelling_of_our_fields_comes_through__F21(
    house: Full, ports: dict[str, int], name: str, server: str
) -> None:
    raw = replace(
        SCENARIOS["basic__C00__S0_2"].raw,
        lines=(*SCENARIOS["basic__C00__S0_2"].raw.lines, (name.encode(), b"root"), (b"X-Stays", b"1")),
    )
    answer = ask(ports[server], on_the_wire(house.filled(raw)), "GET")
    saw = json.loads(dict(answer.lines)[SAW])
    assert saw["subject"] == "ann"
    names = [each.lower() for each in saw["fields"]]
    assert "x-stays" in names
    assert not [each for each in names if "remote" in each]


def test_everything_folded_on_the_wire_is_of_a_scenario_there() -> None:
    for fold in ON_THE_WIRE:
        assert fold.scenarios <= set(WIRE), fold.scenarios - set(WIRE)
        assert fold.members <= {"uvicorn", "gunicorn"}
