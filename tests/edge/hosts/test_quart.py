"""The Quart host, through ASGI: views, blueprints, WebSockets, and what is Quart's own (S2_41)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator

import httpx
import pytest
from quart import Blueprint, Quart, Response, request, websocket

from tests.edge.hosts.asgi_calls import ANN, BOB, WRONG, Asking, by_hypercorn, is_ours
from tests.edge.verifier.double import Double
from watchword import Watchword
from watchword.edge.quart import Authenticated, Optional, on_refusal, principal, protect


def told() -> str:
    who = principal()
    return f"{who.subject if who else 'nobody'} {request.headers.get('Remote-User')}"


def clinic(auth: Watchword) -> Quart:
    application = Quart(__name__)

    @application.get("/clerks")
    @Authenticated(auth, roles={"clerk"})
    async def clerks() -> str:
        return told()

    @application.get("/in-a-thread")
    @Authenticated(auth)
    def in_a_thread() -> str:
        return told()

    @application.get("/anybody")
    @Optional(auth)
    async def anybody() -> str:
        return told()

    @application.post("/content")
    @Authenticated(auth)
    async def content() -> str:
        return str(await request.get_data(as_text=True))

    @application.get("/stream")
    @Authenticated(auth)
    async def stream() -> Response:
        async def pieces() -> AsyncIterator[str]:
            for number in range(3):
                yield f"{number}\n"

        return Response(pieces(), mimetype="text/plain")

    @application.get("/open")
    async def open_to_all() -> str:
        return told()

    @application.get("/broken")
    async def broken() -> str:
        raise ZeroDivisionError

    @application.websocket("/socket")
    @Authenticated(auth)
    async def socket() -> None:
        await websocket.accept()

    blueprint = protect(Blueprint("ward", __name__, url_prefix="/ward"), auth, roles={"clerk"})

    @blueprint.get("/beds")
    async def beds() -> str:
        return told()

    @blueprint.websocket("/socket")
    async def ward_socket() -> None:
        await websocket.accept()

    application.register_blueprint(blueprint)
    return application


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
        ("POST", "/content", BOB, "the content"),
        ("GET", "/ward/beds", ANN, "ann None"),
        ("GET", "/ward/beds", BOB, (403, "C12")),
        ("GET", "/ward/beds", None, (401, "C03")),
    ],
)
def test_views_demand_and_see_no_look_alikes__S2_41__F21(
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


@pytest.mark.parametrize("protected", [False, True], ids=["decorators alone", "protected"])
@pytest.mark.parametrize("path", ["/socket", "/ward/socket"])
def test_handshakes_are_judged_too__S2_41(asking: Asking, full: Watchword, protected: bool, path: str) -> None:
    application = protect(clinic(full), full, public=True) if protected else clinic(full)
    refused = asking.shake_hands(application, path, {})[0]
    assert (refused["type"], refused["status"]) == ("websocket.http.response.start", 401)
    assert b"www-authenticate" in dict(refused["headers"])
    basic = "Basic " + b64encode(":".join(ANN).encode()).decode()
    accepted = asking.shake_hands(application, path, {"authorization": basic})[0]
    assert accepted["type"] == "websocket.accept"


def test_protected_every_answer_has_our_fields_and_errors_too__S0_18(asking: Asking, full: Watchword) -> None:
    application = protect(clinic(full), full, public=True)
    for path, status in (("/broken", 500), ("/nowhere", 404), ("/open", 200)):
        answer = asking(application, "GET", path, headers={"Remote-User": "root"})
        assert (answer.status_code, "authorization" in answer.headers["vary"]) == (status, True)
    assert answer.text == "nobody None"


def test_refusals_are_told_in_the_applications_way__S2_41(asking: Asking, full: Watchword) -> None:
    for application in (protect(clinic(full), full), clinic(full)):
        on_refusal(application, lambda refusal: ("text/plain", refusal.code.encode()))
        answer = asking(application, "GET", "/clerks")
        assert (answer.status_code, answer.text) == (401, "authentication-required")
        assert answer.headers.get_list("www-authenticate")
        assert int(answer.headers["content-length"]) == len(answer.content)


def test_hypercorn_serves_it_as_it_is__S0_18(full: Watchword) -> None:
    with by_hypercorn(protect(clinic(full), full)) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as to:
        assert is_ours(to.get("/open"), 401, "C03")
        answer = to.get("/stream", auth=BOB)
        assert (answer.text, answer.headers.get("transfer-encoding")) == ("0\n1\n2\n", "chunked")


def test_a_verifier_demands_without_a_database__S2_41(asking: Asking, verifying: Watchword, elsewhere: Double) -> None:
    bearer = {"authorization": f"Bearer {elsewhere.token()}"}
    assert asking(clinic(verifying), "GET", "/in-a-thread", headers=bearer).text == "ann None"
    assert is_ours(asking(clinic(verifying), "GET", "/in-a-thread"), 401, "C03")
