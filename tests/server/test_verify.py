"""Forward-auth: every refusal and every grant, as each kind of proxy can pass it on (C26)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.api.world import World, basic, set_cookies
from watchword.core.ask import Question
from watchword.core.cells import CELLS
from watchword.core.principal import Authentication, Principal
from watchword.core.questions import FindAccount, FindSession
from watchword.http.fields import IDENTITY_FIELDS
from watchword.http.message import Response
from watchword.server.forward_auth import (
    DIALECTS,
    MOST_REPEATED,
    Identities,
    identity_fields,
    imitates_identity,
    in_dialect,
)
from watchword.server.gateway import nginx_configuration

TRUSTING = {"trusted_proxies": ["127.0.0.1"]}
SPACE: Mapping[str, Any] = {
    "cors": ["https://app.example.com"],
    "protect": [
        {"path": "/public/*", "public": True},
        {"path": "/admin/*", "require": {"roles": ["admin"]}},
        {"path": "/hidden/*", "hidden": True},
        {"path": "/page/*", "login_page": "/ui/login"},
        {"path": "/strict/*", "strict": True},
        {"path": "/of/{name}", "require": {"owner": "name"}},
        {"path": "/second-factor/*", "require": {"acr": ["mfa"]}},
    ],
}
PLAIN = ("/verify", "/verify/traefik", "/verify/caddy")
NGINX = ("/verify/nginx", "/verify/nginx?numbered")

STALE = "watchword=ww_s_gone"
DOWN: tuple[type[Question[Any]], ...] = (FindSession, FindAccount)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., World]]:
    made: list[World] = []

    def make(**settings: Any) -> World:
        made.append(World(tmp_path, **{"server": TRUSTING, "space": SPACE, **settings}))
        return made[-1]

    yield make
    for world in made:
        world.close()


@pytest.fixture
def world(make: Callable[..., World]) -> World:
    """A server that trusts 127.0.0.1."""
    return make()


def about(method: str, target: str, *, client: str = "192.0.2.7", proto: str = "https") -> dict[str, str]:
    """What a proxy tells of the original request."""
    return {
        "x-forwarded-method": method,
        "x-forwarded-uri": target,
        "x-forwarded-host": "api.example.com",
        "x-forwarded-proto": proto,
        "x-forwarded-for": client,
    }


def ask(world: World, path: str, method: str = "GET", target: str = "/patients", **options: Any) -> httpx.Response:
    told = about(method, target, client=options.pop("client", "192.0.2.7"), proto=options.pop("proto", "https"))
    headers = {**told, **options.pop("headers", {})}
    return world("GET", path, headers=headers, **options)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request that is refused, answered or redirected, and how."""

    cell: str
    status: int
    challenges: int = 0
    method: str = "GET"
    target: str = "/patients"
    options: Mapping[str, Any] = field(default_factory=dict)
    clears: bool = False
    before: Callable[[World], object] = lambda world: None


def _exhaust(world: World) -> None:
    for _ in range(10):
        ask(world, "/verify", auth=("bob", "wrong"))


def _break(world: World) -> None:
    world.answers.down = DOWN


def _cookie(name: str) -> dict[str, Any]:
    return {"headers": {"cookie": f"__Host-{name}"}}


