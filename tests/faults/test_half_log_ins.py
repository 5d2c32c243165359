"""A log-in that lacks its second factor, tried at every other door (F28), and at every step out of turn (F29).

The same table is walked in this process and at a real server. What an account's password gives is tried in two forms:
the password itself, wherever one is taken, and the token of the half-finished log-in, wherever a token is.
"""

from __future__ import annotations

import time
from base64 import b32decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.live import User, live_server
from tests.server.api.world import World, account, password_of
from watchword.crypto.otp import Generator, step_at
from watchword.crypto.secret import Secret

MECHANISMS = [
    *("session", "auth-key", "url-session", "auth-token", "basic", "digest", "digest-md5"),
    *("bearer", "api-key", "url-key"),
]
CONFIG = f"""
[server]
trusted_proxies = ["127.0.0.1"]
allow_cleartext = true
[realm]
personas = ["restheart", "openmrs"]
[digest]
keep_secrets = true
[limits]
account_failures = 100
[[space]]
mechanisms = {MECHANISMS}
no_auth_challenge = "no-popup"
[[space.protect]]
path = "/public/*"
public = true
"""
PASSWORD = password_of("ann")
Send = Callable[..., httpx.Response]


@dataclass
class Kit:
    """What somebody has who knows a password and holds no authenticator. `send` sends one request."""

    send: Send
    half: str
    now: Callable[[], float]
    generator: Generator

    def log_in(self, **more: Any) -> httpx.Response:
        return self.send("POST", "/login", json={"username": "ann", "password": PASSWORD, **more})

    def code(self) -> str:
        return self.generator.code(step_at(self.now()))


def _kit(send: Send, now: Callable[[], float]) -> Kit:
    """Give ann a second factor, and begin a log-in of hers."""
    sent = {"username": "ann", "password": PASSWORD, "delivery": "body"}
    session = send("POST", "/login", json=sent).json()["session_token"]
    bearer = {"authorization": f"Bearer {session}"}
    told = send("POST", "/second-factors", json={}, headers=bearer).json()
    generator = Generator(seed=Secret(b32decode(told["secret"])))
    code = {"code": generator.code(step_at(now()))}
    assert send("POST", f"/second-factors/{told['id']}/confirm", json=code, headers=bearer).status_code == 200
    half = send("POST", "/login", json=sent)
    assert half.status_code == 401, half.text
    return Kit(send, half.json()["mfa_token"], now, generator)


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kit]:
    world = World(
        tmp_path_factory.mktemp("data"),
        server={"trusted_proxies": ["127.0.0.1"], "allow_cleartext": True},
        realm={"personas": ["restheart", "openmrs"]},
        digest={"keep_secrets": True},
        limits={"account_failures": 100},
        space={
            "mechanisms": MECHANISMS,
            "no_auth_challenge": "no-popup",
            "protect": [{"path": "/public/*", "public": True}],
        },
    )
    world.storage.put_accounts([account("ann")])
    try:
        yield _kit(world, lambda: world.now)
    finally:
        world.close()


@pytest.fixture(scope="module")
def outside() -> Iterator[Kit]:
    with (
        live_server(CONFIG, [User("ann", PASSWORD, frozenset({"clerk"}))]) as live,
        httpx.Client(base_url=live.url) as client,
    ):

        def send(method: str, target: str, **options: Any) -> httpx.Response:
            client.cookies.clear()
            return client.request(method, target, **options)

        yield _kit(send, time.time)


@pytest.fixture(params=["in this process", "at a real server"])
def kit(request: pytest.FixtureRequest) -> Kit:
    found: Kit = request.getfixturevalue("inside" if request.param == "in this process" else "outside")
    return found


# --- the doors -------------------------------------------------------------------------------------------------------

PATHS = {
    "whoami": ("GET", "/whoami"),
    "verify": ("GET", "/verify"),
    "verify for nginx": ("GET", "/verify/nginx"),
    "verify for Traefik": ("GET", "/verify/traefik"),
    "auth token": ("GET", "/tokens/ann"),
    "auth token's end": ("DELETE", "/tokens/ann"),
    "roles": ("GET", "/roles/ann"),
    "OpenMRS's session": ("GET", "/ws/rest/v1/session"),
    "sessions": ("GET", "/sessions"),
    "sessions' end": ("DELETE", "/sessions"),
    "session's data": ("GET", "/session/data"),
    "keys": ("GET", "/keys"),
    "a new key": ("POST", "/keys"),
    "account": ("GET", "/users/ann"),
    "password": ("PUT", "/users/ann/password"),
    "second factors": ("GET", "/second-factors"),
    "a new second factor": ("POST", "/second-factors"),
    "recovery codes": ("POST", "/second-factors/recovery-codes"),
    "an administrator's door": ("GET", "/users"),
    "a door of somebody else": ("GET", "/tokens/bob"),
    "JSON-RPC": ("POST", "/rpc"),
}
CONTENT = {
    "/rpc": {"jsonrpc": "2.0", "id": 1, "method": "whoami", "params": {}},
    "/users/ann/password": {"password": "another long password", "current_password": PASSWORD},
}


