"""Whatever a provider does, it is told as the provider's: never as a 401 or 407, nothing of it is kept as verified that
it has not verified, and nobody else waits for it (S1.2 to S1.4, F6)."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.certificates import Authority
from tests.hostile_provider import (
    GOOD_KEY,
    PATHS,
    TLS_FAULTS,
    HostileProvider,
    TlsFault,
    hostile_provider,
    provider_tls,
)
from tests.live import Live, User, live_server
from tests.quickness import can_be_done_within
from tests.relay import Relay, relay
from tests.server.api.world import World
from tests.server.wire import Answer, Wire, basic, exchange, json_request, log_in, request
from watchword.core.third_party_answers import SUCCESSFUL
from watchword.http.statuses import ASSIGNED

ANN, BOB = User("ann"), User("bob")
PATIENCE = 0.8
"""Seconds for which a provider is waited for here."""

NEVER = (
    "www-authenticate",
    "proxy-authenticate",
    "set-cookie",
    "authentication-info",
    "proxy-authentication-info",
    "clear-site-data",
    "refresh",
    "alt-svc",
    "location",
    "strict-transport-security",
    "access-control-allow-origin",
)

# Interim statuses are followed by nothing, and waited for: a few stand for all, which the pure core is asked about.
STATUSES = (100, 101, 103, 199, *range(200, 600))
UNANSWERED = (
    *("/hang", "/drip-head", "/drip", "/huge", "/huge-chunks", "/huge-told", "/huge-head", "/many-fields"),
    *("/garbage", "/ssh", "/interim", "/reset", "/close", "/lying-length", "/two-lengths", "/both-lengths"),
    *("/garbage-chunks", "/long-extensions"),
)
ANSWERED = tuple(path for path in PATHS if path not in UNANSWERED)
VERIFYING = ("/ok", "/echo", "/two-answers", "/content-is-a-request", "/late")
"""Those that are answered as somebody would who takes the credential."""


def assert_harmless(status: int, fields: Mapping[str, str], content: bytes) -> None:
    """It is no answer about the log-in here, and it says whose it is."""
    assert status in ASSIGNED - {401, 407}
    assert [name for name in NEVER if name in fields] == []
    told = "integration-status" in fields
    if told:
        assert fields["integration-provider"] == "hostile"
        assert fields["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert fields["x-content-type-options"] == "nosniff"
        assert fields["cache-control"] == "no-store"
    elif status >= 400:
        assert fields["content-type"] == "application/problem+json"
        problem = json.loads(content)
        assert problem["cell"] in ("C19", "C20", "C21")
        assert problem["provider"] == "hostile"
        assert (problem["provider_status"] is None) or problem["provider_status"] in range(100, 600)
        assert (problem["cell"] == "C21") == ("retry-after" in fields)


# --- every status, at every door --------------------------------------------------------------------------------------


class Asking:
    """Somebody who is logged in, at a server that knows one provider."""

    def __init__(self, world: World, provider: HostileProvider) -> None:
        self.world = world
        self.provider = provider
        self._left = 0
        self._token = ""

    def __call__(self, method: str, path: str, **options: Any) -> httpx.Response:
        if self._left == 0:  # providers are asked twenty times a minute for one account, and no more
            self.world.now += 61
            self._token, self._left = self.world.log_in("ann"), 18
        self._left -= 1
        return self.world(method, f"/integrations/{path}", bearer=self._token, **options)

    def has(self, state: str | None) -> None:
        """Make it so that this is stored: a credential in this state, or none."""
        self.provider.instead = None
        if self.state() != state:
            assert state in (None, "verified")
            answer = (
                self("DELETE", "hostile/credential")
                if state is None
                else self("PUT", "hostile/credential", json={"credential": GOOD_KEY})
            )
            assert answer.is_success, answer.text

    def state(self) -> str | None:
        answer = self("GET", "hostile/credential")
        return answer.json()["state"] if answer.is_success else None


@pytest.fixture(scope="module")
def provider() -> Iterator[HostileProvider]:
    with hostile_provider() as provider:
        yield provider


def settings_of(provider: HostileProvider | Relay, **others: Any) -> dict[str, Any]:
    return {
        "name": "hostile",
        "private_hosts": ["127.0.0.1"],
        "timeout": PATIENCE,
        "check": {"url": f"{provider.url}/key"},
        "call": {"url": provider.url, "methods": ["GET", "HEAD", "POST"]},
        **others,
    }


@pytest.fixture(scope="module")
def asking(provider: HostileProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    world = World(tmp_path_factory.mktemp("data"), provider=[settings_of(provider)])
    yield Asking(world, provider)
    world.close()


def test_submitting_at_every_status_stores_nothing_but_what_was_taken__S1_2__S1_3__C19__C21(asking: Asking) -> None:
    for status in STATUSES:
        asking.has(None)
        asking.provider.instead = f"/status/{status}"
        answer = asking("PUT", "hostile/credential", json={"credential": GOOD_KEY})
        assert_harmless(answer.status_code, answer.headers, answer.content)
        assert answer.status_code == (201 if status in SUCCESSFUL else answer.status_code)
        assert asking.state() == ("verified" if status in SUCCESSFUL else None), status
        if status in (401, 403):
            assert answer.status_code == 403
            assert answer.json()["cell"] == "C19"


def test_checking_at_every_status_changes_what_was_said_clearly_and_no_more__S1_3__C20__C21(asking: Asking) -> None:
    for status in (*STATUSES[::5], 401, 403, 407, 429):
        asking.has("verified")
        asking.provider.instead = f"/status/{status}"
        answer = asking("POST", "hostile/check")
        assert_harmless(answer.status_code, answer.headers, answer.content)
        assert answer.is_success == (status in SUCCESSFUL)
        assert asking.state() == ("rejected" if status == 401 else "verified"), status


def test_batch_at_every_status_is_a_200_with_a_result_each__S1_3__S1_11(asking: Asking) -> None:
    for status in (*STATUSES[::7], 401, 407, 429):
        asking.has("verified")
        asking.provider.instead = f"/status/{status}"
        answer = asking("POST", "check", json={"providers": ["hostile"]})
        assert_harmless(answer.status_code, answer.headers, answer.content)
        assert answer.status_code == 200
        (result,) = answer.json()["results"]
        assert result["status"] in ASSIGNED - {401, 407}
        assert (result["problem"] is None) == (status in SUCCESSFUL)


def test_calling_at_every_status_relays_what_is_an_answer_to_it__S1_2__S1_3__S1_10__C20__C21(asking: Asking) -> None:
    for status in STATUSES:
        asking.has("verified")
        answer = asking("GET", f"hostile/call/fields/{status}")
        assert_harmless(answer.status_code, answer.headers, answer.content)
        told = answer.headers.get("integration-status")
        assert told in (None, str(status))
        if status == 401:  # to this path alone: its check takes the credential
            assert (answer.json()["cell"], answer.json()["code"]) == ("C20", "third-party-scope-missing")
            assert asking.state() == "verified"
        elif status in SUCCESSFUL:
            assert told is not None
            assert answer.is_success


@pytest.mark.parametrize("door", ["PUT hostile/credential", "POST hostile/check", "POST check", "GET hostile/call/x"])
def test_no_other_misbehaviour_makes_an_answer_of_ours_wrong__S1_3__S1_4__C21__F6(asking: Asking, door: str) -> None:
    method, path = door.split(" ")
    content = {"PUT hostile/credential": {"credential": "another-key-0123456789"}, "POST check": {}}.get(door)
    for way in (*UNANSWERED, *ANSWERED):
        asking.has("verified")
        before = asking("GET", "hostile/credential").json()
        asking.provider.instead = way
        began = time.monotonic()
        answer = asking(method, path, **({} if content is None else {"json": content}))
        assert time.monotonic() - began < PATIENCE + 15, way
        assert_harmless(answer.status_code, answer.headers, answer.content)
        after = asking("GET", "hostile/credential").json()
        if method == "PUT" and way not in VERIFYING:  # nothing took the place of what is verified
            assert after == before, way
        if way in UNANSWERED:
            assert after == before, way
            if path != "check":
                assert answer.json()["cell"] == "C21", way
        asking.provider.instead = None
        assert asking("POST", "hostile/check").status_code in (
            200,
            403,
        )  # it answers again, so the circuit stays closed


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("fault", TLS_FAULTS)
def test_certificate_that_proves_nothing_gets_no_credential__S1_3__C21(tmp_path: Path, fault: TlsFault) -> None:
    authority = Authority("Somebody")
    (tmp_path / "authority.pem").write_text(authority.pem)
    with hostile_provider(tls=provider_tls(authority, tmp_path, fault=fault)) as provider:
        configured = settings_of(provider, ca_file=str(tmp_path / "authority.pem"), timeout="8s")
        world = World(tmp_path, provider=[configured])
        try:
            asking = Asking(world, provider)
            answer = asking("PUT", "hostile/credential", json={"credential": GOOD_KEY})
            assert_harmless(answer.status_code, answer.headers, answer.content)
            assert (answer.status_code, answer.json()["cell"]) == (502, "C21")
            assert asking.state() is None
            assert provider.received == []
        finally:
            world.close()


# --- what is kept unverified ------------------------------------------------------------------------------------------


def test_unverified_is_stored_only_on_demand_and_becomes_verified_by_its_check_alone__S1_4(asking: Asking) -> None:
    asking.has(None)
    asking.provider.instead = "/status/500"
    refused = asking("PUT", "hostile/credential", json={"credential": GOOD_KEY})
    assert (refused.status_code, asking.state()) == (502, None)
    kept = asking("PUT", "hostile/credential", json={"credential": GOOD_KEY, "store_unverified": True})
    assert (kept.status_code, asking.state()) == (202, "unverified")
    used = asking("GET", "hostile/call/ok")  # the check says nothing, and the call is answered all the same
    assert used.json()["cell"] == "C21"
    assert asking.state() == "unverified"
    asking.provider.instead = None
    assert asking("GET", "hostile/call/ok").headers["integration-status"] == "200"
    assert asking.state() == "verified"


def test_public_place_of_the_provider_verifies_nothing__S1_3(asking: Asking) -> None:
    asking.has(None)
    asking.provider.instead = "/status/500"
    kept = asking("PUT", "hostile/credential", json={"credential": "wrong-key-0123456789", "store_unverified": True})
    assert kept.status_code == 202
    asking.provider.instead = None
    answer = asking("GET", "hostile/call/ok")  # which takes anybody
    assert (answer.status_code, answer.json()["cell"]) == (403, "C20")
    assert asking.state() == "rejected"


def test_rejected_is_not_tried_again__C20(asking: Asking) -> None:
    asking.has("verified")
    asking.provider.instead = "/status/401"
    asked = asking("GET", "hostile/call/ok")
    assert (asked.status_code, asked.json()["provider_status"]) == (403, 401)
    asking.provider.instead = None
    received = len(asking.provider.received)
    again = asking("GET", "hostile/call/ok")
    assert (again.status_code, again.json()["cell"], again.json()["provider_status"]) == (403, "C20", 401)
    assert len(asking.provider.received) == received
    assert asking("POST", "hostile/check").json()["state"] == "verified"
    assert asking("GET", "hostile/call/ok").status_code == 200


@pytest.mark.parametrize(
    ("check", "code", "state"),
    [
        ("/status/401", "third-party-credential", "rejected"),
        ("/key", "third-party-scope-missing", "verified"),
        ("/status/403", "third-party-scope-missing", "verified"),
        ("/status/429", "third-party-credential", "verified"),
        ("/status/500", "third-party-credential", "verified"),
        ("/reset", "third-party-credential", "verified"),
    ],
)
def test_401_to_a_call_has_the_check_say_what_it_means__C20(asking: Asking, check: str, code: str, state: str) -> None:
    asking.has("verified")
    with asking.provider.failing(check, at="/key"):
        answer = asking("GET", "hostile/call/status/401")
    assert_harmless(answer.status_code, answer.headers, answer.content)
    problem = answer.json()
    assert (answer.status_code, problem["cell"], problem["provider_status"]) == (403, "C20", 401)
    assert (problem["code"], asking.state()) == (code, state)


# --- nobody else waits ------------------------------------------------------------------------------------------------


def config(provider: HostileProvider | Relay, *, timeout: float = 1) -> str:
    return f"""
