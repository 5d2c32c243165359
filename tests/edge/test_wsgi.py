"""The WSGI host: the request as the application sees it, and the same answers as anywhere else."""

from __future__ import annotations

import http.client
import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.validate import validator

import pytest

from tests.edge.verifier.calls import verifier
from tests.edge.verifier.double import double
from tests.live import User, add_users
from watchword import Requirement, Watchword
from watchword.core.space import Rule
from watchword.edge.wsgi import PRINCIPAL, principal, request_of


def environ(**members: Any) -> Any:
    plain = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.1",
        "wsgi.url_scheme": "http",
    }
    return plain | members


@pytest.mark.parametrize(
    ("script", "path", "query", "target"),
    [
        ("", "/a/b", "", b"/a/b"),
        ("", "/a b", "x=1&y=%20", b"/a%20b?x=1&y=%20"),
        ("/app", "/x", "", b"/app/x"),
        ("/app", "", "", b"/app"),
        ("", "", "", b"/"),
        ("", "/Zo\xc3\xab", "", b"/Zo%C3%AB"),
        ("", "/a%2Fb", "", b"/a%252Fb"),
        ("", "/a;b?c", "", b"/a;b%3Fc"),
        ("", "/a\r\nb", "", b"/a%0D%0Ab"),
    ],
)
def test_the_target_is_what_the_application_is_given__F22(script: str, path: str, query: str, target: bytes) -> None:
    assert request_of(environ(SCRIPT_NAME=script, PATH_INFO=path, QUERY_STRING=query)).target == target


def test_fields_peer_and_version_are_the_requests() -> None:
    request = request_of(
        environ(
            REQUEST_METHOD="POST",
            HTTP_X_API_KEY=" key ",
            HTTP_ACCEPT="*/*",
            CONTENT_TYPE="text/plain",
            CONTENT_LENGTH="",
            SERVER_PROTOCOL="HTTP/1.0",
            **{"wsgi.url_scheme": "https", "wsgi.input": object()},
        )
    )
    assert request.method == "POST"
    assert set(request.fields) == {(b"x-api-key", b"key"), (b"accept", b"*/*"), (b"content-type", b"text/plain")}
    assert (request.peer.address, request.peer.secure, request.http_version) == ("192.0.2.1", True, "1.0")


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def application(environ: Any, start_response: Any) -> list[bytes]:
    who = principal(environ)
    length = int(environ.get("CONTENT_LENGTH") or 0)
    read = environ["wsgi.input"].read(length)
    seen = environ.get("HTTP_REMOTE_USER", "-")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Vary", "Accept")])
    return [f"{who.subject if who else 'nobody'} {seen} {read.decode()}".encode()]


@contextmanager
def served(auth: Watchword) -> Iterator[int]:
    """Under the standard library's server, with its validator of PEP 3333 on both sides."""
    guarded = validator(auth.wsgi(validator(application)))
    with make_server("127.0.0.1", 0, guarded, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def ask(
    port: int, method: str = "GET", path: str = "/x", body: str = "", **fields: str
) -> tuple[int, dict[str, str], str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(method, path, body or None, {name.replace("_", "-"): text for name, text in fields.items()})
        response = connection.getresponse()
        return response.status, {name.lower(): text for name, text in response.getheaders()}, response.read().decode()


RULES = [Rule(path="/public", requirement=Requirement(public=True))]


def test_a_real_server_and_a_validator_find_nothing_wrong() -> None:
    with double() as server, verifier(server.url, rules=RULES) as auth, served(auth) as port:
        bearer = f"Bearer {server.token()}"
        status, fields, content = ask(port, "POST", "/x", "hello", Authorization=bearer)
        assert (status, content) == (200, "ann - hello")
        assert {"accept", "authorization"} <= {name.strip().lower() for name in fields["vary"].split(",")}
        status, fields, content = ask(port)
        assert (status, fields["www-authenticate"]) == (401, 'Bearer realm="Watchword"')
        assert fields["content-type"] == "application/problem+json"
        status, fields, content = ask(port, "HEAD")
        assert (status, content) == (401, "")
        assert int(fields["content-length"]) > 0
        assert ask(port, "GET", "/public")[2] == "nobody - "


@pytest.mark.parametrize("name", ["Remote-User", "remote_user", "REMOTE.USER", "Remote_User"])
def test_identity_fields_of_the_client_are_never_seen__F21(name: str) -> None:
    with (
        double() as server,
        verifier(server.url, rules=RULES) as auth,
        served(auth) as port,
        closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection,
    ):
        connection.request("GET", "/public", headers={name: "root"})
        assert connection.getresponse().read() == b"nobody - "


def test_two_credentials_in_one_request_are_none__F20() -> None:
    """The server joins the lines of a repeated field, and what comes of that is no token."""
    with (
        double() as server,
        verifier(server.url) as auth,
        served(auth) as port,
        closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection,
    ):
        connection.putrequest("GET", "/x")
        for _ in range(2):
            connection.putheader("Authorization", f"Bearer {server.token()}")
        connection.endheaders()
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["cell"]) == (401, "C09")


def test_the_database_at_hand_serves_wsgi_as_it_serves_asgi(tmp_path: Path) -> None:
    add_users(tmp_path, [User("ann")])
    with closing(Watchword.from_config(data=tmp_path)) as auth, served(auth) as port:
        right, wrong = (b64encode(f"ann:{word}".encode()).decode() for word in ("correct horse battery", "wrong"))
        assert ask(port)[0] == 401
        assert ask(port, Authorization=f"Basic {right}")[2] == "ann - "
        assert ask(port, Authorization=f"Basic {wrong}")[0] == 401
        assert auth.ready()
        assert auth.knowledge().connected
        assert PRINCIPAL == "watchword.principal"
