"""The FastAPI host: dependencies, its OpenAPI document, and what is FastAPI's own (S2_41)."""

# Without `from __future__ import annotations`: FastAPI reads annotations of functions inside of functions.
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, BackgroundTasks, FastAPI, Header, HTTPException, WebSocket
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.routing import Mount, Route
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.edge.hosts.asgi_calls import ANN, BOB, SERVERS, WRONG, Asking, by_uvicorn, is_ours
from tests.edge.verifier.double import Double
from watchword import Principal, Watchword
from watchword.core.principal import Authentication
from watchword.edge.fastapi import Authenticated, Optional, document, on_refusal, principal, protect
from watchword.edge.refusal import Refusal
from watchword.edge.route import VISIT

SHAPES: dict[str, Callable[[FastAPI, Watchword], FastAPI]] = {
    "dependencies alone": lambda application, auth: application,
    "protected": lambda application, auth: protect(application, auth, public=True),
}
"""Both are to answer alike."""


def clinic(auth: Watchword) -> FastAPI:
    """An application with routes of every kind."""
    application = FastAPI(title="Clinic")
    done: list[str] = []
    application.state.done = done

    @application.get("/clerks")
    async def clerks(who: Annotated[Principal, Authenticated(auth, roles={"clerk"})]) -> str:
        return who.subject

    @application.get("/in-a-thread")
    def in_a_thread(who: Annotated[Principal, Authenticated(auth)]) -> str:
        return who.subject

    @application.get("/anybody")
    async def anybody(who: Annotated[Principal | None, Optional(auth)]) -> str:
        return who.subject if who else "nobody"

    @application.get("/open")
    async def open_to_all(request: StarletteRequest, remote_user: Annotated[str | None, Header()] = None) -> str:
        who = principal(request)
        return f"{who.subject if who else 'nobody'} {remote_user}"

    @application.get("/seen")
    async def seen(
        who: Annotated[Principal, Authenticated(auth)], remote_user: Annotated[str | None, Header()] = None
    ) -> str:
        return f"{who.subject} {remote_user}"

    @application.post("/later", dependencies=[Authenticated(auth)])
    async def later(tasks: BackgroundTasks, content: dict[str, int]) -> dict[str, int]:
        tasks.add_task(done.append, "done")
        return content

    @application.get("/broken", dependencies=[Authenticated(auth)])
    async def broken() -> None:
        raise ZeroDivisionError

    @application.get("/own-401")
    async def own_401() -> None:
        raise HTTPException(401, "its own")

    @application.get("/stream")
    async def stream(who: Annotated[Principal, Authenticated(auth)]) -> StreamingResponse:
        async def pieces() -> AsyncIterator[str]:
            for number in range(3):
                yield f"{who.subject} {number}\n"

        return StreamingResponse(pieces(), media_type="text/plain")

    @application.websocket("/socket")
    async def socket(websocket: WebSocket, who: Annotated[Principal, Authenticated(auth)]) -> None:
        await websocket.accept()
        await websocket.send_text(who.subject)
        await websocket.close()

    router = APIRouter(prefix="/router", dependencies=[Authenticated(auth, roles={"clerk"})])

    @router.get("/in/{name}")
    async def in_router(name: str) -> str:
        return name

    application.include_router(router)
    for status in (401, 403):  # the application's own way with errors, which is none of ours
        application.exception_handler(status)(_own)
    application.exception_handler(HTTPException)(_own)
    return application


async def _own(request: Any, error: Any) -> JSONResponse:
    return JSONResponse({"own": error.detail}, error.status_code)


@pytest.fixture(scope="module", params=SHAPES.values(), ids=[*SHAPES])
def application(request: pytest.FixtureRequest, full: Watchword) -> FastAPI:
    shaped: FastAPI = request.param(clinic(full), full)
    return shaped


