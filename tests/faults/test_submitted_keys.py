"""A submitted key is found nowhere but where it belongs, and none is lost (F33, S1.1).

Where it belongs: sealed in the database, and with its provider. What the provider itself puts into an answer to its own
client is the provider's to say, and is relayed.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.cli.calling import Shell
from tests.hostile_provider import HostileProvider, hostile_provider
from tests.live import Live, User, live_server
from tests.server.wire import Answer, Log, exchange, json_request, log_in, request
from tests.server.workers import workers_of
from watchword.config.build import build
from watchword.config.providers.upkeep import Upkeep
from watchword.config.reading.loading import load
from watchword.core.ask import ask
from watchword.core.questions import ListThirdPartyCredentials
from watchword.edge.drive import run
from watchword.edge.witness import LoggingWitness
from watchword.flows.third_party_keys import opened_credential, seal_anew

PREFIX = "canary4711"
SENDS = {"bearer": "", "query": 'send_name = "api_key"', "basic": "", "header": 'send_name = "X-Key"'}


def config(provider: HostileProvider, *sends: str) -> str:
    return '[log]\nformat = "json"\nlevel = "debug"\n' + "".join(
        f"""
[[provider]]
name = "{send}"
send = "{send}"
{SENDS[send]}
private_hosts = ["127.0.0.1"]
timeout = 0.6
[provider.check]
url = "{provider.url}/ok"
[provider.call]
url = "{provider.url}"
methods = ["GET", "POST"]
"""
        for send in sends
    )


@dataclass(frozen=True)
class Told:
    """All that was told and written while keys were submitted in every way."""

    keys: tuple[str, ...]
    answers: tuple[tuple[str, Answer], ...]
    places: dict[str, bytes]
    echoed: Answer


class Somebody:
    """Submits a key that nobody has seen before, each time."""

    def __init__(self, live: Live, user: User, keys: list[str], answers: list[tuple[str, Answer]]) -> None:
        self.live, self.keys, self.answers = live, keys, answers
        self._fields = (f"Authorization: Bearer {log_in(live.port, user.name, user.password)}",)

    def key(self, send: str = "") -> str:
        secret = f"{PREFIX}{len(self.keys):03}{os.urandom(6).hex()}"
        self.keys.append(secret)
        return f"{secret}:{secret}" if send == "basic" else secret

    def sends(self, what: str, method: str, path: str, *fields: str, body: bytes = b"") -> Answer:
        sent = request(method, path, *self._fields, *fields, body=body, last=True)
        (answer,) = exchange(self.live.port, sent)
        self.answers.append((what, answer))
        return answer

    def submits(self, what: str, send: str, **more: object) -> Answer:
        body = json.dumps({"credential": self.key(send), **more}).encode()
        path = f"/integrations/{send}/credential"
        return self.sends(what, "PUT", path, "Content-Type: application/json", body=body)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    data = tmp_path_factory.mktemp("data")
    with hostile_provider() as provider, live_server(config(provider, *SENDS), [*map(User, SENDS)], data=data) as live:
        log = Log(live.log)
        keys: list[str] = []
        answers: list[tuple[str, Answer]] = []
        # One account for each, because providers are asked twenty times a minute for one, and no more.
        users = {send: Somebody(live, User(send), keys, answers) for send in SENDS}
        for send, ann in users.items():
            with provider.failing("/status/401"):
                ann.submits("wrong", send)
            for way in ("/reset", "/hang", "/garbage", "/status/500", "/redirect-loop"):
                with provider.failing(way):
                    ann.submits(f"provider: {way}", send)
            assert ann.submits("right", send).status == 201
            assert ann.submits("replaced", send).status == 200
            with provider.failing("/status/500"):
                assert ann.submits("unverified", send, store_unverified=True).status == 202
            assert ann.submits("right again", send).status == 200
        ann = users["bearer"]
        as_json = "Content-Type: application/json"
        path = "/integrations/bearer/credential"
        ann.sends("no JSON", "PUT", path, as_json, body=ann.key().encode())
        ann.sends("half of it", "PUT", path, as_json, body=f'{{"credential": "{ann.key()}'.encode())
        ann.sends("wrong member", "PUT", path, as_json, body=json.dumps({"key": ann.key()}).encode())
        ann.sends("as a member", "PUT", path, as_json, body=json.dumps({ann.key(): 1}).encode())
        ann.sends("wrong type", "PUT", path, as_json, body=json.dumps({"credential": [ann.key()]}).encode())
        ann.sends("too long", "PUT", path, as_json, body=json.dumps({"credential": ann.key() * 1000}).encode())
        ann.sends(
            "unsendable", "PUT", path, as_json, body=json.dumps({"credential": f"{ann.key()} {ann.key()}"}).encode()
        )
        ann.sends(
            "not by basic",
            "PUT",
            "/integrations/basic/credential",
            as_json,
            body=json.dumps({"credential": ann.key()}).encode(),
        )
        ann.sends("a form", "PUT", path, body=f"credential={ann.key()}".encode())
        ann.sends(
            "no provider",
            "PUT",
            "/integrations/none/credential",
            as_json,
            body=json.dumps({"credential": ann.key()}).encode(),
        )
        ann.sends("as its own query", "GET", f"/integrations/query/call/ok?api_key={ann.key()}")
        ann = users["header"]
        ann.sends("in the content", "POST", "/integrations/bearer/call/status/500", body=ann.key().encode())
        ann.sends("as a credential of ours", "GET", "/integrations/bearer/call/hang", f"X-Key: {ann.key()}")
        ann.sends("batch", "POST", "/integrations/check", as_json, body=b"{}")
        for send, ann in users.items():
            for way in ("/ok", "/reset", "/hang", "/status/500", "/garbage"):
                ann.sends("call", "GET", f"/integrations/{send}/call{way}")
        ann = users["header"]
        echoed = ann.sends("echo", "GET", "/integrations/header/call/echo")
        ann.answers.pop()
        ann.sends("refused at a call", "GET", "/integrations/header/call/status/401")
        ann.sends("list", "GET", "/integrations")
        metrics = exchange(live.port, request("GET", "/metrics", last=True))[0].body
        processes = {live.process.pid, *workers_of(live)}
        places = {
            "log": live.log.read_bytes(),
            "metrics": metrics,
            **{
                f"{name} of {pid}": Path(f"/proc/{pid}/{name}").read_bytes()
                for pid in processes
                for name in ("cmdline", "environ")
                if name == "cmdline" or os.geteuid() == 0
            },
            **{file.name: file.read_bytes() for file in data.rglob("*") if file.is_file()},
        }
        assert log.lines()
        cores = set(Path.cwd().glob("core*"))
        live.stop(signal.SIGABRT)
        places.update((file.name, file.read_bytes()) for file in data.rglob("*") if file.is_file())
        assert set(Path.cwd().glob("core*")) == cores
        assert not list(data.rglob("core*"))
        yield Told(tuple(keys), tuple(answers), places, echoed)


def shapes(key: str) -> Iterator[bytes]:
    """The key as it may be written somewhere."""
    yield key.encode()
    yield quote(key, safe="").encode()
    yield key.encode("utf-16-le")
    yield key.encode().hex().encode()
    for before in range(3):  # base64 of whatever it may stand behind; its ends depend on what stands beside it
        yield b64encode(b"x" * before + key.encode())[4:-4]


def test_all_ways_were_gone__F33(told: Told) -> None:
    assert len(told.keys) > 40
    cells = {answer.cell for _, answer in told.answers if answer.all("auth-decision")}
    assert {"C19", "C20", "C21"} <= cells
    assert {"watchword.db", "log", "metrics"} <= told.places.keys()
    assert any(name.startswith("watchword.db-") for name in told.places)


def test_no_key_is_told_to_anybody__F33(told: Told) -> None:
    for what, answer in told.answers:
        heard = repr(answer).encode()
        assert not any(shape in heard for key in told.keys for shape in shapes(key)), what


def test_no_key_is_written_anywhere__F33(told: Told) -> None:
    for place, written in told.places.items():
        assert PREFIX.encode() not in written, place
        assert not any(shape in written for key in told.keys for shape in shapes(key)), place


def test_who_has_keys_sent_in_queries_is_told_once__F33(told: Told) -> None:
    (line,) = [line for line in told.places["log"].splitlines() if b"configuration_doubtful" in line]
    assert json.loads(line)["provider"] == "query"


def test_what_the_provider_says_to_its_client_is_relayed__F33__S1_3(told: Told) -> None:
    assert told.echoed.one("integration-provider") == "header"
    assert told.echoed.json["fields"]["x-key"].startswith(PREFIX)


# --- none is lost -----------------------------------------------------------------------------------------------------

USERS = tuple(User(f"user{number}") for number in range(6))


def test_rotating_the_seal_under_load_loses_no_credential__F33__S1_1(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with hostile_provider() as provider:
        text = config(provider, "bearer").replace("timeout = 0.6", "timeout = 5")
        with live_server(text, USERS, data=data, workers=2) as live:
            tokens = {user.name: log_in(live.port, user.name, user.password) for user in USERS}
            last: dict[str, str] = {}
            over = threading.Event()

            def submit(name: str, number: int) -> None:
                key = f"{name}-key-{number:06}-0123456789"
                path, bearer = "/integrations/bearer/credential", f"Authorization: Bearer {tokens[name]}"
                (answer,) = exchange(live.port, json_request("PUT", path, {"credential": key}, bearer, last=True))
                assert answer.status in (200, 201), answer
                last[name] = key

            def use(name: str) -> int:
                """Submit, read and call, and find the last key that was submitted each time."""
                number = 0
                bearer = f"Authorization: Bearer {tokens[name]}"
                while not over.is_set():
                    if number % 8 == 0 and number < 8 * 18:  # twenty times a minute, and no more
                        submit(name, number)
                    number += 1
                    (shown,) = exchange(live.port, request("GET", "/integrations/bearer/credential", bearer, last=True))
                    assert shown.json["state"] == "verified"
                    (answer,) = exchange(live.port, request("GET", "/integrations/bearer/call/echo", bearer, last=True))
                    assert answer.status == 200, answer
                    assert answer.json["fields"]["authorization"] == f"Bearer {last[name]}"
                return number

            settings = load(data / "watchword.toml", {})
            parts = build(settings, data, LoggingWitness())
            engine = parts.service.engine

            shell = Shell(data)
            with ThreadPoolExecutor(len(USERS)) as pool:
                using = [pool.submit(use, user.name) for user in USERS]
                for _ in range(6):
                    done = shell("keys", "rotate", "--purpose", "third-party", "--after", "0s")
                    assert done.code == 0, done
                    time.sleep(0.15)
                    for each in run(ask(ListThirdPartyCredentials()), engine.answers):
                        run(seal_anew(each, entropy=os.urandom), engine.answers)
                over.set()
                rounds = [used.result() for used in using]
            assert min(rounds) >= 3
            # A while later, those keys go that nothing is sealed with any more.
            later = replace(engine, clock=lambda: time.time() + 2000)
            Upkeep(later, parts.service.providers, data, lambda event: None, lambda seconds: False).seal()
            found = run(ask(ListThirdPartyCredentials()), engine.answers)
            assert {each.subject for each in found} == set(last)
            for each in found:
                credential = run(opened_credential(each), engine.answers)
                assert credential is not None
                assert credential.reveal_text() == last[each.subject]
            listed = json.loads(shell("keys", "list", "--json").out)
            assert len([key for key in listed if key["purpose"] == "third-party"]) == 1
            for name, token in tokens.items():
                bearer = f"Authorization: Bearer {token}"
                (answer,) = exchange(live.port, request("GET", "/integrations/bearer/call/echo", bearer, last=True))
                assert answer.json["fields"]["authorization"] == f"Bearer {last[name]}"
            parts.close()
