"""Requests to ASGI applications: in this process, and through real servers."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn

from tests.live import User

PEOPLE = [User("ann", roles=frozenset(("clerk",))), User("bob")]
PASSWORD = PEOPLE[0].password

RULES = """
[limits]
account_failures = 100
address_per_minute = 10000

[[space]]
realm = "Clinic"

[[space.protect]]
path = "/rules/public"
public = true

[[space.protect]]
path = "/rules/clerks"
require = { roles = ["clerk"] }

[[space.protect]]
path = "/mounted/inner/clerks"
require = { roles = ["clerk"] }
"""

ANN = ("ann", PASSWORD)
BOB = ("bob", PASSWORD)
WRONG = ("ann", "wrong")


class Asking:
    """Asks applications from this machine, one request after the other."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()

    def close(self) -> None:
        self._runner.close()

    def __call__(self, application: Any, method: str, target: str, **options: Any) -> httpx.Response:
        """The answer; a failing application answers as it does to a server. `options` are those of httpx."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(application, raise_app_exceptions=False, client=("127.0.0.1", 40_000))
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.request(method, target, **options)

        return self._runner.run(ask())

    def shake_hands(self, application: Any, target: str, fields: Mapping[str, str]) -> list[dict[str, Any]]:
        """What is sent to a WebSocket's handshake, by a server that can send a refusal's true answer."""
        sent: list[dict[str, Any]] = []
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": target,
            "raw_path": target.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(b"host", b"localhost"), *((name.encode(), text.encode()) for name, text in fields.items())],
            "client": ("127.0.0.1", 40_000),
            "server": ("localhost", 80),
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}},
        }
        told = iter(({"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}))

        async def receive() -> dict[str, Any]:
            return next(told)

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        self._runner.run(application(scope, receive, send))
        return sent


def cell(answer: httpx.Response) -> str:
    return answer.headers.get("auth-decision", "")[:3]


def is_ours(answer: httpx.Response, status: int, cell_id: str) -> bool:
    """Whether it is a refusal exactly as we tell it."""
    problem = answer.json()
    assert (answer.status_code, cell(answer), problem["cell"]) == (status, cell_id, cell_id), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert bool(answer.headers.get_list("www-authenticate")) == (status == 401)
    return True


@contextmanager
def by_uvicorn(application: Any) -> Iterator[int]:
    """The port where uvicorn serves it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(application, log_level="critical", lifespan="off", ws="websockets-sansio")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            _await(lambda: server.started)
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(30)


@contextmanager
def by_hypercorn(application: Any) -> Iterator[int]:
    """The port where hypercorn serves it."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = Config()
        config.bind = [f"fd://{os.dup(listener.fileno())}"]  # which it closes
        config.loglevel = "CRITICAL"
        stop = threading.Event()

        async def until_stopped() -> None:
            while not stop.is_set():
                await asyncio.sleep(0.02)

        async def run() -> None:
            await serve(application, config, shutdown_trigger=until_stopped)

        thread = threading.Thread(target=asyncio.run, args=(run(),))
        thread.start()
        port = listener.getsockname()[1]
        try:
            _await(lambda: _answers(port))
            yield port
        finally:
            stop.set()
            thread.join(30)


SERVERS: dict[str, Callable[[Any], Any]] = {"uvicorn": by_uvicorn, "hypercorn": by_hypercorn}


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _await(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until, "the server does not start"
        time.sleep(0.01)