@pytest.mark.parametrize(
    ("path", "auth", "expected"),
    [
        ("/clerks", None, (401, "C03")),
        ("/clerks", WRONG, (401, "C07")),
        ("/clerks", BOB, (403, "C12")),
        ("/clerks", ANN, "ann"),
        ("/in-a-thread", BOB, "bob"),
        ("/in-a-thread", None, (401, "C03")),
        ("/anybody", None, "nobody"),
        ("/anybody", WRONG, (401, "C07")),
        ("/anybody", BOB, "bob"),
        ("/router/in/x", ANN, "x"),
        ("/router/in/x", BOB, (403, "C12")),
        ("/router/in/x", None, (401, "C03")),
    ],
)
def test_dependencies_demand_and_tell_who_asks__S2_41(
    asking: Asking, application: FastAPI, path: str, auth: tuple[str, str] | None, expected: str | tuple[int, str]
) -> None:
    answer = asking(application, "GET", path, auth=auth)
    if isinstance(expected, tuple):
        assert is_ours(answer, *expected)
    else:
        assert (answer.status_code, answer.json()) == (200, expected)
    assert "authorization" in answer.headers["vary"]


def test_handlers_of_the_application_get_its_own_errors_and_none_of_ours__S2_41(
    asking: Asking, application: FastAPI
) -> None:
    own = asking(application, "GET", "/own-401")
    assert (own.status_code, own.json()) == (401, {"own": "its own"})
    assert "www-authenticate" not in own.headers
    assert is_ours(asking(application, "GET", "/clerks"), 401, "C03")


@pytest.mark.parametrize(("field", "path"), [("Remote-User", "/seen"), ("remote_user", "/seen")])
def test_the_application_sees_no_look_alike_of_who_asks__F21(
    asking: Asking, application: FastAPI, field: str, path: str
) -> None:
    assert asking(application, "GET", path, auth=BOB, headers={field: "root"}).json() == "bob None"


def test_background_tasks_run_for_those_who_may(asking: Asking, application: FastAPI) -> None:
    application.state.done.clear()
    assert is_ours(asking(application, "POST", "/later", json={"a": 1}), 401, "C03")
    assert application.state.done == []
    assert asking(application, "POST", "/later", json={"a": 1}, auth=BOB).json() == {"a": 1}
    assert application.state.done == ["done"]
    assert asking(application, "POST", "/later", json=[], auth=BOB).status_code == 422


def test_protected_nothing_is_read_of_whoever_may_not__S2_41(asking: Asking, full: Watchword) -> None:
    application = protect(clinic(full), full)
    fields = {"content-type": "application/json"}
    assert is_ours(asking(application, "POST", "/later", content=b"{", headers=fields), 401, "C03")


def test_protected_every_answer_has_our_fields_and_errors_too__S0_18(asking: Asking, full: Watchword) -> None:
    application = protect(clinic(full), full, public=True)
    for path, status in (("/open", 200), ("/nowhere", 404), ("/own-401", 401)):
        answer = asking(application, "GET", path)
        assert (answer.status_code, "authorization" in answer.headers["vary"]) == (status, True)
    answer = asking(application, "GET", "/broken", auth=BOB)
    assert (answer.status_code, answer.text, "authorization" in answer.headers["vary"]) == (
        500,
        "Internal Server Error",
        True,
    )


def test_protected_look_alikes_are_gone_where_nothing_is_demanded_too__F21(asking: Asking, full: Watchword) -> None:
    application = protect(clinic(full), full, public=True)
    assert asking(application, "GET", "/open", headers={"Remote-User": "root"}).json() == "nobody None"
    assert asking(application, "GET", "/open", auth=ANN).json() == "ann None"


def test_what_is_said_for_the_application_holds_for_paths_that_no_rule_names(asking: Asking, full: Watchword) -> None:
    application = FastAPI()

    @application.get("/rules/{what}")
    @application.get("/{what}")
    async def any_of_them(what: str) -> str:
        return what

    protect(application, full, roles={"nurse"})
    assert asking(application, "GET", "/rules/public").json() == "public"
    assert asking(application, "GET", "/rules/clerks", auth=ANN).json() == "clerks"
    assert is_ours(asking(application, "GET", "/rules/clerks", auth=BOB), 403, "C12")
    assert is_ours(asking(application, "GET", "/other", auth=ANN), 403, "C12")
    assert is_ours(asking(application, "GET", "/other"), 401, "C03")