CASES = {
    "C03": Case(cell="C03", status=401, challenges=4),
    "C03_spared": Case(cell="C03", status=401, challenges=3, options={"headers": {"no-auth-challenge": "1"}}),
    "C04": Case(cell="C04", status=401, challenges=4, options={"headers": {"authorization": "NTLM TlRM"}}),
    "C05": Case(cell="C05", status=401, challenges=4, clears=True, options=_cookie(STALE)),
    "C07": Case(cell="C07", status=401, challenges=3, options={"auth": ("ann", "wrong")}),
    "C02": Case(cell="C07", status=401, challenges=3, target="/public/x", options={"auth": ("ann", "wrong")}),
    "C08": Case(cell="C08", status=401, challenges=3, options={"headers": {"authorization": "Basic !!!"}}),
    "C09": Case(cell="C09", status=401, challenges=4, options={"headers": {"authorization": "Bearer x"}}),
    "C10": Case(cell="C10", status=400, challenges=1, options={"headers": {"authorization": "Bearer"}}),
    "C10_path__F22": Case(cell="C10", status=400, target="/public/../admin/x"),
    "C10_imitation__F21": Case(cell="C10", status=400, options={"headers": {"remote_user": "root"}}),
    "C12": Case(cell="C12", status=403, target="/admin/x", options={"auth": basic("ann")}),
    "C13": Case(cell="C13", status=403, target="/of/ann", options={"auth": basic("root")}),
    "C14_csrf": Case(
        cell="C14",
        status=403,
        method="POST",
        options={"auth": basic("ann"), "headers": {"origin": "https://elsewhere.example"}},
    ),
    "C14_tls": Case(cell="C14", status=403, options={"proto": "http"}),
    "C15": Case(cell="C15", status=401, challenges=2, target="/second-factor/x", options={"auth": basic("ann")}),
    "C16": Case(cell="C16", status=429, options={"auth": basic("bob")}, before=_exhaust),
    "C17": Case(cell="C17", status=503, options=_cookie(STALE), before=_break),
    "C18": Case(cell="C18", status=431, options={"headers": {"authorization": "Basic " + "A" * 17_000}}),
    "C22": Case(
        cell="C22",
        status=204,
        method="OPTIONS",
        options={"headers": {"origin": "https://app.example.com", "access-control-request-method": "GET"}},
    ),
    "C23": Case(
        cell="C23",
        status=303,
        target="/page/x",
        options={"headers": {"accept": "text/html", "sec-fetch-mode": "navigate"}},
    ),
    "C24": Case(cell="C03", status=401, challenges=4, options={"headers": {"accept": "text/html"}}),
    "C28": Case(
        cell="C28",
        status=400,
        clears=True,
        target="/strict/x",
        options={"auth": basic("ann"), **_cookie(STALE)},
    ),
    "hidden": Case(cell="C03", status=404, target="/hidden/x"),
    "hidden_C07": Case(cell="C07", status=404, target="/hidden/x", options={"auth": ("ann", "wrong")}),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def without_ids(text: str) -> str:
    return re.sub(r"[0-9a-f]{18}", "<id>", text)


def fields_of(answer: httpx.Response) -> list[tuple[str, str]]:
    return [
        (name.lower(), without_ids(value)) for name, value in answer.headers.multi_items() if name != "content-length"
    ]


@every_case
def test_every_dialect_tells_the_same_refusal__C26(world: World, case: Case) -> None:
    case.before(world)
    plain, *others = [ask(world, path, case.method, case.target, **case.options) for path in (*PLAIN, *NGINX)]
    nginx, numbered = others[-2:]
    assert world.seen.cells[-5:] == [case.cell] * 5

    # What everybody but nginx passes on as it is.
    assert plain.status_code == case.status
    assert len(plain.headers.get_list("www-authenticate")) == case.challenges
    assert len(set_cookies(plain)) == case.clears
    for other in others[:-2]:
        assert other.status_code == case.status
        assert fields_of(other) == fields_of(plain)
        assert without_ids(other.text) == without_ids(plain.text)

    # What nginx takes: 401, 403, and the truth beside them.
    for answer in (nginx, numbered):
        assert answer.status_code == (case.status if case.status in (401, 403) else 403)
        assert answer.headers.get_list("x-auth-status") == [str(case.status)]
        assert without_ids(answer.text) == without_ids(plain.text)
    assert fields_of(nginx) == [*fields_of(plain), ("x-auth-status", str(case.status))]

    # The same in fields that variables can hold.
    repeated = ("www-authenticate", "set-cookie")
    assert [name for name in repeated if name in numbered.headers] == []
    for name, source in (("x-auth-challenge", "www-authenticate"), ("x-auth-set-cookie", "set-cookie")):
        lines = [numbered.headers[f"{name}-{n}"] for n in range(1, 9) if f"{name}-{n}" in numbered.headers]
        assert lines == plain.headers.get_list(source)
    kept = [line for line in fields_of(plain) if line[0] not in repeated]
    assert [line for line in fields_of(numbered) if not line[0].startswith("x-auth-")] == kept
    if "location" in plain.headers:
        assert "x-auth-problem" not in numbered.headers
        assert "x-auth-content-type" not in numbered.headers
    else:
        assert without_ids(numbered.headers["x-auth-problem"]) == without_ids(plain.text)
        assert numbered.headers.get("x-auth-content-type") == plain.headers.get("content-type")


def test_every_cell_that_verify_can_reach_is_in_the_table() -> None:
    """C11 needs tokens with scopes; C00, C01 and C06 are grants; C19 to C21 and C25 are not forward-auth's."""
    assert {case.cell for case in CASES.values()} | {"C00", "C01", "C02", "C06", "C11"} == set(CELLS) - {
        "C19",
        "C20",
        "C21",
        "C25",
    }


@pytest.mark.parametrize("path", [*PLAIN, *NGINX])
def test_hidden_targets_name_neither_cell_nor_decision__C26(world: World, path: str) -> None:
    answer = ask(world, path, target="/hidden/x", auth=basic("bob"), headers={"cookie": f"__Host-{STALE}"})
    assert answer.status_code == 200  # bob may, whoever knows where it is
    answer = ask(world, path, target="/hidden/x")
    assert "auth-decision" not in answer.headers
    assert "cell" not in answer.text


# --- who asks -------------------------------------------------------------------------------------------------------


def identity(answer: httpx.Response) -> dict[str, str]:
    names = {name.lower() for name in IDENTITY_FIELDS}
    return {name: value for name, value in answer.headers.items() if name in names}


@pytest.mark.parametrize("path", [*PLAIN, *NGINX])
def test_granted_answers_say_who_asks__C00__C26(world: World, path: str) -> None:
    token = world.log_in("ann")
    session = world("GET", "/whoami", bearer=token).json()["session"]
    answer = ask(world, path, headers={"cookie": f"__Host-watchword={token}"})
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["cache-control"] == "no-store"
    told = identity(answer)
    assert told.pop("watchword-identity", "") == ""
    assert told == {
        "remote-user": "ann",
        "remote-roles": "clerk,reader",
        "remote-scopes": "",
        "remote-session": session,
    }


@pytest.mark.parametrize("path", ["/verify/traefik", "/verify/caddy"])
@pytest.mark.parametrize("target", ["/public/x", "/patients"])
def test_proxies_that_copy_fields_are_given_all_of_them__C01__F21(world: World, path: str, target: str) -> None:
    """Named and empty, so that the proxy overwrites what the client sent by that name."""
    answer = ask(world, path, target=target, auth=basic("ann") if target == "/patients" else None)
    assert answer.status_code == 200
    assert set(identity(answer)) == {name.lower() for name in IDENTITY_FIELDS}
    assert identity(answer)["remote-user"] == ("ann" if target == "/patients" else "")


@pytest.mark.parametrize("path", ["/verify", *NGINX])
def test_other_proxies_are_told_of_nobody_by_no_field__C01(world: World, path: str) -> None:
    answer = ask(world, path, target="/public/x", headers={"remote-user": "root"})
    assert (answer.status_code, identity(answer)) == (200, {})


@pytest.mark.parametrize("path", [*PLAIN, *NGINX])
def test_grants_clear_stale_cookies__C01__C06__C26(world: World, path: str) -> None:
    stale = {"cookie": f"__Host-{STALE}"}
    for answer in (
        ask(world, path, headers=stale, auth=basic("ann")),
        ask(world, path, "GET", "/public/x", headers=stale),
    ):
        assert answer.status_code == 200
        (line,) = set_cookies(answer)
        assert line.startswith("__Host-watchword=; Max-Age=0;")
        assert answer.headers.get("x-auth-set-cookie-1") == (line if path.endswith("?numbered") else None)
    assert world.seen.cells[-2:] == ["C06", "C01"]


def test_grants_to_basic_carry_the_auth_token__S3_2(world: World) -> None:
    answer = ask(world, "/verify/nginx?numbered", auth=basic("ann"))
    assert answer.headers["auth-token-location"] == "/tokens/ann"
    assert ask(world, "/verify", auth=("ann", answer.headers["auth-token"])).status_code == 200


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ann", b"ann"),
        ("Zo\u00eb", b"Zo%C3%AB"),
        ("\u738b", b"%E7%8E%8B"),
        ("a,b", b"a,b"),
        ("100%", b"100%25"),
        (" a ", b"%20a%20"),
        ("a\r\nRemote-User: root", b"a%0D%0ARemote-User: root"),
        ("a\x00b", b"a%00b"),
        ("\U0001f600", b"%F0%9F%98%80"),
        ('"quoted"', b'"quoted"'),
    ],
)
def test_names_are_safe_in_a_field_whatever_they_hold__F18(text: str, value: bytes) -> None:
    who = Principal(
        subject=text,
        realm="r",
        authentication=Authentication(mechanism="basic"),
        roles=frozenset((text.strip(), "b,c")),
        scopes=frozenset(("x:read", "a")),
    )
    told = dict(identity_fields(who))
    assert told[b"remote-user"] == value
    assert told[b"remote-scopes"] == b"a x:read"
    roles = told[b"remote-roles"]
    assert b"b%2Cc" in roles.split(b",")
    assert len(roles.split(b",")) == 2
    assert not any(byte < 0x20 or byte > 0x7E for line in told.values() for byte in line)


