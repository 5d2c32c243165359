"""POST /rpc: the methods, who may call them, and what is told of what went wrong, in both forms (S4.6, S4.7)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.server.api.world import World, basic, is_problem, refused_by, scope, set_cookies
from watchword.core.ask import Question
from watchword.core.questions import FindKey, ListKeys
from watchword.server.api.content import LONGEST_CONTENT
from watchword.server.api.errors import PROBLEMS
from watchword.server.api.rpc.failures import CODES
from watchword.server.api.rpc.methods import METHODS
from watchword.server.api.rpc.route import LONGEST_ANSWER, MOST_CALLS

KALLITHEA: dict[str, Any] = {"realm": {"personas": ["kallithea"]}}


@pytest.fixture
def kallithea(make_world: Callable[..., World]) -> World:
    """A server for Kallithea's clients."""
    return make_world(**KALLITHEA)


def make(world: World, content: dict[str, Any] | None = None, *, who: str = "ann", **options: Any) -> dict[str, Any]:
    answer = world("POST", "/keys", json=content or {}, **(options or {"auth": basic(who)}))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def call(world: World, method: str, params: Any = None, *, id: Any = 1, **options: Any) -> httpx.Response:
    """One call in version 2.0, by ann unless somebody else is named."""
    content = {"jsonrpc": "2.0", "id": id, "method": method} | ({} if params is None else {"params": params})
    return world("POST", "/rpc", json=content, **(options or {"auth": basic("ann")}))


def legacy(world: World, key: Any, method: str, args: Any = None, *, id: Any = 1, **options: Any) -> httpx.Response:
    """One call as Kallithea's clients send it, which call it text."""
    content = json.dumps({"id": id, "api_key": key, "method": method, "args": {} if args is None else args})
    return world("POST", "/rpc", content=content, headers={"content-type": "text/plain"}, **options)


def result(answer: httpx.Response, id: Any = 1) -> Any:
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["id"] == id
    assert told.keys() in ({"jsonrpc", "result", "id"}, {"id", "result", "error"})
    assert told.get("error") is None
    return told["result"]


def error(answer: httpx.Response, name: str, *, id: Any = 1, status: int = 200) -> dict[str, Any]:
    """The error object of an answer in version 2.0, with this stable name."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert told.keys() == {"jsonrpc", "error", "id"}
    assert (told["jsonrpc"], told["id"]) == ("2.0", id)
    assert told["error"]["data"]["problem"]["code"] == name
    assert told["error"]["data"]["type"] == f"urn:watchword:problem:{name}"
    if name in CODES:
        assert told["error"]["code"] == CODES[name]
    error: dict[str, Any] = told["error"]
    return error


def legacy_error(answer: httpx.Response, id: Any = 1) -> tuple[str, str]:
    """Text and code of an error before version 2.0."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers.get_list("www-authenticate") == []
    told = answer.json()
    assert list(told) == ["id", "result", "error", "error_code"]
    assert (told["id"], told["result"]) == (id, None)
    return told["error"], told["error_code"]


# --- the methods -----------------------------------------------------------------------------------------------------


def test_the_methods_are_those_of_the_interface() -> None:
    assert list(METHODS) == [
        "whoami",
        "roles",
        "keys.list",
        "keys.create",
        "keys.revoke",
        "sessions.list",
        "sessions.revoke",
    ]


def test_whoami_is_what_the_route_says(world: World) -> None:
    assert result(call(world, "whoami")) == world("GET", "/whoami", auth=basic("ann")).json()


def test_roles_are_what_the_route_says(world: World) -> None:
    expected = world("GET", "/roles/ann", auth=basic("ann")).json()
    assert result(call(world, "roles")) == expected
    assert result(call(world, "roles", {"userid": "ann"})) == expected
    assert result(call(world, "roles", ["ann"])) == expected
    refused = call(world, "roles", {"userid": "root"}, auth=basic("root"))
    assert result(refused)["roles"] == ["admin"]
    error(call(world, "roles", {"userid": "ann"}, auth=basic("root")), "not-yours", status=403)


def test_keys_are_made_listed_and_revoked_as_by_the_routes__S2_16(world: World) -> None:
    made = result(call(world, "keys.create", {"name": "ci", "scopes": ["b", "a"], "expires_in": 60}))
    assert world("GET", "/whoami", headers={"x-api-key": made["key"]}).json()["scopes"] == ["a", "b"]
    listed = result(call(world, "keys.list"))
    assert listed == world("GET", "/keys", auth=basic("ann")).json()
    assert [key["id"] for key in listed["keys"]] == [made["id"]]
    assert "key" not in listed["keys"][0]
    assert result(call(world, "keys.revoke", [made["id"]])) == {"revoked": made["id"]}
    assert world("GET", "/whoami", headers={"x-api-key": made["key"]}).status_code == 401
    assert result(call(world, "keys.list")) == {"keys": []}


def test_sessions_are_listed_and_revoked_as_by_the_routes(world: World) -> None:
    token, other = world.log_in("ann"), world.log_in("ann")
    listed = result(call(world, "sessions.list", bearer=token))
    assert listed == world("GET", "/sessions", bearer=token).json()
    (own,) = (each["id"] for each in listed["sessions"] if each["current"])
    (far,) = (each["id"] for each in listed["sessions"] if not each["current"])
    assert result(call(world, "sessions.revoke", {"id": far}, bearer=token)) == {"revoked": far}
    assert world("GET", "/whoami", bearer=other).status_code == 401
    ended = call(world, "sessions.revoke", {"id": own}, cookie=token)
    assert result(ended) == {"revoked": own}
    (cleared,) = set_cookies(ended)
    assert cleared.startswith("watchword=; ")
    assert world("GET", "/whoami", bearer=token).status_code == 401


