"""TLS served by the server itself, with a certificate authority of the test's own."""

from __future__ import annotations

import ipaddress
import shutil
import socket
import ssl
import subprocess
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.live import Live, User, live_server
from tests.server.test_processes import run_serve
from tests.server.wire import Log, Wire, basic, json_request, request

ANN = User("ann")
RIGHT = basic(ANN.name, ANN.password)


@dataclass(frozen=True, slots=True)
class Files:
    authority: Path
    certificate: Path
    key: Path

    @property
    def config(self) -> str:
        return f'[server.tls]\ncertificate = "{self.certificate}"\nkey = "{self.key}"\n'


def make_files(folder: Path) -> Files:
    """A root, and a certificate for this machine."""
    now = datetime.now(UTC)

    def certificate(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
        )

    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = certificate("Test root", "Test root", root_key).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    leaf = certificate("localhost", "Test root", key).add_extension(names, critical=False)
    files = Files(folder / "ca.pem", folder / "certificate.pem", folder / "key.pem")
    pem = serialization.Encoding.PEM
    files.authority.write_bytes(root.sign(root_key, hashes.SHA256()).public_bytes(pem))
    files.certificate.write_bytes(leaf.sign(root_key, hashes.SHA256()).public_bytes(pem))
    files.key.touch(0o600)
    files.key.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return files


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return make_files(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def server(files: Files) -> Iterator[Live]:
    with live_server('[log]\nformat = "json"\n' + files.config, [ANN]) as live:
        assert live.url.startswith("https://")
        yield live


@pytest.fixture
def tls(files: Files) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=files.authority)


def test_session_cookie_over_tls_is_bound_to_its_host__S2_1__S2_9(server: Live, tls: ssl.SSLContext) -> None:
    with Wire(server.port, tls) as wire:
        answer = wire.send(json_request("POST", "/login", {"username": "ann", "password": ANN.password})).answer()
        cookie = answer.one("set-cookie")
        assert cookie.startswith("__Host-watchword=ww_s_")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        pair = cookie.partition(";")[0]
        assert wire.send(request("GET", "/whoami", f"Cookie: {pair}")).answer().json["subject"] == "ann"
        # Under the name that is used in cleartext it is no session.
        plain = pair.removeprefix("__Host-")
        assert wire.send(request("GET", "/whoami", f"Cookie: {plain}")).answer().cell == "C03"
        out = wire.send(request("POST", "/logout", f"Cookie: {pair}")).answer().one("set-cookie")
        assert out.startswith("__Host-watchword=;")
        assert "Secure" in out.split("; ")


def test_every_answer_over_tls_has_strict_transport_security(server: Live, tls: ssl.SSLContext) -> None:
    sent: dict[str, bytes] = {
        "refusal": request("GET", "/whoami"),
        "granted": request("GET", "/session", RIGHT),
        "not found": request("GET", "/nothing"),
        "method": request("PUT", "/login"),
        "content": json_request("POST", "/login", {}),
        "too large": request("GET", "/whoami", "X: " + "a" * 70_000),
        "malformed": b"GET / HTTP/1.1\n\n",
    }
    for name, data in sent.items():
        with Wire(server.port, tls) as wire:
            answer = wire.send(data).answer()
            assert answer.one("strict-transport-security") == "max-age=31536000; includeSubDomains", name


def test_refusals_arrive_over_tls_too__F10__F24(server: Live, tls: ssl.SSLContext) -> None:
    for data, status in ((request("GET", "/", *["X: y"] * 10_000), 431), (b"BREW / HTTP/1.1\r\n\r\n", 501)):
        with Wire(server.port, tls) as wire:
            assert wire.send(data).answer().status == status
            assert wire.is_ended_by_server()


def test_cleartext_on_the_tls_port_gets_no_answer__S2_9(server: Live) -> None:
    log = Log(server.log)
    with Wire(server.port) as wire:
        assert wire.send(request("GET", "/whoami", RIGHT)).is_ended_by_server()
    assert log.lines() == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1], ids=["1.0", "1.1"])
def test_old_tls_is_refused(server: Live, files: Files, version: ssl.TLSVersion) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(files.authority)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = old.maximum_version = version
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)), Wire(server.port, old):
        pass


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_today_s_tls_is_spoken_over_http_1_1(server: Live, tls: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    tls.minimum_version = tls.maximum_version = version
    tls.set_alpn_protocols(["h2", "http/1.1"])
    with Wire(server.port, tls) as wire:
        assert isinstance(wire.sock, ssl.SSLSocket)
        assert wire.sock.selected_alpn_protocol() == "http/1.1"
        assert wire.send(request("GET", "/whoami", RIGHT)).answer().status == 200


def test_certificate_of_an_unknown_authority_is_the_client_s_to_refuse(server: Live) -> None:
    with pytest.raises(ssl.SSLCertVerificationError), Wire(server.port, ssl.create_default_context()):
        pass
    assert server.process.poll() is None


def test_curl_takes_the_certificate_with_its_authority(
    server: Live, files: Files, require_program: Callable[[str], str]
) -> None:
    curl = [require_program("curl"), "--silent", "--show-error", "--user", f"ann:{ANN.password}"]
    url = f"https://localhost:{server.port}/whoami"
    right = subprocess.run([*curl, "--cacert", files.authority, url], capture_output=True, check=True, timeout=20)
    assert b'"subject":"ann"' in right.stdout
    wrong = subprocess.run([*curl, url], capture_output=True, timeout=20, check=False)
    assert wrong.returncode == 60  # CURLE_PEER_FAILED_VERIFICATION
    assert wrong.stdout == b""


def test_handshakes_that_break_off_harm_nobody(server: Live, tls: ssl.SSLContext) -> None:
    log = Log(server.log)
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64)
    for data in (b"", b"\x16", hello, b"\x80\x2e\x01\x00\x02", bytes(1000)):
        with socket.create_connection(("127.0.0.1", server.port)) as sock:
            sock.sendall(data)
    with Wire(server.port, tls) as wire:
        assert wire.send(request("GET", "/healthz")).answer().status == 200
    assert log.lines() == []


def test_key_that_others_can_read_is_refused_by_the_configuration__F34__F40(tmp_path: Path) -> None:
    files = make_files(tmp_path)
    files.key.chmod(0o644)
    ended = run_serve(tmp_path / "data", "--port", "0", config=files.config)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "key.pem" in ended.stderr
    assert "chmod" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_key_of_another_certificate_is_refused_by_the_configuration__F40(tmp_path: Path) -> None:
    files, others = make_files(tmp_path), tmp_path / "others"
    others.mkdir()
    shutil.copy(make_files(others).key, files.key)
    ended = run_serve(tmp_path / "data", "--port", "0", config=files.config)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "the key is not the certificate's" in ended.stderr
    assert "Traceback" not in ended.stderr