def test_identities_are_those_of_the_principal_that_asks_now() -> None:
    """The fields are remembered by what they tell, and nobody else's are."""
    identities = Identities(DIALECTS["/verify"])
    for number in range(10_000):
        who = Principal(subject=str(number), realm="r", authentication=Authentication(mechanism="basic"))
        assert dict(identities.fields(who, 0.0))[b"remote-user"] == str(number).encode()
        assert identities.fields(who, 0.0) is identities.fields(who, 0.0)


# --- look-alikes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("preflight", ["answer", "pass"])
@pytest.mark.parametrize(
    "name", ["remote_user", "remote.user", "remoteuser", "remote--user", "-remote-user", "watchword_identity"]
)
def test_spellings_that_no_proxy_overwrites_are_refused__F21(
    make: Callable[..., World], name: str, preflight: str, method: str
) -> None:
    """Even with a preflight, which some applications answer themselves."""
    world = make(space={**SPACE, "preflight": preflight})
    headers = {name: "root", "origin": "https://app.example.com", "access-control-request-method": "GET"}
    for path in DIALECTS:
        assert ask(world, path, method, "/public/x", headers=headers).status_code in (400, 403)
        assert ask(world, path, method, "/public/x").status_code == 200


def test_only_look_alikes_are_taken_for_imitations__F21() -> None:
    exact = tuple((name.lower().encode(), b"") for name in IDENTITY_FIELDS)
    harmless = tuple(
        (name, b"remote_user") for name in (b"x-remote-user", b"remote-users", b"user", b"remote-addr", b"-")
    )
    assert not imitates_identity((*exact, *harmless))
    assert not imitates_identity(())
    assert imitates_identity((*exact, *harmless, (b"remote-us-er", b"")))
    many = tuple((b"x-%d" % number, b"") for number in range(5000))
    assert not imitates_identity(many)
    assert imitates_identity((*many, (b"remote_user", b"")))