[log]
format = "json"
[limits]
address_per_minute = 10000
[[provider]]
name = "hostile"
private_hosts = ["127.0.0.1"]
timeout = {timeout}
at_once = 4
[provider.check]
url = "{provider.url}/key"
[provider.call]
url = "{provider.url}"
"""


def store(live: Live, token: str) -> None:
    content = {"credential": GOOD_KEY}
    sent = json_request("PUT", "/integrations/hostile/credential", content, f"Authorization: Bearer {token}", last=True)
    statuses: list[int] = []
    while not statuses or statuses[-1] == 504:  # a busy machine may take longer than a provider may
        assert len(statuses) < 3
        statuses += [answer.status for answer in exchange(live.port, sent)]
    assert statuses[-1] in (200, 201), statuses


def called(live: Live, token: str, path: str = "/ok") -> Answer:
    target = f"/integrations/hostile/call{path}"
    (answer,) = exchange(live.port, request("GET", target, f"Authorization: Bearer {token}", last=True))
    assert_harmless(answer.status, dict(answer.fields), answer.body)
    return answer


def checked(live: Live, token: str) -> Answer:
    sent = request(
        "POST", "/integrations/hostile/check", f"Authorization: Bearer {token}", "Content-Length: 0", last=True
    )
    (answer,) = exchange(live.port, sent)
    assert_harmless(answer.status, dict(answer.fields), answer.body)
    return answer


def slowest(live: Live, ask: Callable[[Wire], Answer], until: threading.Event) -> float:
    """How long the slowest of many requests took."""
    longest = 0.0
    with Wire(live.port) as wire:
        while not until.is_set():
            began = time.monotonic()
            assert ask(wire).status == 200
            longest = max(longest, time.monotonic() - began)
            time.sleep(0.01)
    return longest


@pytest.mark.parametrize("way", ["/hang", "/drip", "/huge"])
def test_nobody_else_waits_for_a_provider__S1_4__C21__F6(provider: HostileProvider, way: str) -> None:
    """Neither for anything else, nor for the same provider: one account's calls hold half of the places at most, and
    that they are not answered says nothing about those of others."""
    with live_server(config(provider, timeout=6), [ANN, BOB]) as live:
        token, other = (log_in(live.port, user.name, user.password) for user in (ANN, BOB))
        for one in (token, other):
            store(live, one)
        bearer = f"Authorization: Bearer {token}"
        over = threading.Event()
        others: dict[str, Callable[[Wire], Answer]] = {
            "health": lambda wire: wire.send(request("GET", "/healthz")).answer(),
            "who": lambda wire: wire.send(request("GET", "/whoami", bearer)).answer(),
            # these wait in the pool of threads, where providers are waited for too
            "basic": lambda wire: wire.send(request("GET", "/whoami", basic("ann", ANN.password))).answer(),
            "list": lambda wire: wire.send(request("GET", "/integrations", bearer)).answer(),
            "call": lambda wire: called(live, other),
        }
        with ThreadPoolExecutor(60) as pool:
            watching = {name: pool.submit(slowest, live, ask, over) for name, ask in others.items()}
            answers = list(pool.map(lambda number: called(live, token, way), range(48)))
            over.set()
            took = {name: watched.result() for name, watched in watching.items()}
        assert {answer.cell for answer in answers} == {"C21"}
        assert {answer.status for answer in answers} <= {502, 503, 504}
        if way != "/huge":  # which is seen to be too much at once
            assert [answer.status for answer in answers].count(503) >= 30  # beyond the limit nobody waits at all
        assert all(longest < 5 for longest in took.values()), took
        # Every thread is free again: as many calls as may be under way are answered at once.
        with ThreadPoolExecutor(4) as pool:
            began = time.monotonic()
            answers = list(pool.map(lambda one: called(live, one), [token, other] * 2))
            assert [answer.status for answer in answers] == [200] * 4
            assert time.monotonic() - began < 5


def test_a_server_that_stops_waits_for_no_provider_longer_than_it_may__F6(provider: HostileProvider) -> None:
    with live_server(config(provider), [ANN]) as live, ThreadPoolExecutor(1) as pool:
        token = log_in(live.port, "ann", ANN.password)
        store(live, token)
        received = len(provider.received)
        waiting = pool.submit(called, live, token, "/hang")
        while len(provider.received) == received:
            time.sleep(0.02)
        began = time.monotonic()
        live.process.send_signal(signal.SIGTERM)
        assert waiting.result().status == 504  # whoever is being served is told how it ended
        assert live.process.wait(60) == 0
        assert time.monotonic() - began < 15


class Broken:
    """Ways in which a wire to a provider breaks, and is mended."""

    def __init__(self, wire: Relay, way: str) -> None:
        self._wire = wire
        self._way = way

    def begin(self) -> None:
        match self._way:
            case "stopped":
                self._wire.cut()
            case "hanging":
                self._wire.hanging = True
            case _:
                self._wire.delay = 1.0

    def end(self) -> None:
        self._wire.hanging, self._wire.delay = False, 0.0
        self._wire.cut()  # what was sent meanwhile is the past
        self._wire.mend()


@pytest.mark.parametrize("way", ["stopped", "hanging", pytest.param("slow", marks=pytest.mark.long)])
def test_provider_is_missed_only_while_it_is_away__F6__S1_4__C21(way: str) -> None:
    with (
        hostile_provider() as provider,
        relay(provider.port) as wire,
        live_server(config(wire, timeout=0.5), [ANN]) as live,
    ):
        token = log_in(live.port, "ann", ANN.password)
        store(live, token)
        broken = Broken(wire, way)
        broken.begin()

        def is_missed(statuses: set[int]) -> None:
            answer = checked(live, token)
            assert answer.status in statuses
            assert answer.cell == "C21"
            assert int(answer.one("retry-after")) >= 1

        for _ in range(6):
            is_missed({502, 503, 504})
        # The circuit opens: nobody is asked then, and nobody waits.
        can_be_done_within(0.4, lambda: is_missed({503}))
        broken.end()
        mended = time.monotonic()
        while called(live, token).status != 200:
            assert time.monotonic() - mended < 30
            time.sleep(0.1)
        target = "/integrations/hostile/credential"
        (kept,) = exchange(live.port, request("GET", target, f"Authorization: Bearer {token}", last=True))
        assert kept.json["state"] == "verified"