def test_a_route_is_judged_on_the_request_that_was_judged_before__F11(asking: Asking, full: Watchword) -> None:
    """What may be used once, a nonce or a signature, is not used up twice."""
    application = FastAPI()
    seen: list[object] = []

    @application.middleware("http")
    async def before(request: StarletteRequest, call_next: Any) -> Any:
        seen.append(request.scope[VISIT].request)
        return await call_next(request)

    @application.get("/")
    async def root(request: StarletteRequest, who: Annotated[Principal, Authenticated(full)]) -> str:
        seen.append(request.scope[VISIT].request)
        return who.subject

    assert asking(protect(application, full, public=True), "GET", "/", auth=ANN).json() == "ann"
    assert seen[0] is seen[1]


def test_of_a_mounted_application_the_whole_path_is_judged__F22(asking: Asking, full: Watchword) -> None:
    inner = FastAPI()

    @inner.get("/inner/{what}")
    async def route(request: StarletteRequest, what: str) -> str:
        who = principal(request)
        return f"{what} {who.subject if who else 'nobody'}"

    around, within = FastAPI(), FastAPI()
    around.mount("/mounted", inner)
    within.mount("/mounted", protect(FastAPI(routes=inner.routes), full))
    for application in (protect(around, full), within):
        assert asking(application, "GET", "/mounted/inner/clerks", auth=ANN).json() == "clerks ann"
        assert is_ours(asking(application, "GET", "/mounted/inner/clerks", auth=BOB), 403, "C12")
        assert asking(application, "GET", "/mounted/inner/other", auth=BOB).json() == "other bob"


def test_a_protected_router_demands_of_each_of_its_routes(asking: Asking, full: Watchword) -> None:
    router = protect(APIRouter(prefix="/r"), full, roles={"clerk"})

    @router.get("/x")
    async def x() -> str:
        return "x"

    application = FastAPI()
    application.include_router(router)
    assert asking(application, "GET", "/r/x", auth=ANN).json() == "x"
    assert is_ours(asking(application, "GET", "/r/x", auth=BOB), 403, "C12")
    with pytest.raises(RuntimeError, match="has routes already"):
        protect(router, full)


def test_an_application_that_serves_cannot_be_protected_any_more(asking: Asking, full: Watchword) -> None:
    application = FastAPI()
    asking(application, "GET", "/")
    with pytest.raises(RuntimeError, match="serves already"):
        protect(application, full)


def shout(refusal: Refusal) -> tuple[str, bytes] | None:
    return None if refusal.status == 403 else ("text/plain", f"{refusal.code}!".encode())


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_refusals_are_told_in_the_applications_way_and_stay_what_they_are__S2_41(
    asking: Asking, full: Watchword, shape: Callable[[FastAPI, Watchword], FastAPI]
) -> None:
    application = shape(clinic(full), full)
    as_it_is = asking(application, "GET", "/clerks")
    rendered = clinic(full)
    on_refusal(rendered, shout)
    application = shape(rendered, full)
    told = asking(application, "GET", "/clerks")
    assert (told.status_code, told.text) == (401, "authentication-required!")
    assert told.headers["content-type"] == "text/plain"
    for name in ("www-authenticate", "cache-control", "vary"):
        assert told.headers.get_list(name) == as_it_is.headers.get_list(name)
    assert is_ours(asking(application, "GET", "/clerks", auth=BOB), 403, "C12")


def test_tests_put_somebody_in_the_place_of_a_dependency(full: Watchword) -> None:
    application = FastAPI()
    signed_in = Authenticated(full)

    @application.get("/")
    async def root(who: Annotated[Principal, signed_in]) -> str:
        return who.subject

    with TestClient(application, base_url="https://testserver") as client:
        assert client.get("/").status_code == 401
        assert client.get("/", auth=ANN).json() == "ann"
        assert signed_in.dependency is not None
        somebody = Principal(subject="somebody", realm="Clinic", authentication=Authentication(mechanism="test"))
        application.dependency_overrides[signed_in.dependency] = lambda: somebody
        assert client.get("/").json() == "somebody"


