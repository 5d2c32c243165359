"""What hosts tell of certificates, and what applications are spared of them and of identities (F21, F23, F33)."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import Authority, Issued
from tests.server.api.world import Seen, account
from watchword.config.build import Parts, build
from watchword.config.settings import Settings
from watchword.edge.asgi import PRINCIPAL, Guarded, request_of
from watchword.edge.door import Door
from watchword.edge.wsgi import GuardedWsgi
from watchword.edge.wsgi import request_of as request_of_wsgi
from watchword.http.client_certificate import UNREADABLE
from watchword.storage.memory import MemoryStorage

CLIENTS = Authority()
ANN = CLIENTS.issue("ann")
SEQUENCE = f":{b64encode(ANN.der).decode()}:"
PROXY, CLIENT = "10.0.0.5", "198.51.100.7"
SECRET = "canary-of-the-proxy-0123456789-abcdefghijklmnopq"


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    (tmp_path / "secret").touch(0o600)
    (tmp_path / "secret").write_text(SECRET)
    storage = MemoryStorage()
    storage.put_accounts([account("ann"), account("bob")])
    settings = Settings.model_validate(
        {
            "server": {"trusted_proxies": [PROXY]},
            "client_certificate": {"proxy_field": "Client-Cert"},
            "couchdb": {"proxy": {"emit": "safe"}},
            "proxy_header": {
                "field": "X-Remote-User",
                "peers": [PROXY],
                "secret_field": "X-Proxy-Secret",
                "secret_file": str(tmp_path / "secret"),
            },
            "space": [
                {
                    "mechanisms": ["session", "client-certificate", "proxy-header"],
                    "protect": [{"path": "/public", "public": True}],
                }
            ],
        }
    )
    made = build(settings, tmp_path, Seen(), storage=storage, on_loop=False)
    yield made
    made.close()


def scope(*fields: tuple[str, str], address: str = CLIENT, tls: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A request as an ASGI server tells it."""
    made: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": "/x",
        "raw_path": b"/x",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in fields],
        "client": (address, 40_000),
        "server": ("localhost", 443),
    }
    return made if tls is None else {**made, "extensions": {"tls": dict(tls)}}


def seen_by_asgi(parts: Parts, asked: dict[str, Any]) -> dict[str, Any] | None:
    """The scope that the application sees; None where it sees none."""
    found: list[dict[str, Any]] = []

    async def application(inner: Any, receive: Any, send: Any) -> None:
        found.append(inner)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        return None

    asyncio.run(Guarded(application, Door(parts.service.engine, parts.service.targets))(asked, receive, send))
    return found[0] if found else None


def environ(*fields: tuple[str, str], address: str = CLIENT, **more: str) -> dict[str, Any]:
    """A request as a WSGI server tells it."""
    made = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/x",
        "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": address,
        "wsgi.url_scheme": "https",
        **more,
    }
    return {**made, **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in fields}}


def seen_by_wsgi(parts: Parts, asked: dict[str, Any]) -> dict[str, Any] | None:
    found: list[dict[str, Any]] = []

    def application(inner: Any, start: Any) -> list[bytes]:
        found.append(inner)
        start("204 No Content", [])
        return []

    def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
        return None

    list(GuardedWsgi(application, Door(parts.service.engine, parts.service.targets))(asked, start))
    return found[0] if found else None


def chain(*shown: Issued, error: str | None = None) -> dict[str, Any]:
    return {"client_cert_chain": [each.pem for each in shown], "client_cert_error": error}


# --- certificates of the host's own TLS ------------------------------------------------------------------------------


def test_a_server_tells_certificates_by_the_tls_extension_of_asgi__S2_40() -> None:
    assert request_of(scope(tls=chain(ANN, CLIENTS.issued))).peer.certificate == ANN.der
    for tls in (None, {}, chain(), chain(ANN, error="expired"), {"client_cert_chain": None}):
        assert request_of(scope(tls=tls)).peer.certificate is None
    assert request_of(scope(tls={"client_cert_chain": ["nonsense"]})).peer.certificate == UNREADABLE
    cleartext = {**scope(tls=chain(ANN)), "scheme": "http"}
    assert request_of(cleartext).peer.certificate is None


def test_a_server_tells_certificates_as_mod_ssl_does__S2_40() -> None:
    good = environ(SSL_CLIENT_CERT=ANN.pem, SSL_CLIENT_VERIFY="SUCCESS")
    assert request_of_wsgi(good).peer.certificate == ANN.der
    for more in (
        {"SSL_CLIENT_CERT": ANN.pem},
        {"SSL_CLIENT_CERT": ANN.pem, "SSL_CLIENT_VERIFY": "FAILED:expired"},
        {"SSL_CLIENT_CERT": ANN.pem, "SSL_CLIENT_VERIFY": "NONE"},
        {"SSL_CLIENT_VERIFY": "SUCCESS"},
        {"HTTP_SSL_CLIENT_CERT": ANN.pem, "HTTP_SSL_CLIENT_VERIFY": "SUCCESS"},
    ):
        assert request_of_wsgi(environ(**more)).peer.certificate is None


