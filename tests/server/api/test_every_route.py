"""What holds for every route alike, in one table: who may, who may not, and what happens when the storage is down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.routing import APIRoute

from tests.server.api.world import NOW, World, account, basic, is_problem, password_of, refused_by, scope, set_cookies
from watchword.core.ask import Question
from watchword.core.credentials import TOTP, Credential
from watchword.core.grants import ApiKey
from watchword.core.linked import LinkedIdentity
from watchword.flows.linked_identities import public_id

LONG = "a long enough password"


@dataclass(frozen=True)
class Route:
    """A good request. `by` is an account that may; `refused` is one that may not, and the cell that tells it so."""

    method: str
    path: str
    template: str
    status: int
    by: str | None = None
    content: Any = None
    refused: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"


FACTOR = Credential(id="factor-of-ann", subject="ann", kind=TOTP, secret=b"s" * 32, confirmed=False)
KEY = ApiKey(id="key-of-ann", fingerprint=b"k" * 32, subject="ann", name="ci", hint="abcd", created_at=NOW)
IDENTITY = LinkedIdentity(issuer="https://login.example.com", subject="ann-1", account="ann", created_at=NOW)
PASSWORD_OF_ANN = {"username": "ann", "password": password_of("ann")}
ROUTES = (
    Route("POST", "/login", "/login", 200, content={"username": "ann", "password": password_of("ann")}),
    Route("POST", "/logout", "/logout", 204),
    Route("GET", "/login/providers", "/login/providers", 200),
    Route("POST", "/auth/login", "/auth/login", 200, content={"username": "ann", "password": password_of("ann")}),
    Route("POST", "/auth/logout", "/auth/logout", 204),
    Route("POST", "/api/authenticate", "/api/authenticate", 200, content=PASSWORD_OF_ANN),
    Route("POST", "/revocations", "/revocations", 200, "root", {"where": "subject = bob"}, ("ann", "C12")),
    Route("GET", "/session", "/session", 200),
    Route("GET", "/session/data", "/session/data", 200, by="ann"),
    Route("PUT", "/session/data", "/session/data", 204, by="ann", content={"a": 1}),
    Route("DELETE", "/session/data", "/session/data", 204, by="ann"),
    Route("GET", "/sessions?subject=ann", "/sessions", 200, by="ann", refused=("bob", "C12")),
    Route("DELETE", "/sessions?subject=ann", "/sessions", 204, by="root", refused=("bob", "C12")),
    Route("DELETE", "/sessions/{session}", "/sessions/{id}", 204, by="ann", refused=("bob", "")),
    Route("GET", "/keys?subject=ann", "/keys", 200, by="ann", refused=("bob", "C12")),
    Route("POST", "/keys?subject=ann", "/keys", 201, "ann", {"name": "ci"}, ("bob", "C12")),
    Route("POST", f"/keys/{KEY.id}/rotate", "/keys/{id}/rotate", 201, "ann", {"overlap": 60}, ("bob", "")),
    Route("DELETE", f"/keys/{KEY.id}", "/keys/{id}", 204, by="ann", refused=("bob", "")),
    Route("GET", "/identities?subject=ann", "/identities", 200, by="ann", refused=("bob", "C12")),
    Route("DELETE", f"/identities/{public_id(IDENTITY)}", "/identities/{id}", 204, by="ann", refused=("bob", "")),
    Route("GET", "/integrations", "/integrations", 200, by="ann"),
    Route("POST", "/integrations/check", "/integrations/check", 200, "ann", {}),
    Route("GET", "/second-factors", "/second-factors", 200, by="ann"),
    Route("POST", "/second-factors", "/second-factors", 201, "ann", {"label": "phone"}),
    Route("DELETE", f"/second-factors/{FACTOR.id}", "/second-factors/{id}", 204, by="ann"),
    Route("DELETE", "/users/ann/second-factors", "/users/{name}/second-factors", 204, "root", refused=("ann", "C12")),
    Route("GET", "/tokens/ann", "/tokens/{userid}", 200, by="ann", refused=("root", "C13")),
    Route("DELETE", "/tokens/ann", "/tokens/{userid}", 204, by="ann", refused=("root", "C13")),
    Route("GET", "/roles/ann", "/roles/{userid}", 200, by="ann", refused=("root", "C13")),
    Route("POST", "/users", "/users", 201, "root", {"username": "eve", "password": LONG}, ("ann", "C12")),
    Route("GET", "/users", "/users", 200, "root", refused=("ann", "C12")),
    Route("GET", "/users/ann", "/users/{name}", 200, "ann", refused=("bob", "C12")),
    Route("PATCH", "/users/ann", "/users/{name}", 200, "root", {"roles": []}, ("ann", "C12")),
    Route("DELETE", "/users/ann", "/users/{name}", 204, "root", refused=("ann", "C12")),
    Route("POST", "/users/ann/disable", "/users/{name}/disable", 204, "root", refused=("ann", "C12")),
    Route("POST", "/users/gone/enable", "/users/{name}/enable", 204, "root", refused=("ann", "C12")),
    Route("PUT", "/users/ann/password", "/users/{name}/password", 204, "root", {"password": LONG}, ("bob", "C12")),
    Route("GET", "/ws/rest/v1/session", "/ws/rest/v1/session", 200),
    Route("DELETE", "/ws/rest/v1/session", "/ws/rest/v1/session", 204),
    Route("GET", "/openapi.json", "/openapi.json", 200),
    Route("GET", "/docs", "/docs", 200),
    Route("GET", "/docs/assets/style.css", "/docs/assets/{name}", 200),
)
OTHERWISE = {
    "POST /login/second-factor",
    "POST /auth/login/second-factor",
    "POST /second-factors/{id}/confirm",
    "POST /second-factors/recovery-codes",
    "POST /auth/token",
    "GET /oauth2/jwks",
    "GET /.well-known/jwks.json",
    "POST /oauth2/token",
    "POST /oauth2/introspect",
    "POST /oauth2/revoke",
    "GET /.well-known/oauth-authorization-server",
    "GET /.well-known/oauth-protected-resource",
    "PUT /integrations/{provider}/credential",
    "GET /integrations/{provider}/credential",
    "DELETE /integrations/{provider}/credential",
    "POST /integrations/{provider}/check",
    *(f"{method} /integrations/{{provider}}/call/{{path}}" for method in ("GET", "POST", "PUT", "PATCH", "DELETE")),
    "GET /login/with/{name}",
    "GET /login/with/{name}/callback",
    "POST /login/with/{name}/second-factor",
    "POST /login/with/{name}/link",
    "POST /login/with/{name}/backchannel-logout",
    "GET /login/with/{name}/frontchannel-logout",
    "GET /login/with/{name}/logout",
}
"""Those that answer in words of their own, or that anybody may keep: test_auth.py, test_jwks.py and test_oauth_….py
have them. Those of providers are in test_integrations.py and test_integration_calls.py, those that need a second factor
in test_second_factor….py, those that need an identity provider in tests/faults/test_openid_….py, test_log_in_with.py
and test_identities.py."""
PROTECTED = [route for route in ROUTES if route.by is not None]
DOCUMENTATION = [route for route in ROUTES if route.path.startswith(("/openapi.json", "/docs"))]
SAFE = ("GET", "HEAD")

every = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
protected = pytest.mark.parametrize("route", PROTECTED, ids=lambda route: route.name)


def send(world: World, route: Route, method: str | None = None, **options: Any) -> Any:
    path = route.path
    world.storage.put_keys((KEY,))
    world.storage.put_credentials((FACTOR,))
    world.storage.linked.put_all((IDENTITY,))
    if "{session}" in path:
        owner = options.get("cookie") or options.get("bearer")
        whoami = world("GET", "/whoami", bearer=owner) if owner else None
        path = path.format(session=whoami.json()["session"] if whoami is not None and whoami.is_success else "some-id")
    content = {} if route.content is None else {"json": route.content}
    return world(method or route.method, path, **{**content, **options})


def test_every_route_of_the_server_is_in_the_table(world: World) -> None:
    served = {
        f"{method} {route.path_format}"
        for route in world.api.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    assert served == {route.name for route in ROUTES} | OTHERWISE


@every
@pytest.mark.parametrize("door", ["cookie", "bearer"])
def test_good_request_passes_by_cookie_and_by_its_twin_in_the_header__S2_41(
    world: World, route: Route, door: str
) -> None:
    options: dict[str, Any] = {} if route.by is None else {door: world.log_in(route.by)}
    answer = send(world, route, **options)
    assert answer.status_code == route.status, answer.text


@every
def test_every_answer_has_our_fields_once(world: World, route: Route) -> None:
    for secure in (False, True):
        answer = send(world, route, secure=secure, auth=basic(route.by or "ann"))
        fields = answer.headers.get_list
        assert fields("cache-control") == ["no-store"]
        assert fields("x-content-type-options") == ["nosniff"]
        assert fields("referrer-policy") == ["no-referrer"]
        assert len(fields("content-security-policy")) == 1
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert len(fields("vary")) == 1
        assert {"authorization", "cookie", "origin"} <= set(answer.headers["vary"].split(", "))
        assert len(fields("strict-transport-security")) == int(secure)
        assert len(fields("auth-token")) <= 1
        assert "server" not in answer.headers


@protected
def test_nobody_passes_without_credentials__C03(world: World, route: Route) -> None:
    answer = send(world, route)
    assert answer.status_code == 401
    refused_by(answer, "C03")
    assert len(answer.headers.get_list("www-authenticate")) == 4


@pytest.mark.parametrize("route", [r for r in ROUTES if r not in DOCUMENTATION], ids=lambda route: route.name)
def test_no_route_answers_without_the_guard_before_it__F40(world: World, route: Route) -> None:
    world.application = world.api
    answer = send(world, route, auth=basic("root"))
    assert answer.status_code == 500
    is_problem(answer, "internal-error")


@pytest.mark.parametrize("route", [r for r in PROTECTED if r.refused], ids=lambda route: route.name)
def test_who_may_not_is_refused_without_a_challenge__S0_6__C12__C13(world: World, route: Route) -> None:
    assert route.refused is not None
    who, cell = route.refused
    doors: list[dict[str, Any]] = [{"bearer": world.log_in(who)}, {"auth": basic(who)}]
    for options in doors:
        if not cell and KEY.id in route.path:  # nor is somebody else's key
            assert send(world, route, **options).status_code == 404
            continue
        if not cell:  # somebody else's session is simply not there
            target = world("GET", "/whoami", bearer=world.log_in("ann")).json()["session"]
            assert world("DELETE", f"/sessions/{target}", **options).status_code == 404
            continue
        answer = send(world, route, **options)
        assert answer.status_code == 403
        refused_by(answer, cell)
        assert answer.headers.get_list("www-authenticate") == []


@protected
def test_storage_down_is_503_and_logs_nobody_out__C17(world: World, route: Route) -> None:
    token = world.log_in(route.by or "ann")
    world.answers.down = (Question,)
    answer = send(world, route, headers={"cookie": f"watchword={token}"})
    assert answer.status_code == 503
    refused_by(answer, "C17")
    assert answer.headers["retry-after"].isdigit()
    assert answer.headers.get_list("www-authenticate") == []
    assert set_cookies(answer) == []


@every
def test_nth_answer_that_fails_is_503_or_does_not_matter__C17__F39(world: World, route: Route) -> None:
    for nth in range(1, 50):
        world.answers.fails_at = None
        token = world.log_in(route.by) if route.by else None
        path = send_path(world, route, token)
        world.answers.asked, world.answers.fails_at = 0, nth
        content = {} if route.content is None else {"json": {**route.content, **again(route, nth)}}
        answer = world(route.method, path, cookie=token, **content)
        if world.answers.asked < nth:
            assert nth > 1 or route.by is None
            return
        assert answer.status_code in (503, route.status), (nth, answer.text)
        if answer.status_code == 503:
            refused_by(answer, "C17")
            assert set_cookies(answer) == []
        world.answers.fails_at = None
        restore(world)
    pytest.fail("it asks more than fifty questions")


def manager(route: Route) -> str:
    """Whoever may do anything at the path."""
    return "ann" if "{userid}" in route.template else "root"


def send_path(world: World, route: Route, token: str | None) -> str:
    world.storage.put_keys((KEY,))
    world.storage.put_credentials((FACTOR,))
    if "{session}" not in route.path:
        return route.path
    return route.path.format(session=world("GET", "/whoami", bearer=token).json()["session"])


def again(route: Route, nth: int) -> dict[str, str]:
    """Another name at each try: the try before may have made the account before it failed."""
    return {"username": f"eve{nth}"} if route.name == "POST /users" else {}


def restore(world: World) -> None:
    """Undo what a route did to ann."""
    world.storage.put_accounts([account("ann")])


@pytest.mark.parametrize("route", [r for r in PROTECTED if r.method not in SAFE], ids=lambda route: route.name)
@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}]
)
def test_pages_of_other_origins_change_nothing__C14__F27(world: World, route: Route, headers: dict[str, str]) -> None:
    assert route.by is not None
    doors: list[dict[str, Any]] = [{"cookie": world.log_in(route.by)}, {"auth": basic(route.by)}]
    for options in doors:
        answer = send(world, route, headers=headers, **options)
        assert answer.status_code == 403
        refused_by(answer, "C14")
    assert send(world, route, headers=headers, bearer=world.log_in(route.by)).status_code == route.status


@pytest.mark.parametrize("route", [r for r in ROUTES if r.method == "GET"], ids=lambda route: route.name)
def test_head_is_get_without_the_content__C27(world: World, route: Route) -> None:
    options: dict[str, Any] = {} if route.by is None else {"cookie": world.log_in(route.by)}
    got, head = (send(world, route, method, **options) for method in ("GET", "HEAD"))
    assert head.status_code == got.status_code
    assert head.content == b""
    assert head.headers.multi_items() == got.headers.multi_items()


def test_nothing_is_sent_after_the_head_of_an_answer_to_head__C27(world: World) -> None:
    """By the messages themselves: a client would throw away what comes too much."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    for path in ("/session", "/docs", "/nothing", "/users"):
        world.run(world.application(scope("HEAD", path, []), receive, send))
    assert [message["body"] for message in sent if message["type"] == "http.response.body"] == [b""] * 4


@every
def test_options_names_the_methods(world: World, route: Route) -> None:
    answer = send(world, route, "OPTIONS", auth=basic(manager(route)))
    assert (answer.status_code, answer.content) == (204, b"")
    allowed = answer.headers["allow"].split(", ")
    assert {route.method, "OPTIONS"} <= set(allowed)
    assert ("HEAD" in allowed) == ("GET" in allowed)


@every
def test_other_methods_are_405_with_those_that_are_allowed(world: World, route: Route) -> None:
    answer = send(world, route, "BREW", auth=basic(manager(route)))
    assert answer.status_code == 405
    is_problem(answer, "method-not-allowed")
    assert route.method in answer.headers["allow"].split(", ")


@every
def test_slash_at_the_end_is_another_path_and_never_a_redirect(world: World, route: Route) -> None:
    path = route.path.partition("?")[0] + "/"
    assert world(route.method, path, auth=basic("root")).status_code == 404
