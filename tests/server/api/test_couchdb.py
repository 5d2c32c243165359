"""/_session: as CouchDB 3 answers it; and cookies that administrators make for others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.server.api.world import NOW, World, basic, is_problem, password_of, refused_by, set_cookies
from watchword.core.ask import Question
from watchword.core.questions import ChangeAccount, CheckPassword, FindAccount
from watchword.tokens.couchdb_cookie import read_couchdb_cookie

PATH = "/_session"

Worlds = Callable[..., World]


@pytest.fixture
def couch(make_world: Worlds) -> World:
    return make_world(**COUCHDB)


FORM = {"content-type": "application/x-www-form-urlencoded"}
COUCHDB: dict[str, Any] = {"realm": {"personas": ["couchdb"]}, "space": {"mechanisms": ["couchdb", "basic"]}}


def log_in(world: World, name: str = "ann", **options: Any) -> httpx.Response:
    return world("POST", PATH, data={"name": name, "password": password_of(name)}, **options)


def cookie_of(answer: httpx.Response) -> str:
    (line,) = set_cookies(answer)
    return line.partition(";")[0]


def told(answer: httpx.Response, cell: str, error: str) -> str:
    """The reason of a refusal in CouchDB's words."""
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["auth-decision"].startswith(f"{cell};id=")
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert list(body) == ["error", "reason"]
    assert body["error"] == error
    reason: str = body["reason"]
    return reason


# --- log-in ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", ["data", "json"])
def test_name_and_password_give_the_cookie__S2_25(couch: World, sent: str) -> None:
    answer = couch("POST", PATH, **{sent: {"name": "ann", "password": password_of("ann"), "next": "//evil.example"}})
    assert answer.status_code == 200
    assert answer.text == '{"ok":true,"name":"ann","roles":["clerk","reader"]}\n'
    (line,) = set_cookies(answer)
    pair, *attributes = line.split("; ")
    assert attributes == [
        "Version=1",
        "Expires=Mon, 21 Sep 2026 14:23:20 GMT",
        "Max-Age=600",
        "Path=/",
        "HttpOnly",
        "SameSite=Lax",
    ]
    assert couch("GET", "/whoami", headers={"cookie": pair}).json()["mechanism"] == "couchdb"


def test_cookie_is_secure_over_tls__S2_25(couch: World) -> None:
    (line,) = set_cookies(log_in(couch, secure=True))
    assert "Secure" in line.split("; ")
    assert line.startswith("AuthSession=")


@pytest.mark.parametrize("name", ["ann", "nobody", "gone", "a:b", "ann\x00", "\N{FULLWIDTH LATIN SMALL LETTER A}nn"])
def test_wrong_name_or_password_clears_the_cookie__S2_25__C07__F17(couch: World, name: str) -> None:
    answer = couch("POST", PATH, json={"name": name, "password": "wrong"})
    assert told(answer, "C07", "unauthorized") == "Name or password is incorrect."
    assert answer.status_code == 401
    (line,) = set_cookies(answer)
    assert line.startswith("AuthSession=; Max-Age=0; Expires=Thu, 01 Jan 1970")
    schemes = {line.partition(" ")[0] for line in answer.headers.get_list("www-authenticate")}
    assert schemes == {"CouchDB-Cookie"}


def test_nobody_is_sent_on__S2_25(couch: World) -> None:
    for target in ("https://evil.example/", "//evil.example", "/db/_design/app", "%0d%0aX: y"):
        answer = log_in(couch, params={"next": target})
        assert answer.status_code == 200
        assert "location" not in answer.headers
        failed = couch("POST", PATH, data={"name": "ann", "password": "wrong"}, params={"fail": target})
        assert failed.status_code == 401
        assert "location" not in failed.headers


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400),
        ({"json": {"name": "ann"}}, 422),
        ({"json": ["ann", "secret"]}, 422),
        ({"content": b"name=ann&password=x", "headers": {"content-type": "text/plain"}}, 415),
        ({"content": b"name=ann&name=bob&password=x", "headers": FORM}, 400),
        ({"content": b"x" * 70_000, "headers": {"content-type": "application/json"}}, 413),
    ],
    ids=["no JSON", "no password", "a list", "text", "a name twice", "too large"],
)
def test_what_is_no_log_in_is_a_bad_request__F11(couch: World, options: dict[str, Any], status: int) -> None:
    answer = couch("POST", PATH, **options)
    assert answer.status_code == status
    assert answer.json()["error"] == "bad_request"
    assert "secret" not in answer.text
    assert set_cookies(answer) == []


