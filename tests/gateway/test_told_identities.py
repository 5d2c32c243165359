"""Proxies that prove clients themselves: by certificates that they tell (S2.40), or by identities (S1.9)."""

from __future__ import annotations

import ssl
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.certificates import Authority, Issued
from tests.conftest import on_path
from tests.gateway.echo import Echo
from tests.gateway.nginx import run_nginx, wait_for
from tests.live import Live, User, live_server
from tests.ports import free_port
from tests.server.wire import Answer, Log, Wire, basic, request
from watchword.server.gateway import nginx_configuration

SECRET = "canary-of-the-proxy-0123456789-abcdefghijklmnopq"
USERS = (User("ann", roles=frozenset(("clerk",))), User("root", roles=frozenset(("admin",))))

CONFIG = """
[log]
format = "json"

[server]
trusted_proxies = [{trusted}]

[client_certificate]
proxy_field = "Client-Cert"
proxy_format = "{format}"
ca = "{folder}/clients.pem"

[proxy_header]
field = "X-Remote-User"
peers = [{trusted}]
secret_field = "X-Proxy-Secret"
secret_file = "{folder}/proxy.secret"

[[space]]
mechanisms = ["session", "basic", "client-certificate", "proxy-header"]

[[space.protect]]
path = "/public"
public = true
"""

NGINX = """\
server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.key;
    ssl_client_certificate {folder}/clients.pem;
    ssl_verify_client {verify};
    underscores_in_headers off;
    location / {{
        proxy_pass {watchword};
        proxy_set_header Client-Cert $ssl_client_escaped_cert;
        proxy_set_header Client-Cert-Chain "";
        proxy_set_header X-Remote-User "";
        proxy_set_header X-Proxy-Secret "";
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-Host $http_host;
    }}
    location /whoami {{
        proxy_pass {watchword};
        proxy_set_header Client-Cert $ssl_client_escaped_cert;
        proxy_set_header Client-Cert-Chain "";
        proxy_set_header X-Remote-User $arg_user;
        proxy_set_header X-Proxy-Secret "{secret}";
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-Host $http_host;
    }}
}}
"""

CADDYFILE = """\
{{
    admin off
    auto_https off
    persist_config off
    skip_install_trust
    servers {{
        protocols h1
    }}
}}
https://:{port} {{
    bind 127.0.0.1
    tls {folder}/server.pem {folder}/server.key {{
        client_auth {{
            mode verify_if_given
            trust_pool file {folder}/clients.pem
        }}
    }}
    reverse_proxy {watchword} {{
        header_up Client-Cert ":{{http.request.tls.client.certificate_der_base64}}:"
        header_up -Client-Cert-Chain
        header_up -X-Remote-User
    }}
}}
"""


@dataclass(slots=True)
class Setting:
    """A proxy that speaks TLS, the server behind it, and who vouches for whom."""

    port: int
    live: Live
    folder: Path
    clients: Authority
    servers: Authority

    def ask(self, shown: Issued | None, *fields: str, target: str = "/session", method: str = "GET") -> Answer:
        """The answer to one request through the proxy."""
        context = ssl.create_default_context(cadata=self.servers.pem)
        if shown is not None:
            context.load_cert_chain(*shown.write(self.folder, shown.fingerprint[:16]))
        with Wire(self.port, context) as wire:
            return wire.send(request(method, target, f"Host: localhost:{self.port}", *fields)).answer()

    def directly(self, *fields: str, target: str = "/whoami") -> Answer:
        """The answer to one request that goes around the proxy."""
        with Wire(self.live.port) as wire:
            return wire.send(request("GET", target, *fields)).answer()

    def configuration(self, verify: str, port: int) -> str:
        return NGINX.format(port=port, folder=self.folder, verify=verify, watchword=self.live.url, secret=SECRET)


def prepare(folder: Path, *, format: str, trusted: str) -> tuple[str, Authority, Authority]:
    clients, servers = Authority(), Authority("Test servers")
    (folder / "clients.pem").write_text(clients.pem)
    (folder / "proxy.secret").touch(0o600)
    (folder / "proxy.secret").write_text(SECRET + "\n")
    servers.for_this_machine().write(folder, "server")
    return CONFIG.format(folder=folder, format=format, trusted=trusted), clients, servers