def test_administrators_have_to_do_with_everybodys(world: World) -> None:
    made = result(call(world, "keys.create", {"name": "for ann", "subject": "ann"}, auth=basic("root")))
    assert world("GET", "/whoami", headers={"x-api-key": made["key"]}).json()["subject"] == "ann"
    assert [key["id"] for key in result(call(world, "keys.list", ["ann"], auth=basic("root")))["keys"]] == [made["id"]]
    token = world.log_in("ann")
    (session,) = result(call(world, "sessions.list", {"subject": "ann"}, auth=basic("root")))["sessions"]
    ended = {"id": session["id"], "subject": "ann"}
    assert result(call(world, "sessions.revoke", ended, auth=basic("root"))) == {"revoked": session["id"]}
    assert world("GET", "/whoami", bearer=token).status_code == 401
    revoked = {"id": made["id"], "subject": "ann"}
    assert result(call(world, "keys.revoke", revoked, auth=basic("root"))) == {"revoked": made["id"]}


def test_both_forms_do_the_same(world: World) -> None:
    key = make(world)["key"]
    answer = world("POST", "/rpc", json={"jsonrpc": "2.0", "id": 1, "method": "whoami"}, headers={"x-api-key": key})
    assert result(legacy(world, key, "whoami")) == result(answer)
    made = result(legacy(world, key, "keys.create", {"name": "new"}))
    assert result(legacy(world, key, "keys.revoke", {"id": made["id"]})) == {"revoked": made["id"]}


# --- who may: as at the routes ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Twin:
    """A call, and the request of the route that does the same."""

    method: str
    params: dict[str, Any]
    request: tuple[str, str]
    content: Any = None


TWINS = (
    Twin("whoami", {}, ("GET", "/whoami")),
    Twin("roles", {"userid": "ann"}, ("GET", "/roles/ann")),
    Twin("roles", {"userid": "root"}, ("GET", "/roles/root")),
    Twin("keys.list", {}, ("GET", "/keys")),
    Twin("keys.list", {"subject": "ann"}, ("GET", "/keys?subject=ann")),
    Twin("keys.create", {"name": "x"}, ("POST", "/keys"), {"name": "x"}),
    Twin("keys.create", {"scopes": ["a"]}, ("POST", "/keys"), {"scopes": ["a"]}),
    Twin("keys.create", {"scopes": ["z"]}, ("POST", "/keys"), {"scopes": ["z"]}),
    Twin("keys.create", {"scopes": ["a b"]}, ("POST", "/keys"), {"scopes": ["a b"]}),
    Twin("keys.create", {"subject": "ann"}, ("POST", "/keys?subject=ann"), {}),
    Twin("keys.create", {"subject": "nobody"}, ("POST", "/keys?subject=nobody"), {}),
    Twin("keys.revoke", {"id": "no-such-key"}, ("DELETE", "/keys/no-such-key")),
    Twin("keys.revoke", {"id": "x", "subject": "ann"}, ("DELETE", "/keys/x?subject=ann")),
    Twin("sessions.list", {}, ("GET", "/sessions")),
    Twin("sessions.list", {"subject": "ann"}, ("GET", "/sessions?subject=ann")),
    Twin("sessions.revoke", {"id": "x"}, ("DELETE", "/sessions/x")),
    Twin("sessions.revoke", {"id": "x", "subject": "ann"}, ("DELETE", "/sessions/x?subject=ann")),
)
CALLERS = ("nobody", "ann", "bob", "root", "scoped key", "key", "old session", "wrong password", "cross-site cookie")


def options_of(world: World, caller: str) -> dict[str, Any]:
    match caller:
        case "nobody":
            return {"headers": {}}
        case "scoped key":
            return {"headers": {"x-api-key": make(world, {"scopes": ["a"]})["key"]}}
        case "key":
            return {"headers": {"x-api-key": make(world)["key"]}}
        case "old session":
            token = world.log_in("ann")
            world.now += 1000
            assert world("GET", "/whoami", bearer=token).status_code == 200
            world.now += 1700
            assert world("GET", "/whoami", bearer=token).status_code == 200
            world.now += 1000
            return {"bearer": token}
        case "wrong password":
            return {"auth": ("ann", "wrong")}
        case "cross-site cookie":
            return {"cookie": world.log_in("ann"), "headers": {"origin": "https://evil.example"}}
        case _:
            return {"auth": basic(caller)}


# A safe method may be sent by any page, a call may not.
PAIRS = [(twin, caller) for twin in TWINS for caller in CALLERS if (twin.request[0], caller) != ("GET", CALLERS[-1])]