def _content(method: str, path: str) -> dict[str, Any]:
    return {"json": CONTENT.get(path, {})} if method in ("POST", "PUT") else {}


def _closed(answer: httpx.Response) -> None:
    """Neither passed nor given anything by which to pass."""
    assert answer.status_code in (401, 403), answer.text
    gives_nothing(answer)


def gives_nothing(answer: httpx.Response) -> None:
    assert "auth-token" not in answer.headers
    assert not any("ww_" in line for line in answer.headers.get_list("set-cookie"))
    assert "ww_" not in answer.text
    assert "access_token" not in answer.text


WAYS: dict[str, Callable[[], dict[str, Any]]] = {
    "Basic": lambda: {"auth": ("ann", PASSWORD)},
    "Digest": lambda: {"auth": httpx.DigestAuth("ann", PASSWORD)},
}


@pytest.mark.parametrize("door", PATHS)
@pytest.mark.parametrize("way", WAYS)
def test_password_alone_opens_no_door__F28__C15(kit: Kit, door: str, way: str) -> None:
    method, path = PATHS[door]
    answer = kit.send(method, path, **_content(method, path), **WAYS[way]())
    if way == "Digest" and path == "/ws/rest/v1/session":
        assert answer.json() == {"authenticated": False}  # anybody may ask, so nobody is asked for a response
        return
    _closed(answer)
    # A response of Digest is for one target: at /verify that is another than the one that is judged.
    if answer.status_code == 401 and not (way == "Digest" and path.startswith("/verify")):
        assert answer.headers["auth-decision"].startswith("C15;")
        assert not any("Basic" in line or "Digest" in line for line in answer.headers.get_list("www-authenticate"))


@pytest.mark.parametrize("way", WAYS)
def test_password_alone_is_nobody_where_anybody_may_come__F28__C01(kit: Kit, way: str) -> None:
    assert kit.send("GET", "/session", **WAYS[way]()).json() == {"authenticated": False}
    assert kit.send("GET", "/healthz", **WAYS[way]()).status_code == 200


def test_password_alone_does_not_pass_to_public_targets_either__F28__C15(kit: Kit) -> None:
    forwarded = {
        "x-forwarded-method": "GET",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "api.example",
        "x-forwarded-uri": "/public/1",
        "x-forwarded-for": "192.0.2.1",
    }
    assert kit.send("GET", "/verify", headers=forwarded).status_code == 200
    answer = kit.send("GET", "/verify", headers=forwarded, auth=("ann", PASSWORD))
    _closed(answer)
    assert answer.headers["auth-decision"].startswith("C15;")


def test_password_alone_is_not_granted_by_a_decision__F28__C15(kit: Kit) -> None:
    basic = httpx.Request("GET", "http://localhost", headers={"x": "y"})
    authorization = next(httpx.BasicAuth("ann", PASSWORD).auth_flow(basic)).headers["authorization"]
    for url in ("https://api.example/records", "https://api.example/public/1"):
        question = {"method": "GET", "url": url, "headers": [["authorization", authorization]], "peer": "192.0.2.1"}
        told = kit.send("POST", "/decide", json=question).json()
        assert (told["granted"], told["status"], told["principal"]) == (False, 401, None)
        assert told["problem"]["cell"] == "C15"
        assert "mfa_token" not in str(told)


@pytest.mark.parametrize("path", ["/login", "/auth/login", "/api/authenticate"])
@pytest.mark.parametrize("more", [{}, {"code": ""}, {"code": "x"}, {"mfa_token": "x"}], ids=str)
@pytest.mark.parametrize("form", ["json", "data"])
def test_password_alone_logs_nobody_in__F28__F29(kit: Kit, path: str, more: dict[str, str], form: str) -> None:
    sent = {"username": "ann", "password": PASSWORD, "delivery": "body", **more}
    answer = kit.send("POST", path, **{form: sent})
    assert answer.status_code in (401, 429)
    gives_nothing(answer)


@pytest.mark.parametrize("way", WAYS)
def test_password_in_the_header_helps_no_log_in__F28__F29(kit: Kit, way: str) -> None:
    for path in ("/login", "/auth/login", "/api/authenticate", "/login/second-factor", "/auth/login/second-factor"):
        answer = kit.send("POST", path, json={}, **WAYS[way]())
        assert answer.status_code in (401, 422)
        gives_nothing(answer)
    _closed(kit.send("POST", "/login/second-factor", json={"code": "123456"}, **WAYS[way]()))


def test_password_is_no_clients_secret__F28(kit: Kit) -> None:
    for grant in ("client_credentials", "password", "refresh_token"):
        form = {"grant_type": grant, "username": "ann", "password": PASSWORD, "refresh_token": kit.half}
        answer = kit.send("POST", "/oauth2/token", data=form, auth=("ann", PASSWORD))
        _closed(answer)


