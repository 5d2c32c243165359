"""Hot routes that are answered in place: the same bytes as by the application, only sooner."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import httptools
import pytest
import uvicorn
from uvicorn.server import ServerState

from tests.server.api.world import World, basic
from tests.server.test_framing import Transport
from watchword.core.events import Event
from watchword.edge.asgi import Application, Hot, Receive, Scope, Send
from watchword.http.message import Request, Response
from watchword.server.app import hot_routes
from watchword.server.bounds import Bounds
from watchword.server.checks import handler
from watchword.server.last_resort import hot_with_last_resort
from watchword.server.protocol import BoundedProtocol, quiet_uvicorn
from watchword.server.unread import Fault

USUAL = Bounds()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path, server={"trusted_proxies": ["127.0.0.2"]}, space={"cors": ["https://app.example.com"]})
    # Ids of answers must not tell two runs apart.
    world.service = replace(world.service, engine=replace(world.service.engine, entropy=bytes))
    yield world
    world.close()


def application_of(world: World) -> Application:
    """The hot routes as every other host has them."""
    handlers = {path: handler(route) for path, route in hot_routes(world.service).items()}

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await handlers[scope["path"]](scope, receive, send)

    return application


class Local(Transport):
    """A connection from this machine."""

    def get_extra_info(self, name: str, default: object = None) -> object:
        return {"peername": ("127.0.0.1", 40_000), "sockname": ("127.0.0.1", 80)}.get(name, default)


async def exchange(
    application: Application, hot: Mapping[str, Hot], pieces: list[bytes], *, bounds: Bounds = USUAL, idle: float = 0
) -> tuple[bytes, bool]:
    """What is written in answer to these pieces, and whether the connection is closed then."""
    config = uvicorn.Config(application, **quiet_uvicorn({}))
    routes = {path.encode(): route for path, route in hot.items()}
    transport, protocol = Local(), BoundedProtocol(config, ServerState(), _refuse, bounds, hot=routes)
    protocol.connection_made(transport)
    for piece in pieces:
        if not transport.closed:
            protocol.data_received(piece)
        while protocol.tasks:
            await asyncio.sleep(0.001)
    await asyncio.sleep(idle)
    closed = transport.closed
    protocol.connection_lost(None)
    return transport.written, closed


def _refuse(fault: Fault, request: Request) -> Response:
    return Response(fault.status)


async def _never(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError("a route that answers in place is not asked by way of the application")


def head(target: str, *lines: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join((f"{method} {target} HTTP/{version}", "Host: localhost", *lines, "", "")).encode()


COOKIE = "Cookie: watchword={session}"
SENT: Mapping[str, list[bytes]] = {
    "granted": [head("/verify", COOKIE)],
    "refused": [head("/verify")],
    "who": [head("/whoami", COOKIE)],
    "nobody": [head("/whoami")],
    "nginx": [head("/verify/nginx?numbered", "Cookie: watchword=ww_s_gone")],
    "preflight": [
        head("/whoami", "Origin: https://app.example.com", "Access-Control-Request-Method: GET", method="OPTIONS")
    ],
    "cors": [head("/whoami", COOKIE, "Origin: https://app.example.com")],
    "page": [head("/whoami", "Accept: text/html")],
    "head": [head("/whoami", COOKIE, method="HEAD")],
    "method": [head("/whoami", COOKIE, method="DELETE")],
    "empty query": [head("/verify?", COOKIE)],
    "query": [head("/whoami?noauthchallenge=1")],
    "encoded": [head("/%76erify", COOKIE)],
    "absolute": [head("http://localhost/verify", COOKIE)],
    "http 1.0": [head("/verify", COOKIE, version="1.0")],
    "last": [head("/verify", COOKIE, "Connection: close")],
    "expect": [head("/verify", "Expect: 100-continue")],
    "upgrade": [head("/verify", COOKIE, "Connection: upgrade", "Upgrade: h2c"), head("/whoami", COOKIE)],
    "content": [head("/verify", COOKIE, "Content-Length: 3") + b"abc" + head("/verify")],
    "waits": [head("/verify", "Authorization: Basic {right}"), head("/verify", "Authorization: Basic {right}")],
    "cut": [head("/verify", COOKIE)[:20], head("/verify", COOKIE)[20:]],
    "one after another": [head("/verify", COOKIE), head("/verify"), head("/whoami", COOKIE)],
    "pipelined": [head("/verify", COOKIE) + head("/verify") + head("/whoami", COOKIE) + head("/verify", COOKIE)],
    "pipelined behind one that waits": [
        head("/whoami", "Authorization: Basic {right}") + head("/verify") + head("/verify", COOKIE)
    ],
    "fault behind": [head("/verify", COOKIE) + b"no HTTP\r\n\r\n"],
}


@pytest.mark.parametrize("name", SENT)
def test_answers_in_place_are_the_very_bytes_of_the_application__S0_19(world: World, name: str) -> None:
    session, right = world.log_in("ann").encode(), b64encode(":".join(basic("ann")).encode())
    pieces = [piece.replace(b"{session}", session).replace(b"{right}", right) for piece in SENT[name]]
    application = application_of(world)
    by_application = world.run(exchange(application, {}, pieces))
    assert by_application[0].count(b"HTTP/1.1 ") >= len(pieces) - (name == "cut")
    assert world.run(exchange(application, hot_routes(world.service), pieces)) == by_application


def test_who_need_not_wait_is_answered_without_the_application(world: World) -> None:
    cookie = f"Cookie: watchword={world.log_in('ann')}"
    for path in hot_routes(world.service):
        written, closed = world.run(exchange(_never, hot_routes(world.service), [head(path, cookie), head(path)]))
        assert [part[:3] for part in written.split(b"HTTP/1.1 ")[1:]] == [b"200", b"401"]
        assert not closed


def test_one_request_of_a_piece_is_answered_in_place__F9(world: World) -> None:
    asked: list[str] = []
    answering = application_of(world)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["path"])
        await answering(scope, receive, send)

    world.run(exchange(application, hot_routes(world.service), [head("/verify") * 5, head("/verify")]))
    assert len(asked) == 4


def test_connection_stays_idle_after_an_answer_in_place__F9(world: World) -> None:
    patience = Bounds(head_patience=0.05)
    for piece in (head("/verify"), head("/verify") * 3):
        _, closed = world.run(
            exchange(application_of(world), hot_routes(world.service), [piece], bounds=patience, idle=0.2)
        )
        assert not closed
    begun = head("/verify") + b"GET /"
    _, closed = world.run(
        exchange(application_of(world), hot_routes(world.service), [begun], bounds=patience, idle=0.2)
    )
    assert closed


def test_errors_of_a_route_in_place_are_noted_and_tell_nothing__F33(world: World) -> None:
    noted: list[Event] = []

    def broken(request: Request) -> Response | Application:
        raise ZeroDivisionError("a secret")

    hot = hot_with_last_resort(broken, bytes, noted.append)
    written, closed = world.run(exchange(_never, {"/verify": hot}, [head("/verify")]))
    assert written.startswith(b"HTTP/1.1 500 ")
    assert b"secret" not in written
    assert not closed
    assert [event.name for event in noted] == ["unexpected_error"]


@pytest.mark.parametrize("value", [b"a\nset-cookie: b", b"a\rset-cookie: b", b"a\r\n\r\nb"])
def test_no_value_begins_another_field__F18(world: World, value: bytes) -> None:
    def hot(request: Request) -> Response | Application:
        return Response(200, ((b"x", value),))

    with pytest.raises(httptools.HttpParserCallbackError):
        world.run(exchange(_never, {"/verify": hot}, [head("/verify")]))
