"""The server as one ASGI application: hot routes first, everything else behind the guard."""

from __future__ import annotations

from collections.abc import Callable

from watchword.edge.asgi import Application, Guarded, Receive, Scope, Send
from watchword.server import checks, decisions, monitors
from watchword.server.forward_auth import DIALECTS
from watchword.server.metrics import Metrics
from watchword.server.service import Service


def create_app(
    service: Service,
    api: Application,
    knows: Callable[[Scope], bool],
    counters: Metrics,
    knowledge_age: Callable[[], float],
) -> Application:
    """The application.

    `api` has the routes that are not hot, and sees only requests for them that were let through. `knows` tells
    whether it has one for a path: what it has not is not there, whoever asks.
    """
    hot: dict[str, checks.Handler] = {
        "/whoami": checks.whoami(service),
        "/decide": decisions.decide(service),
        "/healthz": monitors.healthz,
        "/readyz": monitors.readyz(service, knowledge_age),
        "/metrics": monitors.metrics(service, counters, knowledge_age),
        **{path: checks.verify(service, dialect) for path, dialect in DIALECTS.items()},
    }
    guarded = Guarded(api, service.engine, service.own)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        handler = hot.get(scope["path"]) if scope["type"] == "http" else None
        if handler is None:
            handler = guarded if scope["type"] == "lifespan" or knows(scope) else api
        await handler(scope, receive, send)

    return application