AS_TOKEN: dict[str, Callable[[str], dict[str, Any]]] = {
    "Bearer": lambda half: {"headers": {"authorization": f"Bearer {half}"}},
    "cookie": lambda half: {"headers": {"cookie": f"watchword={half}"}},
    "cookie over TLS": lambda half: {
        "headers": {"cookie": f"__Host-watchword={half}", "x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.1"}
    },
    "API key": lambda half: {"headers": {"x-api-key": half}},
    "APIKEY": lambda half: {"headers": {"authorization": f"APIKEY {half}"}},
    "Auth-Key": lambda half: {"headers": {"auth-key": half}},
    "password of Basic": lambda half: {"auth": ("ann", half)},
    "session in the URL": lambda half: {"params": {"session_id": half}},
    "key in the URL": lambda half: {"params": {"api_key": half}},
    "access token in the URL": lambda half: {"params": {"access_token": half}},
    "everywhere at once": lambda half: {
        "headers": {"cookie": f"watchword={half}", "x-api-key": half, "auth-key": half},
        "auth": ("ann", half),
    },
}


@pytest.mark.parametrize("door", PATHS)
@pytest.mark.parametrize("carrier", AS_TOKEN)
def test_half_a_log_in_is_no_token_of_any_kind__F28(kit: Kit, door: str, carrier: str) -> None:
    method, path = PATHS[door]
    answer = kit.send(method, path, **_content(method, path), **AS_TOKEN[carrier](kit.half))
    if path == "/ws/rest/v1/session" and answer.status_code == 200:
        assert answer.json() == {"authenticated": False}  # anybody may ask
        gives_nothing(answer)
        return
    _closed(answer)


@pytest.mark.parametrize("path", ["/auth/token", "/oauth2/token"])
def test_half_a_log_in_is_no_refresh_token__F28(kit: Kit, path: str) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": kit.half, "client_id": "watchword"}
    answer = kit.send("POST", path, data=form)
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] in ("invalid_grant", "invalid_client")
    gives_nothing(answer)


# --- steps out of turn -----------------------------------------------------------------------------------------------

STEPS = ("/login", "/login/second-factor", "/auth/login", "/auth/login/second-factor", "/api/authenticate")
EMPTY: dict[str, dict[str, Any]] = {
    "nothing": {},
    "empty JSON": {"json": {}},
    "empty form": {"data": {"x": ""}},
    "a list": {"json": []},
    "null": {"json": None},
    "JSON that says it is a form": {
        "content": b'{"code": "123456"}',
        "headers": {"content-type": "application/x-www-form-urlencoded"},
    },
    "a form that says it is JSON": {"content": b"code=123456", "headers": {"content-type": "application/json"}},
    "text": {"content": b'{"code": "123456"}', "headers": {"content-type": "text/plain"}},
    "a code twice": {
        "content": b"code=123456&code=123456",
        "headers": {"content-type": "application/x-www-form-urlencoded"},
    },
}


@pytest.mark.parametrize("path", STEPS)
@pytest.mark.parametrize("content", EMPTY)
def test_empty_and_mistaken_content_gets_nowhere__F29(kit: Kit, path: str, content: str) -> None:
    answer = kit.send("POST", path, **EMPTY[content])
    assert answer.status_code in (400, 415, 422)
    gives_nothing(answer)


@pytest.mark.parametrize("path", STEPS)
def test_steps_are_not_taken_by_get__F29(kit: Kit, path: str) -> None:
    query = {"mfa_token": kit.half, "code": kit.code(), "username": "ann", "password": PASSWORD}
    answer = kit.send("GET", path, params=query)
    assert answer.status_code == 405
    gives_nothing(answer)


@pytest.mark.parametrize(
    "sent",
    [
        {"mfa_token": "", "code": "123456"},
        {"code": "123456"},
        {"mfa_token": "{half}", "code": ""},
        {"mfa_token": "{half}", "code": "{half}"[:100]},
        {"mfa_token": "{half}", "code": "000000", "username": "ann", "password": PASSWORD},
        {"mfa_token": "{half}{half}", "code": "123456"},
        {"mfa_token": PASSWORD, "code": "123456"},
    ],
    ids=str,
)
def test_second_step_without_a_right_code_or_a_first_step_gets_nowhere__F29(kit: Kit, sent: dict[str, str]) -> None:
    half = kit.log_in().json().get("mfa_token", kit.half)
    filled = {name: value.replace("{half}", half) for name, value in sent.items()}
    filled = {**filled, "code": filled["code"][:100]}
    for path in ("/login/second-factor", "/auth/login/second-factor"):
        answer = kit.send("POST", path, json=filled)
        assert answer.status_code in (401, 422, 429)
        gives_nothing(answer)


def test_right_code_without_the_first_step_gets_nowhere__F29(inside: Kit) -> None:
    for sent in ({"code": inside.code()}, {"mfa_token": "x", "code": inside.code()}):
        _closed(inside.send("POST", "/login/second-factor", json=sent))
        assert inside.send("POST", "/auth/login/second-factor", json=sent).status_code in (401, 422)