@pytest.fixture(scope="module")
def nginx(require_program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    folder, port = tmp_path_factory.mktemp("told"), free_port()
    config, clients, servers = prepare(folder, format="nginx", trusted='"127.0.0.1"')
    with live_server(config, USERS, copied=False) as live:
        setting = Setting(port, live, folder, clients, servers)
        with run_nginx(require_program("nginx"), setting.configuration("optional", port), port, folder):
            yield setting


@pytest.fixture(scope="module")
def distrustful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    """A server that trusts some other machine, and none of this one."""
    folder = tmp_path_factory.mktemp("distrustful")
    config, clients, servers = prepare(folder, format="rfc9440", trusted='"10.9.9.9"')
    with live_server(config, USERS) as live:
        yield Setting(live.port, live, folder, clients, servers)


# --- nginx ends TLS --------------------------------------------------------------------------------------------------


@pytest.mark.nginx
def test_nginx_tells_the_certificate_that_it_verified__S2_40(nginx: Setting) -> None:
    answer = nginx.ask(nginx.clients.issue("ann"), target="/whoami")
    assert (answer.json["subject"], answer.json["mechanism"]) == ("ann", "client-certificate")
    assert "client-cert" in answer.one("vary").lower()
    assert nginx.ask(None, target="/whoami").cell == "C03"
    assert nginx.ask(nginx.clients.issue("nobody"), target="/whoami").json["code"] == "unknown-identity"


@pytest.mark.nginx
def test_own_routes_that_judge_twice_find_the_certificate_both_times__S2_40(nginx: Setting) -> None:
    assert nginx.ask(nginx.clients.issue("root"), target="/users").status == 200
    assert nginx.ask(nginx.clients.issue("root"), target="/keys?subject=ann").status == 200
    assert nginx.ask(nginx.clients.issue("ann"), target="/users").cell == "C12"


@pytest.mark.nginx
def test_clients_cannot_tell_certificates_through_nginx__F21__F23(nginx: Setting) -> None:
    root = nginx.clients.issue("root")
    escaped, sequence = quote(root.pem, safe=""), f":{b64encode(root.der).decode()}:"
    for name in (
        "Client-Cert",
        "client-cert",
        "Client_Cert",
        "CLIENT_CERT",
        "Client.Cert",
        "X-SSL-Client-Cert",
        "X-Client-Cert",
    ):
        for value in (escaped, sequence):
            assert nginx.ask(None, f"{name}: {value}", target="/whoami").cell == "C03", name
            answer = nginx.ask(nginx.clients.issue("ann"), f"{name}: {value}", target="/whoami")
            assert answer.json["subject"] == "ann", name


@pytest.mark.nginx
def test_nginx_refuses_what_it_cannot_verify__S2_40(nginx: Setting) -> None:
    assert nginx.ask(Authority().issue("ann"), target="/whoami").status == 400


@pytest.mark.nginx
def test_what_nginx_passes_on_unverified_is_verified_here__S2_40__C09(
    nginx: Setting, require_program: Callable[[str], str], tmp_path: Path
) -> None:
    port = free_port()
    with run_nginx(require_program("nginx"), nginx.configuration("optional_no_ca", port), port, tmp_path):
        careless = Setting(port, nginx.live, nginx.folder, nginx.clients, nginx.servers)
        assert careless.ask(nginx.clients.issue("ann"), target="/whoami").status == 200
        answer = careless.ask(Authority().issue("root"), target="/whoami")
    assert (answer.status, answer.cell, answer.json["code"]) == (401, "C09", "invalid-certificate")


@pytest.mark.nginx
def test_forward_auth_judges_the_certificate_that_nginx_tells__S2_40(
    nginx: Setting, require_program: Callable[[str], str], api: Echo, tmp_path: Path
) -> None:
    port = free_port()
    printed = nginx_configuration(server_url=nginx.live.url, upstream_url=api.url, listen=f"127.0.0.1:{port} ssl")
    asked = printed.index("location = /_watchword {")
    changed = printed[asked:].replace('Client-Cert "";', "Client-Cert $ssl_client_escaped_cert;", 1)
    tls = (
        f"ssl_certificate {nginx.folder}/server.pem;\nssl_certificate_key {nginx.folder}/server.key;\n"
        f"ssl_client_certificate {nginx.folder}/clients.pem;\nssl_verify_client optional;\n"
    )
    configuration = (printed[:asked] + changed).replace("server_tokens off;", "server_tokens off;\n" + tls, 1)
    with run_nginx(require_program("nginx"), configuration, port, tmp_path):
        guarded = Setting(port, nginx.live, nginx.folder, nginx.clients, nginx.servers)
        assert guarded.ask(nginx.clients.issue("ann"), target="/patients").status == 200
        seen = api.seen[-1]
        assert seen.all("Remote-User") == ["ann"]
        assert seen.all("Client-Cert") == []
        before = len(api.seen)
        assert guarded.ask(None, target="/patients").status == 401
        spoofed = f"Client-Cert: {quote(nginx.clients.issue('root').pem, safe='')}"
        assert guarded.ask(None, spoofed, target="/patients").status == 401
        assert guarded.ask(None, "X-Remote-User: root", f"X-Proxy-Secret: {SECRET}x", target="/patients").status == 401
        assert len(api.seen) == before


# --- nginx proves who it is ------------------------------------------------------------------------------------------


@pytest.mark.nginx
def test_nginx_tells_who_the_client_is_and_proves_itself__S1_9(nginx: Setting) -> None:
    answer = nginx.ask(None, target="/whoami?user=ann")
    assert (answer.json["subject"], answer.json["mechanism"]) == ("ann", "proxy-header")
    assert nginx.ask(None, target="/whoami?user=nobody").json["code"] == "unknown-identity"
    assert nginx.ask(None, target="/whoami").cell == "C03"


@pytest.mark.nginx
def test_clients_cannot_tell_identities_through_nginx__F21__F23(nginx: Setting) -> None:
    for name in ("X-Remote-User", "x-remote-user", "X_Remote_User", "X.Remote.User", "X-REMOTE-USER", "Remote-User"):
        for target in ("/whoami?user=ann", "/whoami"):
            answer = nginx.ask(None, f"{name}: root", f"{name}: root", f"X-Proxy-Secret: {SECRET}", target=target)
            assert answer.status == 401 if target == "/whoami" else answer.json["subject"] == "ann", (name, target)
        assert nginx.ask(None, f"{name}: root", f"X-Proxy-Secret: {SECRET}", target="/users").cell == "C03"
        named = nginx.ask(None, f"{name}: root", "Connection: X-Remote-User, X-Proxy-Secret", target="/whoami?user=ann")
        assert named.json["subject"] == "ann"


@pytest.mark.nginx
def test_a_named_peer_without_the_secret_is_refused_and_the_operators_hear_of_it__S1_9__C09__F33(
    nginx: Setting,
) -> None:
    log = Log(nginx.live.log)
    for proof in ((), (f"X-Proxy-Secret: {SECRET[:-1]}",), (f"X-Proxy-Secret: {SECRET}",) * 2):
        answer = nginx.directly("X-Remote-User: root", *proof)
        assert (answer.status, answer.cell, answer.json["code"]) == (401, "C09", "invalid-proxy-identity")
    assert nginx.directly("X-Remote-User: root", f"X-Proxy-Secret: {SECRET}").json["subject"] == "root"
    lines = log.lines(5)
    assert sum('"authn_alarm"' in line and "bad-proxy-signature" in line for line in lines) == 2
    assert not any("canary" in line for line in lines)


@pytest.mark.nginx
def test_the_secret_is_in_no_log_line_metric_or_answer__F33__I5(nginx: Setting) -> None:
    for target in ("/whoami?user=ann", "/whoami?user=nobody", "/nothing", "/users"):
        answer = nginx.ask(None, f"X-Proxy-Secret: {SECRET}", target=target)
        assert SECRET.encode() not in answer.body
        assert SECRET not in str(answer.fields)
    assert SECRET.encode() not in nginx.directly(target="/metrics").body
    assert "canary" not in nginx.live.log.read_text()
    command = Path(f"/proc/{nginx.live.process.pid}/cmdline").read_bytes()
    assert SECRET.encode() not in command


@pytest.mark.nginx
def test_pages_of_other_sites_cannot_use_what_the_proxy_adds__C14__F27(nginx: Setting) -> None:
    # nginx adds the identity to every request, so also to those that another site's page has the browser send.
    foreign = ("Origin: https://evil.example", "Sec-Fetch-Site: cross-site")
    proven = ("X-Remote-User: ann", f"X-Proxy-Secret: {SECRET}")
    with Wire(nginx.live.port) as wire:
        vetoed = wire.send(request("DELETE", "/sessions", *foreign, *proven)).answer()
        assert (vetoed.cell, vetoed.json["code"]) == ("C14", "csrf")
        assert wire.send(request("DELETE", "/sessions", *proven)).answer().status in (200, 204)


# --- Caddy speaks RFC 9440 -------------------------------------------------------------------------------------------


@contextmanager
def run_caddy(caddy: str, setting: Setting) -> Iterator[None]:
    file, log = setting.folder / "Caddyfile", setting.folder / "caddy.log"
    file.write_text(CADDYFILE.format(port=setting.port, folder=setting.folder, watchword=setting.live.url))
    home = {"HOME": str(setting.folder), "XDG_DATA_HOME": str(setting.folder), "XDG_CONFIG_HOME": str(setting.folder)}
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [caddy, "run", "--config", str(file), "--adapter", "caddyfile"], stdout=errors, stderr=errors, env=home
        )
        try:
            wait_for(setting.port, process, log)
            yield
        finally:
            process.terminate()
            process.wait(60)


