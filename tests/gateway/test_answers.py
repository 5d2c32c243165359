"""Every refusal arrives at nginx's client as Watchword meant it, and every grant with what belongs to it (C26)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.gateway.conftest import Gateway
from tests.gateway.wire import Answer, basic, first_answer, request, send
from tests.live import Live

pytestmark = pytest.mark.nginx

BASIC = 'Basic realm="OpenMRS", charset="UTF-8"'
BEARER = 'Bearer realm="OpenMRS"'
COOKIE = 'OpenMRS-Cookie realm="OpenMRS"'
INVALID_TOKEN = 'Bearer realm="OpenMRS", error="invalid_token", error_description='
PROGRAM = ("Accept", "application/json")
PERSON = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
ELSEWHERE = ("Origin", "https://elsewhere.example")
ALLOWED = ("Origin", "https://app.example.com")
STALE = ("Cookie", "watchword=ww_s_gone")


@dataclass(frozen=True)
class Refusal:
    """A request, and what must come back: challenges by how they begin."""

    cell: str
    status: int
    challenges: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    target: str = "/patients"
    method: str = "GET"
    clears: bool = False


REFUSALS = {
    "C03__S0_3": Refusal("C03", 401, (BASIC, BEARER, COOKIE)),
    "C04": Refusal("C04", 401, (BASIC, BEARER, COOKIE), (("Authorization", "NTLM TlRMTVNTUAAB"),)),
    "C05__S0_5": Refusal("C05", 401, (BASIC, BEARER, COOKIE), (STALE,), clears=True),
    "C07__S0_4": Refusal("C07", 401, (BEARER, COOKIE), (basic("nobody", "wrong"),)),
    "C07_with_a_stale_cookie": Refusal("C07", 401, (BEARER, COOKIE), (basic("nobody2", "no"), STALE), clears=True),
    "C02_on_a_public_target": Refusal("C07", 401, (BEARER, COOKIE), (basic("nobody3", "no"),), target="/public/x"),
    "C08__F19": Refusal("C08", 401, (BEARER, COOKIE), (("Authorization", "Basic !!!"),)),
    "C09": Refusal("C09", 401, (BASIC, INVALID_TOKEN, COOKIE), (("Authorization", "Bearer nonsense"),)),
    "C10": Refusal("C10", 400, (f'{BEARER}, error="invalid_request"',), (("Authorization", "Bearer"),)),
    "C12": Refusal("C12", 403, (), (basic("ann"),), target="/admin/x"),
    "C13": Refusal("C13", 403, (), (basic("root"),), target="/of/ann"),
    "C14_from_another_origin__F27": Refusal("C14", 403, (), (basic("ann"), ELSEWHERE), method="POST"),
    "C15": Refusal("C15", 401, (BEARER, COOKIE), (basic("ann"),), target="/second-factor/x"),
    "C18": Refusal("C18", 431, (), (("Authorization", "Basic " + "A" * 17_000),)),
    "C28": Refusal("C28", 400, (), (basic("ann"), STALE), target="/strict/x", clears=True),
}
refusals = pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)


@refusals
@pytest.mark.parametrize("accept", [PROGRAM, PERSON], ids=["problem", "page"])
def test_refusals_keep_their_status_challenges_and_content__C26(
    gateway: Gateway, refusal: Refusal, accept: tuple[str, str]
) -> None:
    before = len(gateway.api.seen)
    answer = gateway(refusal.method, refusal.target, (*refusal.fields, accept))
    assert len(gateway.api.seen) == before
    assert answer.status == refusal.status
    found = answer.all("WWW-Authenticate")
    assert len(found) == len(refusal.challenges)
    assert all(line.startswith(start) for line, start in zip(found, refusal.challenges, strict=True)), found
    decision = answer.one("Auth-Decision")
    assert decision.startswith(f"{refusal.cell};id=")
    assert [line.partition(";")[0] for line in answer.all("Set-Cookie")] == ["watchword="] * refusal.clears
    assert answer.one("Cache-Control") == "no-store"
    if accept is PERSON:
        assert answer.one("Content-Type") == "text/html; charset=utf-8"
        assert f"{refusal.cell} &middot; {decision.rpartition('=')[2]}".encode() in answer.content
    else:
        assert answer.one("Content-Type") == "application/problem+json"
        problem = answer.json()
        assert (problem["status"], problem["cell"]) == (refusal.status, refusal.cell)
        assert problem["instance"] == f"urn:watchword:request:{decision.rpartition('=')[2]}"


# What a hop says of itself; nginx says "nosniff" and "no-referrer" in words of its own, which are the same.
_OF_THE_HOP = {"server", "date", "connection", "content-length"}


def said(answer: Answer) -> tuple[int, list[tuple[str, str]], bytes]:
    """All that an answer says, but for its request id."""
    lines = [(name.lower(), _without_id(value)) for name, value in answer.lines if name.lower() not in _OF_THE_HOP]
    return answer.status, sorted(lines), _without_id(answer.content.decode()).encode()


def _without_id(text: str) -> str:
    return re.sub(r"[0-9a-f]{18}", "<id>", text)


def ask(server: Live, path: str, method: str, target: str, fields: tuple[tuple[str, str], ...]) -> Answer:
    """Ask Watchword as a proxy that it trusts does."""
    about = [("X-Original-Method", method), ("X-Original-URI", target), ("X-Forwarded-For", "127.0.0.1")]
    about += [("X-Forwarded-Proto", "http"), ("X-Forwarded-Host", "api.example.com")]
    return send(server.port, "GET", path, [*about, *fields])


@refusals
@pytest.mark.parametrize("accept", [PROGRAM, PERSON], ids=["problem", "page"])
def test_nginx_passes_on_every_field_and_byte_of_the_true_refusal__C26(
    gateway: Gateway, refusal: Refusal, accept: tuple[str, str]
) -> None:
    fields = (*refusal.fields, accept)
    through = gateway(refusal.method, refusal.target, fields)
    assert said(through) == said(ask(gateway.server, "/verify", refusal.method, refusal.target, fields))


def test_hidden_targets_are_not_there__C26(gateway: Gateway) -> None:
    answer = gateway("GET", "/hidden/x", [basic("ann")])
    assert said(answer) == said(ask(gateway.server, "/verify", "GET", "/hidden/x", (basic("ann"),)))
    assert answer.status == answer.json()["status"] == 404
    assert "Auth-Decision" not in dict(answer.lines)
    assert "cell" not in answer.json()


def test_throttled_users_are_told_when_to_come_back__C16__C26(gateway: Gateway) -> None:
    for _ in range(8):
        assert gateway("GET", "/patients", [basic("throttled", "wrong")]).status == 401
    answer = gateway("GET", "/patients", [basic("throttled")])
    assert (answer.status, answer.json()["cell"]) == (429, "C16")
    assert int(answer.one("Retry-After")) > 0
    assert answer.all("WWW-Authenticate") == []


def test_preflights_are_answered_without_content__C22__C26(gateway: Gateway) -> None:
    fields = (ALLOWED, ("Access-Control-Request-Method", "PUT"))
    answer = gateway("OPTIONS", "/patients", fields)
    direct = ask(gateway.server, "/verify", "OPTIONS", "/patients", fields)
    assert answer.status == 204
    assert answer.content == b""
    for name in ("Origin", "Credentials", "Methods", "Headers"):
        name = f"Access-Control-Allow-{name}"
        assert answer.one(name) == direct.one(name)
    assert answer.one("Access-Control-Max-Age") == "600"
    assert answer.all("Content-Type") == []


def test_navigations_are_sent_to_the_login_page__C23__C26(gateway: Gateway) -> None:
    answer = gateway("GET", "/page/x", [PERSON, ("Sec-Fetch-Mode", "navigate")])
    assert (answer.status, answer.one("Location")) == (303, "/ui/login")
    assert answer.one("Auth-Decision").startswith("C23;")
    assert len(answer.all("Content-Type")) == 1


def test_pages_of_allowed_origins_may_read_refusals_and_grants(gateway: Gateway) -> None:
    for fields in ([ALLOWED], [ALLOWED, basic("ann")]):
        answer = gateway("GET", "/patients", fields)
        assert answer.one("Access-Control-Allow-Origin") == "https://app.example.com"
        assert answer.one("Access-Control-Allow-Credentials") == "true"
        assert "WWW-Authenticate" in answer.one("Access-Control-Expose-Headers")
        assert "origin" in answer.one("Vary")


@pytest.mark.parametrize("spare", ["No-Auth-Challenge", "?noauthchallenge", "Sec-Fetch-Dest"])
def test_clients_are_spared_pop_ups_through_nginx_too(gateway: Gateway, spare: str) -> None:
    target = "/patients?noauthchallenge" if spare.startswith("?") else "/patients"
    fields = [] if spare.startswith("?") else [(spare, "empty")]
    answer = gateway("GET", target, fields)
    assert (answer.status, answer.all("WWW-Authenticate")) == (401, [BEARER, COOKIE])


# --- grants ---------------------------------------------------------------------------------------------------------


def test_granted_requests_come_with_who_asks__C00(gateway: Gateway, session_of: Callable[[str], str]) -> None:
    cookie = session_of("ann")
    assert gateway("GET", "/patients", [("Cookie", cookie)]).status == 200
    seen = gateway.api.seen[-1]
    assert (seen.all("Remote-User"), seen.all("Remote-Roles"), seen.all("Remote-Scopes")) == (["ann"], ["clerk"], [])
    (session,) = seen.all("Remote-Session")
    assert session not in cookie
    assert send(gateway.server.port, "GET", "/whoami", [("Cookie", cookie)]).json()["session"] == session


def test_names_of_any_script_arrive_percent_encoded(gateway: Gateway) -> None:
    name = 'Zoë, "100%"'
    assert gateway("GET", "/patients", [basic(name)]).status == 200
    seen = gateway.api.seen[-1]
    assert seen.all("Remote-User") == ['Zo%C3%AB, "100%25"']
    assert seen.all("Remote-Roles") == ["a%2Cb,c%20d,%C3%A9"]


def test_stale_cookie_is_cleared_where_another_mechanism_grants__C06(gateway: Gateway) -> None:
    answer = gateway("GET", "/patients", [STALE, basic("ann")])
    assert answer.status == 200
    assert answer.one("Set-Cookie").startswith("watchword=; Max-Age=0;")
    assert gateway.api.seen[-1].all("Remote-User") == ["ann"]


def test_stale_cookie_is_cleared_on_public_targets__C01(gateway: Gateway) -> None:
    answer = gateway("GET", "/public/x", [STALE])
    assert answer.status == 200
    assert answer.one("Set-Cookie").startswith("watchword=; Max-Age=0;")
    assert not [name for name, _ in gateway.api.seen[-1].lines if name.lower().startswith("remote")]


def test_grants_clear_nothing_that_is_valid(gateway: Gateway, session_of: Callable[[str], str]) -> None:
    assert gateway("GET", "/patients", [("Cookie", session_of("ann"))]).all("Set-Cookie") == []


@pytest.mark.parametrize(("target", "status"), [("/patients", 200), ("/admin/x", 403)])
def test_answers_to_basic_show_the_auth_token__S3_2(gateway: Gateway, target: str, status: int) -> None:
    answer = gateway("GET", target, [basic("ann")])
    assert answer.status == status
    token = answer.one("Auth-Token")
    assert answer.one("Auth-Token-Location") == "/tokens/ann"
    assert answer.one("Auth-Token-Valid-Until").endswith("Z")
    assert gateway("GET", "/patients", [basic("ann", token)]).status == 200


# --- shapes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["/patients", "/admin/x", "/hidden/x", "/public/x"])
def test_head_gets_what_get_would_without_the_content__C27(gateway: Gateway, target: str) -> None:
    head, get = (gateway(method, target, [basic("ann")]) for method in ("HEAD", "GET"))
    assert head.content == b""
    assert head.status == get.status
    # The API tells the request line back, whose method is one letter longer.
    length = int(get.one("Content-Length")) + (1 if get.status == 200 else 0)
    assert int(head.one("Content-Length")) == length
    assert {name for name, _ in head.lines} == {name for name, _ in get.lines}


@pytest.mark.parametrize("target", ["/patients", "/public/x"])
def test_http_1_0_gets_the_same__C27(gateway: Gateway, target: str) -> None:
    old = gateway("GET", target, version="1.0")
    new = gateway("GET", target)
    assert old.status == new.status
    assert old.all("WWW-Authenticate") == new.all("WWW-Authenticate")


def test_refused_upload_need_not_be_sent__C27(gateway: Gateway) -> None:
    """nginx says 100 (Continue) even so, because it throws away what comes; Watchword itself does not."""
    fields = [("Expect", "100-continue"), ("Content-Length", "1000000")]
    answer = first_answer(gateway.nginx.port, request("POST", "/patients", fields))
    assert (answer.status, answer.json()["cell"]) == (401, "C03")


def test_nothing_that_watchword_tells_nginx_reaches_clients(gateway: Gateway) -> None:
    for fields in ([], [basic("ann")], [STALE]):
        for target in ("/patients", "/admin/x", "/hidden/x"):
            names = {name.lower() for name, _ in gateway("GET", target, fields).lines}
            assert not [name for name in names if name.startswith(("x-auth", "remote-"))]


@pytest.mark.parametrize(
    ("fields", "status", "cell"),
    [
        ([("Authorization", "Basic " + "A" * 25_000)], 431, "C18"),
        ([basic("ann"), basic("root")], 400, "C10"),
        ([("Host", "a"), ("Host", "b")], 400, "C10"),
        ([("Bad Name", "a")], 400, "C10"),
    ],
    ids=["too_large__C18", "two_authorizations__C10__F20", "two_hosts", "space_in_a_name"],
)
def test_head_that_nginx_refuses_is_told_in_our_words(
    gateway: Gateway, fields: list[tuple[str, str]], status: int, cell: str
) -> None:
    answer = gateway("GET", "/public/x", fields)
    assert (answer.status, answer.json()["cell"]) == (status, cell)
    assert answer.one("Content-Type") == "application/problem+json"


@pytest.mark.parametrize(
    ("fields", "status"),
    [([(f"X-{number}", "a") for number in range(300)], 431), ([("X-Odd", "a\x01b")], 400)],
    ids=["too_many__C18", "control_character__C10"],
)
def test_head_that_watchword_cannot_read_is_not_its_outage(
    gateway: Gateway, fields: list[tuple[str, str]], status: int
) -> None:
    answer = gateway("GET", "/public/x", fields)
    assert answer.status == answer.json()["status"] == status
    assert answer.all("Retry-After") == []
