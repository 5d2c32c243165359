"""What a client says of other requests, of its address and of its certificate has no effect (F23)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gateway.conftest import Gateway
from tests.gateway.wire import basic, send
from tests.live import Live, User, live_server
from watchword.config.settings import Settings
from watchword.server.forward_auth import DIALECTS

# Each would open a door, or hide who asks, if it were believed.
SPOOFED = (
    ("X-Forwarded-Uri", "/public/x"),
    ("X-Forwarded-Method", "OPTIONS"),
    ("X-Forwarded-Host", "public.example"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Port", "443"),
    ("X-Forwarded-Prefix", "/public"),
    ("X-Forwarded-Scheme", "https"),
    ("X-Forwarded-Ssl", "on"),
    ("X-Forwarded-For", "10.1.2.3"),
    ("X_Forwarded_Uri", "/public/x"),
    ("X_Original_URI", "/public/x"),
    ("X.Original.URI", "/public/x"),
    ("Forwarded", 'for=10.1.2.3;proto=https;host="public.example"'),
    ("X-Original-URL", "/public/x"),
    ("X-Original-URI", "/public/x"),
    ("X-Original-Uri", "http://public.example/public/x"),
    ("X-Original-Method", "OPTIONS"),
    ("X-Original-Host", "public.example"),
    ("X-Rewrite-URL", "/public/x"),
    ("X-Real-IP", "10.1.2.3"),
    ("X-Auth-Status", "200"),
    ("X-SSL-Client-Verify", "SUCCESS"),
    ("X-SSL-Client-S-DN", "CN=root"),
    ("Client-Cert", ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6:"),
    ("Client-Cert-Chain", ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6:"),
    ("X-Client-Cert", "MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6"),
    ("X-SSL-Client-Cert", "MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6"),
    ("X-Forwarded-Client-Cert", "Subject=CN=root"),
    ("X-Remote-User", "root"),
    ("User-Agent", "GoogleHC/1.0"),
    ("User-Agent", "kube-probe/1.30"),
    ("User-Agent", "ELB-HealthChecker/2.0"),
    ("Host", "localhost"),
    ("Referer", "/public/x"),
    ("Upgrade", "websocket"),
    ("X-HTTP-Method-Override", "OPTIONS"),
    ("Content-Type", "application/grpc"),
)
every_one = pytest.mark.parametrize("field", SPOOFED, ids=lambda field: f"{field[0]}: {field[1][:24]}")

# Those that nginx or Watchword speak by are replaced or removed before the API sees them.
_SPOKEN_BY = (
    "x-forwarded-",
    "x-original-",
    "x-rewrite-",
    "x-real-ip",
    "forwarded",
    "client-cert",
    "x-client-cert",
    "x-ssl-client-",
)


# --- through nginx --------------------------------------------------------------------------------------------------


@pytest.mark.nginx
@every_one
def test_clients_open_no_door_by_saying_they_want_another__F23(gateway: Gateway, field: tuple[str, str]) -> None:
    before = len(gateway.api.seen)
    assert gateway("GET", "/patients", [field]).status == 401
    assert gateway("GET", "/admin/x", [field, basic("ann")]).status == 403
    assert len(gateway.api.seen) == before


@pytest.mark.nginx
@every_one
def test_clients_close_no_door_either__F23(gateway: Gateway, field: tuple[str, str]) -> None:
    assert gateway("GET", "/admin/x", [field, basic("root")]).status == 200
    seen = gateway.api.seen[-1]
    assert seen.all("Remote-User") == ["root"]
    assert seen.all("X-Forwarded-For") == ["127.0.0.1"]
    assert seen.all("X-Forwarded-Proto") == ["http"]
    if field[0].lower().startswith(_SPOKEN_BY):
        assert field not in seen.lines


@pytest.mark.nginx
def test_all_of_them_together_have_no_effect_either__F23(gateway: Gateway) -> None:
    fields = [field for field in SPOOFED if field[0] != "Host"]
    assert gateway("GET", "/patients", fields).status == 401
    assert gateway("GET", "/admin/x", [*fields, basic("ann")]).status == 403
    assert gateway("GET", "/admin/x", [*fields, *fields, basic("root")]).status == 200


@pytest.mark.nginx
def test_limits_follow_the_connection_and_not_what_the_client_says__F15__F23(gateway: Gateway) -> None:
    gateway("GET", "/patients", [("X-Forwarded-For", "10.9.9.9")])
    assert "10.9.9.9" not in gateway.server.log.read_text()


# --- at a server that trusts nobody, as it is without configuration -------------------------------------------------

RULES = """
[[space]]
[[space.protect]]
path = "/public/*"
public = true
[[space.protect]]
path = "/admin/*"
require = { roles = ["admin"] }
"""


@pytest.fixture(scope="module")
def unconfigured() -> Iterator[Live]:
    with live_server(RULES, [User("ann")]) as live:
        yield live


every_dialect = pytest.mark.parametrize("path", [*DIALECTS, "/verify/nginx?numbered"])


def test_nobody_is_trusted_by_default__F23() -> None:
    assert Settings().server.trusted_proxies == ()
    assert not Settings().server.trust


@every_dialect
@every_one
def test_no_field_alone_makes_verify_grant__F23(unconfigured: Live, path: str, field: tuple[str, str]) -> None:
    """CVE-2026-34457: a User-Agent was enough."""
    assert send(unconfigured.port, "GET", path, [field]).status in (401, 403)


@every_dialect
def test_verify_judges_whoami_for_whoever_is_not_trusted__F23(unconfigured: Live, path: str) -> None:
    about = [("X-Original-Method", "GET"), ("X-Original-URI", "/public/x"), ("X-Forwarded-For", "127.0.0.1")]
    assert send(unconfigured.port, "GET", path, about).status == 401
    about[1] = ("X-Original-URI", "/admin/x")
    answer = send(unconfigured.port, "GET", path, [*about, basic("ann")])
    assert answer.status == send(unconfigured.port, "GET", "/whoami", [basic("ann")]).status == 200
    assert answer.one("Remote-User") == "ann"


def test_verify_over_an_untrusted_peer_asks_whoami_whatever_the_method__F23(unconfigured: Live) -> None:
    origin = ("Origin", "https://elsewhere.example")
    for method in ("GET", "POST", "DELETE"):
        assert send(unconfigured.port, method, "/verify", [basic("ann"), origin]).status == 200


def test_metrics_and_decide_stay_shut_to_whoever_comes_through_a_trusted_proxy__F23(server: Live) -> None:
    through = [("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Proto", "https")]
    assert send(server.port, "GET", "/metrics").status == 200
    assert send(server.port, "GET", "/metrics", through).status == 401
    assert send(server.port, "POST", "/decide", through, b"{}").status == 401