@pytest.mark.parametrize(
    ("twin", "caller"),
    PAIRS,
    ids=[f"{twin.method}-{'-'.join(map(str, twin.params.values()))}-{who}" for twin, who in PAIRS],
)
def test_a_method_demands_what_its_route_demands__C03__C07__C11__C12__C13__C15(
    world: World, twin: Twin, caller: str
) -> None:
    options = options_of(world, caller)
    http_method, path = twin.request
    content = {} if twin.content is None else {"json": twin.content}
    by_route = world(http_method, path, **content, **options)
    by_call = call(world, twin.method, twin.params, **options)
    if by_route.is_success:
        assert by_call.status_code == 200
        assert "result" in by_call.json()
        return
    told = by_call.json()["error"]["data"]["problem"]
    expected = by_route.json()
    assert told["code"] == expected["code"]
    assert told["status"] == by_route.status_code
    if "cell" not in expected:
        assert by_call.status_code == 200
        return
    assert told["cell"] == expected["cell"]
    assert by_call.status_code == by_route.status_code
    assert by_call.headers["auth-decision"].startswith(f"{expected['cell']};")
    assert by_call.headers.get_list("www-authenticate") == by_route.headers.get_list("www-authenticate")
    assert by_call.headers.get("retry-after") == by_route.headers.get("retry-after")


def test_a_call_of_another_origins_page_changes_nothing_be_it_safe_elsewhere__C14__F27(world: World) -> None:
    for options in ({"cookie": world.log_in("ann")}, {"auth": basic("ann")}):
        for content_type in ("application/json", "text/plain"):
            headers = {"origin": "https://evil.example", "content-type": content_type}
            content = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "keys.create"})
            answer = world("POST", "/rpc", content=content, headers=headers, **options)
            told = error(answer, "csrf", status=403)
            assert told["code"] == -32014
    assert list(world.storage.all_keys()) == []


def test_what_the_configuration_demands_of_whoami_and_of_rpc_holds__S4_4(make_world: Callable[..., World]) -> None:
    for path, methods in (("/rpc", ("whoami", "roles", "keys.list")), ("/whoami", ("whoami",))):
        world = make_world(space={"protect": [{"path": path, "api_keys": False}]})
        key = make(world)["key"]
        for method in methods:
            answer = call(world, method, headers={"x-api-key": key})
            assert error(answer, "not-exposed", status=403)["code"] == -32012
            assert legacy_error(legacy(world, key, method)) == ("Method not allowed", "not-exposed")
        result(call(world, "whoami"))


def test_what_is_hidden_is_not_there(make_world: Callable[..., World]) -> None:
    world = make_world(space={"protect": [{"path": "/whoami", "hidden": True, "require": {"roles": ["admin"]}}]})
    answer = call(world, "whoami")
    assert error(answer, "no-such-method")["message"] == "No such method: whoami"
    batch = world("POST", "/rpc", json=[{"jsonrpc": "2.0", "id": 1, "method": "whoami"}], auth=basic("ann")).json()
    assert batch[0]["error"]["code"] == -32601
    assert result(call(world, "whoami", auth=basic("root")))["subject"] == "root"
    world = make_world(space={"protect": [{"path": "/rpc", "hidden": True, "require": {"roles": ["admin"]}}]})
    answer = call(world, "whoami")
    assert (answer.status_code, answer.content) == (404, world("GET", "/nothing").content)


def test_where_anybody_may_ask_nobody_is_somebody__C01(make_world: Callable[..., World]) -> None:
    public = [{"path": path, "public": True} for path in ("/rpc", "/whoami")]
    world = make_world(space={"protect": public})
    assert result(call(world, "whoami", headers={}))["subject"] is None
    error(call(world, "keys.list", headers={}), "authentication-required", status=401)
    error(call(world, "roles", headers={}), "authentication-required", status=401)


# --- what is told of a call that cannot be carried out ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "args", "text", "name"),
    [
        ("foo", {}, "No such method: foo", "no-such-method"),
        ("", {}, "No such method: ", "no-such-method"),
        ("_private", {}, "No such method: _private", "no-such-method"),
        ("rpc.discover", {}, "No such method: rpc.discover", "no-such-method"),
        ("a\n\u2028b", {}, "No such method: a\\n\\u2028b", "no-such-method"),
        ("m" * 500, {}, f"No such method: {'m' * 100}…", "no-such-method"),
        ("keys.revoke", {}, "Missing non optional `id` arg in JSON DATA", "invalid-content"),
        ("keys.revoke", {"subject": "ann"}, "Missing non optional `id` arg in JSON DATA", "invalid-content"),
        ("keys.revoke", {"id": "foo"}, "key `foo` does not exist", "not-found"),
        ("sessions.revoke", {"id": "foo"}, "session `foo` does not exist", "not-found"),
        ("keys.revoke", {"id": "foo", "bar": 1}, "Unknown `bar` arg in JSON DATA", "invalid-content"),
        ("whoami", {"a": 1, "b": 2}, "Unknown `a`, `b` arg in JSON DATA", "invalid-content"),
        ("keys.revoke", {"id": 5}, "Wrong `id` arg in JSON DATA: Input should be a valid string", "invalid-content"),
        (
            "keys.create",
            {"name": ""},
            "Wrong `name` arg in JSON DATA: The name of a key has 1 to 100 characters.",
            "invalid-content",
        ),
        (
            "keys.create",
            {"expires_at": "tomorrow"},
            "Wrong `expires_at` arg in JSON DATA: Send a point in time with its offset, such as 2027-01-31T12:00:00Z.",
            "invalid-content",
        ),
        ("roles", {"userid": None, "id": 1}, "Unknown `id` arg in JSON DATA", "invalid-content"),
        ("roles", {"userid": "root"}, "userid is not the same as your user", "not-yours"),
        ("keys.list", {"subject": "root"}, "not allowed", "forbidden"),
    ],
)
def test_errors_have_the_texts_of_the_thread_and_a_name_that_never_changes__S4_6__S4_7(
    world: World, method: str, args: dict[str, Any], text: str, name: str
) -> None:
    key = make(world)["key"]
    assert legacy_error(legacy(world, key, method, args)) == (text, name)
    answer = call(world, method, args)
    if name not in ("not-yours", "forbidden"):  # the table's refusals have words of their own
        assert error(answer, name)["message"] == text


