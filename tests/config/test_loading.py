"""File, environment and command line: who wins, what may stand where, and what is read of files."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from watchword.config import ConfigurationError, Problem, Settings, load
from watchword.config.reading.environment import all_variables


def refused(file: Path | None, environ: Mapping[str, str] | None = None) -> list[Problem]:
    with pytest.raises(ConfigurationError) as caught:
        load(file, environ or {})
    return caught.value.problems


def test_nothing_at_all_serves_loopback_from_sqlite_with_nobody_trusted__F23() -> None:
    settings = load(None, {})
    assert settings == Settings()
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8080)
    assert not settings.server.trust
    assert not settings.server.allow_cleartext
    assert settings.storage.url == "sqlite:///watchword.db"
    assert (settings.session.idle, settings.session.absolute) == (1800, 43200)
    assert (settings.passwords.hashing.t, settings.passwords.hashing.m, settings.passwords.hashing.p) == (2, 19456, 1)
    assert not settings.passwords.sign_up


def test_restheart_option_names_are_taken__S3_5(tmp_path: Path) -> None:
    file = tmp_path / "watchword.toml"
    file.write_text('[tokens]\nttl = 15\nsrv-uri = "/tokens"\n')
    tokens = load(file, {}).tokens
    assert (tokens.ttl_seconds, tokens.srv_uri, tokens.sliding) == (900, "/tokens", False)


# --- who wins -------------------------------------------------------------------------------------------------------


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(tmp_path: Path) -> None:
    file = tmp_path / "watchword.toml"
    file.write_text("[server]\nport = 1\nworkers = 2\nhost = '::1'\n")
    environ = {"WATCHWORD_SERVER__PORT": "2", "WATCHWORD_SERVER__WORKERS": "3"}
    server = load(file, environ, {"server": {"port": 0, "host": None}}).server
    assert (server.port, server.workers, server.host) == (0, 3, "::1")


@pytest.mark.parametrize(
    ("name", "written", "read"),
    [
        ("WATCHWORD_SERVER__HOST", "::1", lambda s: s.server.host == "::1"),
        ("WATCHWORD_SERVER__TRUSTED_PROXIES", '["10.0.0.5", "unix"]', lambda s: s.server.trust.trusts("10.0.0.5")),
        ("WATCHWORD_SERVER__ALLOW_CLEARTEXT", "true", lambda s: s.server.allow_cleartext),
        ("WATCHWORD_REALM__NAME", "12", lambda s: s.realm.name == "12"),
        ("WATCHWORD_REALM__PERSONAS", '["openmrs"]', lambda s: s.realm.personas == ("openmrs",)),
        ("WATCHWORD_SESSION__IDLE", "5m", lambda s: s.session.idle == 300),
        ("WATCHWORD_SESSION__IDLE", "90", lambda s: s.session.idle == 90),
        ("WATCHWORD_SESSION__COOKIE", '{"same_site": "Strict"}', lambda s: s.session.cookie.same_site == "Strict"),
        ("WATCHWORD_SESSION__COOKIE__NAME", "sid", lambda s: s.session.cookie.secure_name == "sid"),
        ("WATCHWORD_TOKENS__SRV_URI", "/t", lambda s: s.tokens.srv_uri == "/t"),
        ("WATCHWORD_TOKENS__TTL", "0.5", lambda s: s.tokens.ttl_seconds == 30),
        ("WATCHWORD_PASSWORDS__HASHING__M", "47104", lambda s: s.passwords.hashing.m == 47104),
    ],
)
def test_a_variable_holds_text_as_it_is_and_all_else_as_json(
    name: str, written: str, read: Callable[[Settings], bool]
) -> None:
    assert read(load(None, {name: written}))


def test_a_key_wins_over_its_whole_table_in_the_environment() -> None:
    environ = {
        "WATCHWORD_SESSION__COOKIE__NAME": "b",
        "WATCHWORD_SESSION__COOKIE": '{"name": "a", "same_site": "Strict"}',
    }
    cookie = load(None, environ).session.cookie
    assert (cookie.name, cookie.same_site) == ("b", "Strict")


@pytest.mark.parametrize(
    ("name", "written", "problem"),
    [
        (
            "WATCHWORD_SERVER__TRUSTED_PROXIES",
            "10.0.0.5",
            "server.trusted_proxies (WATCHWORD_SERVER__TRUSTED_PROXIES): must be a list, each entry an address, "
            'a network or "unix", such as ["10.0.0.5", "10.1.0.0/16"]',
        ),
        (
            "WATCHWORD_SERVER__ALLOW_CLEARTEXT",
            "yes",
            "server.allow_cleartext (WATCHWORD_SERVER__ALLOW_CLEARTEXT): must be true or false, such as true",
        ),
        (
            "WATCHWORD_LIMITS__MAX_DELAY",
            "NaN",
            "limits.max_delay (WATCHWORD_LIMITS__MAX_DELAY): must be a length of time: "
            '"30m", "12h", "90d", "2s" or a number of seconds',
        ),
        (
            "WATCHWORD_SERVR__PORT",
            "1",
            "WATCHWORD_SERVR__PORT: there is no such setting; did you mean WATCHWORD_SERVER__PORT?",
        ),
        (
            "WATCHWORD_server__port",
            "1",
            "WATCHWORD_server__port: there is no such setting; did you mean WATCHWORD_SERVER__PORT?",
        ),
        ("WATCHWORD_", "1", "WATCHWORD_: there is no such setting; remove it"),
        (
            "WATCHWORD_SPACE",
            "[]",
            "WATCHWORD_SPACE: lists of tables are read from the file only; write [[space]] there",
        ),
        (
            "WATCHWORD_STORAGE__SHARED",
            "h",
            "WATCHWORD_STORAGE__SHARED: this version has no shared caches yet; leave the key out",
        ),
        (
            "WATCHWORD_TOKENS__KEYS",
            "[]",
            "WATCHWORD_TOKENS__KEYS: this version has no keys outside of its data folder yet; leave the key out",
        ),
    ],
)
def test_a_bad_variable_is_named(name: str, written: str, problem: str) -> None:
    assert [str(found) for found in refused(None, {name: written})] == [problem]


def test_variables_of_the_command_line_and_of_others_are_left_alone() -> None:
    environ = {"WATCHWORD_CONFIG": "x", "WATCHWORD_DATA": "y", "WATCHWORD_PASSWORD": "z", "PATH": "/bin", "WATCH": "1"}
    assert load(None, environ) == Settings()


def test_every_key_but_those_of_lists_of_tables_has_its_own_variable() -> None:
    names = [variable.name for variable in all_variables()]
    assert len(set(names)) == len(names)
    assert "WATCHWORD_SERVER__TLS__KEY" in names
    assert not any(name.startswith(("WATCHWORD_SPACE", "WATCHWORD_STORE_")) for name in names)


def test_a_variable_does_not_hide_that_its_section_is_no_table(tmp_path: Path) -> None:
    file = tmp_path / "watchword.toml"
    file.write_text("server = 1\n")
    (problem,) = refused(file, {"WATCHWORD_SERVER__PORT": "1"})
    assert str(problem) == "server (watchword.toml, line 1): must be a table; write [server] above its keys"


def test_overrides_are_not_changed_by_what_is_wrong_with_them() -> None:
    overrides = {"server": {"trusted_proxies": ["nginx"]}}
    with pytest.raises(
        ConfigurationError, match=r"server\.trusted_proxies\[0\] \(command line\): \"nginx\" is neither"
    ):
        load(None, {}, overrides)
    assert overrides == {"server": {"trusted_proxies": ["nginx"]}}


# --- the file -------------------------------------------------------------------------------------------------------


def test_a_file_that_cannot_be_read_is_a_problem_and_what_else_is_wrong_is_told_too(tmp_path: Path) -> None:
    missing = tmp_path / "gone.toml"
    environ = {"WATCHWORD_LOG__LEVEL": "loud", "WATCHWORD_SERVER__HOST": "0.0.0.0"}
    assert [str(problem) for problem in refused(missing, environ)] == [
        f"{missing}: cannot be read (No such file or directory); write the name of a TOML file that can be",
        'log.level (WATCHWORD_LOG__LEVEL): must be "debug", "info", "warning" or "error", not "loud"',
    ]
    assert "it is no file" in str(refused(tmp_path)[0])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"name = '\xff'", "is not UTF-8; save it in that encoding"),
        (b"a = " + b"[" * 5000, "holds more than 16 tables and lists in one another; write fewer"),
        (b"a = " + b"[" * 20 + b"]" * 20, "holds more than 16 tables and lists in one another; write fewer"),
        (b"a = " + b"1" * 5000, "holds a number of thousands of digits; write a shorter one"),
        (b"#" * 300_000, "cannot be read (it is larger than 256 KiB); write the name of a TOML file that can be"),
    ],
)
def test_odd_files_are_problems(content: bytes, says: str, tmp_path: Path) -> None:
    file = tmp_path / "watchword.toml"
    file.write_bytes(content)
    assert [problem.says for problem in refused(file)] == [says]


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert "it is no file" in str(refused(fifo)[0])
    file = tmp_path / "watchword.toml"
    file.write_text("[server.tls]\ncertificate = 'fifo'\nkey = 'fifo'\n")
    assert [problem.says for problem in refused(file)] == [f"{fifo} is no file; write the name of a PEM file"] * 2


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "watchword.toml"
    file.write_bytes(b"\xef\xbb\xbf[server]\r\nport = 1\r\n")
    assert load(file, {}).server.port == 1


# --- TLS ------------------------------------------------------------------------------------------------------------


def write_pair(folder: Path, name: str, *, passphrase: bytes | None = None) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    protection = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)
    )
    (folder / f"{name}.key").chmod(0o600)


def tls_file(folder: Path, certificate: str, key: str) -> Path:
    file = folder / "watchword.toml"
    file.write_text(f"[server]\nhost = '0.0.0.0'\n[server.tls]\ncertificate = '{certificate}'\nkey = '{key}'\n")
    return file


def test_tls_allows_a_host_beyond_loopback_and_its_files_lie_beside_the_configuration(tmp_path: Path) -> None:
    write_pair(tmp_path, "a")
    tls = load(tls_file(tmp_path, "a.pem", "a.key"), {}).server.tls
    assert tls is not None
    assert (tls.certificate, tls.key) == (tmp_path / "a.pem", tmp_path / "a.key")


def test_a_key_that_everybody_may_read_is_refused__F34(tmp_path: Path) -> None:
    write_pair(tmp_path, "a")
    (tmp_path / "a.key").chmod(0o644)
    (problem,) = refused(tls_file(tmp_path, "a.pem", "a.key"))
    assert str(problem) == (
        "server.tls.key (watchword.toml, line 5): "
        f"everybody on this machine may read or change {tmp_path}/a.key; run chmod o= on it"
    )


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    write_pair(tmp_path, "a")
    write_pair(tmp_path, "b")
    (problem,) = refused(tls_file(tmp_path, "a.pem", "b.key"))
    assert problem.says.startswith("the key is not the certificate's; write")


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    write_pair(tmp_path, "a", passphrase=b"secret")
    (problem,) = refused(tls_file(tmp_path, "a.pem", "a.key"))
    assert "the key has a passphrase" in problem.says


def test_an_empty_key_is_refused__F40(tmp_path: Path) -> None:
    write_pair(tmp_path, "a")
    (tmp_path / "a.key").write_bytes(b"")
    (problem,) = refused(tls_file(tmp_path, "a.pem", "a.key"))
    assert problem.where == "server.tls"


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    assert [str(problem) for problem in refused(tls_file(tmp_path, "a.pem", "/a/b.key"))] == [
        f"server.tls.certificate (watchword.toml, line 4): {tmp_path}/a.pem is not there; write where it is",
        "server.tls.key (watchword.toml, line 5): /a/b.key is not there; write where it is",
    ]


def test_a_file_that_the_system_will_not_open_is_named(tmp_path: Path) -> None:
    write_pair(tmp_path, "a")
    (problem,) = refused(tls_file(tmp_path, "a" * 300, "a.key"))
    assert problem.where == "server.tls.certificate"
    assert "cannot be read (File name too long); give the server's user the right to" in problem.says


@pytest.mark.parametrize("words", ["trusted_proxies = ['10.0.0.5']", "allow_cleartext = true"])
def test_proxies_or_an_express_wish_allow_a_host_beyond_loopback__S2_9(words: str, tmp_path: Path) -> None:
    file = tmp_path / "watchword.toml"
    file.write_text(f"[server]\nhost = '0.0.0.0'\n{words}\n")
    assert load(file, {}).server.host == "0.0.0.0"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1", "[::1]"])
def test_loopback_needs_no_tls__S2_9(host: str) -> None:
    assert load(None, {}, {"server": {"host": host}}).server.host == host.strip("[]")


@pytest.mark.parametrize("domain", ["example.com", "auth.example.com"])
def test_a_cookie_may_be_for_the_domain_of_the_public_url__S2_36(domain: str) -> None:
    overrides = {"server": {"public_url": "https://auth.example.com:8443"}, "session": {"cookie": {"domain": domain}}}
    assert load(None, {}, overrides).session.cookie.domain == domain


@pytest.mark.parametrize("url", ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:8080", "https://a.example"])
def test_a_public_url_may_be_cleartext_on_loopback_only__F40(url: str) -> None:
    assert load(None, {}, {"server": {"public_url": url}}).server.public_url == url
