"""POST /decide: the same decision for servers in any language."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.api.world import World, is_problem, refused_by
from tests.server.test_verify import CASES, SPACE, TRUSTING, Case, without_ids
from watchword.http.fields import IDENTITY_FIELDS
from watchword.server.api.content import LONGEST_CONTENT

PEER = "192.0.2.7"
URL = "https://api.example.com"


def as_basic(name: str, password: str | None = None) -> list[str]:
    """The header line of these credentials."""
    text = f"{name}:{password or f'the password of {name}'}"
    return ["Authorization", "Basic " + base64.b64encode(text.encode()).decode()]


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


def question(
    url: str = f"{URL}/patients", method: str = "GET", *headers: list[str], peer: str = PEER
) -> dict[str, Any]:
    return {"method": method, "url": url, "headers": list(headers), "peer": peer}


def decided(world: World, asked: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    answer = world("POST", "/decide", json=asked, **options)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    told: dict[str, Any] = answer.json()
    assert set(told) == {"granted", "status", "headers", "principal", "problem", "content"}
    return told


# --- who may ask ----------------------------------------------------------------------------------------------------


def test_trusted_peers_ask_without_credentials(world: World) -> None:
    assert decided(world, question())["status"] == 401


ELSEWHERE: Mapping[str, Any] = {"address": "192.0.2.1", "secure": True}


def test_accounts_with_the_role_service_ask_from_anywhere(world: World) -> None:
    answer = world("PATCH", "/users/ann", auth=("root", "the password of root"), json={"roles": ["service"]})
    assert answer.status_code == 200
    told = decided(world, question(f"{URL}/public/x"), auth=("ann", "the password of ann"), **ELSEWHERE)
    assert told["granted"]
    token = world.log_in("ann")
    assert decided(world, question(f"{URL}/public/x"), bearer=token, **ELSEWHERE)["granted"]


@pytest.mark.parametrize(
    ("options", "cell", "status"),
    [
        ({}, "C03", 401),
        ({"auth": ("ann", "wrong")}, "C07", 401),
        ({"auth": ("ann", "the password of ann")}, "C12", 403),
        ({"auth": ("root", "the password of root")}, "C12", 403),
        ({"bearer": "nonsense"}, "C09", 401),
    ],
    ids=["C03", "C07", "C12", "C12_administrators_too", "C09"],
)
@pytest.mark.parametrize("content", [question(), {}, ["nonsense"]], ids=["question", "empty", "nonsense"])
def test_nobody_else_may_ask(world: World, options: dict[str, Any], cell: str, status: int, content: Any) -> None:
    """Before anybody looks at what they ask."""
    answer = world("POST", "/decide", json=content, **options, **ELSEWHERE)
    assert answer.status_code == status
    refused_by(answer, cell)


@pytest.mark.parametrize(
    "field", ["x-forwarded-for", "forwarded", "x-forwarded-host", "x-forwarded-proto", "via", "x-real-ip"]
)
def test_clients_of_a_trusted_proxy_are_not_the_proxy__F23(world: World, field: str) -> None:
    """A proxy that passes everything on must not make this public."""
    value = "for=192.0.2.1" if field == "forwarded" else "192.0.2.1"
    answer = world("POST", "/decide", json=question(), headers={field: value})
    assert answer.status_code in (401, 403)
    assert answer.json()["cell"] in ("C03", "C14")


def test_only_post_will_do(world: World) -> None:
    for method in ("GET", "PUT", "DELETE", "HEAD"):
        answer = world(method, "/decide")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    is_problem(world("GET", "/decide"), "method-not-allowed")
    assert world("GET", "/decide", **ELSEWHERE).status_code == 401


# --- the answer -----------------------------------------------------------------------------------------------------


def headers_of(case: Case) -> list[list[str]]:
    headers = [[name, value] for name, value in case.options.get("headers", {}).items()]
    if "auth" in case.options:
        headers.append(as_basic(*case.options["auth"]))
    return headers


# Whoever asks here passes no fields on, so that none can imitate ours.
ASKED = {name: case for name, case in CASES.items() if "imitation" not in name}


@pytest.mark.parametrize("case", ASKED.values(), ids=ASKED)
def test_the_decision_is_the_one_that_verify_gives(world: World, case: Case) -> None:
    case.before(world)
    scheme = case.options.get("proto", "https")
    told = decided(
        world, question(f"{scheme}://api.example.com{case.target}", case.method, *headers_of(case)), secure=True
    )
    assert world.seen.cells[-1] == case.cell
    assert (told["granted"], told["status"], told["principal"]) == (False, case.status, None)
    assert len([name for name, _ in told["headers"] if name == "www-authenticate"]) == case.challenges
    assert len([name for name, _ in told["headers"] if name == "set-cookie"]) == case.clears
    if told["problem"] is not None:
        assert told["problem"]["status"] == case.status
        assert told["problem"] == json.loads(told["content"])
    else:
        assert dict(told["headers"]).get("content-type") != "application/problem+json"


def test_what_is_told_is_the_very_answer_of_verify__C26(world: World) -> None:
    told = decided(world, question(f"{URL}/admin/x", "GET", as_basic("ann"), ["Accept", "text/html"]))
    fields = {"x-forwarded-method": "GET", "x-forwarded-uri": "/admin/x", "x-forwarded-proto": "https"}
    fields |= {"x-forwarded-host": "api.example.com", "x-forwarded-for": PEER, "accept": "text/html"}
    answer = world("GET", "/verify", headers=fields, auth=("ann", "the password of ann"))
    assert told["status"] == answer.status_code == 403
    assert without_ids(told["content"]) == without_ids(answer.text)
    lines = [[name, without_ids(value)] for name, value in answer.headers.multi_items() if name != "content-length"]
    assert [[name, without_ids(value)] for name, value in told["headers"]] == lines


def test_grants_tell_who_it_is_as_whoami_does(world: World) -> None:
    token = world.log_in("ann")
    told = decided(world, question(f"{URL}/patients", "GET", ["Cookie", f"__Host-watchword={token}"]))
    assert (told["granted"], told["status"], told["problem"], told["content"]) == (True, 200, None, None)
    assert told["principal"] == world("GET", "/whoami", cookie=token, secure=True).json()
    assert told["principal"]["subject"] == "ann"


def test_grants_tell_only_what_is_for_the_client(world: World) -> None:
    """These headers are added to an answer: identity fields are for the other direction."""
    told = decided(world, question(f"{URL}/patients", "GET", as_basic("ann"), ["Cookie", "__Host-watchword=gone"]))
    names = [name for name, _ in told["headers"]]
    assert names.count("set-cookie") == 1
    assert "auth-token" in names
    assert not {name.lower() for name in IDENTITY_FIELDS} & set(names)


def test_anonymous_grants_have_no_principal__C01(world: World) -> None:
    told = decided(world, question(f"{URL}/public/x"))
    assert (told["granted"], told["principal"]) == (True, None)


def test_the_peer_that_is_told_is_who_is_limited__C16(world: World) -> None:
    """Whoever asks speaks for its clients: its own address is not theirs."""
    for _ in range(10):
        decided(world, question(f"{URL}/patients", "GET", as_basic("bob", "wrong")))
    assert decided(world, question(f"{URL}/patients", "GET", as_basic("bob")))["status"] == 429
    assert {request.peer.address for _, request in world.seen.refusals} == {PEER}


@pytest.mark.parametrize(
    ("url", "peer", "cell"),
    [
        ("http://api.example.com/public/x", PEER, "C01"),
        ("http://api.example.com/patients", PEER, "C14"),
        ("https://api.example.com/patients", PEER, "C03"),
        ("http://api.example.com/patients", "127.0.0.1", "C03"),
        ("http://api.example.com/patients", "::1", "C03"),
        ("/patients", "127.0.0.1", "C03"),
        ("/patients", PEER, "C14"),
        ("wss://api.example.com/patients", PEER, "C03"),
        ("ws://api.example.com/patients", PEER, "C14"),
    ],
)
def test_scheme_and_peer_say_whether_credentials_travel_in_cleartext__C14(
    world: World, url: str, peer: str, cell: str
) -> None:
    decided(world, question(url, peer=peer))
    assert world.seen.cells[-1] == cell


def test_forwarding_fields_of_the_client_count_for_nothing__F23(world: World) -> None:
    spoofed = [["X-Forwarded-Uri", "/public/x"], ["X-Original-URL", "/public/x"], ["X-Forwarded-For", "127.0.0.1"]]
    told = decided(world, question(f"{URL}/admin/x", "GET", *spoofed, peer="192.0.2.9"))
    assert told["status"] == 401
    assert world.seen.refusals[-1][1].peer.address == "192.0.2.9"


def test_the_host_of_the_url_counts_and_not_the_header(make: Callable[..., World]) -> None:
    world = make(space={"protect": [{"path": "/*", "host": "public.example", "public": True}]})
    header = ["Host", "public.example"]
    assert decided(world, question("https://public.example/x", "GET", ["Host", "api.example.com"]))["granted"]
    assert not decided(world, question("https://api.example.com/x", "GET", header))["granted"]
    assert decided(world, question("/x", "GET", header, peer="127.0.0.1"))["granted"]


@pytest.mark.parametrize(
    "url",
    [
        f"{URL}/public/../admin/x",
        f"{URL}/public/%2e%2e/admin/x",
        f"{URL}/public/..%2fadmin/x",
        f"{URL}//admin/x",
        f"{URL}/public/..;/admin",
        f"{URL}/public\\..\\admin",
        f"{URL}/public/%00",
        f"{URL}/public/x\n/../../admin",
        f"{URL}/public/ x",
        "/public/../admin/x",
        "/public#/../admin",
        "//admin/x",
        "//api.example.com/public/x",
    ],
)
def test_paths_with_more_than_one_meaning_are_refused__C10__F22(world: World, url: str) -> None:
    """Taken as they are written: nothing is cut off, resolved or guessed on the way to the decision."""
    told = decided(world, question(url, peer="127.0.0.1"))
    assert (told["granted"], told["problem"]["cell"]) == (False, "C10")


# --- wrong questions ------------------------------------------------------------------------------------------------

GOOD = question()
AS_JSON = {"content-type": "application/json"}


def changed(**members: Any) -> dict[str, Any]:
    return {**GOOD, **members}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != name}


@pytest.mark.parametrize(
    ("content", "member"),
    [
        ({}, "method"),
        (without("method"), "method"),
        (without("url"), "url"),
        (without("peer"), "peer"),
        (changed(method=""), "method"),
        (changed(method=None), "method"),
        (changed(method=["GET"]), "method"),
        (changed(method="GE T"), "method"),
        (changed(method="GET\r\n"), "method"),
        (changed(method="G\u00c9T"), "method"),
        (changed(url=""), "url"),
        (changed(url=5), "url"),
        (changed(url="patients"), "url"),
        (changed(url="*"), "url"),
        (changed(url="api.example.com:443"), "url"),
        (changed(url="ftp://api.example.com/"), "url"),
        (changed(url="https://"), "url"),
        (changed(url="https:///patients"), "url"),
        (changed(url="https://ann:secret@api.example.com/"), "url"),
        (changed(url="https://api.example.com:99999/"), "url"),
        (changed(url="https://api.example.com:x/"), "url"),
        (changed(url="https://[::1/"), "url"),
        (changed(url="https://caf\u00e9.example/"), "url"),
        (changed(url="/caf\u00e9"), "url"),
        (changed(url="https://api.example.com/a#b"), "url"),
        (changed(url=" https://api.example.com/"), "url"),
        (changed(url="w"), "url"),
        (changed(peer=""), "peer"),
        (changed(peer="unix"), "peer"),
        (changed(peer="localhost"), "peer"),
        (changed(peer="192.0.2.1:443"), "peer"),
        (changed(peer="192.0.2.1, 127.0.0.1"), "peer"),
        (changed(peer="192.0.2.0/24"), "peer"),
        (changed(peer="0127.0.0.1"), "peer"),
        (changed(peer=2130706433), "peer"),
        (changed(headers=None), "headers"),
        (changed(headers={"Host": "a"}), "headers"),
        (changed(headers="Host: a"), "headers"),
        (changed(headers=[["Host"]]), "headers"),
        (changed(headers=[["Host", "a", "b"]]), "headers"),
        (changed(headers=[["Host", None]]), "headers"),
        (changed(headers=[["Host", ["a"]]]), "headers"),
        (changed(headers=["Host: a"]), "headers"),
        (changed(headers=[["", "a"]]), "headers"),
        (changed(headers=[["Bad Name", "a"]]), "headers"),
        (changed(headers=[["N\u00e4me", "a"]]), "headers"),
        (changed(headers=[["X", "a\r\nCookie: b"]]), "headers"),
        (changed(headers=[["X", "a\x00"]]), "headers"),
        (changed(headers=[["X", "\u20ac"]]), "headers"),
    ],
)
def test_wrong_questions_name_the_member_that_is_wrong(world: World, content: Any, member: str) -> None:
    answer = world("POST", "/decide", json=content)
    assert answer.status_code == 422
    (error,) = is_problem(answer, "invalid-content")["errors"]
    assert error["pointer"] == f"#/{member}"
    assert "secret" not in answer.text
    assert world.seen.cells == []


@pytest.mark.parametrize("content", [b"[]", b'"text"', b"5", b"null", b"true", b"[{}]"])
def test_only_objects_are_questions(world: World, content: bytes) -> None:
    answer = world("POST", "/decide", content=content, headers=AS_JSON)
    assert answer.status_code == 422
    is_problem(answer, "invalid-content")


def test_misspelt_members_are_not_passed_over(world: World) -> None:
    """Credentials under a wrong name would make everybody anonymous."""
    answer = world("POST", "/decide", json=changed(header=[as_basic("ann")]))
    assert answer.status_code == 422
    assert "headers" in is_problem(answer, "invalid-content")["detail"]


def test_headers_may_be_left_out(world: World) -> None:
    assert decided(world, without("headers"))["status"] == 401


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"nonsense",
        b'{"method": "GET", "method": "POST"}',
        b'{"url": "\\ud800"}',
        b'{"method": NaN}',
        b"[" * 1000 + b"]" * 1000,
        b"1" * 5000,
    ],
    ids=lambda content: content[:20].decode("latin-1"),
)
def test_what_is_not_json_with_one_meaning_is_400__F11(world: World, content: bytes) -> None:
    answer = world("POST", "/decide", content=content, headers=AS_JSON)
    assert answer.status_code == 400
    is_problem(answer, "malformed-content")


def test_content_of_another_type_is_415__F27(world: World) -> None:
    """A page of another origin can send text/plain to this machine without asking."""
    for content_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        headers = {"content-type": content_type} if content_type else {}
        answer = world("POST", "/decide", content=json.dumps(GOOD).encode(), headers=headers)
        assert answer.status_code == 415
        is_problem(answer, "unsupported-content")


def test_questions_that_are_too_long_are_413__F11(world: World) -> None:
    fits = changed(headers=[["X", "a" * (LONGEST_CONTENT - 300)]])
    assert decided(world, fits)["status"] == 401
    too_long: httpx.Response = world("POST", "/decide", json=changed(headers=[["X", "a" * LONGEST_CONTENT]]))
    assert too_long.status_code == 413
    is_problem(too_long, "content-too-large")