def test_a_user_that_is_not_there_does_not_exist(world: World) -> None:
    key = make(world, who="root")["key"]
    answer = legacy(world, key, "keys.create", {"subject": "trololo"})
    assert legacy_error(answer) == ("user `trololo` does not exist", "not-found")


def test_several_wrong_arguments_are_all_named(world: World) -> None:
    told = error(call(world, "keys.create", {"name": 5, "scopes": "a"}), "invalid-content")
    assert [each["pointer"] for each in told["data"]["problem"]["errors"]] == ["#/name", "#/scopes"]


def test_more_arguments_than_there_are_is_an_error(world: World) -> None:
    told = error(call(world, "keys.revoke", ["a", "ann", "c"]), "invalid-content")
    assert told["code"] == -32602
    assert "2 arguments" in told["message"]


def test_too_many_keys_is_told_of_a_call_as_of_the_route(world: World) -> None:
    token = world.log_in("ann")
    for _ in range(1000):
        make(world, {"name": "x"}, bearer=token)
    assert error(call(world, "keys.create"), "too-many-keys")["code"] == -32051


def test_every_code_of_an_error_has_a_number_and_a_problem__S4_7() -> None:
    assert CODES.keys() <= PROBLEMS.keys()
    own = [code for code in CODES.values() if -32099 <= code <= -32000]
    assert len(own) == len(set(own)) == 3
    assert all(code < -32049 for code in own)  # those above are the cells'
    assert set(CODES.values()) - set(own) == {-32700, -32600, -32601, -32602, -32603}


# --- content that is no call -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name", "status"),
    [
        (b"", "malformed-content", 400),
        (b"{", "malformed-content", 400),
        (b'{"jsonrpc": "2.0", "method": "whoami", "id": 1, "id": 2}', "malformed-content", 400),
        (b'{"jsonrpc": "2.0", "method": "whoami", "id": "\xff"}', "malformed-content", 400),
        (b'{"jsonrpc": "2.0", "method": "whoami", "id": "\\ud800"}', "malformed-content", 400),
        (b'{"jsonrpc": "2.0", "method": "whoami", "id": ' + b"9" * 5000 + b"}", "malformed-content", 400),
        (b'{"jsonrpc": "2.0", "method": "whoami", "id": 1e999}', "malformed-content", 400),
        (b'{"jsonrpc": "2.0", "method": "whoami", "params": ' + b"[" * 40 + b"]" * 40 + b"}", "malformed-content", 400),
        (b"[" * 60_000, "malformed-content", 400),
        (b"NaN", "malformed-content", 400),
        (b"1", "malformed-call", 400),
        (b"null", "malformed-call", 400),
        (b'"whoami"', "malformed-call", 400),
        (b"{}", "malformed-call", 400),
        (b"[]", "malformed-call", 400),
        (b'{"method": "whoami", "id": 1, "args": {}}', "malformed-call", 400),
        (b'{"jsonrpc": "1.0", "method": "whoami"}', "malformed-call", 400),
        (b'{"jsonrpc": "2.0", "method": "whoami", "id": {}}', "malformed-call", 400),
    ],
)
def test_content_that_is_no_call_is_told_so_with_the_status_too__F11__F16(
    world: World, content: bytes, name: str, status: int
) -> None:
    answer = world("POST", "/rpc", content=content, headers={"content-type": "application/json"}, auth=basic("ann"))
    id = 1 if content.startswith(b'{"method"') else None
    assert error(answer, name, id=id, status=status)["code"] == (-32700 if name == "malformed-content" else -32600)
    assert answer.json()["error"]["message"]
    nobody = world("POST", "/rpc", content=content, headers={"content-type": "application/json"})
    error(nobody, "authentication-required", id=id, status=401)  # who asks comes before what


def test_content_is_bounded__F16(world: World) -> None:
    fits = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "whoami"}).encode()
    fits += b" " * (LONGEST_CONTENT - len(fits))
    headers = {"content-type": "application/json"}
    assert world("POST", "/rpc", content=fits, headers=headers, auth=basic("ann")).status_code == 200
    answer = world("POST", "/rpc", content=fits + b" ", headers=headers, auth=basic("ann"))
    assert error(answer, "content-too-large", id=None, status=413)["code"] == -32600
    error(world("POST", "/rpc", content=fits + b" ", headers=headers), "authentication-required", id=None, status=401)


def test_a_body_that_never_ends_is_not_read_to_its_end__F16(world: World) -> None:
    read, sent = 0, []

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b" " * 1024, "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    world.run(world.application(scope("POST", "/rpc", [(b"content-type", b"application/json")]), receive, send))
    assert sent[0]["status"] == 401
    assert read <= LONGEST_CONTENT // 1024 + 2


def test_who_goes_away_is_not_answered(world: World) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    world.run(world.application(scope("POST", "/rpc", [(b"content-length", b"10")]), receive, send))
    assert sent == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "text/json", None, ""])