@pytest.mark.gateway
def test_caddy_tells_the_certificate_by_rfc_9440__S2_40__F21__F23(tmp_path: Path) -> None:
    caddy = on_path("caddy")
    if caddy is None:
        pytest.skip("no caddy here")
    config, clients, servers = prepare(tmp_path, format="rfc9440", trusted='"127.0.0.1"')
    with live_server(config, USERS) as live:
        setting = Setting(free_port(), live, tmp_path, clients, servers)
        with run_caddy(caddy, setting):
            answer = setting.ask(clients.issue("ann"), target="/whoami")
            assert (answer.json["subject"], answer.json["mechanism"]) == ("ann", "client-certificate")
            assert setting.ask(None, target="/whoami").cell == "C03"
            sequence = f":{b64encode(clients.issue('root').der).decode()}:"
            for name in ("Client-Cert", "client_cert", "X-SSL-Client-Cert"):
                assert setting.ask(None, f"{name}: {sequence}", target="/whoami").cell == "C03", name
                answer = setting.ask(clients.issue("ann"), f"{name}: {sequence}", target="/whoami")
                assert answer.json["subject"] == "ann", name


# --- whoever is not trusted ------------------------------------------------------------------------------------------


def told_by(clients: Authority) -> list[str]:
    """What a proxy could say of root."""
    root = clients.issue("root")
    sequence, escaped = f":{b64encode(root.der).decode()}:", quote(root.pem, safe="")
    certificates = [
        f"{name}: {value}"
        for name in ("Client-Cert", "client-cert", "Client_Cert", "X-SSL-Client-Cert", "X-Client-Cert")
        for value in (sequence, escaped)
    ]
    users = [f"{name}: root" for name in ("X-Remote-User", "x-remote-user", "X_Remote_User", "X.Remote.User")]
    return [*certificates, "X-SSL-Client-Verify: SUCCESS", "X-SSL-Client-S-DN: CN=root", *users]


def test_from_others_these_fields_say_nothing__F23(distrustful: Setting) -> None:
    for field in told_by(distrustful.clients):
        for more in (
            (),
            (field,),
            (f"X-Proxy-Secret: {SECRET}",),
            ("X-Forwarded-For: 10.9.9.9", "Forwarded: for=10.9.9.9"),
        ):
            answer = distrustful.directly(field, *more)
            assert (answer.status, answer.cell) == (401, "C03"), (field, more)
            assert distrustful.directly(field, *more, basic("ann", USERS[0].password)).json["subject"] == "ann"


def test_an_attempt_of_others_is_no_alarm__F33(distrustful: Setting) -> None:
    log = Log(distrustful.live.log)
    distrustful.directly("X-Remote-User: root", "X-Proxy-Secret: wrong")
    assert not any("authn_alarm" in line for line in log.lines(1))
