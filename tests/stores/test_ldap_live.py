"""A real server over a real slapd, configured as the page says."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from tests.contract.ldap_store import dn_of, entries
from tests.contract.people import ANN, OBRIEN
from tests.contract.slapd import SERVICE_PASSWORD, Slapd, slapd
from tests.live import Live, live_server
from tests.relay import Relay, relay
from watchword.config import ConfigurationError, Problem, load

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "stores" / "ldap.md"
BLOCKS = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def server() -> Iterator[Slapd]:
    with slapd(entries()) as running:
        yield running


@pytest.fixture(scope="module")
def wire(server: Slapd) -> Iterator[Relay]:
    with relay(server.port) as made:
        yield made


@pytest.fixture(scope="module")
def live(server: Slapd, wire: Relay) -> Iterator[Live]:
    password = server.folder / "service.password"
    password.touch(0o600)
    password.write_text(SERVICE_PASSWORD)
    config = BLOCKS[0]
    for written, ours in (
        ('"ldap://ldap1.example.com", "ldap://ldap2.example.com"', f'"ldap://localhost:{wire.port}"'),
        ("/etc/watchword/ldap-ca.pem", str(server.ca_file)),
        ("/etc/watchword/ldap.password", str(password)),
    ):
        assert written in config
        config = config.replace(written, ours)
    with live_server(config) as running:
        yield running


def who(live: Live, name: str, password: str) -> httpx.Response:
    return httpx.get(f"{live.url}/whoami", auth=httpx.BasicAuth(name.encode(), password.encode()), timeout=30)


def test_people_of_the_directory_come_in__S2_14(live: Live) -> None:
    found = who(live, "ANN", ANN.password)
    assert found.status_code == 200
    assert found.json()["subject"] == "ann"
    assert set(found.json()["roles"]) == set(ANN.roles)
    assert who(live, "ann", "wrong").status_code == 401
    assert who(live, "nobody", ANN.password).status_code == 401
    with httpx.Client(base_url=live.url, timeout=30) as client:
        assert client.post("/login", json={"username": "ann", "password": "wrong"}).status_code == 401
        assert client.post("/login", json={"username": "ann", "password": ANN.password}).status_code == 200
        assert client.get("/whoami").json()["subject"] == "ann"


def test_a_directory_that_is_gone_is_503_and_sessions_go_on__F6__C17(live: Live, wire: Relay) -> None:
    with httpx.Client(base_url=live.url, timeout=30) as client:
        client.post("/login", json={"username": "ann", "password": ANN.password})
        wire.cut()
        try:
            for name, password in (("ann", "wrong"), (OBRIEN.name, OBRIEN.password), ("nobody", "wrong")):
                assert who(live, name, password).status_code == 503
            assert client.post("/login", json={"username": OBRIEN.name, "password": "wrong"}).status_code == 503
            assert client.get("/whoami").status_code == 200
        finally:
            wire.mend()
    end = time.monotonic() + 20
    while (status := who(live, OBRIEN.name, OBRIEN.password).status_code) != 200:
        assert status == 503
        assert time.monotonic() < end
        time.sleep(0.1)


def test_another_password_in_the_directory_ends_sessions_at_the_next_proof__S2_3(live: Live, server: Slapd) -> None:
    with httpx.Client(base_url=live.url, timeout=30) as client:
        assert client.post("/login", json={"username": OBRIEN.name, "password": OBRIEN.password}).status_code == 200
        server.set(dn_of(OBRIEN.name), userPassword="another password")
        assert client.get("/whoami").status_code == 200
        assert who(live, OBRIEN.name, "another password").status_code == 200
        assert client.get("/whoami").status_code == 401


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_every_example_of_the_page_can_be_written__S2_14(tmp_path: Path, number: int) -> None:
    file = tmp_path / "watchword.toml"
    file.write_text(BLOCKS[number], "utf-8")
    # Only the files that the page names are not here.
    assert {problem.where.rpartition(".")[2] for problem in problems_of(file)} <= {"ca_file", "bind_password_file"}


def problems_of(file: Path) -> Sequence[Problem]:
    try:
        load(file, {})
    except ConfigurationError as error:
        return error.problems
    return ()
