"""A real server whose passwords somebody else keeps: log-in, wrong passwords, an outage and the way back."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.contract.htpasswd_store import htpasswd
from tests.contract.http_stores import Keeper
from tests.contract.people import ANN, ZOE
from tests.live import Live, live_server
from tests.relay import Relay, relay
from tests.stores.small_server import Received, Reply, small_server

RECOVERY = 20.0


@dataclass(frozen=True, slots=True)
class Outside:
    """Who keeps the passwords. `settings` are those of the store; `away` is while nobody can reach it."""

    settings: str
    away: Callable[[], AbstractContextManager[None]]
    set_password: Callable[[str], None]
    roles: frozenset[str] = ANN.roles


@contextmanager
def cut(wire: Relay) -> Iterator[None]:
    wire.cut()
    yield
    wire.mend()


@contextmanager
def password_file() -> Iterator[Outside]:
    with tempfile.TemporaryDirectory(prefix="watchword-htpasswd-") as folder:
        file, groups = Path(folder) / "users", Path(folder) / "groups"
        for person in (ANN, ZOE):
            htpasswd(file, person.name, person.password)
        groups.write_text("clerks: ann\nreaders: ann zoë\n", "utf-8")

        @contextmanager
        def away() -> Iterator[None]:
            file.rename(f"{file}.away")
            yield
            Path(f"{file}.away").rename(file)

        yield Outside(
            f'kind = "htpasswd"\n[store.htpasswd]\nfile = "{file}"\ngroups_file = "{groups}"\n'
            'roles = { clerk = ["clerks"], reader = ["readers", "others"] }\ntimeout = "10s"\n',
            away,
            lambda password: htpasswd(file, ANN.name, password),
        )


@contextmanager
def callback() -> Iterator[Outside]:
    keeper = Keeper()
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "authorization"
        secret.touch(0o600)
        secret.write_text("Bearer 0123456789abcdef\n")

        def known(received: Received) -> Reply:
            told = received.fields.get("authorization") == "Bearer 0123456789abcdef"
            return keeper.telling(received) if told else Reply(500)

        with small_server(known) as port, relay(port) as wire:
            yield Outside(
                f'kind = "http"\n[store.http]\nurl = "{wire.url}/check"\nunknown = [404]\n'
                f'authorization_file = "{secret}"\ntimeout = "10s"\n',
                lambda: cut(wire),
                lambda password: keeper.set_password(ANN, password),
            )


@contextmanager
def couchdb() -> Iterator[Outside]:
    passwords = {person.name: person.password for person in (ANN, ZOE)}

    def session(received: Received) -> Reply:
        """As CouchDB 3 answers, word for word."""
        asked = json.loads(received.content)
        if received.target != "/_session" or passwords.get(asked["name"]) != asked["password"]:
            return Reply(401, b'{"error":"unauthorized","reason":"Name or password is incorrect."}\n')
        told = {"ok": True, "name": asked["name"], "roles": ["_admin", "reader"] if asked["name"] == "ann" else []}
        fields = {"Set-Cookie": "AuthSession=YW5uOjY5; Version=1; Path=/; HttpOnly"}
        return Reply(200, json.dumps(told).encode() + b"\n", fields)

    with small_server(session) as port, relay(port) as wire:
        yield Outside(
            f'kind = "couchdb"\n[store.couchdb]\nurl = "{wire.url}/"\nadmin_roles = ["clerk"]\ntimeout = "10s"\n',
            lambda: cut(wire),
            lambda password: passwords.update(ann=password),
        )


KINDS = {"htpasswd": password_file, "http": callback, "couchdb": couchdb}


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def outside(kind: str) -> Iterator[Outside]:
    with KINDS[kind]() as made:
        yield made


@pytest.fixture(scope="module")
def live(outside: Outside) -> Iterator[Live]:
    with live_server(f"[[store]]\nname = 'staff'\nrecheck = 0.05\n{outside.settings}") as live:
        yield live


def basic(live: Live, name: str, password: str) -> httpx2.Response:
    with httpx2.Client(base_url=live.url, trust_env=False, timeout=60) as client:
        return client.get("/whoami", auth=(name.encode(), password.encode()))


def log_in(live: Live, name: str, password: str) -> httpx2.Response:
    with httpx2.Client(base_url=live.url, trust_env=False, timeout=60) as client:
        return client.post("/login", json={"username": name, "password": password, "delivery": "body"})


def whoami(live: Live, token: str) -> httpx2.Response:
    with httpx2.Client(base_url=live.url, trust_env=False, timeout=60) as client:
        return client.get("/whoami", headers={"Authorization": f"Bearer {token}"})


def cell(response: httpx2.Response) -> str:
    told: str = response.json()["cell"]
    return told


def test_whoever_is_known_elsewhere_comes_in_and_nobody_else__S2_14__S2_30__C07(live: Live, outside: Outside) -> None:
    shown = basic(live, ANN.name, ANN.password)
    assert shown.status_code == 200, shown.text
    assert shown.json()["subject"] == "ann"
    assert set(shown.json()["roles"]) == outside.roles
    assert basic(live, ZOE.name, ZOE.password).json()["subject"] == ZOE.name
    logged_in = log_in(live, ANN.name, ANN.password)
    assert logged_in.status_code == 200, logged_in.text
    assert whoami(live, logged_in.json()["session_token"]).json()["subject"] == "ann"
    for name, password in ((ANN.name, "wrong"), ("nobody", ANN.password)):
        refused = basic(live, name, password)
        assert (refused.status_code, cell(refused)) == (401, "C07")
        assert log_in(live, name, password).status_code == 401


def test_an_outage_is_a_503_and_over_within_seconds__S2_14__F6__C17(live: Live, outside: Outside) -> None:
    session = log_in(live, ANN.name, ANN.password).json()["session_token"]
    time.sleep(0.06)  # what was right a moment ago is not asked about
    with outside.away():
        for name, password in ((ANN.name, ANN.password), (ANN.name, "wrong"), ("nobody", "x")):
            begun = time.monotonic()
            refused = basic(live, name, password)
            assert (refused.status_code, cell(refused)) == (503, "C17")
            assert log_in(live, name, password).status_code == 503
            assert time.monotonic() - begun < 10, "one that is not there needs no waiting"
        assert whoami(live, session).status_code == 200
    end = time.monotonic() + RECOVERY
    while basic(live, ANN.name, ANN.password).status_code != 200:
        assert time.monotonic() < end, "it is back, and not of use"
        time.sleep(0.1)


def test_another_password_counts_and_ends_sessions_where_the_store_tells__S2_3(
    kind: str, live: Live, outside: Outside
) -> None:
    session = log_in(live, ANN.name, ANN.password).json()["session_token"]
    outside.set_password("another password")
    try:
        time.sleep(0.06)
        assert basic(live, ANN.name, ANN.password).status_code == 401
        assert basic(live, ANN.name, "another password").status_code == 200
        # CouchDB does not tell that a password was changed.
        assert whoami(live, session).status_code == (200 if kind == "couchdb" else 401)
    finally:
        outside.set_password(ANN.password)


def test_no_password_is_in_log_or_data__F33(live: Live) -> None:
    written = live.log.read_bytes() + b"".join(
        path.read_bytes() for path in live.data.iterdir() if path.is_file() and path != live.log
    )
    for secret in (ANN.password, "another password", "0123456789abcdef"):
        assert secret.encode() not in written
