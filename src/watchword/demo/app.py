"""The demo as one ASGI application: the page, the API behind the guard, and the server itself for the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from watchword.core.space import Protection
from watchword.demo.api import patients_api
from watchword.demo.page_files import PageFiles
from watchword.demo.people import Person, enrol
from watchword.demo.rules import RULES
from watchword.edge.asgi import Application, Guarded, Receive, Scope, Send, send_response
from watchword.edge.door import Door
from watchword.http.caching import NO_STORE
from watchword.http.message import Response
from watchword.server.service import Service

_TO_THE_PAGE = Response(303, ((b"location", b"/demo"), NO_STORE))


def demo_around(people: Sequence[Person]) -> Callable[[Application, Service], Application]:
    """What turns a server without accounts into the demo for these people. It runs in one process."""

    def around(server_app: Application, service: Service) -> Application:
        engine = service.engine
        engine.run(enrol(people, policy=service.passwords, entropy=engine.entropy, now=service.now()))
        protection = Protection([(service.space, RULES)])
        return demo_application(server_app, service, patients_api(engine.clock), protection)

    return around


def demo_application(
    server_app: Application, service: Service, api: Application, protection: Protection
) -> Application:
    """The server, with the API under /patients and the page under /demo, to which / leads."""
    page = PageFiles()
    guarded = Guarded(api, Door(service.engine, protection))

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await server_app(scope, receive, send)
            return
        path, method = scope["path"], scope["method"]
        if _is_under("/patients", path):
            await guarded(scope, receive, send)
        elif _is_under("/demo", path):
            await send_response(page.answer(method, path), send, method=method)
        elif path == "/" and method in ("GET", "HEAD"):
            await send_response(_TO_THE_PAGE, send, method=method)
        else:
            await server_app(scope, receive, send)

    return application


def _is_under(place: str, path: str) -> bool:
    return path == place or path.startswith(f"{place}/")