def test_only_who_puts_a_key_into_it_may_call_the_content_something_else__F27(
    world: World, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    content = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "whoami"})
    answer = world("POST", "/rpc", content=content, headers=headers, auth=basic("ann"))
    assert error(answer, "unsupported-content", status=415)["code"] == -32600
    assert answer.headers["accept"].startswith("application/json")
    of_ann = {"id": 1, "api_key": make(world)["key"], "method": "whoami", "args": {}}
    result(world("POST", "/rpc", content=json.dumps(of_ann), headers=headers))
    decided_by_cookie = world("POST", "/rpc", content=json.dumps(of_ann), headers=headers, cookie=world.log_in("ann"))
    assert legacy_error(decided_by_cookie)[1] == "unsupported-content"


@pytest.mark.parametrize(
    "content_type", ["application/json-rpc", "application/jsonrequest", "application/json; charset=UTF-8"]
)
def test_other_names_of_json_are_known(world: World, content_type: str) -> None:
    content = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "whoami"})
    result(world("POST", "/rpc", content=content, headers={"content-type": content_type}, auth=basic("ann")))


# --- ids -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", [0, 1, -1, 10**18, 1.5, "", "x", "☃", "x" * 5000, None])
def test_an_id_comes_back__S4_6(world: World, id: Any) -> None:
    assert result(call(world, "whoami", id=id), id)
    assert result(legacy(world, make(world)["key"], "whoami", id=id), id)


@pytest.mark.parametrize("id", [True, [], {"a": 1}])
def test_an_id_of_another_type_is_one_before_version_2_only__S4_6(world: World, id: Any) -> None:
    error(call(world, "whoami", id=id), "malformed-call", id=None, status=400)
    assert result(legacy(world, make(world)["key"], "whoami", id=id), id)


# --- several at a time -----------------------------------------------------------------------------------------------


def batch(world: World, *calls: Any, **options: Any) -> httpx.Response:
    return world("POST", "/rpc", json=[*calls], **(options or {"auth": basic("ann")}))


def of(method: str, id: Any, params: Any = None) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "params": params or {}} | ({} if id is ... else {"id": id})


def test_a_batch_is_answered_call_by_call_in_order(world: World) -> None:
    answer = batch(
        world,
        of("whoami", 1),
        of("foo", 2),
        5,
        of("keys.list", "four", {"subject": "root"}),
        of("keys.create", ..., {"name": "made by a notification"}),
        of("keys.list", None),
        {"jsonrpc": "2.0", "id": 7},
        of("roles", 8, {"userid": "root"}),
    )
    assert answer.status_code == 200
    told = answer.json()
    assert [each["id"] for each in told] == [1, 2, None, "four", None, 7, 8]
    assert [each.get("error", {}).get("code") for each in told] == [None, -32601, -32600, -32012, None, -32600, -32013]
    assert [key["name"] for key in told[4]["result"]["keys"]] == ["made by a notification"]
    assert told[3]["error"]["data"]["problem"]["cell"] == "C12"
    assert world.seen.cells.count("C12") == 1  # counted as what it was
    assert "auth-decision" not in answer.headers


def test_a_batch_is_authenticated_once(world: World) -> None:
    key = {"x-api-key": make(world)["key"]}
    batch(world, of("whoami", 1), headers=key)  # from now on its use is noted
    asked: list[Question[Any]] = []
    world.answers.before = asked.append
    batch(world, *(of("whoami", number) for number in range(50)), headers=key)
    assert [type(question) for question in asked] == [FindKey]


def test_a_call_that_may_have_changed_who_asks_is_followed_by_another_look(world: World) -> None:
    made = make(world, {"expires_in": 60})
    answer = batch(
        world,
        of("whoami", 1),
        of("keys.revoke", 2, {"id": made["id"]}),
        of("keys.create", 3),
        of("whoami", 4),
        headers={"x-api-key": made["key"]},
    )
    told = answer.json()
    assert "result" in told[0]
    assert told[1]["result"] == {"revoked": made["id"]}
    assert [each["error"]["code"] for each in told[2:]] == [-32009, -32009]
    assert list(world.storage.all_keys()) == []


def test_a_key_makes_none_by_a_call_that_outlives_it(world: World) -> None:
    made = make(world, {"expires_in": 60})
    for options in ({"headers": {"x-api-key": made["key"]}},):
        assert result(call(world, "keys.create", **options))["expires_at"] == made["expires_at"]
    assert result(legacy(world, made["key"], "keys.create"))["expires_at"] == made["expires_at"]


def test_a_batch_that_nobody_may_send_has_one_answer__C03__C07(world: World) -> None:
    for options, cell in (({"headers": {}}, "C03"), ({"auth": ("ann", "wrong")}, "C07")):
        answer = batch(world, of("whoami", 1), of("whoami", 2), **options)
        assert answer.status_code == 401
        told = answer.json()
        assert (told["id"], told["error"]["data"]["problem"]["cell"]) == (None, cell)
        assert answer.headers.get_list("www-authenticate")


def test_a_batch_is_bounded__F16(world: World) -> None:
    assert len(batch(world, *(of("whoami", n) for n in range(MOST_CALLS))).json()) == MOST_CALLS
    answer = batch(world, *(of("whoami", n) for n in range(MOST_CALLS + 1)))
    assert error(answer, "malformed-call", id=None, status=400)["code"] == -32600


