"""The Starlette host: decorators of functions and classes, routers, and what is Starlette's own (S2_41)."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, Router, WebSocketRoute
from starlette.websockets import WebSocket

from tests.edge.hosts.asgi_calls import ANN, BOB, WRONG, Asking, is_ours
from tests.edge.verifier.double import Double
from watchword import Watchword
from watchword.edge.starlette import Authenticated, Optional, on_refusal, principal, protect


def told(request: Request) -> PlainTextResponse:
    who = principal(request)
    return PlainTextResponse(f"{who.subject if who else 'nobody'} {request.headers.get('remote-user')}")


def clinic(auth: Watchword) -> Starlette:
    @Authenticated(auth, roles={"clerk"})
    async def clerks(request: Request) -> Response:
        return told(request)

    @Authenticated(auth)
    def in_a_thread(request: Request) -> Response:
        return told(request)

    @Optional(auth)
    async def anybody(request: Request) -> Response:
        return told(request)

    @Authenticated(auth)
    class Whole(HTTPEndpoint):
        async def get(self, request: Request) -> Response:
            return told(request)

    class Part(HTTPEndpoint):
        async def get(self, request: Request) -> Response:
            return told(request)

        @Authenticated(auth, roles={"clerk"})
        async def delete(self, request: Request) -> Response:
            return told(request)

    @Authenticated(auth)
    async def content(request: Request) -> Response:
        return Response(await request.body())

    @Authenticated(auth)
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    async def broken(request: Request) -> Response:
        raise ZeroDivisionError

    return Starlette(
        routes=[
            Route("/clerks", clerks),
            Route("/in-a-thread", in_a_thread),
            Route("/anybody", anybody),
            Route("/whole", Whole),
            Route("/part", Part),
            Route("/content", content, methods=["POST"]),
            WebSocketRoute("/socket", socket),
            Route("/broken", broken),
        ]
    )


@pytest.mark.parametrize("protected", [False, True], ids=["decorators alone", "protected"])
@pytest.mark.parametrize(
    ("method", "path", "auth", "expected"),
    [
        ("GET", "/clerks", ANN, "ann None"),
        ("GET", "/clerks", BOB, (403, "C12")),
        ("GET", "/clerks", WRONG, (401, "C07")),
        ("GET", "/in-a-thread", BOB, "bob None"),
        ("GET", "/in-a-thread", None, (401, "C03")),
        ("GET", "/anybody", None, "nobody None"),
        ("GET", "/anybody", WRONG, (401, "C07")),
        ("GET", "/whole", BOB, "bob None"),
        ("GET", "/whole", None, (401, "C03")),
        ("DELETE", "/part", ANN, "ann None"),
        ("DELETE", "/part", BOB, (403, "C12")),
        ("POST", "/content", BOB, "the content"),
    ],
)
def test_decorated_endpoints_demand_and_see_no_look_alikes__S2_41__F21(
    asking: Asking,
    full: Watchword,
    protected: bool,
    method: str,
    path: str,
    auth: tuple[str, str] | None,
    expected: str | tuple[int, str],
) -> None:
    application = protect(clinic(full), full, public=True) if protected else clinic(full)
    content = b"the content" if method == "POST" else None
    answer = asking(application, method, path, auth=auth, content=content, headers={"Remote-User": "root"})
    if isinstance(expected, tuple):
        assert is_ours(answer, *expected)
    else:
        assert (answer.status_code, answer.text) == (200, expected)
    assert "authorization" in answer.headers["vary"]


def test_a_decorated_function_still_takes_no_method_but_get(asking: Asking, full: Watchword) -> None:
    assert asking(clinic(full), "POST", "/clerks", auth=ANN).status_code == 405


@pytest.mark.parametrize("protected", [False, True], ids=["decorators alone", "protected"])
def test_handshakes_are_judged_too__S2_41(asking: Asking, full: Watchword, protected: bool) -> None:
    application = protect(clinic(full), full, public=True) if protected else clinic(full)
    refused = asking.shake_hands(application, "/socket", {})[0]
    assert (refused["type"], refused["status"]) == ("websocket.http.response.start", 401)
    assert b"www-authenticate" in dict(refused["headers"])
    basic = "Basic " + b64encode(":".join(ANN).encode()).decode()
    accepted = asking.shake_hands(application, "/socket", {"authorization": basic})[0]
    assert accepted["type"] == "websocket.accept"


def test_protected_every_answer_has_our_fields_errors_and_middlewares_too__S0_18(
    asking: Asking, full: Watchword
) -> None:
    application = clinic(full)

    async def hurried(request: Request, call_next: Any) -> Response:
        return PlainTextResponse("hurried") if request.url.path == "/hurried" else await call_next(request)

    application.add_middleware(BaseHTTPMiddleware, dispatch=hurried)
    protect(application, full, public=True)
    for path, status in (("/broken", 500), ("/nowhere", 404), ("/hurried", 200)):
        answer = asking(application, "GET", path)
        assert (answer.status_code, "authorization" in answer.headers.get("vary", "")) == (status, True)


def test_a_router_is_protected_where_it_is_mounted__F22(asking: Asking, full: Watchword) -> None:
    inner = protect(Router([Route("/inner/{what}", told)]), full)
    application = Starlette(routes=[Mount("/mounted", inner), Route("/open", told)])
    assert asking(application, "GET", "/open").text == "nobody None"
    assert is_ours(asking(application, "GET", "/mounted/inner/other"), 401, "C03")
    assert asking(application, "GET", "/mounted/inner/clerks", auth=ANN).text == "ann None"
    assert is_ours(asking(application, "GET", "/mounted/inner/clerks", auth=BOB), 403, "C12")


def test_a_protected_part_of_a_protected_application_is_judged_for_both(asking: Asking, full: Watchword) -> None:
    inner = protect(Router([Route("/{what}", told)]), full, roles={"clerk"})
    application = protect(Starlette(routes=[Mount("/mounted", inner)]), full)
    assert asking(application, "GET", "/mounted/x", auth=ANN).text == "ann None"
    assert is_ours(asking(application, "GET", "/mounted/x", auth=BOB), 403, "C12")
    answer = asking(application, "GET", "/mounted/x", auth=ANN)
    assert len(answer.headers.get_list("vary")) == 1


def test_refusals_are_told_in_the_applications_way_whenever_that_is_said__S2_41(
    asking: Asking, full: Watchword
) -> None:
    for application in (protect(clinic(full), full), clinic(full)):
        on_refusal(application, lambda refusal: ("text/plain", refusal.code.encode()))
        answer = asking(application, "GET", "/clerks")
        assert (answer.status_code, answer.text) == (401, "authentication-required")
        assert answer.headers.get_list("www-authenticate")


def test_a_verifier_demands_without_a_database__S2_41(asking: Asking, verifying: Watchword, elsewhere: Double) -> None:
    bearer = {"authorization": f"Bearer {elsewhere.token()}"}
    assert asking(clinic(verifying), "GET", "/in-a-thread", headers=bearer).text == "ann None"
    assert is_ours(asking(clinic(verifying), "GET", "/in-a-thread"), 401, "C03")
