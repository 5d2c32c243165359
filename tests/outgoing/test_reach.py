"""Requests of ours reach what everybody could reach, and nothing else (S1.4)."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.certificates import Authority
from tests.hostile_provider import HostileProvider, hostile_provider
from tests.outgoing.asking import LATITUDE, answered, asking, quicker_than, refused
from tests.outgoing.test_destination import REFUSED
from watchword.outgoing.addresses import Address
from watchword.outgoing.http import Outgoing
from watchword.outgoing.network import system_connect

PUBLIC = "93.184.216.34"


@dataclass
class Resolver:
    """Names and their addresses, which may be others each time. What is not listed is public."""

    names: dict[str, list[Sequence[str]]] = field(default_factory=dict[str, list[Sequence[str]]])
    asked: list[str] = field(default_factory=list[str])

    def look_up(self, name: str, port: int) -> Sequence[str]:
        self.asked.append(name)
        answers = self.names.get(name, [[PUBLIC]])
        return answers.pop(0) if len(answers) > 1 else answers[0]


@dataclass
class Wires:
    """Notes where connections go. They all lead to this port of this machine, or nowhere."""

    port: int | None = None
    opened: list[str] = field(default_factory=list[str])

    def connect(self, address: Address, port: int, patience: float) -> socket.socket:
        self.opened.append(str(address))
        if self.port is None:
            raise ConnectionRefusedError
        return socket.create_connection(("127.0.0.1", self.port), patience)


@pytest.fixture(scope="module")
def provider() -> Iterator[HostileProvider]:
    with hostile_provider() as provider:
        yield provider


# --- the corpus ------------------------------------------------------------------------------------------------------

PRIVATE = {
    "loopback": "127.0.0.1",
    "loopback-elsewhere": "127.8.8.8",
    "this-machine": "0.0.0.0",
    "metadata": "169.254.169.254",
    "metadata-of-azure": "168.63.129.16",
    "private-10": "10.0.0.1",
    "private-172": "172.16.0.1",
    "private-192": "192.168.1.1",
    "shared": "100.64.0.1",
    "broadcast": "255.255.255.255",
    "loopback-6": "[::1]",
    "loopback-6-in-full": "[0:0:0:0:0:0:0:1]",
    "this-machine-6": "[::]",
    "unique-local": "[fd00::]",
    "metadata-6": "[fd00:ec2::254]",
    "link-local-6": "[fe80::1]",
    "mapped": "[::ffff:127.0.0.1]",
    "mapped-in-hex": "[::ffff:7f00:1]",
    "compatible": "[::127.0.0.1]",
    "nat64": "[64:ff9b::7f00:1]",
    "nat64-metadata": "[64:ff9b::169.254.169.254]",
    "6to4": "[2002:7f00:1::]",
    "teredo": "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "localhost": "localhost",
    "localhost-in-capitals": "LOCALHOST",
    "below-localhost": "provider.localhost",
}
URLS = {
    **{
        f"{kind}-{scheme}": f"{scheme}://{host}:PORT/" for kind, host in PRIVATE.items() for scheme in ("http", "https")
    },
    **{f"written-{kind}": url for kind, url in REFUSED.items()},
    "public-name-in-cleartext": "http://good.example:PORT/",
    "public-address-in-cleartext": f"http://{PUBLIC}:PORT/",
}


@pytest.mark.parametrize("kind", URLS)
def test_nothing_is_connected_to__S1_4(kind: str, provider: HostileProvider) -> None:
    resolver, wires = Resolver(), Wires(provider.port)
    url = URLS[kind].replace("PORT", str(provider.port))
    outgoing = Outgoing("provider", patience=30, look_up=resolver.look_up, connect=wires.connect)
    with closing(outgoing):
        assert refused(outgoing, url).kind == "not-permitted"
    assert (resolver.asked, wires.opened, provider.connections) == ([], [], 0)


def test_what_a_test_would_see_if_it_were__S1_4() -> None:
    with hostile_provider() as provider, asking() as outgoing:
        assert answered(outgoing, f"http://127.0.0.1:{provider.port}/").status == 200
        assert provider.connections == 1


# --- names -----------------------------------------------------------------------------------------------------------

ANSWERS = {
    "private": ["10.0.0.1"],
    "loopback": ["127.0.0.1"],
    "loopback-6": ["::1"],
    "mapped": ["::ffff:127.0.0.1"],
    "metadata": ["169.254.169.254"],
    "link-local-with-a-zone": ["fe80::1%lo"],
    "one-of-two": [PUBLIC, "10.0.0.1"],
    "the-other-of-two": ["10.0.0.1", PUBLIC],
    "the-last-of-many": [*[f"93.184.216.{last}" for last in range(20)], "127.0.0.1"],
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_name_with_any_private_address_is_not_asked__S1_4(kind: str) -> None:
    resolver, wires = Resolver({"api.example": [ANSWERS[kind]]}), Wires()
    outgoing = Outgoing("provider", patience=30, look_up=resolver.look_up, connect=wires.connect)
    with closing(outgoing):
        assert refused(outgoing, "https://api.example/").kind == "not-permitted"
    assert wires.opened == []


def test_a_name_is_looked_up_once_and_the_connection_goes_there__S1_4() -> None:
    resolver, wires = Resolver({"api.example": [[PUBLIC], ["127.0.0.1"]]}), Wires()
    outgoing = Outgoing("provider", patience=30, look_up=resolver.look_up, connect=wires.connect)
    with closing(outgoing):
        assert refused(outgoing, "https://api.example/").kind == "unreachable"
        assert (resolver.asked, wires.opened) == (["api.example"], [PUBLIC])
        assert refused(outgoing, "https://api.example/").kind == "not-permitted"
        assert wires.opened == [PUBLIC]


def test_every_public_address_is_tried_in_turn__F6() -> None:
    resolver, wires = Resolver({"api.example": [["8.8.8.8", "2606:4700::1111", "8.8.8.8"]]}), Wires()
    outgoing = Outgoing("provider", patience=30, look_up=resolver.look_up, connect=wires.connect)
    with closing(outgoing):
        assert refused(outgoing, "https://api.example/").kind == "unreachable"
    assert wires.opened == ["8.8.8.8", "2606:4700::1111"]


def test_tls_verifies_the_name_and_not_the_address__S1_4(tmp_path: Path) -> None:
    authority = Authority()
    (authorities := tmp_path / "authorities.pem").write_text(authority.pem)
    name, usage = x509.DNSName("api.example"), (ExtendedKeyUsageOID.SERVER_AUTH,)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("api.example", name, usage=usage).write(tmp_path, "api"))
    with hostile_provider(tls=context) as provider:
        resolver, wires = Resolver(), Wires(provider.port)
        outgoing = Outgoing(
            "provider", patience=30, authorities=authorities, look_up=resolver.look_up, connect=wires.connect
        )
        with closing(outgoing):
            assert answered(outgoing, "https://api.example/").status == 200
            assert refused(outgoing, "https://other.example/").kind == "tls"
            assert refused(outgoing, f"https://{PUBLIC}/").kind == "tls"
        assert wires.opened == [PUBLIC] * 3
        assert [received.field("host") for received in provider.received] == ["api.example"]


def test_a_name_that_nobody_knows_is_no_answer__F6__C21() -> None:
    def nobody(name: str, port: int) -> Sequence[str]:
        raise socket.gaierror

    def unfit(name: str, port: int) -> Sequence[str]:
        raise UnicodeError

    def empty(name: str, port: int) -> Sequence[str]:
        return []

    for look_up in (nobody, unfit, empty):
        with closing(Outgoing("provider", patience=30, look_up=look_up)) as outgoing:
            assert refused(outgoing, "https://api.example/").kind == "unreachable"


def test_looking_up_a_name_is_waited_for_a_bounded_time__F6__C21() -> None:

    ended = threading.Event()

    def hanging(name: str, port: int) -> Sequence[str]:
        ended.wait(60)
        return [PUBLIC]

    with closing(Outgoing("provider", patience=0.05, look_up=hanging)) as outgoing:
        for _ in range(18):  # more than are looked up at once
            with quicker_than(LATITUDE):
                assert refused(outgoing, "https://api.example/").kind == "timeout"
    ended.set()


# --- redirects -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/redirect-to?{url}/inside", "/redirect-loop", "/status/301", "/fields/302"])
def test_a_redirect_is_told_and_never_followed__S1_4(path: str) -> None:
    with hostile_provider() as outside, hostile_provider() as inside, asking() as outgoing:
        got = answered(outgoing, outside.url + path.format(url=inside.url))
        assert 300 <= got.status < 400
        assert (len(outside.received), inside.connections) == (1, 0)


# --- what was named --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "host"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "[::1]"),
        ("[::1]", "[0:0::1]"),
        ("localhost", "localhost"),
        ("LocalHost", "LOCALHOST"),
        ("provider.internal", "provider.internal"),
        ("10.1.2.3", "10.1.2.3"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_is_named_may_be_private__S1_4(named: str, host: str, scheme: str) -> None:
    resolver, wires = Resolver({"provider.internal": [["10.0.0.1"]], "localhost": [["127.0.0.1", "::1"]]}), Wires()
    outgoing = Outgoing("provider", patience=30, private_hosts=[named], look_up=resolver.look_up, connect=wires.connect)
    with closing(outgoing):
        assert refused(outgoing, f"{scheme}://{host}/").kind == "unreachable"
    assert wires.opened


@pytest.mark.parametrize(
    "url",
    [
        "https://other.internal/",
        "https://sub.provider.internal/",
        "https://10.0.0.1/",
        "https://localhost/",
        "http://api.example/",
        "https://clouds.internal/",
        "https://nowhere.internal/",
    ],
)
def test_nothing_else_is__S1_4(url: str) -> None:
    resolver = Resolver(
        {
            "provider.internal": [["10.0.0.1"]],
            "other.internal": [["10.0.0.1"]],
            "sub.provider.internal": [["::1"]],
            "clouds.internal": [["169.254.169.254"]],
            "nowhere.internal": [["0.0.0.0"]],
        }
    )
    wires, named = Wires(), ["provider.internal", "clouds.internal", "nowhere.internal"]
    outgoing = Outgoing("provider", patience=30, private_hosts=named, look_up=resolver.look_up, connect=wires.connect)
    with closing(outgoing):
        assert refused(outgoing, url).kind == "not-permitted"
    assert wires.opened == []


@pytest.mark.parametrize("named", ["", "127.1", "http://127.0.0.1", "127.0.0.1:80", "*.internal", "10.0.0.0/8", "a b"])
def test_what_is_no_host_cannot_be_named(named: str) -> None:
    with pytest.raises(ValueError, match="neither the name of a host nor an address"):
        Outgoing("provider", patience=1, private_hosts=[named])


def test_the_system_connects_to_exactly_this_address() -> None:
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as listening:
            try:
                listening.bind((host, 0))
            except OSError:
                pytest.skip("this machine has no IPv6")
            listening.listen()

            with system_connect(ip_address(host), listening.getsockname()[1], 30) as connection:
                assert connection.getpeername()[0] == host