def test_what_a_batch_is_told_is_bounded_too__F16(world: World) -> None:
    token = world.log_in("ann")
    for _ in range(900):
        make(world, {"name": "n" * 100}, bearer=token)
    answer = batch(world, *(of("keys.list", n) for n in range(20)), of("keys.create", 21), bearer=token)
    told = answer.json()
    assert len(told) == 21
    carried_out = [each for each in told if "result" in each]
    assert 0 < len(carried_out) < 20
    assert len(answer.content) < 2 * LONGEST_ANSWER
    assert told[-1]["error"]["data"]["problem"]["code"] == "answer-too-large"
    assert len(list(world.storage.all_keys())) == 900  # what is not answered is not done


def test_notifications_are_carried_out_and_not_answered(world: World) -> None:
    content = {"jsonrpc": "2.0", "method": "keys.create", "params": {"name": "quietly"}}
    for sent in (content, [content, content], {**content, "method": "foo"}, {**content, "params": {"name": 5}}):
        answer = world("POST", "/rpc", json=sent, auth=basic("ann"))
        assert (answer.status_code, answer.content) == (204, b"")
        assert "content-type" not in answer.headers
    assert [key.name for key in world.storage.all_keys()] == ["quietly"] * 3
    refused = world("POST", "/rpc", json=content)  # HTTP has to answer something, and says the truth
    error(refused, "authentication-required", id=None, status=401)


# --- the key in the content ------------------------------------------------------------------------------------------


def test_the_key_in_the_content_is_a_credential_like_any_other__C06__C09__C10__C28(
    make_world: Callable[..., World],
) -> None:
    world = make_world()
    key, other = make(world)["key"], make(world, who="bob")["key"]
    assert result(legacy(world, key, "whoami"))["subject"] == "ann"
    assert result(legacy(world, key, "whoami"))["mechanism"] == "api-key"
    # Beside a wrong password it is what a later mechanism found good, beside a right one it is not looked at.
    assert result(legacy(world, key, "whoami", auth=("bob", "wrong")))["subject"] == "ann"
    assert world.seen.cells[-1] == "C06"
    assert legacy_error(legacy(world, key, "whoami", auth=basic("bob")))[1] == "unsupported-content"
    for sent in (key, other, "unknown-but-long-enough"):
        answer = world("POST", "/rpc", json=body_of(key), headers={"x-api-key": sent})
        assert legacy_error(answer)[1] == "invalid-request"
        assert world.seen.cells[-1] == "C10"
        answer = world("POST", "/rpc", json=body_of(key), headers={"authorization": f"APIKEY {sent}"})
        assert legacy_error(answer)[1] == "invalid-request"
    world = make_world(space={"precedence": "strict"})
    key = make(world)["key"]
    assert legacy_error(legacy(world, key, "whoami", auth=basic("bob")))[1] == "conflicting-credentials"
    assert result(world("POST", "/rpc", json=body_of(key), auth=basic("ann")))["subject"] == "ann"


def body_of(key: Any) -> dict[str, Any]:
    return {"id": 1, "api_key": key, "method": "whoami", "args": {}}


@pytest.mark.parametrize("key", ["", "short", None, 5, [], "unknown-but-long-enough", "ww_k_" + "0" * 40])
def test_any_refused_key_is_an_invalid_one__S4_6__C09(world: World, key: Any) -> None:
    assert legacy_error(legacy(world, key, "whoami")) == ("Invalid API KEY", "invalid-api-key")
    assert world.seen.cells[-1] == "C09"


def test_a_key_that_has_expired_or_was_revoked_is_an_invalid_one_too__S4_6__S4_7(world: World) -> None:
    expired, revoked = make(world, {"expires_in": 10}), make(world)
    world.now += 10
    assert legacy_error(legacy(world, expired["key"], "whoami")) == ("Invalid API KEY", "expired-api-key")
    world("DELETE", f"/keys/{revoked['id']}", auth=basic("ann"))
    assert legacy_error(legacy(world, revoked["key"], "whoami")) == ("Invalid API KEY", "invalid-api-key")


def test_a_space_without_api_keys_takes_none_in_the_content(make_world: Callable[..., World]) -> None:
    world = make_world(space={"mechanisms": ["session", "basic"]})
    answer = world("POST", "/rpc", json=body_of("some-key-that-is-long"))
    assert legacy_error(answer, id=None) == ("Incorrect JSON query missing 'api_key'", "authentication-required")


def test_it_is_taken_nowhere_else(world: World) -> None:
    key = make(world)["key"]
    for path in ("/whoami", "/keys", "/sessions"):
        answer = world("POST" if path == "/keys" else "GET", path, content=json.dumps({"api_key": key}).encode())
        refused_by(answer, "C03")


def test_a_batch_takes_no_key_from_its_calls(world: World) -> None:
    answer = world("POST", "/rpc", json=[{**of("whoami", 1), "api_key": make(world)["key"]}])
    error(answer, "authentication-required", id=None, status=401)


def test_a_call_in_version_2_may_have_its_key_beside_it(world: World) -> None:
    answer = world("POST", "/rpc", json={**of("whoami", 1), "api_key": make(world)["key"]})
    assert result(answer)["subject"] == "ann"


# --- for Kallithea's clients -----------------------------------------------------------------------------------------


def test_the_persona_has_the_challenge_of_the_patch_and_no_more__S4_1(kallithea: World) -> None:
    for headers, cell in (({}, "C03"), ({"x-api-key": "unknown-but-long-enough"}, "C09")):
        answer = kallithea("GET", "/whoami", headers=headers)
        assert answer.status_code == 401
        refused_by(answer, cell)
        challenges = answer.headers.get_list("www-authenticate")
        assert 'APIKEY realm="Kallithea"' in challenges
        assert not any("error" in challenge for challenge in challenges if challenge.startswith("APIKEY"))