def test_a_verifier_demands_without_a_database__S2_41(asking: Asking, verifying: Watchword, elsewhere: Double) -> None:
    application = clinic(verifying)
    bearer = {"authorization": f"Bearer {elsewhere.token()}"}
    assert asking(application, "GET", "/in-a-thread", headers=bearer).json() == "ann"
    assert is_ours(asking(application, "GET", "/in-a-thread"), 401, "C03")
    assert asking(protect(clinic(verifying), verifying), "GET", "/open", headers=bearer).json() == "ann None"


# --- the OpenAPI document ---------------------------------------------------------------------------------------------

REFUSALS = {"401", "403", "429", "503"}
ALL: list[dict[str, list[str]]] = [{"cookie": []}, {"basic": []}, {"bearer": []}, {"api-key": []}]


def test_the_document_says_what_is_demanded_on_exactly_the_routes_that_demand__S2_41(full: Watchword) -> None:
    made = clinic(full).openapi()
    told = {
        path: (operation.get("security"), REFUSALS & set(operation["responses"]))
        for path, operations in made["paths"].items()
        for operation in operations.values()
    }
    demanding = {"/clerks", "/in-a-thread", "/seen", "/later", "/broken", "/stream", "/router/in/{name}"}
    assert {path for path, (security, refusals) in told.items() if (security, refusals) == (ALL, REFUSALS)} == demanding
    assert told["/anybody"] == ([{}, *ALL], REFUSALS)
    assert told["/open"] == told["/own-401"] == (None, set())