def test_page_of_another_origin_logs_nobody_in_or_out__C14__F27(couch: World) -> None:
    foreign = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    answer = log_in(couch, headers=foreign)
    told(answer, "C14", "forbidden")
    assert set_cookies(answer) == []
    assert set_cookies(couch("DELETE", PATH, headers=foreign)) == []


def test_too_many_failures_are_429_in_couchdb_s_words__C16(make_world: Worlds) -> None:
    world = make_world(**COUCHDB, limits={"account_failures": 1})
    first, answer = (world("POST", PATH, json={"name": "ann", "password": "wrong"}) for _ in range(2))
    told(first, "C07", "unauthorized")
    told(answer, "C16", "too_many_requests")
    assert int(answer.headers["retry-after"]) > 0


def test_log_in_is_noted_and_its_cookie_is_not(couch: World) -> None:
    value = cookie_of(log_in(couch)).partition("=")[2]
    (event,) = [event for event in couch.seen.events if event.name == "authn_login_success"]
    assert event.fields["subject"] == "ann"
    assert value not in repr(couch.seen.events)


# --- who is logged in ------------------------------------------------------------------------------------------------


def test_nobody_is_told_so__S2_25(couch: World) -> None:
    answer = couch("GET", PATH)
    assert answer.status_code == 200
    assert answer.text == (
        '{"ok":true,"userCtx":{"name":null,"roles":[]},'
        '"info":{"authentication_handlers":["cookie","default"],"authentication_db":"_users"}}\n'
    )


def test_user_of_the_cookie_is_told__S2_25(couch: World) -> None:
    answer = couch("GET", PATH, headers={"cookie": cookie_of(log_in(couch))})
    assert answer.json() == {
        "ok": True,
        "userCtx": {"name": "ann", "roles": ["clerk", "reader"]},
        "info": {
            "authentication_handlers": ["cookie", "default"],
            "authentication_db": "_users",
            "authenticated": "cookie",
        },
    }
    assert couch("GET", PATH, auth=basic("bob")).json()["info"]["authenticated"] == "default"
    assert set_cookies(couch("GET", PATH, auth=basic("bob"))) == []


def test_basic_true_refuses_nobody_with_the_challenge__S2_25__C03(couch: World) -> None:
    answer = couch("GET", PATH, params={"basic": "true"})
    assert answer.status_code == 401
    assert told(answer, "C03", "unauthorized") == "Please login."
    assert any(line.startswith("Basic ") for line in answer.headers.get_list("www-authenticate"))
    assert couch("GET", PATH, params={"basic": "true"}, auth=basic("ann")).status_code == 200
    assert couch("GET", PATH, params={"basic": "false"}).status_code == 200


def test_wrong_basic_is_refused__C02__C07(couch: World) -> None:
    answer = couch("GET", PATH, auth=("ann", "wrong"))
    assert told(answer, "C07", "unauthorized") == "Name or password is incorrect."


def test_cookie_that_is_no_good_is_cleared__C01__C05(couch: World) -> None:
    good = cookie_of(log_in(couch)).partition("=")[2]
    for value in ("garbage", "YW5uOjA6", good[:-1] + ("B" if good[-1] == "A" else "A")):
        fields = {"cookie": f"AuthSession={value}"}
        for answer in (couch("GET", PATH, headers=fields), couch("GET", "/whoami", headers=fields)):
            (line,) = set_cookies(answer)
            assert line.startswith("AuthSession=; Max-Age=0")
        assert couch("GET", PATH, headers=fields).json()["userCtx"]["name"] is None
        refused_by(couch("GET", "/whoami", headers=fields), "C05")


def test_empty_cookie_is_none(couch: World) -> None:
    answer = couch("GET", "/whoami", headers={"cookie": "AuthSession="})
    refused_by(answer, "C03")
    assert set_cookies(answer) == []