def test_the_persona_tries_session_basic_and_key(make_world: Callable[..., World]) -> None:
    world = make_world(realm={"personas": ["kallithea"]}, space={"mechanisms": None})
    answer = world("GET", "/whoami")
    schemes = [line.partition(" ")[0] for line in answer.headers.get_list("www-authenticate")]
    assert schemes == ["Basic", "Watchword-Cookie", "APIKEY"]


def test_the_status_for_bad_keys_is_as_it_was__S4_2(make_world: Callable[..., World]) -> None:
    world = make_world(**KALLITHEA, space={"apikey_status": 400})
    answer = world("GET", "/whoami", headers={"x-api-key": "unknown-but-long-enough"})
    assert answer.status_code == 400
    refused_by(answer, "C09")
    assert legacy_error(legacy(world, "unknown-but-long-enough", "whoami"))[1] == "invalid-api-key"


def test_the_persona_answers_every_call_before_version_2_with_200__S4_6(kallithea: World) -> None:
    key = make(kallithea)["key"]
    assert result(legacy(kallithea, key, "whoami"))["subject"] == "ann"
    sent: tuple[Any, ...] = ({"id": 5, "method": "whoami", "args": {}}, {"id": 5}, {}, {"id": 5, "method": 5}, 5, None)
    for content in sent:
        answer = kallithea("POST", "/rpc", json=content) if content is not None else kallithea("POST", "/rpc")
        told = legacy_error(answer, id=None)
        assert told == ("Incorrect JSON query missing 'api_key'", "authentication-required")
        assert answer.headers["auth-decision"].startswith("C03;")


@pytest.mark.parametrize(
    ("content", "id", "text"),
    [
        ({"method": "whoami", "args": {}}, None, "Incorrect JSON query missing 'id'"),
        ({"id": 5, "args": {}}, 5, "Incorrect JSON query missing 'method'"),
        ({"id": 5, "method": "whoami"}, 5, "Incorrect JSON query missing 'args'"),
    ],
)
def test_what_else_is_missing_is_named_too__S4_6(kallithea: World, content: Any, id: Any, text: str) -> None:
    for options in ({"json": {**content, "api_key": make(kallithea)["key"]}}, {"json": content, "auth": basic("ann")}):
        assert legacy_error(kallithea("POST", "/rpc", **options), id) == (text, "malformed-call")


def test_content_that_is_no_json_is_told_so_to_whoever_is_proven__S4_6(kallithea: World) -> None:
    for content in (b"{", b"\xff", b"[" * 60_000):
        answer = kallithea(
            "POST", "/rpc", content=content, headers={"content-type": "application/json"}, auth=basic("ann")
        )
        text, name = legacy_error(answer, id=None)
        assert text.startswith("JSON parse error: ")
        assert name == "malformed-content"


def test_a_call_in_version_2_is_answered_in_that_by_the_persona_too(kallithea: World) -> None:
    assert "jsonrpc" in call(kallithea, "whoami").json()
    error(call(kallithea, "whoami", headers={}), "authentication-required", status=401)


def test_the_profile_can_be_had_without_the_persona__S4_6(make_world: Callable[..., World]) -> None:
    world = make_world(space={"rpc_profile": "legacy"})
    answer = world("POST", "/rpc", json={"id": 5, "method": "whoami", "args": {}})
    assert legacy_error(answer, id=None)[0] == "Incorrect JSON query missing 'api_key'"
    world = make_world(**KALLITHEA, space={"rpc_profile": "http"})
    error(world("POST", "/rpc", json={"id": 5}), "authentication-required", id=5, status=401)


# --- methods of HTTP -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "BREW"])
def test_only_post_calls(world: World, kallithea: World, method: str) -> None:
    for server in (world, kallithea):
        for options in ({}, {"auth": basic("ann")}):
            answer = server(method, "/rpc", **options)
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")
            assert answer.content == b"" if method == "HEAD" else is_problem(answer, "method-not-allowed")


def test_options_and_preflights_are_answered__C22(make_world: Callable[..., World]) -> None:
    world = make_world(space={"cors": ["https://app.example"]})
    assert (world("OPTIONS", "/rpc").status_code, world("OPTIONS", "/rpc").headers["allow"]) == (204, "POST, OPTIONS")
    asks = {"origin": "https://app.example", "access-control-request-method": "POST"}
    answer = world("OPTIONS", "/rpc", headers=asks)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert "POST" in answer.headers["access-control-allow-methods"]
    token = world.log_in("ann")
    answer = call(world, "whoami", cookie=token, headers={"origin": "https://app.example"})
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert result(answer)["subject"] == "ann"
    answer = call(world, "whoami", headers={"origin": "https://app.example"})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, "https://app.example")


def test_preflights_are_passed_where_the_application_answers_them(make_world: Callable[..., World]) -> None:
    asks = {"origin": "https://app.example", "access-control-request-method": "POST"}
    assert make_world(space={"preflight": "pass"})("OPTIONS", "/rpc", headers=asks).status_code == 204


