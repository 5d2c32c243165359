"""What the server writes to standard error, and what it never writes anywhere (F33, ASVS 16)."""

from __future__ import annotations

import json
import os
import re
import select
import shlex
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import pytest

from tests.live import Live, User, live_server
from tests.server.wire import Answer, Log, Wire, basic, exchange, json_request, log_in, request
from tests.server.workers import is_alive, wait_until, workers_of
from watchword.core.events import Event
from watchword.server.log import LONGEST_LINE, security_log

ANN, ROOT = User("ann", roles=frozenset(("clerk",))), User("root", roles=frozenset(("admin",)))
CONFIG = """
[server]
trusted_proxies = ["127.0.0.2"]
[realm]
personas = ["openmrs", "restheart"]
[limits]
account_failures = 100
address_per_minute = 100000
[log]
format = "%s"
"""
TIMESTAMP = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z"


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    with live_server(CONFIG % "json", [ANN, ROOT]) as live:
        yield live


@pytest.fixture(scope="module")
def console() -> Iterator[Live]:
    """The same server, with a log for people."""
    with live_server(CONFIG % "console", [ANN, ROOT]) as live:
        yield live


@pytest.fixture
def log(server: Live) -> Log:
    return Log(server.log)


def parsed(line: str) -> dict[str, Any]:
    """A line of the JSON form; nothing may come before or after the object."""
    value: dict[str, Any] = json.loads(line)
    assert list(value)[:3] == ["timestamp", "level", "event"]
    assert re.fullmatch(TIMESTAMP, value["timestamp"])
    return value


def parsed_for_people(line: str) -> dict[str, str]:
    """A line of the console form: what logfmt's readers make of it."""
    match = re.fullmatch(
        rf"({TIMESTAMP}) (info|warning|error) +([a-z_]+)((?: [a-z]+=(?:[^ \"=\\]+|\"(?:[^\"\\]|\\.)*\"))*)", line
    )
    assert match, line
    pairs = re.findall(r" ([a-z]+)=([^ \"=\\]+|\"(?:[^\"\\]|\\.)*\")", match[4])
    return {"event": match[3], **{name: json.loads(text) if text[0] == '"' else text for name, text in pairs}}


# --- F33: canaries ---------------------------------------------------------------------------------------------------

SECRET = "C4n4ry-of-a-secret"
CANARY = "c4n4ry"


