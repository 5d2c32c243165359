"""Settings about certificates and told identities: what is taken, and what refuses to start (S1.9, S2.40, F40)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.certificates import Authority
from watchword.config import ConfigurationError, load
from watchword.config.settings import Settings
from watchword.http.client_certificate import ToldCertificate
from watchword.mechanisms.client_certificate import Affixes
from watchword.mechanisms.proxy_header import SharedSecret, SignedIdentity
from watchword.tokens.identity import ByAttribute, Exact, Mapped, Profile

SECRET = "0123456789-abcdefghijklmnopqrstuvwxyz"
CLIENTS, SERVERS = Authority(), Authority("Servers")

TAKES_BOTH = '[[space]]\nmechanisms = ["session", "client-certificate", "proxy-header"]\n'
TRUSTED = '[server]\ntrusted_proxies = ["10.0.0.5"]\n'
TLS = '[server.tls]\ncertificate = "server.pem"\nkey = "server.key"\n'
ASKS = TLS + 'client_ca = "clients.pem"\nclient_certificates = "optional"\n'
HEADER = '[proxy_header]\nfield = "X-Remote-User"\npeers = ["10.0.0.5"]\n'
BY_SECRET = HEADER + 'secret_field = "X-Proxy-Secret"\nsecret_file = "proxy.secret"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "clients.pem").write_text(CLIENTS.pem)
    (tmp_path / "clients.crl").write_text(CLIENTS.revocation_list())
    (tmp_path / "nothing.pem").write_text("nothing")
    SERVERS.for_this_machine().write(tmp_path, "server")
    for name, text in (("proxy.secret", SECRET), ("short.secret", "x" * 31), ("dull.secret", "ab" * 20)):
        (tmp_path / name).touch(0o600)
        (tmp_path / name).write_text(text + "\n")
    return tmp_path


def read(text: str, folder: Path) -> Settings:
    file = folder / "watchword.toml"
    file.write_text(text, "utf-8")
    return load(file, {})


def wrong(text: str, folder: Path) -> list[tuple[str, str]]:
    """What is wrong, and where."""
    with pytest.raises(ConfigurationError) as refused:
        read(text, folder)
    return [(problem.where, problem.says) for problem in refused.value.problems]


def test_what_is_written_is_what_the_mechanisms_are_made_of(folder: Path) -> None:
    settings = read(
        TRUSTED
        + ASKS
        + 'client_crl = "clients.crl"\n'
        + TAKES_BOTH
        + """
        [client_certificate]
        map = "san-email"
        pattern = "{name}@clinic.example"
        search = ["exact", "attribute:certificate", "mapping", "default"]
        users = { "A. Smith" = "ann" }
        default = "visitor"
        proxy_field = "Client-Cert"
        proxy_format = "nginx"
        """
        + BY_SECRET,
        folder,
    )
    section = settings.client_certificate
    assert section.affixes == Affixes("", "@clinic.example")
    assert section.steps == (Exact(), ByAttribute("certificate"), Mapped({"A. Smith": "ann"}), Profile("visitor"))
    assert settings.trust.certificate == ToldCertificate(b"client-cert", "nginx")
    assert settings.trust.trusts("10.0.0.5")
    assert settings.authorities == folder / "clients.pem"  # those of our own TLS, where no others are named
    assert settings.withheld > {"X-Remote-User", "X-Proxy-Secret", "Remote-User"}
    header = settings.proxy_header
    assert header is not None
    proof = header.proof()
    assert isinstance(proof, SharedSecret)
    assert (proof.field, [secret.reveal() for secret in proof.secrets]) == (b"x-proxy-secret", [SECRET.encode()])


def test_a_secret_may_come_from_the_environment_and_have_a_successor__F34(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROXY_SECRET", f"{SECRET} {SECRET[::-1]}")
    text = (
        HEADER
        + 'signature_field = "X-Signature"\nsecret_variable = "PROXY_SECRET"\n'
        + TAKES_BOTH.replace('"client-certificate", ', "")
    )
    header = read(text, folder).proxy_header
    assert header is not None
    proof = header.proof()
    assert isinstance(proof, SignedIdentity)
    assert len(proof.secrets) == 2
    assert SECRET not in repr(header) + repr(proof)


ONLY_HEADER = '[[space]]\nmechanisms = ["proxy-header"]\n'
ONLY_CERTIFICATE = '[[space]]\nmechanisms = ["client-certificate"]\n'
PROOF = 'secret_field = "X-Proxy-Secret"\n'
FILE = 'secret_file = "proxy.secret"\n'


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        # peers alone, and what proves no more
        (HEADER + FILE + ONLY_HEADER, "proxy_header", "an address alone proves too little"),
        (BY_SECRET + 'signature_field = "X-Signature"\n' + ONLY_HEADER, "proxy_header", "write one of them"),
        (
            BY_SECRET.replace("X-Proxy-Secret", "x-remote-user") + ONLY_HEADER,
            "proxy_header.secret_field",
            "is the field",
        ),
        (HEADER + PROOF + ONLY_HEADER, "proxy_header", "either a secret_file or a secret_variable"),
        (BY_SECRET + 'secret_variable = "X"\n' + ONLY_HEADER, "proxy_header", "write one of them"),
        (BY_SECRET.replace("proxy.secret", "gone") + ONLY_HEADER, "proxy_header.secret_file", "is not there"),
        (
            BY_SECRET.replace("proxy.secret", "short.secret") + ONLY_HEADER,
            "proxy_header.secret_file",
            "could be guessed",
        ),
        (
            BY_SECRET.replace("proxy.secret", "dull.secret") + ONLY_HEADER,
            "proxy_header.secret_file",
            "could be guessed",
        ),
        (HEADER + PROOF + 'secret_variable = "NOWHERE"\n' + ONLY_HEADER, "proxy_header.secret_variable", "no secret"),
        (HEADER + PROOF + f'secret_variable = "{SECRET}"\n' + ONLY_HEADER, "proxy_header.secret_variable", "never the"),
        # everybody, and nobody
        (BY_SECRET.replace('"10.0.0.5"', '"0.0.0.0/0"') + ONLY_HEADER, "proxy_header.peers[0]", "every client"),
        (BY_SECRET.replace('"10.0.0.5"', '"everyone"') + ONLY_HEADER, "proxy_header.peers[0]", "every client"),
        (
            BY_SECRET.replace('"10.0.0.5"', '"0.0.0.0/1", "128.0.0.0/1"') + ONLY_HEADER,
            "proxy_header.peers",
            "everybody",
        ),
        (BY_SECRET.replace('"10.0.0.5"', "") + ONLY_HEADER, "proxy_header.peers", "is an empty list"),
        (BY_SECRET.replace('"10.0.0.5"', '"proxy.example"') + ONLY_HEADER, "proxy_header.peers[0]", "not looked up"),
        # names that somebody would read otherwise
        (BY_SECRET.replace("X-Remote-User", "X_Remote_User") + ONLY_HEADER, "proxy_header.field", "read alike"),
        (BY_SECRET.replace("X-Remote-User", "X.User") + ONLY_HEADER, "proxy_header.field", "read alike"),
        (BY_SECRET.replace("X-Remote-User", "Authorization") + ONLY_HEADER, "proxy_header.field", "something else"),
        (BY_SECRET.replace("X-Remote-User", "X-Forwarded-For") + ONLY_HEADER, "proxy_header.field", "something else"),
        (BY_SECRET.replace("X-Proxy-Secret", "Cookie") + ONLY_HEADER, "proxy_header.secret_field", "something else"),
        # mechanisms without what they need, and the other way about
        (ONLY_HEADER, "space[0].mechanisms", "needs to know whom to believe"),
        (BY_SECRET, "proxy_header", "no space takes it"),
        (ONLY_CERTIFICATE, "space[0].mechanisms", "nobody to show a certificate to"),
        (ASKS, "server.tls.client_certificates", "no space takes certificates"),
        (TRUSTED + '[client_certificate]\nproxy_field = "Client-Cert"\n', "client_certificate.proxy_field", "no space"),
        (
            '[client_certificate]\nproxy_field = "Client-Cert"\n' + ONLY_CERTIFICATE,
            "client_certificate.proxy_field",
            "nobody is trusted",
        ),
        (
            TRUSTED + '[client_certificate]\nproxy_field = "X-Remote-User"\n' + BY_SECRET + TAKES_BOTH,
            "client_certificate.proxy_field",
            "of an identity already",
        ),
        # certificates without authorities
        (TLS + 'client_certificates = "required"\n', "server.tls.client_certificates", "which certificates are good"),
        (TLS + 'client_ca = "clients.pem"\n', "server.tls.client_ca", "nobody is asked"),
        (TLS + 'client_crl = "clients.crl"\n', "server.tls.client_crl", "nobody is asked"),
        (ASKS.replace("clients.pem", "gone.pem") + ONLY_CERTIFICATE, "server.tls.client_ca", "cannot be read"),
        (ASKS.replace("clients.pem", "nothing.pem") + ONLY_CERTIFICATE, "server.tls.client_ca", "no certificates"),
        (ASKS + 'client_crl = "clients.pem"\n' + ONLY_CERTIFICATE, "server.tls.client_crl", "no revoked certificates"),
        (ASKS + 'client_crl = "nothing.pem"\n' + ONLY_CERTIFICATE, "server.tls.client_crl", "no revoked certificates"),
        (
            ASKS + ONLY_CERTIFICATE + '[client_certificate]\nca = "nothing.pem"\n',
            "client_certificate.ca",
            "no certific",
        ),
        (TLS + 'client_certificates = "maybe"\n', "server.tls.client_certificates", '"off", "optional" or "required"'),
        # searches
        (
            ASKS + ONLY_CERTIFICATE + '[client_certificate]\nmap = "fingerprint"\n',
            "client_certificate.search",
            "no account is called like a fingerprint",
        ),
        (
            ASKS
            + ONLY_CERTIFICATE
            + '[client_certificate]\nmap = "fingerprint"\nsearch = ["attribute:x"]\npattern = "{name}x"\n',
            "client_certificate.pattern",
            "nothing stands around",
        ),
        (
            ASKS + ONLY_CERTIFICATE + '[client_certificate]\nsearch = ["mapping"]\n',
            "client_certificate.search",
            "write client_certificate.users",
        ),
        (
            ASKS + ONLY_CERTIFICATE + '[client_certificate]\nusers = { "CN=ann" = "ann" }\n',
            "client_certificate.users",
            'add "mapping"',
        ),
        (BY_SECRET + 'search = ["default"]\n' + ONLY_HEADER, "proxy_header.search", "write proxy_header.default"),
        (BY_SECRET + 'default = "visitor"\n' + ONLY_HEADER, "proxy_header.default", 'add "default"'),
        (
            BY_SECRET + 'search = ["default", "exact"]\ndefault = "visitor"\n' + ONLY_HEADER,
            "proxy_header.search",
            'write ["exact", "default"]',
        ),
        (BY_SECRET + 'search = ["exakt"]\n' + ONLY_HEADER, "proxy_header.search[0]", 'did you mean "exact"?'),
        (BY_SECRET + 'search = ["attribute:"]\n' + ONLY_HEADER, "proxy_header.search[0]", "no step of a search"),
        (BY_SECRET + 'users = { "x" = "a:b" }\n' + ONLY_HEADER, "proxy_header.users", "no colon"),
        (BY_SECRET + "users = { x = 1 }\n" + ONLY_HEADER, "proxy_header.users", "a table of identities"),
        (
            ASKS + ONLY_CERTIFICATE + '[client_certificate]\npattern = "ann@clinic.example"\n',
            "client_certificate.pattern",
            "write {name} once",
        ),
    ],
)
def test_unsafe_and_useless_settings_refuse_to_start__S1_9__S2_40__F23__F40(
    text: str, where: str, says: str, folder: Path
) -> None:
    found = wrong(text, folder)
    assert [place for place, _ in found] == [where], found
    assert says in found[0][1]
    assert SECRET not in str(found)


def test_files_that_others_may_read_or_change_refuse_to_start__F34__F40(folder: Path) -> None:
    (folder / "proxy.secret").chmod(0o640)
    assert "run chmod 600" in wrong(BY_SECRET + ONLY_HEADER, folder)[0][1]
    os.chmod(folder / "proxy.secret", 0o600)
    (folder / "clients.pem").chmod(0o666)
    assert "run chmod o-w" in wrong(ASKS + ONLY_CERTIFICATE, folder)[0][1]


def test_a_field_is_nobody_s_without_this_table() -> None:
    assert Settings().trust.certificate is None
    assert Settings().proxy_header is None