def test_every_answer_has_our_fields_once(world: World) -> None:
    answers = [
        call(world, "whoami"),
        call(world, "whoami", headers={}),
        call(world, "foo"),
        batch(world, of("whoami", 1)),
        world("POST", "/rpc", json={"jsonrpc": "2.0", "method": "whoami"}, auth=basic("ann")),
        world("POST", "/rpc", content=b"{", headers={"content-type": "application/json"}, auth=basic("ann")),
        legacy(world, make(world)["key"], "whoami"),
        legacy(world, "wrong", "whoami"),
        world("GET", "/rpc"),
        world("OPTIONS", "/rpc"),
    ]
    for answer in answers:
        fields = answer.headers.get_list
        assert fields("cache-control") == ["no-store"]
        assert fields("x-content-type-options") == ["nosniff"]
        assert len(fields("content-security-policy")) == 1
        assert len(fields("vary")) == 1
        assert {"authorization", "cookie", "x-api-key"} <= set(answer.headers["vary"].split(", "))
        assert len(fields("content-type")) == (0 if answer.status_code == 204 else 1)


def test_basic_gets_its_auth_token_here_too__S3_2(world: World) -> None:
    answer = call(world, "whoami")
    assert len(answer.headers.get_list("auth-token")) == 1


# --- what fails ------------------------------------------------------------------------------------------------------


def test_the_wait_is_told_in_both_forms__C16(make_world: Callable[..., World]) -> None:
    world = make_world(limits={"account_failures": 1})
    for _ in range(2):
        call(world, "whoami", auth=("ann", "wrong"))
    answer = call(world, "whoami", auth=("ann", "wrong"))
    told = error(answer, "throttled", status=429)
    assert (told["code"], int(answer.headers["retry-after"]) > 0) == (-32016, True)
    answer = world("POST", "/rpc", json=body_of(None) | {"jsonrpc": "2.0"}, auth=("ann", "wrong"))
    error(answer, "throttled", status=429)


def test_an_outage_is_told_as_one_in_both_forms__C17(world: World) -> None:
    key = make(world)["key"]
    world.answers.down = (Question,)
    answer = call(world, "whoami", headers={"x-api-key": key})
    assert error(answer, "unavailable", status=503)["code"] == -32017
    assert int(answer.headers["retry-after"]) > 0
    answer = legacy(world, key, "whoami")
    text, name = legacy_error(answer)
    assert (name, bool(text)) == ("unavailable", True)
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["auth-decision"].startswith("C17;")
    assert world.seen.cells[-1] == "C17"


def test_an_outage_inside_a_call_is_told_as_one__C17(world: World) -> None:
    world.answers.down = (ListKeys,)
    answer = call(world, "keys.list")
    assert error(answer, "unavailable", status=503)["code"] == -32017
    assert int(answer.headers["retry-after"]) > 0
    told = batch(world, of("whoami", 1), of("keys.list", 2)).json()
    assert ("result" in told[0], told[1]["error"]["code"], told[1]["id"]) == (True, -32017, 2)
    world.answers.down = ()
    key = make(world)["key"]
    world.answers.down = (ListKeys,)
    answer = legacy(world, key, "keys.list")
    assert legacy_error(answer)[1] == "unavailable"
    assert answer.headers["retry-after"].isdigit()


CALLS: dict[str, dict[str, Any]] = {
    "whoami": {},
    "roles": {"userid": "ann"},
    "keys.list": {"subject": "ann"},
    "keys.create": {"name": "x"},
    "keys.revoke": {"id": "{key}"},
    "sessions.list": {},
    "sessions.revoke": {"id": "{session}"},
}


@pytest.mark.parametrize("form", ["http", "legacy"])
@pytest.mark.parametrize("method", CALLS)
def test_nth_answer_that_fails_is_an_outage_or_does_not_matter__C17__F39(world: World, method: str, form: str) -> None:
    for nth in range(1, 50):
        world.answers.fails_at = None
        made, token = make(world), world.log_in("ann")
        session = world("GET", "/whoami", bearer=token).json()["session"]
        params = {name: value.format(key=made["id"], session=session) for name, value in CALLS[method].items()}
        world.answers.asked, world.answers.fails_at = 0, nth
        if form == "http":
            answer = call(world, method, params, headers={"x-api-key": made["key"]})
        else:
            answer = legacy(world, made["key"], method, params)
        told = answer.json()
        if world.answers.asked < nth:
            assert nth > 1
            assert told.get("error") is None
            return
        assert set_cookies(answer) == []
        if told.get("error") is None:
            assert answer.status_code == 200
            continue
        name = told["error_code"] if form == "legacy" else told["error"]["data"]["problem"]["code"]
        assert (name, answer.status_code) == ("unavailable", 200 if form == "legacy" else 503), (nth, told)
        assert answer.headers["auth-decision"].startswith("C17;")
        assert answer.headers["retry-after"].isdigit()
    pytest.fail("it asks more than fifty questions")


def test_an_error_that_nobody_expected_is_told_without_saying_which__F33(world: World) -> None:
    key = make(world)["key"]

    def breaks(question: Question[Any]) -> None:
        if isinstance(question, ListKeys):
            raise RuntimeError("a secret in a message")

    world.answers.before = breaks
    told = error(call(world, "keys.list"), "internal-error", status=500)
    assert (told["code"], told["message"]) == (-32603, "Internal server error")
    assert legacy_error(legacy(world, key, "keys.list")) == ("Internal server error", "internal-error")
    assert batch(world, of("keys.list", 1)).json()[0]["error"]["code"] == -32603
    noted = [event for event in world.seen.events if event.name == "unexpected_error"]
    assert len(noted) == 3
    assert "secret" not in repr(noted)
    assert str(noted[0].fields["id"]) in told["data"]["problem"]["instance"]