def hostile(secret: str, session: str) -> list[tuple[str, bytes]]:
    """Requests with a secret wherever one may be sent, on purpose or by mistake, and on every path of refusal."""
    encoded, json_text = quote(secret), json.dumps(secret)
    in_basic = [
        basic("ann", secret),
        basic(secret, "x"),
        "Authorization: Basic " + b64encode(f"{secret}".encode()).decode(),
        "Authorization: Basic " + b64encode(f"ann:{secret}\0".encode()).decode(),
        f"Authorization: Basic {secret}!!!",
        f"Authorization: Bearer {secret}",
        f"Authorization: Bearer ww_s_{secret}",
        f"Authorization: Bearer {secret} {secret}",
        f"Authorization: Negotiate {secret}",
        f"Authorization: {secret}",
        f"Authorization: Digest username={json_text}, response={json_text}",
        f"Cookie: watchword={secret}",
        f"Cookie: watchword={secret}; watchword=x{secret}",
        f"X-API-Key: {secret}",
        f"Auth-Key: {secret}",
        f"X-Forwarded-User: {secret}",
        f"Remote-User: {secret}",
        f"Origin: https://{secret}",
        f"User-Agent: {secret}",
        f"Referer: https://example.org/?token={secret}",
    ]
    targets = ["/whoami", "/verify", "/verify/nginx", "/session", "/sessions", "/users", "/tokens/ann", "/roles/ann"]
    targets += ["/ws/rest/v1/session", "/nothing", "/metrics", "/docs", "/openapi.json", "/healthz", "/readyz"]
    found = [
        (f"GET {target} {field.split(':')[0]}", request("GET", target, field, last=True))
        for target in targets
        for field in in_basic
    ]
    two = request("GET", "/whoami", in_basic[0], in_basic[5], last=True)
    found += [("sent-twice", two)]
    for target in ("/whoami", "/login", "/users", "/nothing", "/verify", "/sessions", "/session/data"):
        for query in (f"?access_token={encoded}", f"?api_key={encoded}", f"?noauthchallenge&password={encoded}"):
            found.append(
                (
                    f"GET {target} with a query",
                    request("GET", target + query, f"Cookie: watchword={session}", last=True),
                )
            )
    contents: list[Any] = [
        {"username": "ann", "password": secret},
        {"username": secret, "password": secret},
        {"username": "ann", "password": [secret]},
        {"username": "ann", "password": secret, secret: 1},
        {"username": "ann", secret: secret},
        {"username": {"a": secret}, "password": secret},
        {"username": "ann", "password": secret, "delivery": secret},
        [secret],
        secret,
    ]
    for content in contents:
        for target in ("/login", "/decide", "/users"):
            admin = () if target == "/login" else (basic(ROOT.name, ROOT.password),)
            found.append(
                (f"POST {target} {str(content)[:20]}", json_request("POST", target, content, *admin, last=True))
            )
    change = {"password": secret, "current_password": secret}
    found += [
        (
            "password, wrong current",
            json_request("PUT", "/users/ann/password", change, f"Cookie: watchword={session}", last=True),
        ),
        (
            "password too short",
            json_request(
                "PUT", "/users/ann/password", {**change, "password": "s"}, f"Cookie: watchword={session}", last=True
            ),
        ),
        (
            "patch",
            json_request("PATCH", "/users/ann", {"password": secret}, basic(ROOT.name, ROOT.password), last=True),
        ),
        (
            "form",
            request(
                "POST",
                "/login",
                "Content-Type: application/x-www-form-urlencoded",
                body=f"username=ann&password={encoded}&password={encoded}".encode(),
                last=True,
            ),
        ),
        (
            "form in bad UTF-8",
            request(
                "POST",
                "/login",
                "Content-Type: application/x-www-form-urlencoded",
                body=f"username=ann&password={encoded}%ff".encode(),
                last=True,
            ),
        ),
        (
            "broken JSON",
            request(
                "POST", "/login", "Content-Type: application/json", body=f'{{"password": "{secret}'.encode(), last=True
            ),
        ),
        ("text", request("POST", "/login", "Content-Type: text/plain", body=secret.encode(), last=True)),
        ("no method", f"{secret} / HTTP/1.1\r\n\r\n".encode()),
        ("no field", f"GET /whoami HTTP/1.1\r\nHost: a\r\n{secret}\r\n\r\n".encode()),
        ("bad version", f"GET /whoami HTTP/{secret}\r\n\r\n".encode()),
        ("bad Host", request("GET", "/whoami", f"Host: {secret}@a", last=True)),
        ("bad length", request("GET", "/whoami", f"Content-Length: {secret}", last=True)),
        ("bad coding", request("GET", "/whoami", f"Transfer-Encoding: {secret}", last=True)),
        ("large", request("GET", "/whoami", "Authorization: Bearer " + secret * 2000, last=True)),
    ]
    return found


@dataclass(frozen=True, slots=True)
class Attacked:
    """What a server answered to all of that, and wrote meanwhile. `secrets` are true ones that were used."""

    secrets: tuple[str, ...]
    answers: tuple[tuple[str, Answer], ...]
    lines: tuple[str, ...]


@pytest.fixture(scope="module")
def attacked(server: Live) -> Attacked:
    log = Log(server.log)
    session = log_in(server.port, "ann", ANN.password)
    (shown,) = exchange(server.port, request("GET", "/tokens/ann", basic("ann", ANN.password), last=True))
    answers = [(name, answer) for name, sent in hostile(SECRET, session) for answer in exchange(server.port, sent)]
    exchange(server.port, b"LAST / HTTP/1.1\r\n\r\n")
    lines: list[str] = []
    while not lines or '"method": ""' not in lines[-1]:
        lines += log.lines(1)
    secrets = (session, shown.json["auth_token"], ANN.password, ROOT.password)
    return Attacked(secrets, tuple(answers), tuple(lines))


def test_no_secret_is_told_to_anybody__F33(attacked: Attacked) -> None:
    for name, answer in attacked.answers:
        told = repr(answer)
        assert CANARY not in told.lower(), name
        assert not any(secret in told for secret in attacked.secrets), name


def test_no_secret_is_written_anywhere__F33(server: Live, attacked: Attacked) -> None:
    processes = (server.process.pid, *workers_of(server))
    places = {
        "log": "\n".join(attacked.lines),
        "metrics": exchange(server.port, request("GET", "/metrics", last=True))[0].body.decode(),
        "command line": "".join(Path(f"/proc/{pid}/cmdline").read_text() for pid in processes),
        "database": "".join(file.read_text("latin-1") for file in server.data.glob("watchword.db*")),
    }
    for place, text in places.items():
        assert CANARY not in text.lower(), place
        assert not any(secret in text for secret in attacked.secrets), place


