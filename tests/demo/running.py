"""A running demo: on a free loopback port, over data of its own, with everything that was sent to it noted."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import uvicorn

from watchword.config.build import build
from watchword.config.serving import feed_source
from watchword.config.settings import Settings
from watchword.core.ask import AnswerFailed
from watchword.core.events import Event
from watchword.demo.app import demo_around
from watchword.demo.people import Person, new_people
from watchword.edge.asgi import Application, Receive, Scope, Send, request_of
from watchword.http.message import Request
from watchword.server.api import create_api, knows
from watchword.server.app import create_app
from watchword.server.feed import feed
from watchword.server.metrics import Metrics
from watchword.server.protocol import quiet_uvicorn
from watchword.server.witness import ServerWitness
from watchword.storage import Storage, open_storage


class Breakable:
    """A storage that answers nothing while it is `down`, or a room of one, which is down with it."""

    def __init__(self, storage: object, whole: Breakable | None = None) -> None:
        self._storage = storage
        self._whole = self if whole is None else whole
        self.down = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._storage, name)
        if not callable(found):
            return Breakable(found, self._whole)

        def answer(*arguments: object, **named: object) -> object:
            if self._whole.down:
                raise AnswerFailed("the storage is down")
            return found(*arguments, **named)

        return answer


@dataclass
class Demo:
    """What runs. Its clock is `ahead` of the true one by some seconds.

    `seen` has every request, `cells` the cell of every refusal.
    """

    people: tuple[Person, ...] = field(default_factory=new_people)
    url: str = ""
    ahead: float = 0.0
    seen: list[Request] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    storage: Breakable = field(init=False)

    def password(self, name: str) -> str:
        """The password of this person."""
        return next(person.password for person in self.people if person.name == name)

    def seen_at(self, *paths: str) -> list[Request]:
        """The requests for these paths, in order."""
        return [request for request in self.seen if request.path.decode() in paths]


def run_demo(data: Path, settings: dict[str, Any]) -> tuple[Demo, Callable[[], None]]:
    """A demo with these settings over this folder, and how to stop it."""
    realm = {"personas": ["openmrs", "restheart"]}
    configured = Settings(**{"realm": realm, "passwords": {"hashing": {"t": 2, "m": 19456, "p": 1}}, **settings})
    demo = Demo()
    demo.storage = Breakable(open_storage("sqlite:///demo.db", data))
    counters = Metrics()

    def log(event: Event) -> None:
        if "cell" in event.fields:  # log-ins and the like are events, too
            demo.cells.append(str(event.fields["cell"]))

    witness = ServerWitness(counters, log)
    parts = build(configured, data, witness, storage=cast(Storage, demo.storage))
    engine = replace(parts.service.engine, clock=lambda: time.time() + demo.ahead)
    service = replace(parts.service, engine=engine)
    api = create_api(service)
    told = feed(service, feed_source(configured, service, cast(Storage, demo.storage), counters, "epoch"))
    server_app = create_app(service, api, knows(api), counters, lambda: 0.0, told)
    demo.url, stop = serve(_noting(demo_around(demo.people)(server_app, service), demo.seen))

    def end() -> None:
        stop()
        demo.storage.down = False
        parts.close()

    return demo, end


def serve(application: Application) -> tuple[str, Callable[[], None]]:
    """Serve an application on a free port of 127.0.0.1: where, and how to stop."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, **quiet_uvicorn({"timeout_graceful_shutdown": 1})))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()

    def stop() -> None:
        server.should_exit = True
        thread.join()
        sock.close()

    while not server.started and thread.is_alive():
        time.sleep(0.01)
    return f"http://127.0.0.1:{sock.getsockname()[1]}", stop


def _noting(application: Application, seen: list[Request]) -> Application:
    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(request_of(scope))
        await application(scope, receive, send)

    return noting