# --- what a proxy may say ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-uri": "/public/x", "x-original-uri": "/admin/x"},
        {"x-forwarded-method": "GET", "x-original-method": "DELETE"},
        {"x-forwarded-uri": "http://public.example/public/x"},
        {"x-forwarded-uri": "public/x"},
        {"x-forwarded-uri": "*"},
        {"x-forwarded-method": "GE T"},
        {"x-forwarded-host": "a@b"},
        {"x-forwarded-uri": "/public/x#/../admin"},
    ],
    ids=lambda headers: ",".join(f"{name}={value}" for name, value in headers.items()),
)
def test_what_a_proxy_says_in_two_ways_or_in_none_is_refused__C10__F23(world: World, headers: dict[str, str]) -> None:
    for path in (*PLAIN, *NGINX):
        answer = ask(world, path, target="/public/x", headers=headers)
        assert answer.status_code in (400, 403)
        assert answer.headers.get("x-auth-status", "400") == "400"


@pytest.mark.parametrize("missing", ["x-forwarded-method", "x-forwarded-uri"])
def test_half_a_question_is_refused__C10(world: World, missing: str) -> None:
    headers = about("GET", "/public/x")
    del headers[missing]
    assert world("GET", "/verify", headers=headers).status_code == 400


def test_whoever_is_not_trusted_asks_about_whoami__F23(world: World) -> None:
    for path in (*PLAIN, *NGINX):
        assert ask(world, path, target="/public/x", address="192.0.2.1", secure=True).status_code == 401
        answer = ask(world, path, target="/admin/x", address="192.0.2.1", secure=True, auth=basic("ann"))
        assert (answer.status_code, answer.headers["remote-user"]) == (200, "ann")
        assert world.seen.refusals[-1][1].path == b"/whoami"