def test_every_refusal_has_its_line_with_the_id_that_the_client_was_told__F33__S0_12(attacked: Attacked) -> None:
    refusals = [answer for _, answer in attacked.answers if answer.all("auth-decision")]
    assert len(refusals) > 150
    lines = {line["id"]: line for line in map(parsed, attacked.lines) if "cell" in line}
    for answer in refusals:
        cell, _, number = answer.one("auth-decision").partition(";id=")
        line = lines.pop(number)
        assert (line["cell"], line["status"]) == (cell, answer.status)
        assert (line["code"], line["client"]) == (answer.json["code"], "127.0.0.1")
        assert answer.json["instance"] == f"urn:watchword:request:{number}"
    assert lines == {}  # no line without its refusal


def test_two_wrong_tries_are_told_alike_but_for_the_id__S0_12__C07(server: Live, log: Log) -> None:
    answers = [
        exchange(server.port, request("GET", "/whoami", basic(*who), last=True))[0]
        for who in [("ann", "wrong"), ("ann", "wrong"), ("nobody", "wrong")]
    ]
    first, *others = ({**answer.json, "instance": ""} for answer in answers)
    assert all(other == first for other in others)
    assert first["detail"] == "The user name or the password is wrong, or the account cannot be used."
    lines = [parsed(line) for line in log.lines(3)]
    assert [line["event"] for line in lines] == ["authn_login_fail"] * 3
    assert [line["id"] for line in lines] == [answer.one("auth-decision")[-18:] for answer in answers]
    # Which part was wrong is for operators only.
    assert [line["reasons"] for line in lines] == ["basic: wrong-password"] * 2 + ["basic: unknown-user"]


def test_granted_requests_write_no_line(server: Live) -> None:
    session = log_in(server.port, "ann", ANN.password)
    log = Log(server.log)
    with Wire(server.port) as wire:
        for field in (f"Cookie: watchword={session}", basic("ann", ANN.password)):
            for target in ("/whoami", "/session", "/sessions", "/roles/ann", "/verify"):
                assert wire.send(request("GET", target, field)).answer().status == 200
        for target in ("/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/session"):
            assert wire.send(request("GET", target)).answer().status == 200
    exchange(server.port, request("GET", "/whoami", basic("ann", "wrong"), last=True))
    assert [parsed(line)["event"] for line in log.lines(1)] == ["authn_login_fail"], "the one that was not granted"


def test_what_is_done_is_logged_by_its_name_and_who_did_it__F33(server: Live, log: Log) -> None:
    admin, port = basic(ROOT.name, ROOT.password), server.port
    user = {"username": "eve", "password": "a long password", "roles": ["clerk"]}

    def done(sent: bytes, status: int) -> dict[str, Any]:
        (answer,) = exchange(port, sent)
        assert answer.status == status, answer
        (line,) = log.lines(1)
        assert answer.all("auth-decision") == []
        return parsed(line)

    login = json_request("POST", "/login", {**user, "delivery": "body"}, last=True)
    began = done(json_request("POST", "/users", user, admin, last=True), 201)
    assert (began["event"], began["level"], began["subject"], began["by"]) == ("user_created", "info", "eve", "root")
    assert done(login, 200)["event"] == "authn_login_success"
    # The user's values are of several types, the password is text.
    openmrs = request("GET", "/ws/rest/v1/session", basic("eve", user["password"]), last=True)  # type: ignore[arg-type]  # a str
    assert done(openmrs, 200)["event"] == "authn_login_success"
    (answer,) = exchange(port, login)
    log.lines(1)
    cookie = f"Cookie: watchword={answer.json['session_token']}"
    out = done(request("POST", "/logout", cookie, last=True), 204)
    assert (out["event"], out["subject"], out["reason"], out["client"]) == (
        "session_expired",
        "eve",
        "logout",
        "127.0.0.1",
    )
    patch = done(json_request("PATCH", "/users/eve", {"roles": []}, admin, last=True), 200)
    assert (patch["event"], patch["by"]) == ("privilege_permissions_changed", "root")
    change = {"password": "another password", "current_password": user["password"]}
    # The user's values are of several types, the password is text.
    own = json_request("PUT", "/users/eve/password", change, basic("eve", user["password"]), last=True)  # type: ignore[arg-type]  # a str
    assert done(own, 204)["event"] == "authn_password_change"
    assert done(request("POST", "/users/eve/disable", admin, last=True), 204)["event"] == "user_updated"
    assert done(request("DELETE", "/users/eve", admin, last=True), 204)["event"] == "user_deleted"


