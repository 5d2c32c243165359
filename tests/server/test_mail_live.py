"""Mails of a real server to a real mail server: what its log and files hold (F33), and what an outage does (F6)."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from math import erfc, sqrt
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import pytest

from tests.live import Live, User, live_server
from tests.relay import Relay
from tests.server.api.by_mail import links, tokens
from tests.smtp import Mailbox, mailbox

LOCAL = "canary-of-the-local-part"
ADDRESS = f"{LOCAL}@example.org"
OLD = "canary-of-the-old-password"
NEW = "canary-of-the-new-password"
CONFIG = """
[server]
trusted_proxies = ["127.0.0.1"]
workers = {workers}
[realm]
name = "Clinic"
[passwords]
sign_up = true
[log]
format = "json"
level = "debug"
[mail]
from = "Clinic <noreply@clinic.example>"
verify_sign_up = true
[mail.smtp]
host = "127.0.0.1"
port = {port}
security = "none"
patience = "3s"
"""
USERS = (User("ann", OLD), User("root", OLD, frozenset({"admin"})), User("gone", OLD, disabled=True))


@dataclass
class Town:
    """A server, its mail server, and the wire between them."""

    live: Live
    box: Mailbox
    wire: Relay
    client: httpx.Client
    _places: int = 0

    def send(self, method: str, path: str, content: Any = None, **options: Any) -> httpx.Response:
        """From another place each time, over TLS, as the proxy tells."""
        self._places += 1
        told = f"203.{self._places >> 16 & 255}.{self._places >> 8 & 255}.{self._places & 255}"
        headers = {"x-forwarded-for": told, "x-forwarded-proto": "https", "x-forwarded-host": "clinic.example"}
        return self.client.request(method, path, json=content, headers=headers, **options)

    def events(self, name: str, number: int = 1, patience: float = 60.0) -> list[dict[str, Any]]:
        """The lines of the log with this event, once there are so many."""
        deadline = time.monotonic() + patience
        while True:
            lines = [json.loads(line) for line in self.live.log.read_text().splitlines() if line.startswith("{")]
            found = [line for line in lines if line["event"] == name]
            if len(found) >= number:
                return found
            assert time.monotonic() < deadline, f"{name} was not logged"
            time.sleep(0.05)


@contextmanager
def running(box: Mailbox, wire: Relay, users: Sequence[User] = (), *, workers: int = 1) -> Iterator[Town]:
    config = CONFIG.format(port=wire.port, workers=workers)
    with live_server(config, users) as live, httpx.Client(base_url=live.url, timeout=30) as client:
        yield Town(live, box, wire, client)


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with mailbox() as box, closing(Wire(box.port)) as wire, running(box, wire, USERS, workers=2) as made:
        for name, address in (("ann", ADDRESS), ("gone", "gone@example.org")):
            content = {"attributes": {"email": address}}
            answer = made.send("PATCH", f"/users/{name}", content, auth=("root", OLD))
            assert answer.status_code == 200, answer.text
        yield made


class Wire(Relay):
    """A relay that can be closed."""

    close = Relay.cut


def test_whole_way_leaves_no_secret_in_log_metrics_or_files__F33(town: Town) -> None:
    before = len(town.box.envelopes)
    assert town.send("POST", "/password/reset-requests", {"email": ADDRESS}).status_code == 202
    mail = town.box.mail(before)
    assert [url.partition("/ui/")[2] for url, _ in links(mail)] == ["password-reset"]
    (token,) = tokens(mail)
    for sent in (
        {"token": token[:-1], "password": NEW},
        {"token": token, "password": "short"},
        {"token": token, "password": NEW, NEW: 1},
        {"token": [token], "password": NEW},
    ):
        assert town.send("POST", "/password/resets", sent).status_code in (401, 422)
    assert town.send("GET", f"/password/resets?token={token}").status_code == 405
    assert town.send("POST", "/password/resets", {"token": token, "password": NEW}).status_code == 204
    assert town.send("POST", "/password/resets", {"token": token, "password": NEW}).status_code == 401
    assert "was changed" in town.box.mail(before + 1)["Subject"]
    assert town.send("GET", "/whoami", auth=("ann", NEW)).status_code == 200

    wanted = {"username": "eve", "password": NEW, "email": f"{LOCAL}-of-eve@example.org"}
    assert town.send("POST", "/users", wanted).status_code == 202
    (signed,) = tokens(town.box.mail(before + 2))
    assert town.send("POST", "/email/verifications", {"token": signed, "password": NEW}).status_code == 204

    told = town.live.log.read_bytes() + town.send("GET", "/metrics").content
    told += b"".join(Path(f"/proc/{process}/cmdline").read_bytes() for process in _processes(town.live.process.pid))
    for canary in (token, signed, token[:40], signed[:40], OLD, NEW, LOCAL):
        assert canary.encode() not in told, canary
    kept = b"".join(file.read_bytes() for file in town.live.data.iterdir() if file.is_file() and file != town.live.log)
    assert LOCAL.encode() in kept, "the address itself is kept"
    for canary in (token, signed, token[:40], signed[:40], NEW):
        assert canary.encode() not in kept


def test_mail_server_that_is_down_holds_nobody_up_and_gets_the_mail_later__F6(town: Town) -> None:
    before, put_off = len(town.box.envelopes), _count(town, "errand_put_off")
    town.wire.cut()
    try:
        begun = time.monotonic()
        assert town.send("POST", "/users", _stranger("down")).status_code == 202
        assert town.send("GET", "/healthz").status_code == 200
        assert time.monotonic() - begun < 10
        line = town.events("errand_put_off", put_off + 1)[-1]
        assert (line["line"], line["mail"], line["domain"], line["reason"]) == (
            "mail",
            "sign-up",
            "example.org",
            "unreachable",
        )
    finally:
        town.wire.mend()
    assert town.box.mail(before)["To"] == "down@example.org"


def test_mail_server_that_hangs_holds_nobody_up__F6(town: Town) -> None:
    before, put_off = len(town.box.envelopes), _count(town, "errand_put_off")
    town.wire.hanging = True
    try:
        begun = time.monotonic()
        for number in range(5):
            assert town.send("POST", "/password/reset-requests", {"username": "ann"}).status_code == 202, number
        assert town.send("GET", "/whoami", auth=("root", OLD)).status_code == 200
        assert time.monotonic() - begun < 10, "five who wait need fifteen seconds"
        assert town.events("errand_put_off", put_off + 1)[-1]["reason"] == "timeout"
    finally:
        town.wire.hanging = False
    assert town.box.mail(before)["To"] == ADDRESS


def test_server_that_stops_sends_what_it_has_taken_and_tells_what_it_could_not__F6() -> None:
    with mailbox() as box, closing(Wire(box.port)) as wire:
        with running(box, wire) as town:
            assert town.send("POST", "/users", _stranger("last")).status_code == 202
            assert town.live.stop() == 0
            assert box.mail()["To"] == "last@example.org"
        wire.cut()
        with running(box, wire) as town:
            assert town.send("POST", "/users", _stranger("lost")).status_code == 202
            town.events("errand_put_off")
            assert town.live.stop() == 0
            (line,) = town.events("errands_lost")
            assert (line["line"], line["errands"]) == ("mail", 1)


# --- F30: time -------------------------------------------------------------------------------------------------------


@pytest.mark.timed
@pytest.mark.parametrize("many", [30, pytest.param(2000, marks=pytest.mark.long)])
def test_time_does_not_tell_who_has_an_account__F30(town: Town, many: int) -> None:
    kinds: dict[str, Callable[[int], dict[str, str]]] = {
        "known": lambda n: {"username": "ann"},
        "unknown": lambda n: {"username": f"nobody{n}"},
        "disabled": lambda n: {"username": "gone"},
        "known address": lambda n: {"email": ADDRESS},
        "unknown address": lambda n: {"email": f"nobody{n}@example.org"},
    }
    assert_alike(_durations(town, "/password/reset-requests", kinds, many))


@pytest.mark.timed
@pytest.mark.parametrize("many", [12, pytest.param(500, marks=pytest.mark.long)])
def test_time_does_not_tell_which_names_and_addresses_are_taken__F30(town: Town, many: int) -> None:
    kinds: dict[str, Callable[[int], dict[str, str]]] = {
        "free": lambda n: {"username": f"free{n}", "email": f"free{n}@example.org", "password": NEW},
        "taken name": lambda n: {"username": "ann", "email": f"other{n}@example.org", "password": NEW},
        "taken address": lambda n: {"username": f"more{n}", "email": ADDRESS, "password": NEW},
    }
    assert_alike(_durations(town, "/users", kinds, many), gap=0.01)


def assert_alike(durations: dict[str, list[float]], gap: float = 0.001) -> None:
    """Each kind takes as long as the first, as far as can be told."""
    first, *others = durations
    for other in others:
        one, two = durations[first], durations[other]
        apart = abs(median(one) - median(two))
        # One in a thousand is told apart by chance; where one kind has more to do, not one in a million is not.
        assert mann_whitney(one, two) > 0.001 or apart < gap, (first, other, apart)


def mann_whitney(one: Sequence[float], two: Sequence[float]) -> float:
    """How probable such a difference of ranks is where there is none (two-sided, by the normal approximation)."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in two])
    ranks = sum(rank for rank, (_, group) in enumerate(ranked, 1) if group == 0)
    n, m = len(one), len(two)
    u = ranks - n * (n + 1) / 2
    return erfc(abs(u - n * m / 2) / sqrt(n * m * (n + m + 1) / 12) / sqrt(2))


def _durations(
    town: Town, path: str, kinds: dict[str, Callable[[int], dict[str, str]]], many: int
) -> dict[str, list[float]]:
    """How long each kind of request takes, in a random order."""
    found: dict[str, list[float]] = {kind: [] for kind in kinds}
    turns = [kind for kind in kinds for _ in range(many + 2)]
    random.Random(30).shuffle(turns)
    bodies: set[bytes] = set()
    for number, kind in enumerate(turns):
        content = kinds[kind](number)
        begun = time.perf_counter()
        answer = town.send("POST", path, content)
        found[kind].append(time.perf_counter() - begun)
        assert answer.status_code == 202
        bodies.add(answer.content)
        time.sleep(0.002)  # what is looked up after one answer must not be counted with the next
    assert len(bodies) == 1
    return {kind: times[2:] for kind, times in found.items()}


def _stranger(name: str) -> dict[str, str]:
    return {"username": name, "password": NEW, "email": f"{name}@example.org"}


def _count(town: Town, event: str) -> int:
    return len(town.events(event, 0))


def _processes(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [parent, *map(int, children)]
