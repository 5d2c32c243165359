"""The server as one ASGI application: hot routes first, everything else behind the guard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import unquote

from watchword.edge.asgi import Application, Guarded, Hot, Receive, Scope, Send
from watchword.edge.door import Door
from watchword.http.url_credentials import without_path_parameter
from watchword.server import checks, decisions, monitors
from watchword.server.api.rpc.route import rpc
from watchword.server.forward_auth import DIALECTS
from watchword.server.metrics import Metrics
from watchword.server.rules import RPC
from watchword.server.service import Service


def create_app(
    service: Service,
    api: Application,
    knows: Callable[[Scope], bool],
    counters: Metrics,
    knowledge_age: Callable[[], float],
    feed: checks.Handler,
) -> Application:
    """The application.

    `api` has the routes that are not hot, and sees only requests for them that were let through. `knows` tells
    whether it has one for a path: what it has not is not there, whoever asks. `feed` answers verifiers.
    """
    handlers: dict[str, checks.Handler] = {
        "/decide": decisions.decide(service),
        RPC: rpc(service),
        "/healthz": monitors.healthz,
        "/readyz": monitors.readyz(service, knowledge_age),
        "/revocations/feed": feed,
        "/metrics": monitors.metrics(service, counters, knowledge_age),
        **{path: checks.handler(route) for path, route in hot_routes(service).items()},
    }
    guarded = Guarded(api, Door(service.engine, service.own), is_ours=True)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        scope = _routed(scope, service.space.path_parameter)
        handler = handlers.get(scope["path"]) if scope["type"] == "http" else None
        if handler is None:
            handler = guarded if scope["type"] == "lifespan" or knows(scope) else api
        await handler(scope, receive, send)

    return application


def _routed(scope: Scope, parameter: bytes) -> Scope:
    """The scope with the path that routes are found by: without the parameter that may hold a credential."""
    raw: bytes = scope.get("raw_path") or b""
    path = without_path_parameter(raw, parameter)
    return scope if path == raw else {**scope, "path": unquote(path.decode("latin-1"))}


def hot_routes(service: Service) -> Mapping[str, Hot]:
    """The routes that are asked all the time, by their paths."""
    verifying = {path: checks.verify(service, dialect) for path, dialect in DIALECTS.items()}
    return {"/whoami": checks.whoami(service), **verifying}
