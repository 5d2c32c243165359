"""A secret in a URL or in Auth-Key is written down nowhere, however a request to a real server ends (F33, S2.8)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.live import Live, User, live_server
from tests.server.wire import Answer, Log, basic, exchange, json_request, log_in, request

ROOT = User("root", roles=frozenset(("admin",)))
ANN = User("ann")
CONFIG = """
[server]
trusted_proxies = ["127.0.0.1"]
[log]
format = "{format}"
level = "debug"
[[space]]
mechanisms = {mechanisms}
[[space.protect]]
path = "/admin/*"
require = {{ roles = ["admin"] }}
[[space.protect]]
path = "/hidden/*"
require = {{ roles = ["admin"] }}
hidden = true
[[space.protect]]
path = "/pages/*"
login_page = "/ui/login"
[[space.protect]]
path = "/strict/*"
strict = true
"""
READING = ["session", "auth-key", "url-session", "basic", "bearer", "api-key", "url-key"]
DEFAULTS = ["session", "basic", "bearer", "api-key"]


@pytest.fixture(scope="module", params=[("json", READING), ("console", DEFAULTS)], ids=["reading", "not-reading"])
def server(request: pytest.FixtureRequest) -> Iterator[Live]:
    form, mechanisms = request.param
    with live_server(CONFIG.format(format=form, mechanisms=json.dumps(mechanisms)), [ROOT, ANN]) as live:
        yield live


CANARY = "c4n4ry-c4n4ry-c4n4ry"
PATHS = ("/whoami", "/verify", "/sessions", "/users", "/nothing", "/login", "/metrics", "/healthz", "/openapi.json")


def in_urls(secret: str) -> list[str]:
    """Everything behind a path by which somebody might send a secret."""
    return [
        f"?sid={secret}",
        f"?JSESSIONID={secret}",
        f"?api_key={secret}",
        f"?sid={secret}&sid={secret}",
        f"?api_key={secret}&api_key=x",
        f"?%73id={secret}",
        f";jsessionid={secret}",
        f";JSESSIONID={secret}?sid=x",
        f";jsessionid={secret}/../admin",
        f";jsessionid=%41{secret}",
        f"%3bjsessionid={secret}",
        f"%253bjsessionid%3d{secret}",
        f";v=1;jsessionid={secret};w=2/x",
        f"%3Fsid={secret}",
    ]


def requests_with(secret: str) -> list[bytes]:
    found = [request("GET", path + end, last=True) for path in PATHS for end in in_urls(secret)]
    browser = ("Accept: text/html", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Site: none")
    for path in ("/pages/1", "/hidden/1", "/admin/1", "/strict/1"):
        for end in in_urls(secret):
            told = (f"X-Original-URI: {path}{end}", "X-Original-Method: GET", "X-Forwarded-For: 127.0.0.1")
            for door in ("/verify", "/verify/nginx", "/verify/nginx?numbered"):
                found.append(request("GET", door, *told, *browser, last=True))
            found.append(
                request("GET", "/verify", f"X-Forwarded-Uri: {path}{end}", "X-Forwarded-Method: GET", last=True)
            )
            asked = {"method": "GET", "url": f"http://127.0.0.1{path}{end}", "headers": [], "peer": "127.0.0.1"}
            found.append(json_request("POST", "/decide", asked, last=True))
    told_twice = (f"X-Original-URI: /a?sid={secret}", f"X-Forwarded-Uri: /b?sid={secret}", "X-Original-Method: GET")
    with_user = (f"X-Original-URL: http://ann:{secret}@127.0.0.1/a", "X-Original-Method: GET")
    form = "Content-Type: application/x-www-form-urlencoded"
    found += [
        request("GET", "/verify", *told_twice, last=True),
        request("GET", "/verify", *with_user, last=True),
        request("GET", "/whoami", f"Referer: http://127.0.0.1/a;jsessionid={secret}?sid={secret}", last=True),
        request("GET", "/whoami", f"Auth-Key: {secret}", last=True),
        request("GET", "/whoami", f"Auth-Key: {secret}", f"Auth-Key: {secret}", last=True),
        request("GET", "/whoami", f"Auth-Key: ww_a_{secret}", last=True),
        request("GET", "/whoami", "Auth-Key: " + secret * 1000, last=True),
        request("POST", "/keys", form, body=f"sid={secret}".encode(), last=True),
        request("POST", "/keys", form, body=f"api_key={secret}&api_key={secret}".encode(), last=True),
        request("GET", f"http://ann:{secret}@127.0.0.1/whoami", last=True),
        request("GET", f"http://elsewhere.example/a;jsessionid={secret}?sid={secret}", last=True),
        f"GET /a;jsessionid={secret}?sid={secret} HTTP/9.9\r\n\r\n".encode(),
        request("GET", f"/a;jsessionid={secret}#?sid={secret}", last=True),
        request("POST", "/api/authenticate", "Content-Type: text/plain", f"Auth-Key: {secret}", body=b"x", last=True),
        json_request("POST", "/api/authenticate", {"username": secret, "password": secret}, last=True),
        json_request("POST", "/api/authenticate", {"username": [secret], secret: 1}, last=True),
    ]
    return found


def shown(answers: list[Answer]) -> str:
    return "\n".join(f"{answer.status} {answer.fields} {answer.body.decode('latin-1')}" for answer in answers)


def test_a_secret_in_the_url_is_in_no_line_no_metric_and_no_answer__F33__S2_8(server: Live) -> None:
    log, answers = Log(server.log), list[Answer]()
    for sent in requests_with(CANARY):
        answers += exchange(server.port, sent)
    assert {answer.status for answer in answers} > {200, 400, 401, 404, 431}
    (metrics,) = exchange(server.port, request("GET", "/metrics", basic("root", ROOT.password), last=True))
    assert metrics.status == 200
    written = "\n".join(log.lines(at_least=200))
    assert "path" in written
    for where in (written, metrics.body.decode(), shown(answers)):
        assert CANARY not in where
        assert "c4n4ry" not in where.lower()


def test_a_secret_that_opens_doors_is_written_down_nowhere_either__F33__S2_8(server: Live) -> None:
    log = Log(server.log)
    name, password = "ann", ANN.password
    token = log_in(server.port, name, password)
    (given,) = exchange(
        server.port, json_request("POST", "/api/authenticate", {"username": name, "password": password}, last=True)
    )
    key = given.json["auth_key"]
    (made,) = exchange(server.port, json_request("POST", "/keys", {"name": "ci"}, basic(name, password), last=True))
    secrets = (token, key, made.json["key"])
    answers = list[Answer]()
    for secret in secrets:
        for sent in requests_with(secret):
            answers += exchange(server.port, sent)
    (ended,) = exchange(server.port, request("POST", f"/logout;jsessionid={token}?sid={token}", last=True))
    assert ended.status in (204, 404)
    (metrics,) = exchange(server.port, request("GET", "/metrics", basic("root", ROOT.password), last=True))
    places = ("\n".join(log.lines(at_least=200)), metrics.body.decode(), shown(answers))
    for secret in secrets:
        for where in places:
            assert secret not in where
            assert secret[5:40] not in where
