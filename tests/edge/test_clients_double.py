"""Clients for Python beside a server that answers what it is told to: outages, limits, step-ups and redirects."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

import pytest

from tests.edge.calling import LIBRARIES, Library, Wanted
from watchword.core.respond import PROBLEM_TYPE
from watchword.crypto.secret import Secret
from watchword.edge.clients.api_key import ApiKeyAuth
from watchword.edge.clients.auth_token import AuthTokenAuth
from watchword.edge.clients.failures import CannotAuthenticateNow, LogInRefused, SecondFactorNeeded
from watchword.edge.clients.jwt import JwtAuth, Tokens
from watchword.edge.clients.session import Session, SessionAuth
from watchword.edge.clients.signed_request import SignedRequestAuth

Said: TypeAlias = tuple[int, Mapping[str, str], Mapping[str, Any]]
PASSWORD = "a password that nothing else holds"
GOOD: Said = (200, {}, {"session_token": "ww_s_new", "access_token": "new", "refresh_token": "r2", "expires_in": 900})


def problem(status: int, code: str, cell: str, **fields: str) -> Said:
    members = {"type": PROBLEM_TYPE + code, "code": code, "cell": cell}
    return status, {"content-type": "application/problem+json", **fields}, members


@dataclass
class Got:
    """A request as the server got it."""

    method: str
    path: str
    fields: Mapping[str, str]
    content: bytes


@dataclass
class Double:
    """A server that answers each path from its own list, the last answer for ever."""

    url: str = ""
    says: dict[str, list[Said]] = field(default_factory=dict[str, list[Said]])
    got: list[Got] = field(default_factory=list[Got])

    def paths(self) -> list[str]:
        return [each.path for each in self.got]

    def answer(self, request: Got) -> Said:
        self.got.append(request)
        left = self.says.get(request.path, [GOOD])
        return left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def double() -> Iterator[Double]:
    told = Double()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length") or 0))
            fields = {name.lower(): value for name, value in self.headers.items()}
            status, more, members = told.answer(Got(self.command, self.path, fields, content))
            body = json.dumps(members).encode()
            self.send_response(status)
            for name, value in {"content-type": "application/json", **more}.items():
                for line in value.split("\n"):
                    self.send_header(name, line)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = handle_any

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield told
        server.shutdown()


@pytest.fixture
def here() -> Iterator[Double]:
    with double() as server:
        yield server


@pytest.fixture
def elsewhere() -> Iterator[Double]:
    with double() as server:
        yield server


@pytest.fixture(params=LIBRARIES)
def every_library(request: pytest.FixtureRequest) -> Library:
    return LIBRARIES[request.param]


@pytest.fixture(params=["httpx", "httpx2-asyncio", "requests", "niquests-asyncio"])
def library(request: pytest.FixtureRequest) -> Library:
    return LIBRARIES[request.param]


def jwt(here: Double, **more: Any) -> JwtAuth:
    return JwtAuth(here.url, tokens=Tokens("old", "r1"), **more)


EXPIRED = problem(401, "expired-token", "C09")


@pytest.mark.parametrize("said", [problem(503, "unavailable", "C17"), (500, {}, {}), (502, {}, {}), (404, {}, {})])
def test_an_outage_of_refreshing_logs_nobody_out__C17(here: Double, library: Library, said: Said) -> None:
    here.says = {"/": [EXPIRED], "/auth/token": [said, GOOD]}
    kind = jwt(here)
    (outcome,) = library(kind, [Wanted(here.url + "/")])
    assert isinstance(outcome, CannotAuthenticateNow)
    assert outcome.status == said[0]
    assert kind.tokens == Tokens("old", "r1")
    here.says["/"] = [EXPIRED, GOOD]
    assert library(kind, [Wanted(here.url + "/")]) == [200]
    assert kind.tokens is not None
    assert kind.tokens.refresh_token == "r2"


@pytest.mark.parametrize(
    ("said", "outcome", "times"),
    [
        (problem(429, "throttled", "C16", **{"retry-after": "0"}), 200, 2),
        (problem(503, "unavailable", "C17", **{"retry-after": "0"}), 200, 2),
        (problem(429, "throttled", "C16", **{"retry-after": "60"}), 429, 1),
        (problem(503, "unavailable", "C17"), 503, 1),
        ((503, {"retry-after": "0"}, {}), 503, 1),
    ],
    ids=["C16", "C17", "C16-long", "C17-unsaid", "overload"],
)
def test_a_post_waits_where_nothing_was_done__C16__C17(
    here: Double, library: Library, said: Said, outcome: int, times: int
) -> None:
    here.says = {"/": [said, GOOD]}
    assert library(jwt(here), [Wanted(here.url + "/", "POST", b"content")]) == [outcome]
    assert [each.content for each in here.got] == [b"content"] * times


@pytest.mark.parametrize(
    "said", [problem(403, "insufficient-scope", "C11"), problem(403, "forbidden", "C12"), (403, {}, {})]
)
def test_what_will_not_help_is_not_tried__C11__C12(here: Double, library: Library, said: Said) -> None:
    here.says = {"/": [said]}
    assert library(jwt(here), [Wanted(here.url + "/")]) == [403]
    assert here.paths() == ["/"]


def test_a_session_of_several_cookies_is_sent_whole__S2_41(here: Double, library: Library) -> None:
    cookies = [
        "watchword=1; Path=/; Expires=Sun, 22 Nov 2099 10:00:00 GMT",
        "AuthSession=2; Path=/",
        "gone=; Max-Age=0",
    ]
    here.says = {"/login": [(200, {"set-cookie": "\n".join(cookies)}, {})]}
    kind = SessionAuth(here.url, "ann", PASSWORD, delivery="cookie")
    wanted = Wanted(here.url + "/", headers={"cookie": "theme=dark; watchword=old"})
    assert library(kind, [wanted]) == [200]
    assert here.got[-1].fields["cookie"] == "theme=dark; watchword=1; AuthSession=2"


def test_a_step_up_is_a_fresh_log_in_with_a_code__C15(here: Double, library: Library) -> None:
    here.says = {
        "/": [problem(401, "step-up-required", "C15", **{"www-authenticate": 'Bearer acr_values="mfa"'}), GOOD]
    }
    kind = SessionAuth(here.url, "ann", PASSWORD, second_factor=lambda: "123456")
    kind.kept.held = Session("ww_s_old")
    assert library(kind, [Wanted(here.url + "/")]) == [200]
    assert here.paths() == ["/", "/login", "/"]
    assert json.loads(here.got[1].content)["code"] == "123456"
    assert here.got[2].fields["authorization"] == "Bearer ww_s_new"


def test_a_step_up_that_nothing_is_there_for_is_handed_on__C15(here: Double, library: Library) -> None:
    here.says = {
        "/": [problem(401, "step-up-required", "C15", **{"www-authenticate": 'Bearer acr_values="mfa"'})],
        "/login": [problem(401, "step-up-required", "C15")],
    }
    kind = SessionAuth(here.url, "ann", PASSWORD)
    (outcome,) = library(kind, [Wanted(here.url + "/")])
    assert isinstance(outcome, SecondFactorNeeded)
    kind = SessionAuth(here.url, "ann", PASSWORD)
    kind.kept.held = Session("ww_s_old")
    assert library(kind, [Wanted(here.url + "/")]) == [401]
    assert here.paths() == ["/login", "/"]


def _with_session(url: str) -> SessionAuth:
    kind = SessionAuth(url, "ann", PASSWORD, delivery="cookie")
    kind.kept.held = Session(None, {"watchword": "ww_s_old"})
    return kind


def _with_auth_token(url: str) -> AuthTokenAuth:
    kind = AuthTokenAuth(url, "ann", PASSWORD)
    kind.kept.held = Secret("ww_t_old")
    return kind


HOLDING: Mapping[str, Callable[[str], Any]] = {
    "session": _with_session,
    "auth-token": _with_auth_token,
    "jwt": lambda url: JwtAuth(url, tokens=Tokens("old", "r1")),
    "api-key": lambda url: ApiKeyAuth(url, "ww_k_old"),
    "signed-request": lambda url: SignedRequestAuth(url, "AKIA", "secret"),
}


@pytest.mark.parametrize("name", HOLDING)
def test_a_redirect_to_another_host_takes_no_credentials_along__S2_46(
    here: Double, elsewhere: Double, every_library: Library, name: str
) -> None:
    to = elsewhere.url.replace("127.0.0.1", "localhost") + "/there"
    here.says = {"/": [(307, {"location": to}, {})]}
    elsewhere.says = {"/there": [problem(401, "session-expired", "C05", **{"www-authenticate": "Bearer"})]}
    assert every_library(HOLDING[name](here.url), [Wanted(here.url + "/")]) == [401]
    assert here.paths() == ["/"]
    assert elsewhere.paths() == ["/there"]
    assert not elsewhere.got[0].fields.keys() & {"authorization", "cookie", "x-api-key", "auth-key"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_log_in_is_not_redirected__C07(here: Double, elsewhere: Double, every_library: Library, status: int) -> None:
    here.says = {path: [(status, {"location": elsewhere.url + "/login"}, {})] for path in ("/login", "/auth/token")}
    here.says["/"] = [EXPIRED]
    outcomes = [
        *every_library(SessionAuth(here.url, "ann", PASSWORD), [Wanted(here.url + "/")]),
        *every_library(jwt(here), [Wanted(here.url + "/")]),
    ]
    assert not any(isinstance(each, int) for each in outcomes), outcomes
    assert isinstance(outcomes[0], LogInRefused | CannotAuthenticateNow)
    assert not any(PASSWORD.encode() in each.content or b"r1" in each.content for each in elsewhere.got)


def test_a_request_to_another_host_carries_nothing__S2_46(here: Double, elsewhere: Double, library: Library) -> None:
    assert library(jwt(here), [Wanted(elsewhere.url + "/")]) == [200]
    assert "authorization" not in elsewhere.got[0].fields


def test_a_broken_connection_while_refreshing_keeps_the_tokens(here: Double, library: Library) -> None:
    here.says = {"/": [EXPIRED]}
    kind = JwtAuth("http://127.0.0.1:9", tokens=Tokens("old", "r1"), origins=[here.url])
    outcomes = library(kind, [Wanted(here.url + "/")] * 4)
    assert not any(isinstance(each, int) for each in outcomes)
    assert not any("r1" in repr(each) for each in outcomes)
    assert kind.tokens == Tokens("old", "r1")