# --- how long --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("after", "renewed"), [(0, False), (60, False), (60.5, True), (599.5, True)])
def test_cookie_is_renewed_once_less_than_90_percent_is_left__S2_27(couch: World, after: float, renewed: bool) -> None:
    cookie = cookie_of(log_in(couch))
    couch.now = NOW + after
    answer = couch("GET", "/whoami", headers={"cookie": cookie})
    assert answer.status_code == 200
    assert len(set_cookies(answer)) == renewed
    if renewed:
        couch.now = NOW + after + 599
        assert couch("GET", "/whoami", headers={"cookie": cookie_of(answer)}).json()["subject"] == "ann"


def test_on_the_second_the_cookie_has_expired__S2_27__C05(couch: World) -> None:
    cookie = cookie_of(log_in(couch))
    couch.now = NOW + 600
    answer = couch("GET", "/whoami", headers={"cookie": cookie})
    assert refused_by(answer, "C05")["code"] == "session-expired"
    assert len(set_cookies(answer)) == 1


def test_log_out_clears_and_does_not_renew__S2_25(couch: World) -> None:
    cookie = cookie_of(log_in(couch))
    couch.now = NOW + 300
    answer = couch("DELETE", PATH, headers={"cookie": cookie})
    assert (answer.status_code, answer.text) == (200, '{"ok":true}\n')
    (line,) = set_cookies(answer)
    assert line.startswith("AuthSession=; Max-Age=0")
    assert couch("DELETE", PATH).status_code == 200


def test_new_password_and_disabling_end_the_cookie__S2_25(couch: World) -> None:
    cookie = {"cookie": cookie_of(log_in(couch))}
    couch.answers.wait(ChangeAccount("ann", disabled=True))
    assert couch("GET", "/whoami", headers=cookie).status_code == 401
    couch.answers.wait(ChangeAccount("ann", disabled=False))
    changed = couch("PUT", "/users/ann/password", json={"password": "entirely another one"}, auth=basic("root"))
    assert changed.status_code == 204
    refused_by(couch("GET", "/whoami", headers=cookie), "C05")


def test_new_password_ends_cookies_with_couchdb_s_salt_too(couch: World) -> None:
    couch.answers.wait(ChangeAccount("ann", attributes={"couchdb_salt": "0123456789abcdef", "desk": "3"}))
    cookie = {"cookie": cookie_of(log_in(couch))}
    assert couch("GET", "/whoami", headers=cookie).status_code == 200
    couch("PUT", "/users/ann/password", json={"password": "entirely another one"}, auth=basic("root"))
    refused_by(couch("GET", "/whoami", headers=cookie), "C05")
    assert couch("GET", "/users/ann", auth=basic("root")).json()["attributes"] == {"desk": "3"}


# --- for whom, and what is not there ---------------------------------------------------------------------------------


def test_session_routes_answer_named_peers_alone__S2_29__C14(make_world: Worlds) -> None:
    world = make_world(
        **COUCHDB, couchdb={"session_peers": ["127.0.0.7"]}, server={"allow_cleartext": True, "host": "0.0.0.0"}
    )
    cookie = cookie_of(log_in(world, address="127.0.0.7"))
    for method in ("GET", "POST", "DELETE"):
        answer = world(method, PATH, address="127.0.0.8", headers={"cookie": cookie})
        assert answer.status_code == 403
        told(answer, "C14", "forbidden")
        assert set_cookies(answer) == []
    # The cookie itself is everybody's to send.
    assert world("GET", "/whoami", address="127.0.0.8", headers={"cookie": cookie}).status_code == 200


def test_nothing_of_it_is_there_without_the_persona(make_world: Worlds) -> None:
    world = make_world(space={"mechanisms": ["couchdb", "basic"]})
    for method in ("GET", "POST", "DELETE"):
        assert world(method, PATH, auth=basic("root")).status_code == 404
    is_problem(world("POST", "/users/ann/couchdb-cookie", auth=basic("root")), "not-found")


def test_second_factor_is_asked_for_and_cannot_be_given__C15(couch: World) -> None:
    cookie = {"cookie": cookie_of(log_in(couch))}
    couch.storage.put_accounts([_with_second_factor(couch)])
    answer = log_in(couch)
    assert answer.status_code == 401
    told(answer, "C15", "unauthorized")
    assert set_cookies(answer) == []
    assert couch("GET", "/whoami", headers=cookie).status_code == 401