# --- F33: log injection ----------------------------------------------------------------------------------------------

NAMES = [
    "ann\r\n2026-01-01T00:00:00.000Z info    authn_login_success subject=root",
    'ann"}\n{"event": "authn_login_success", "subject": "root"}',
    "ann\x1b[2J\x1b[31mroot\x07\x08\x7f",
    "ann\u2028\u2029\u0085\u202eroot",
    'ann" subject="root" cell=C00',
    "ann\\",
    "ann\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "a" * 60_000,
    "é" * 20_000,
]


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_user_name_makes_a_second_line_or_field__F33__F18(form: str, request: pytest.FixtureRequest) -> None:
    live: Live = request.getfixturevalue("server" if form == "json" else "console")
    read: Callable[[str], dict[str, Any]] = parsed if form == "json" else parsed_for_people
    log = Log(live.log)
    for name in NAMES:
        expected = []
        for sent in hostile_names(name):
            (answer,) = exchange(live.port, sent)
            if answer.all("auth-decision"):
                expected.append(answer.one("auth-decision").partition("id=")[2])
            elif answer.status >= 400 and "instance" in answer.json:
                expected.append(answer.json["instance"].rpartition(":")[2])
        lines = log.lines(len(expected))
        assert [read(line)["id"] for line in lines] == expected
        assert all(line.isascii() and line.isprintable() and len(line) < LONGEST_LINE for line in lines)


def hostile_names(name: str) -> list[bytes]:
    """Requests that put this name wherever the log may take it up."""
    return [
        json_request("POST", "/login", {"username": name, "password": "x"}, last=True),
        request("GET", "/whoami", basic(name[:10_000], "x"), last=True),
        request("GET", f"/users/{quote(name)[:60_000]}", last=True),
        request("GET", f"/users/{quote(name)[:60_000]}", basic(ANN.name, ANN.password), last=True),
        request("GET", f"/roles/{quote(name)[:60_000]}", f"X-Forwarded-For: {quote(name)[:100]}", last=True),
        request("GET", "/verify", f"X-Forwarded-Uri: /{quote(name)[:10_000]}", last=True),
    ]


def test_megabyte_of_user_name_is_one_line__F33__F10(server: Live, log: Log) -> None:
    huge = "n" * 1_000_000
    for sent, lines in (
        (json_request("POST", "/login", {"username": huge, "password": "x"}, last=True), 0),  # 413: not a refusal
        (request("GET", "/whoami", basic(huge, "x"), last=True), 1),
        (request("GET", f"/users/{huge}", last=True), 1),
    ):
        exchange(server.port, sent)
        found = log.lines(lines)
        assert [len(line) < LONGEST_LINE for line in found] == [True] * lines
        for line in found:
            parsed(line)


# --- levels, and a log that nobody reads -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "events"),
    [
        ("warning", ["authn_login_fail"]),
        ("error", []),
    ],
)
def test_level_is_the_least_that_is_written(level: str, events: list[str]) -> None:
    with live_server(f'[log]\nformat = "json"\nlevel = "{level}"\n', [ANN]) as live:
        log = Log(live.log)
        exchange(live.port, request("GET", "/whoami", last=True))
        log_in(live.port, "ann", ANN.password)
        exchange(live.port, request("GET", "/whoami", basic("ann", "wrong"), last=True))
        assert [parsed(line)["event"] for line in log.lines(len(events))] == events