def test_both_hosts_prove_the_certificate_s_holder__S2_40__C00(parts: Parts) -> None:
    inner = seen_by_asgi(parts, scope(tls=chain(ANN)))
    assert inner is not None
    assert inner[PRINCIPAL].subject == "ann"
    outer = seen_by_wsgi(parts, environ(SSL_CLIENT_CERT=ANN.pem, SSL_CLIENT_VERIFY="SUCCESS"))
    assert outer is not None
    assert outer[PRINCIPAL].subject == "ann"


# --- what applications see -------------------------------------------------------------------------------------------

SHOWN = {"client_cert_chain": [ANN.pem]}
SPELLINGS = ("Client-Cert", "client_cert", "Client.Cert", "X-SSL-Client-Cert", "X-Ssl_Client-Verify", "X-Client-Cert")
TOLD = ("X-Remote-User", "x_remote_user", "X.Remote.User", "X-Proxy-Secret", "x_proxy_secret", "Remote-User")
COUCHDB = ("X-Auth-CouchDB-UserName", "x_auth_couchdb_roles", "X.Auth.CouchDB.Token", "xauthcouchdbusername")


@pytest.mark.parametrize("name", [*SPELLINGS, *TOLD, *COUCHDB])
def test_no_application_sees_what_a_client_says_of_itself__F21__F23(parts: Parts, name: str) -> None:
    inner = seen_by_asgi(parts, scope((name, "CN=root"), ("X-Other", "stays"), tls=SHOWN))
    assert inner is not None
    assert inner["headers"] == ((b"x-other", b"stays"),) or inner["headers"] == [(b"x-other", b"stays")]
    outer = seen_by_wsgi(
        parts,
        environ((name, "CN=root"), ("X-Other", "stays"), SSL_CLIENT_CERT=ANN.pem, SSL_CLIENT_VERIFY="SUCCESS"),
    )
    assert outer is not None
    assert [key for key in outer if key.startswith("HTTP_")] == ["HTTP_X_OTHER"]


FROM_PROXY = (
    ("X-Forwarded-For", CLIENT),
    ("X-Forwarded-Proto", "https"),
    ("Client-Cert", SEQUENCE),
    ("X-SSL-Client-Verify", "SUCCESS"),
    ("X-Remote-User", "bob"),
    ("X-Proxy-Secret", SECRET),
)


def test_what_a_trusted_proxy_writes_of_certificates_stays_and_the_secret_does_not__F33(parts: Parts) -> None:
    asked = scope(
        *FROM_PROXY, ("Client_Cert", "a client's"), ("Connection", "client-cert, x-proxy-secret"), address=PROXY
    )
    inner = seen_by_asgi(parts, asked)
    assert inner is not None
    assert inner[PRINCIPAL].subject == "ann"  # the certificate stands first in the space
    names = [name for name, _ in inner["headers"]]
    assert names == [b"x-forwarded-for", b"x-forwarded-proto", b"client-cert", b"x-ssl-client-verify", b"connection"]
    assert (b"connection", b"") in inner["headers"]
    outer = seen_by_wsgi(parts, environ(*FROM_PROXY, address=PROXY))
    assert outer is not None
    assert {"HTTP_CLIENT_CERT", "HTTP_X_SSL_CLIENT_VERIFY"} < set(outer)
    assert not {"HTTP_X_REMOTE_USER", "HTTP_X_PROXY_SECRET"} & set(outer)


def test_the_proxy_s_word_proves_the_user_and_no_application_learns_how__S1_9__C00(parts: Parts) -> None:
    told = [field for field in FROM_PROXY if not field[0].startswith(("Client", "X-SSL"))]
    for inner in (
        seen_by_asgi(parts, scope(*told, address=PROXY)),
        seen_by_wsgi(parts, environ(*told, address=PROXY)),
    ):
        assert inner is not None
        assert (inner[PRINCIPAL].subject, inner[PRINCIPAL].authentication.mechanism) == ("bob", "proxy-header")
        assert "watchword.request" not in inner
        assert "canary" not in str(inner)


def test_nobody_passes_by_the_fields_alone__F23(parts: Parts) -> None:
    for address in (CLIENT, "10.0.0.6", "127.0.0.1"):
        assert seen_by_asgi(parts, scope(*FROM_PROXY, address=address)) is None
        assert seen_by_wsgi(parts, environ(*FROM_PROXY, address=address)) is None