def _with_second_factor(world: World) -> Any:
    from dataclasses import replace

    account = world.answers.wait(FindAccount("ann", fresh=True))
    assert account is not None
    return replace(account, second_factor=True)


def test_routes_are_documented_in_couchdb_s_words(couch: World, make_world: Worlds) -> None:
    document = couch("GET", "/openapi.json").json()
    routes = document["paths"][PATH]
    assert set(routes) == {"get", "post", "delete"}
    for status in ("401", "403", "503"):
        told_as = routes["post"]["responses"][status]["content"]
        assert told_as["application/json"]["schema"]["$ref"].endswith("/CouchdbError")
    assert document["components"]["securitySchemes"]["couchdb"]["name"] == "AuthSession"
    plain = make_world(space={"mechanisms": ["couchdb"]})("GET", "/openapi.json").json()
    assert PATH not in plain["paths"]


# --- cookies for others ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hash", "length"), [(None, 32), ("sha256", 32), ("sha1", 20)])
def test_administrator_makes_a_cookie_for_somebody__S2_26(make_world: Worlds, hash: str | None, length: int) -> None:
    world = make_world(**COUCHDB, couchdb={"hash": ["sha256", "sha1"]})
    query = {} if hash is None else {"hash": hash}
    answer = world("POST", "/users/ann/couchdb-cookie", params=query, auth=basic("root"))
    assert answer.status_code == 200
    assert set_cookies(answer) == []
    body = answer.json()
    cookie = read_couchdb_cookie(body["auth_session"].encode())
    assert cookie is not None
    assert (cookie.name, cookie.issued_at, len(cookie.mac)) == ("ann", NOW, length)
    assert body["expires_at"] == "2026-09-21T14:23:20.000Z"
    who = world("GET", "/whoami", headers={"cookie": f"AuthSession={body['auth_session']}"}).json()
    assert (who["subject"], who["roles"]) == ("ann", ["clerk", "reader"])
    (event,) = [event for event in world.seen.events if event.name == "authn_token_created"]
    assert event.fields["by"] == "root"
    assert body["auth_session"] not in repr(world.seen.events)


def test_nobody_else_makes_cookies_for_others__C12(couch: World) -> None:
    refused_by(couch("POST", "/users/ann/couchdb-cookie", auth=basic("bob")), "C12")
    refused_by(couch("POST", "/users/bob/couchdb-cookie", auth=basic("bob")), "C12")
    refused_by(couch("POST", "/users/ann/couchdb-cookie"), "C03")


@pytest.mark.parametrize("name", ["nobody", "gone", "a:b"])
def test_no_cookie_is_made_for_nobody(couch: World, name: str) -> None:
    is_problem(couch("POST", f"/users/{name}/couchdb-cookie", auth=basic("root")), "not-found")
    is_problem(
        couch("POST", "/users/ann/couchdb-cookie", params={"hash": "md5"}, auth=basic("root")), "invalid-content"
    )


# --- outages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("down", [CheckPassword, FindAccount])
def test_outage_at_log_in_is_503__C17__F39(couch: World, down: type[Question[Any]]) -> None:
    couch.answers.down = (down,)
    answer = log_in(couch)
    assert answer.status_code == 503
    told(answer, "C17", "service_unavailable")
    assert set_cookies(answer) == []


def test_outage_refuses_no_cookie_and_clears_none__C17__F39(couch: World) -> None:
    fields = {"cookie": cookie_of(log_in(couch))}
    couch.answers.down = (FindAccount,)
    answer = couch("GET", "/whoami", headers=fields)
    refused_by(answer, "C17")
    assert set_cookies(answer) == []


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_each_question_that_fails_is_503_and_never_401__C17__F39(couch: World, method: str) -> None:
    cookie = cookie_of(log_in(couch))
    options: dict[str, Any] = {"headers": {"cookie": cookie}}
    if method == "POST":
        options["json"] = {"name": "ann", "password": password_of("ann")}
    couch.answers.asked = 0
    assert couch(method, PATH, **options).status_code == 200
    for number in range(1, couch.answers.asked + 1):
        couch.answers.asked, couch.answers.fails_at = 0, number
        answer = couch(method, PATH, **options)
        couch.answers.fails_at = None
        assert answer.status_code in ((503,) if method == "GET" else (200, 503)), (number, answer.text)
        json.loads(answer.text)