def test_log_that_nobody_reads_holds_nobody_up__F38(tmp_path: Path) -> None:
    """Standard error is a pipe that fills up: lines are lost and counted, requests are answered."""
    (tmp_path / "watchword.toml").write_text('[log]\nformat = "json"\n')
    command = [
        sys.executable,
        "-m",
        "watchword",
        "serve",
        "--config",
        str(tmp_path / "watchword.toml"),
        "--data",
        str(tmp_path),
        "--port",
        "0",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        assert select.select([process.stdout], [], [], 60)[0]
        port = int(process.stdout.readline().rpartition(b":")[2])
        with Wire(port) as wire:
            for _ in range(1000):
                assert wire.send(request("GET", "/whoami")).answer().status == 401
            os.set_blocking(process.stderr.fileno(), False)
            process.stderr.read()
            assert wire.send(request("GET", "/whoami")).answer().status == 401
            told, writing = bytearray(), process.stderr

            def is_told() -> bool:
                told.extend(writing.read() or b"")
                return told.count(b"\n") >= 2

            wait_until(is_told)
            lost, last = map(parsed, told.decode().splitlines())
        assert lost["event"] == "log_lines_lost"
        assert lost["lines"] > 100
        assert last["event"] == "authn_required"
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        process.stdout.close()
        process.stderr.close()
    assert not is_alive(process.pid)


# --- what nobody expected --------------------------------------------------------------------------------------------

FAILING = """
import asyncio, logging, sys, threading
from pathlib import Path
from watchword.config import load
from watchword.config.serving import run_server

def around(application, service):
    async def failing(scope, receive, send):
        secret = scope["query_string"].decode()
        if scope["path"] == "/raise":
            raise ValueError("it holds " + secret)
        if scope["path"] == "/late":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            raise ValueError("it holds " + secret)
        if scope["path"] == "/thread":
            thread = threading.Thread(target=lambda: int(secret))
            thread.start()
            thread.join()
        if scope["path"] == "/task":
            async def forgotten():
                raise ValueError("it holds " + secret)
            asyncio.create_task(forgotten())
        if scope["path"] == "/log":
            logging.getLogger("some.library").error("could not use %s", secret)
        if scope["path"] == "/nothing":
            return
        await application({**scope, "path": "/healthz"}, receive, send)
    return failing

data = Path(sys.argv[1])
settings = load(data / "watchword.toml", {})
sys.exit(run_server(settings, data, lambda url: print(url, flush=True), around=around))
"""


def test_unexpected_errors_are_one_line_each_without_what_was_sent__F33(tmp_path: Path) -> None:
    (tmp_path / "watchword.toml").write_text('[server]\nport = 0\n[log]\nformat = "json"\n')
    file = tmp_path / "server.log"
    with file.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", FAILING, str(tmp_path)], stdout=subprocess.PIPE, stderr=errors
        )
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline().rpartition(b":")[2])
        log = Log(file)
        answers = {
            path: exchange(port, request("GET", f"{path}?{SECRET}", last=True))
            for path in ("/raise", "/late", "/nothing", "/thread", "/task", "/log")
        }
        lines = log.lines(6)
        assert CANARY not in f"{lines} {answers}".lower()
        (problem,) = answers["/raise"]
        assert (problem.status, problem.one("content-type")) == (500, "application/problem+json")
        assert problem.json["code"] == "internal-error"
        told = [parsed(line) for line in lines]
        assert {line["event"] for line in told} == {"unexpected_error"}
        assert told[0]["id"] == problem.json["instance"].rpartition(":")[2]
        assert told[0]["error"].startswith("ValueError in <string>:")
        assert {line["logger"] for line in told} >= {
            "watchword.server",
            "uvicorn.error",
            "threading",
            "asyncio",
            "some.library",
        }
    finally:
        process.terminate()
        assert process.wait(60) == 0
        process.stdout.close()


# --- the lines themselves --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", "console"])
def test_any_value_is_one_field_of_one_line__F33(form: Literal["json", "console"], tmp_path: Path) -> None:
    values = [*NAMES, "", " ", "=", '"', "a=b", "'", "\\n", "\0", "plain", "ü", "\U0001f600", "\udcff", "a b"]
    log = security_log(form, "debug")
    before = os.dup(2)
    with (tmp_path / "log").open("wb") as file:
        os.dup2(file.fileno(), 2)
        try:
            for value in values:
                log(Event("authn_login_fail", "warning", {"reasons": value, "status": 401}))
        finally:
            os.dup2(before, 2)
            os.close(before)
    lines = (tmp_path / "log").read_text("ascii").splitlines()
    assert len(lines) == len(values)
    for line, value in zip(lines, values, strict=True):
        found = parsed(line) if form == "json" else parsed_for_people(line)
        assert found["event"] == "authn_login_fail"
        assert str(found["status"]) == "401"
        assert found["reasons"] == value or found["reasons"].startswith(value[:64])
        assert line.isprintable()


def test_console_lines_are_words_for_a_shell_too(console: Live) -> None:
    log = Log(console.log)
    exchange(console.port, request("GET", "/whoami", basic("ann", "wrong"), last=True))
    (line,) = log.lines(1)
    assert "reasons=basic: wrong-password" in shlex.split(line)