def test_x_original_fields_do_as_well__C26(world: World) -> None:
    for uri in ("/admin/x", "https://api.example.com/admin/x"):
        headers = {"x-original-method": "GET", "x-original-url": uri, "x-forwarded-proto": "https"}
        assert world("GET", "/verify", headers=headers, auth=basic("root")).status_code == 200
        assert world("GET", "/verify", headers=headers, auth=basic("ann")).status_code == 403


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_any_method_of_the_proxy_will_do__C27(world: World, method: str) -> None:
    headers = about("GET", "/patients")
    granted = world(method, "/verify", headers=headers, auth=basic("ann"))
    refused = world(method, "/verify", headers=headers)
    assert (granted.status_code, refused.status_code) == (200, 401)
    assert bool(refused.content) == (method != "HEAD")
    assert refused.headers["content-length"] == world("GET", "/verify", headers=headers).headers["content-length"]


def test_the_method_that_is_judged_is_the_clients__C26(make: Callable[..., World]) -> None:
    protect = [
        {"path": "/x", "methods": ["GET"], "public": True},
        {"path": "/x", "require": {"roles": ["admin"]}},
    ]
    world = make(space={"protect": protect})
    assert ask(world, "/verify", "GET", "/x").status_code == 200
    assert ask(world, "/verify", "HEAD", "/x").status_code == 200
    assert ask(world, "/verify", "DELETE", "/x").status_code == 401
    assert ask(world, "/verify", "DELETE", "/x", auth=basic("ann")).status_code == 403


# --- limits of nginx --------------------------------------------------------------------------------------------------


def test_more_challenges_than_nginx_is_told_share_the_last_line__C26(world: World) -> None:
    ask(world, "/verify")
    refused, _ = world.seen.refusals[-1]
    lines = tuple((b"www-authenticate", b'S%d realm="r"' % number) for number in range(MOST_REPEATED + 3))
    told = in_dialect(Response(401, lines, b"{}"), refused, replace(DIALECTS["/verify/nginx"], numbered=True))
    found = [value for name, value in told.fields if name.startswith(b"x-auth-challenge")]
    assert len(found) == MOST_REPEATED
    assert b", ".join(found) == b", ".join(value for _, value in lines)


def test_every_numbered_line_has_its_variable_in_nginx__C26() -> None:
    text = nginx_configuration(server_url="http://127.0.0.1:8080", upstream_url="http://127.0.0.1:9000")
    for number in range(1, MOST_REPEATED + 1):
        for name in ("challenge", "set_cookie"):
            assert f"$upstream_http_x_auth_{name}_{number};" in text


def test_problems_fit_into_a_field__C26(world: World) -> None:
    answer = ask(world, "/verify/nginx?numbered", target="/patients/Zo%C3%AB")
    assert json.loads(answer.headers["x-auth-problem"])["code"] == "authentication-required"
