"""Client certificates over the server's own TLS (S2.40): what the handshake refuses, and what becomes of the rest."""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import requests
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.certificates import HOUR, Authority, Issued, common_name
from tests.live import Live, User, live_server
from tests.quickness import TRIES
from tests.server.wire import Answer, Log, Wire, basic, json_request, request
from tests.server.workers import wait_until

ANN = User("ann", roles=frozenset(("clerk",)))
USERS = (ANN, User("gone", disabled=True))

CONFIG = """
[log]
format = "json"

[server.tls]
certificate = "{folder}/server.pem"
key = "{folder}/server.key"
client_ca = "{folder}/clients.pem"
client_certificates = "{asked}"
{more}

[[space]]
mechanisms = ["session", "basic", "client-certificate"]

[[space.protect]]
path = "/whoami"
"""


@dataclass(slots=True)
class Setting:
    """A server, and those who vouch for it and for its clients."""

    live: Live
    folder: Path
    clients: Authority
    servers: Authority

    def context(self, shown: Issued | None = None) -> ssl.SSLContext:
        """What a client speaks TLS by, with a certificate of its own or without."""
        context = ssl.create_default_context(cadata=self.servers.pem)
        if shown is not None:
            context.load_cert_chain(*shown.write(self.folder, shown.fingerprint[:16]))
        return context

    def get(self, shown: Issued | None, *fields: str, target: str = "/whoami", method: str = "GET") -> Answer:
        """The answer to one request."""
        with Wire(self.live.port, self.context(shown)) as wire:
            return wire.send(request(method, target, *fields)).answer()

    def is_turned_away(self, shown: Issued | None, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> bool:
        """Whether the handshake fails. With TLS 1.3 the client learns so when it first reads."""
        context = self.context(shown)
        context.minimum_version = context.maximum_version = version
        try:
            with Wire(self.live.port, context) as wire:
                return wire.send(request("GET", "/healthz")).is_ended_by_server()
        except OSError:
            return True


def set_up(folder: Path, asked: str, more: str = "") -> tuple[str, Authority, Authority]:
    clients, servers = Authority(), Authority("Test servers")
    (folder / "clients.pem").write_text(clients.pem)
    (folder / "clients.crl").write_text(clients.revocation_list())
    servers.for_this_machine().write(folder, "server")
    (folder / "servers.pem").write_text(servers.pem)
    return CONFIG.format(folder=folder, asked=asked, more=more), clients, servers


@pytest.fixture(scope="module")
def optional(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    folder = tmp_path_factory.mktemp("optional")
    config, clients, servers = set_up(folder, "optional")
    with live_server(config, USERS) as live:
        yield Setting(live, folder, clients, servers)


@pytest.fixture(scope="module")
def required(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    folder = tmp_path_factory.mktemp("required")
    config, clients, servers = set_up(folder, "required", f'client_crl = "{folder}/clients.crl"')
    with live_server(config, USERS) as live:
        yield Setting(live, folder, clients, servers)


# --- who it is -------------------------------------------------------------------------------------------------------


def test_a_certificate_proves_the_account_of_its_common_name__S2_40__C00(optional: Setting) -> None:
    answer = optional.get(optional.clients.issue("ann"))
    assert answer.status == 200
    assert (answer.json["subject"], answer.json["mechanism"]) == ("ann", "client-certificate")
    assert answer.json["roles"] == ["clerk"]


def test_a_certificate_goes_with_every_request_of_its_connection(optional: Setting) -> None:
    with Wire(optional.live.port, optional.context(optional.clients.issue("ann"))) as wire:
        for target in ("/whoami", "/session", "/keys", "/whoami"):
            answer = wire.send(request("GET", target)).answer()
            assert answer.status in (200, 403), (target, answer)
            assert target != "/whoami" or answer.json["subject"] == "ann"


def test_without_a_certificate_the_others_are_challenged_for_too__S2_40__C03(optional: Setting) -> None:
    answer = optional.get(None)
    assert (answer.status, answer.cell) == (401, "C03")
    assert 'Certificate realm="Watchword"' in answer.all("www-authenticate")
    assert optional.get(None, basic("ann", ANN.password)).json["mechanism"] == "basic"


def test_a_proven_stranger_is_forbidden_and_not_asked_again__S1_9__C12(optional: Setting) -> None:
    log = Log(optional.live.log)
    answer = optional.get(optional.clients.issue("nobody-here"))
    assert (answer.status, answer.cell, answer.json["code"]) == (403, "C12", "unknown-identity")
    assert answer.all("www-authenticate") == []
    assert any('"subject": "CN=nobody-here"' in line or '"subject": "nobody-here"' in line for line in log.lines(1))


def test_a_stranger_s_certificate_keeps_nobody_from_logging_in__S1_9__C01(optional: Setting) -> None:
    content = {"username": "ann", "password": ANN.password}
    with Wire(optional.live.port, optional.context(optional.clients.issue("nobody-here"))) as wire:
        assert wire.send(request("GET", "/session")).answer().json == {"authenticated": False}
        answer = wire.send(json_request("POST", "/login", content)).answer()
        assert (answer.status, answer.json["subject"]) == (200, "ann")
        cookie = answer.one("set-cookie").partition(";")[0]
        assert wire.send(request("GET", "/whoami", f"Cookie: {cookie}")).answer().json["mechanism"] == "session"


def test_a_disabled_account_s_certificate_is_refused__C09__F36(optional: Setting) -> None:
    answer = optional.get(optional.clients.issue("gone"))
    assert (answer.status, answer.cell, answer.json["code"]) == (401, "C09", "invalid-certificate")
    assert 'Certificate realm="Watchword", error="invalid_certificate"' in answer.all("www-authenticate")


@pytest.mark.parametrize(
    "subject",
    [
        common_name("ann", "root"),
        common_name("ann", "ann"),
    ],
    ids=["two", "twice"],
)
def test_two_common_names_are_nobody_s__F17(optional: Setting, subject: x509.Name) -> None:
    assert optional.get(optional.clients.issue(subject)).json["code"] == "invalid-certificate"


@pytest.mark.parametrize(
    "name", ["ann\0.example", "аnn", "ANN", " ann", "ann ", "a\u200bnn", "ａｎｎ", "ann\n", "ann\r\nx: y"], ids=ascii
)
def test_names_that_look_like_an_account_s_are_not_it__F17__F18(optional: Setting, name: str) -> None:
    answer = optional.get(optional.clients.issue(name))
    assert (answer.cell, answer.json["code"]) == ("C12", "unknown-identity")


def test_pages_of_other_sites_cannot_use_a_certificate__C14__F27(optional: Setting) -> None:
    ann = optional.clients.issue("ann")
    foreign = "Origin: https://evil.example", "Sec-Fetch-Site: cross-site"
    answer = optional.get(ann, *foreign, method="DELETE", target="/sessions")
    assert (answer.cell, answer.json["code"]) == ("C14", "csrf")
    assert optional.get(ann, method="DELETE", target="/sessions").status in (200, 204)


def test_fields_about_certificates_prove_nothing_here__F23(optional: Setting) -> None:
    ann = optional.clients.issue("ann")
    told = b64encode(ann.der).decode()
    for field in (f"Client-Cert: :{told}:", f"X-SSL-Client-Cert: {told}", "X-SSL-Client-S-DN: CN=ann"):
        assert optional.get(None, field).cell == "C03", field


# --- what the handshake refuses --------------------------------------------------------------------------------------


BAD: dict[str, Callable[[Authority], Issued]] = {
    "expired": lambda clients: clients.issue("ann", begins=-2 * HOUR, ends=-HOUR),
    "not yet valid": lambda clients: clients.issue("ann", begins=HOUR),
    "for servers": lambda clients: clients.issue("ann", usage=(ExtendedKeyUsageOID.SERVER_AUTH,)),
    "of somebody else": lambda clients: Authority().issue("ann"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_bad_certificates_end_the_handshake__S2_40(
    optional: Setting, required: Setting, bad: Callable[[Authority], Issued]
) -> None:
    for setting in (optional, required):
        assert setting.is_turned_away(bad(setting.clients))
        assert not setting.is_turned_away(setting.clients.issue("ann"))


def test_where_certificates_are_required_nobody_gets_in_without__S2_40(optional: Setting, required: Setting) -> None:
    assert required.is_turned_away(None)
    assert not optional.is_turned_away(None)


def test_sessions_of_tls_are_not_resumed_so_that_each_connection_is_verified(optional: Setting) -> None:
    context, session = optional.context(optional.clients.issue("ann")), None
    for _ in range(3):
        with (
            socket.create_connection(("127.0.0.1", optional.live.port)) as plain,
            context.wrap_socket(plain, server_hostname="localhost", session=session) as sock,
        ):
            sock.sendall(request("GET", "/whoami", last=True))
            assert b" 200 " in sock.recv(65536)
            assert not sock.session_reused
            session = sock.session
            with suppress(OSError):
                sock.unwrap()  # only what was ended properly can be resumed


def test_tls_whose_sessions_cannot_be_kept_from_being_resumed_is_not_spoken(optional: Setting) -> None:
    context = optional.context(optional.clients.issue("ann"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("127.0.0.1", optional.live.port)) as plain,
        pytest.raises(ssl.SSLError),
        context.wrap_socket(plain, server_hostname="localhost"),
    ):
        pass


def test_a_certificate_that_expires_during_a_connection_proves_nothing_more__C09(optional: Setting) -> None:
    answers: list[Answer] = []
    for _ in range(TRIES):
        ann = optional.clients.issue("ann", ends=timedelta(seconds=2))
        with suppress(ssl.SSLError), Wire(optional.live.port, optional.context(ann)) as wire:
            answers = [wire.send(request("GET", "/whoami")).answer()]
            while answers[-1].status == 200:
                time.sleep(0.1)
                answers.append(wire.send(request("GET", "/whoami")).answer())
        if len(answers) > 1:  # a machine that is busy may let it expire before it is shown
            break
    assert len(answers) > 1
    assert (answers[-1].cell, answers[-1].json["code"]) == ("C09", "expired-certificate")


def test_a_revoked_certificate_is_refused_within_seconds_and_on_open_connections_too__I3(required: Setting) -> None:
    stolen, good = required.clients.issue("ann"), required.clients.issue("ann")
    with Wire(required.live.port, required.context(stolen)) as wire:
        assert wire.send(request("GET", "/whoami")).answer().status == 200
        required.clients.revoke(stolen)
        (required.folder / "clients.crl").write_text(required.clients.revocation_list())
        wire.sock.settimeout(60)
        began = time.monotonic()
        assert wire.is_ended_by_server()
        assert time.monotonic() - began < 30
    assert required.is_turned_away(stolen)
    assert not required.is_turned_away(good)


def test_a_list_that_cannot_be_read_is_an_alarm_and_the_old_one_stays__F34(required: Setting) -> None:
    stolen, good, file = required.clients.issue("ann"), required.clients.issue("ann"), required.folder / "clients.crl"
    required.clients.revoke(stolen)
    file.write_text(required.clients.revocation_list())
    wait_until(lambda: required.is_turned_away(stolen))
    log = Log(required.live.log)
    file.write_text("half written")
    wait_until(lambda: any("revocation_list_refused" in line for line in log.lines()))
    assert required.is_turned_away(stolen)
    assert not required.is_turned_away(good)
    file.write_text(required.clients.revocation_list())


# --- clients of others -----------------------------------------------------------------------------------------------


def test_curl_shows_a_certificate__S2_40(
    optional: Setting, required: Setting, require_program: Callable[[str], str]
) -> None:
    for setting in (optional, required):
        certificate, key = setting.clients.issue("ann").write(setting.folder, "ann")
        curl = [require_program("curl"), "--silent", "--show-error", "--cacert", str(setting.folder / "servers.pem")]
        url = f"https://localhost:{setting.live.port}/whoami"
        done = subprocess.run(
            [*curl, "--cert", str(certificate), "--key", str(key), url], capture_output=True, check=True, timeout=20
        )
        assert b'"mechanism":"client-certificate"' in done.stdout
    done = subprocess.run([*curl, url], capture_output=True, timeout=20, check=False)
    assert (done.returncode != 0, done.stdout) == (True, b"")


def test_openssl_shows_a_certificate__S2_40(optional: Setting, require_program: Callable[[str], str]) -> None:
    certificate, key = optional.clients.issue("ann").write(optional.folder, "ann")
    done = subprocess.run(
        [
            *(require_program("openssl"), "s_client", "-connect", f"127.0.0.1:{optional.live.port}", "-ign_eof"),
            *("-cert", str(certificate), "-key", str(key), "-CAfile", str(optional.folder / "servers.pem")),
        ],
        input=request("GET", "/whoami", last=True),
        capture_output=True,
        timeout=20,
        check=True,
    )
    assert b'"subject":"ann"' in done.stdout


def test_requests_and_httpx_show_a_certificate__S2_40(required: Setting) -> None:
    certificate, key = required.clients.issue("ann").write(required.folder, "ann")
    url, authority = f"https://localhost:{required.live.port}/whoami", required.folder / "servers.pem"
    by_requests = requests.get(url, cert=(str(certificate), str(key)), verify=str(authority), timeout=20)
    assert by_requests.json()["subject"] == "ann"
    context = ssl.create_default_context(cafile=authority)
    context.load_cert_chain(certificate, key)
    with httpx.Client(verify=context) as client:
        assert client.get(url).json()["subject"] == "ann"