def test_the_document_describes_credentials_and_refusals__S2_41(full: Watchword) -> None:
    made = clinic(full).openapi()
    components = made["components"]
    assert components["securitySchemes"] == {
        "cookie": {"type": "apiKey", "in": "cookie", "name": "__Host-watchword"},
        "basic": {"type": "http", "scheme": "basic"},
        "bearer": {"type": "http", "scheme": "bearer"},
        "api-key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    refused = made["paths"]["/clerks"]["get"]["responses"]["401"]
    assert refused["content"]["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert "WWW-Authenticate" in refused["headers"]
    assert {"code", "cell", "status"} <= set(components["schemas"]["Problem"]["properties"])
    assert components["schemas"].keys() >= {"HTTPValidationError"}, "FastAPI's own stay"


def test_the_rules_of_the_configuration_are_in_the_document_too__S2_41(full: Watchword) -> None:
    application = FastAPI()

    @application.get("/rules/public")
    @application.get("/rules/clerks")
    @application.get("/other")
    async def any_of_them() -> None:
        pass

    paths = protect(application, full).openapi()["paths"]
    assert {path: "401" in told["get"]["responses"] for path, told in paths.items()} == {
        "/rules/public": False,
        "/rules/clerks": True,
        "/other": True,
    }


def test_what_the_application_says_of_its_own_answers_stays(full: Watchword) -> None:
    application = FastAPI()

    by_token = Authenticated(full, mechanisms={"bearer"})

    @application.get("/", dependencies=[by_token], responses={403: {"description": "No"}})
    async def root() -> None:
        pass

    told = application.openapi()["paths"]["/"]["get"]
    assert (told["responses"]["403"]["description"], told["security"]) == ("No", [{"bearer": []}])
    assert application.openapi() is application.openapi()
    assert application.openapi()["paths"]["/"]["get"]["security"] == [{"bearer": []}]


def test_routes_that_come_later_are_in_the_document_too(full: Watchword) -> None:
    application = FastAPI()
    assert application.openapi()["paths"] == {}

    @application.get("/late", dependencies=[Authenticated(full)])
    async def late() -> None:
        pass

    assert application.openapi()["paths"]["/late"]["get"]["security"] == ALL


def test_a_document_that_was_made_otherwise_is_completed(full: Watchword) -> None:
    application = clinic(full)
    made: dict[str, Any] = {"paths": {"/clerks": {"get": {}}}}
    document(application, made)
    assert made["paths"]["/clerks"]["get"]["security"] == ALL


# --- real servers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("served", SERVERS.values(), ids=SERVERS.keys())
def test_real_servers_send_the_same_answers__S0_18(full: Watchword, served: Callable[[Any], Any]) -> None:
    application = protect(clinic(full), full, public=True)
    with served(application) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as to:
        assert is_ours(to.get("/clerks"), 401, "C03")
        assert is_ours(to.get("/clerks", auth=BOB), 403, "C12")
        assert to.get("/clerks", auth=ANN).json() == "ann"
        with to.stream("GET", "/stream", auth=ANN) as answer:
            assert answer.headers.get("transfer-encoding") == "chunked"
            assert "authorization" in answer.headers["vary"]
            assert "".join(answer.iter_text()) == "ann 0\nann 1\nann 2\n"
        head = to.head("/rules/clerks")
        assert (head.status_code, head.content) == (401, b"")


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_handshakes_are_refused_with_the_true_answer__S2_41(
    full: Watchword, shape: Callable[[FastAPI, Watchword], FastAPI]
) -> None:
    basic = "Basic " + b64encode(":".join(ANN).encode()).decode()
    with by_uvicorn(shape(clinic(full), full)) as port:
        url = f"ws://127.0.0.1:{port}/socket"
        with connect(url, additional_headers={"Authorization": basic}) as socket:
            assert socket.recv() == "ann"
        with pytest.raises(InvalidStatus) as refused:
            connect(url)
        answer = refused.value.response
        assert (answer.status_code, answer.headers["Auth-Decision"][:3]) == (401, "C03")
        assert answer.headers.get_all("WWW-Authenticate")


async def records(request: StarletteRequest) -> PlainTextResponse:
    return PlainTextResponse("records")


async def connected(websocket: WebSocket) -> None:
    await websocket.accept()


def test_what_a_protected_router_serves_past_fastapi_is_judged_too__C03(asking: Asking, full: Watchword) -> None:
    """FastAPI asks no dependencies of a router there."""
    router = protect(APIRouter(), full, roles={"clerk"})
    router.mount("/mounted", Starlette(routes=[Route("/records", records)]))
    router.add_route("/plain", endpoint=records)
    router.add_websocket_route("/socket", connected)
    router.host("records.example", Starlette(routes=[Route("/records", records)]))
    application = FastAPI()
    application.include_router(router, prefix="/below")
    for target in ("/below/mounted/records", "/below/plain"):
        assert is_ours(asking(application, "GET", target), 401, "C03")
        assert is_ours(asking(application, "GET", target, auth=BOB), 403, "C12")
        assert asking(application, "GET", target, auth=ANN).text == "records"
    hosted = {"host": "records.example"}
    assert asking(application, "GET", "/below/records", headers=hosted).status_code == 401
    assert asking.shake_hands(application, "/below/socket", {})[0]["status"] == 401


def test_what_an_included_router_is_given_later_is_judged_too__C03(asking: Asking, full: Watchword) -> None:
    """FastAPI serves that as well."""
    router, child, grandchild = protect(APIRouter(), full, roles={"clerk"}), APIRouter(), APIRouter()
    child.include_router(grandchild)
    router.include_router(child)
    child.mount("/mounted", Starlette(routes=[Route("/records", records)]))
    grandchild.add_route("/plain", records)
    application = FastAPI()
    application.include_router(router)
    for target in ("/mounted/records", "/plain"):
        assert is_ours(asking(application, "GET", target), 401, "C03")
        assert is_ours(asking(application, "GET", target, auth=BOB), 403, "C12")
        assert asking(application, "GET", target, auth=ANN).text == "records"


class MountOfTheirOwn(Mount):
    """As applications derive one."""


@pytest.mark.parametrize("mount", [Mount, MountOfTheirOwn])
def test_a_protected_router_takes_in_none_at_which_nobody_is_asked(full: Watchword, mount: type[Mount]) -> None:
    inner = APIRouter(routes=[mount("/mounted", Starlette())])
    with pytest.raises(RuntimeError, match="at which FastAPI asks no dependency"):
        protect(APIRouter(), full).include_router(inner)
