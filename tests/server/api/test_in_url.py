"""Sessions and API keys in URLs and forms, on the server's own routes and behind a proxy (S2.8, S4.3, S4.5)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.api.world import World, basic, refused_by
from watchword.core.questions import EndSession
from watchword.core.requirement import Requirement
from watchword.core.space import Protection, ProtectionSpace, Rule, Target
from watchword.http.authentication import Challenge
from watchword.http.merging import merged
from watchword.http.message import Request
from watchword.http.security_fields import SECRET_IN_URL
from watchword.http.target import Ambiguous

MECHANISMS = ["session", "auth-key", "url-session", "basic", "bearer", "api-key", "url-key"]
DEFAULTS = ["session", "auth-token", "basic", "bearer", "api-key"]
PROTECT: list[dict[str, Any]] = [
    {"path": "/pages/*", "login_page": "/ui/login"},
    {"path": "/public/*", "public": True},
    {"path": "/admin", "require": {"roles": ["admin"]}},
    {"path": "/strict/*", "strict": True},
    {"path": "/ward/{name}", "require": {"owner": "name"}},
]


def world_with(folder: Path, mechanisms: list[str], **settings: Any) -> World:
    space = {"mechanisms": mechanisms, "protect": PROTECT}
    return World(folder, realm={}, space=space, server={"trusted_proxies": ["10.0.0.1"]}, **settings)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = world_with(tmp_path, MECHANISMS)
    yield made
    made.close()


@pytest.fixture
def without(tmp_path: Path) -> Iterator[World]:
    """A world that takes nothing from URLs."""
    made = world_with(tmp_path, DEFAULTS)
    yield made
    made.close()


def key_of(world: World, **wanted: Any) -> str:
    answer = world("POST", "/keys", json={"name": "ci", **wanted}, auth=basic("ann"))
    assert answer.status_code == 201, answer.text
    key: str = answer.json()["key"]
    return key


def asked(world: World, target: str, *, method: str = "GET", **fields: str) -> httpx.Response:
    """What a proxy is told of a request for this target."""
    told = {
        "x-original-method": method,
        "x-original-uri": target,
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "https",
    }
    return world("GET", "/verify", headers={**told, **fields}, address="10.0.0.1")


NAVIGATION = {"sec-fetch-mode": "navigate", "sec-fetch-site": "none", "accept": "text/html"}
WAYS = ["/whoami?sid={}", "/whoami?JSESSIONID={}", "/whoami;jsessionid={}", "/whoami;JSESSIONID={}?a=b"]


@pytest.mark.parametrize("target", WAYS)
def test_a_session_in_the_url_opens_doors_where_that_is_wanted__S2_8(world: World, target: str) -> None:
    answer = world("GET", target.format(world.log_in("ann")))
    assert answer.status_code == 200
    assert (answer.json()["subject"], answer.json()["mechanism"]) == ("ann", "url-session")


@pytest.mark.parametrize("target", [*WAYS, "/whoami?api_key={}"])
def test_by_default_nothing_is_taken_from_urls__S2_8__S4_3(without: World, target: str) -> None:
    secret = key_of(without) if "api_key" in target else without.log_in("ann")
    # As ever: a path with parameters is another path, which is not there.
    assert without("GET", target.format(secret)).status_code == (404 if ";" in target else 401)


def test_a_key_in_the_url_is_a_key_with_its_scopes__S4_3(world: World) -> None:
    key = key_of(world, scopes=["read"])
    answer = world("GET", f"/whoami?api_key={key}")
    assert (answer.json()["mechanism"], answer.json()["scopes"]) == ("url-key", ["read"])
    assert refused_by(world("GET", f"/sessions?api_key={key}"), "C11")


def test_a_form_is_looked_into__S2_8(world: World) -> None:
    token, key = world.log_in("ann"), key_of(world)
    assert world("PUT", "/session/data", data={"sid": token}).status_code == 415  # let in: it is no JSON
    assert world("POST", "/keys", data={"api_key": key}).status_code == 415
    assert world("POST", "/keys", data={"api_key": f"{key}x"}).status_code == 401
    assert world("POST", "/keys", data={"b": key}).status_code == 401
    assert world("POST", "/keys", data={"api_key": key, "more": "x" * 70_000}).status_code == 401


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/whoami?sid={0}&sid={0}", "session-invalid"),
        ("/whoami?sid={0}&JSESSIONID={1}", "session-invalid"),
        ("/whoami;jsessionid={0}?sid={1}", "session-invalid"),
        ("/whoami;jsessionid={0};jsessionid={0}", "session-invalid"),
        ("/whoami?sid=", "session-invalid"),
        ("/whoami?sid=wrong", "session-invalid"),
        ("/whoami?api_key={0}", "invalid-api-key"),
        ("/whoami?api_key=a&api_key=a", "invalid-api-key"),
    ],
)
def test_what_is_not_one_good_credential_is_none__C09__F20__S2_8(world: World, target: str, code: str) -> None:
    answer = world("GET", target.format(world.log_in("ann"), world.log_in("bob")))
    assert answer.status_code == 401
    assert refused_by(answer, "C09")["code"] == code


def test_an_expired_one_is_told_apart__C09(world: World) -> None:
    token = world.log_in("ann")
    world.now += 1800
    assert refused_by(world("GET", f"/whoami?sid={token}"), "C09")["code"] == "session-expired"


def test_a_cookie_goes_before_it_and_two_subjects_meet_on_no_strict_target__C28__F20(world: World) -> None:
    ann, bob = world.log_in("ann"), world.log_in("bob")
    both = world("GET", f"/whoami?sid={bob}", cookie=ann).json()
    assert (both["subject"], both["mechanism"]) == ("ann", "session")
    answer = asked(world, f"/strict/1?sid={bob}", cookie=f"__Host-watchword={ann}")
    assert (answer.status_code, answer.json()["cell"]) == (400, "C28")


def test_it_never_becomes_a_cookie__F26__F27(world: World) -> None:
    token = world.log_in("ann")
    for target in ("/whoami", "/session", "/ws/rest/v1/session", "/sessions"):
        assert "set-cookie" not in world("GET", f"{target}?sid={token}", headers=NAVIGATION).headers


def test_log_out_ends_it__S2_8(world: World) -> None:
    token = world.log_in("ann")
    assert world("POST", f"/logout?sid={token}").status_code == 204
    assert world("GET", "/whoami", bearer=token).status_code == 401
    world.answers.down = (EndSession,)
    assert world("POST", f"/logout;jsessionid={world.log_in('ann')}").status_code == 503


def test_where_urls_are_not_read_log_out_does_not_read_them(without: World) -> None:
    token = without.log_in("ann")
    assert without("POST", f"/logout?sid={token}").status_code == 204
    assert without("GET", "/whoami", bearer=token).status_code == 200


def test_names_are_configured__S2_8(tmp_path: Path) -> None:
    names = {"parameters": ["session"], "path_parameter": "sess"}
    world = world_with(tmp_path, MECHANISMS, url_session=names, url_key={"parameters": ["key"]})
    token, key = world.log_in("ann"), key_of(world)
    for target in (f"/whoami?session={token}", f"/whoami;sess={token}", f"/whoami?key={key}"):
        assert world("GET", target).status_code == 200, target
    for target in (f"/whoami?sid={token}", f"/whoami?api_key={key}"):
        assert world("GET", target).status_code == 401, target
    assert world("GET", f"/whoami;jsessionid={token}").status_code == 404
    world.close()


# --- nobody keeps the answer, nor tells its URL -----------------------------------------------------------------------


@pytest.mark.parametrize("target", ["/a?sid={0}", "/a;jsessionid={0}", "/a?api_key={1}", "/public/a?sid={0}"])
def test_granted_answers_are_marked_against_caches_and_referrers__S2_8__D14(world: World, target: str) -> None:
    found = target.format(world.log_in("ann"), key_of(world))
    answer = asked(world, found)
    assert answer.status_code == 200
    assert answer.headers.get_list("cache-control") == ["no-store"]
    assert answer.headers.get_list("referrer-policy") == ["no-referrer"]
    plain = asked(world, "/public/a")
    assert (plain.status_code, plain.headers.get_list("referrer-policy")) == (200, [])
    decided = world(
        "POST",
        "/decide",
        json={"method": "GET", "url": f"https://localhost{found}", "headers": [], "peer": "127.0.0.1"},
        address="10.0.0.1",
    ).json()
    assert ["cache-control", "no-store"] in decided["headers"]
    assert ["referrer-policy", "no-referrer"] in decided["headers"]


def test_for_nginx_the_marks_stand_in_fields_of_their_own__S2_8__C26(world: World) -> None:
    told = {"x-original-method": "GET", "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https"}
    for target, marked in ((f"/a?sid={world.log_in('ann')}", True), ("/public/a", False)):
        fields = {**told, "x-original-uri": target}
        answer = world("GET", "/verify/nginx?numbered", headers=fields, address="10.0.0.1")
        assert answer.status_code == 200
        assert answer.headers.get("x-auth-cache-control") == ("no-store" if marked else None)
        assert answer.headers.get("x-auth-referrer-policy") == ("no-referrer" if marked else None)


@pytest.mark.parametrize(
    ("target", "options"),
    [
        ("/whoami?sid=wrong", {}),
        ("/whoami?sid=wrong", {"headers": {"accept": "text/html"}}),
        ("/users?sid={0}", {}),
        ("/nothing?sid={0}", {}),
        ("/whoami?sid={0}&access_token=x", {"bearer": "x" * 20}),
        ("/whoami?api_key=wrong", {}),
        ("/users?cursor=%25&sid={1}", {}),
        ("/whoami?sid={0}", {}),
        ("/sessions?sid={0}", {}),
    ],
)
def test_every_answer_of_ours_has_both_once__S2_8__D14(world: World, target: str, options: dict[str, Any]) -> None:
    answer = world("GET", target.format(world.log_in("ann"), world.log_in("root")), **options)
    assert answer.headers.get_list("cache-control") == ["no-store"], answer.text
    assert answer.headers.get_list("referrer-policy") == ["no-referrer"]


def test_an_application_s_own_wish_to_be_kept_counts_for_nothing__S2_8() -> None:
    own = [(b"Cache-Control", b"public, max-age=600"), (b"referrer-policy", b"unsafe-url"), (b"etag", b'"1"')]
    assert merged(own, SECRET_IN_URL) == [(b"etag", b'"1"'), *SECRET_IN_URL]
    assert merged(own, ()) == [(name.lower(), value) for name, value in own]


# --- a browser with nothing, and one with a bad key (S4.5, C23) -------------------------------------------------------


@pytest.mark.parametrize("target", ["/pages/1", "/pages/1?a=b"])
def test_a_browser_without_a_key_is_sent_to_the_log_in_page__C23__S4_5(world: World, target: str) -> None:
    answer = asked(world, target, **NAVIGATION)
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/login")


@pytest.mark.parametrize(
    ("target", "fields", "code"),
    [
        ("/pages/1?api_key=wrong", {}, "invalid-api-key"),
        ("/pages/1?api_key=", {}, "invalid-api-key"),
        ("/pages/1?api_key=k&api_key=k", {}, "invalid-api-key"),
        ("/pages/1", {"x-api-key": "wrong"}, "invalid-api-key"),
        ("/pages/1", {"auth-key": "f" * 32}, "invalid-auth-key"),
        ("/pages/1", {"auth-key": ""}, "invalid-auth-key"),
        ("/pages/1?sid=wrong", {}, "session-invalid"),
        ("/pages/1;jsessionid=0123456789ABCDEF", {}, "session-invalid"),
    ],
)
@pytest.mark.parametrize("cookie", [{}, {"cookie": "__Host-watchword=stale"}])
def test_a_browser_with_a_bad_one_never_is__C09__S4_5(
    world: World, target: str, fields: dict[str, str], code: str, cookie: dict[str, str]
) -> None:
    answer = asked(world, target, **NAVIGATION, **fields, **cookie)
    assert answer.status_code == 401
    assert "location" not in answer.headers
    assert answer.headers["auth-decision"].startswith("C09;")
    assert code in answer.text
    assert bool(answer.headers.get("set-cookie")) == bool(cookie)


# --- the path that is judged is the path that is served (F22) ---------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/admin;jsessionid={ann}", 403),
        ("/admin;jsessionid={root}", 200),
        ("/ward/ann;jsessionid={ann}", 200),
        ("/ward/bob;jsessionid={ann}", 403),
        ("/ward/bob;jsessionid={ann};v=1", 400),
        ("/admin;v=1?sid={root}", 400),
        ("/admin;jsessionid={root};v=1", 400),
        ("/public;jsessionid={ann}/../admin", 400),
        ("/public/..;jsessionid={ann}/admin", 400),
        ("/public/;jsessionid={ann}/x", 400),
        ("/admin;jsessionid={root}%2f..", 400),
        ("/admin%3bjsessionid={root}", 400),
        ("/admin;%6asessionid={root}", 400),
    ],
)
def test_the_path_parameter_is_no_part_of_the_path_and_hides_none__F22__S2_8(
    world: World, target: str, status: int
) -> None:
    tokens = {name: world.log_in(name) for name in ("ann", "root")}
    answer = asked(world, target.format(**tokens))
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("target", ["/admin;jsessionid=x", "/ward/ann;jsessionid=x", "/pages;jsessionid=x/1"])
def test_where_it_is_not_read_nothing_changes__F22__S2_8(without: World, target: str) -> None:
    answer = asked(without, target, authorization="Basic cm9vdDp0aGUgcGFzc3dvcmQgb2Ygcm9vdA==")
    assert (answer.status_code, answer.json()["cell"]) == (400, "C10")


def test_a_space_that_reads_none_beside_one_that_does_keeps_its_paths__F22(tmp_path: Path) -> None:
    challenge = Challenge("Clinic-Cookie", (("realm", "Clinic"),))
    reads = ProtectionSpace(realm="a", mechanisms=(), cookie_challenge=challenge, path_parameter=b"jsessionid")
    plain = ProtectionSpace(realm="b", mechanisms=(), cookie_challenge=challenge)
    admin = Requirement(roles=frozenset(("admin",)))
    protection = Protection(
        [(reads, [Rule(path="/a/x", requirement=admin)]), (plain, [Rule(path="/b/x", requirement=admin)])]
    )
    for _ in range(2):  # the second time it is remembered
        assert protection.find(Request("GET", b"/a/x;jsessionid=1")) == Target(reads, admin)
        assert isinstance(protection.find(Request("GET", b"/b/x;jsessionid=1")), Ambiguous)
        assert protection.find(Request("GET", b"/b/x")) == Target(plain, admin)
