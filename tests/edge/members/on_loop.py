"""Applications of ASGI frameworks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.edge.house import House
from tests.edge.members.application import (
    JSON,
    METHODS,
    OWN_VARY,
    Ask,
    Build,
    demanding,
    demanding_at,
    fields_of,
)
from tests.edge.raw import SAW, ask_asgi


def asked_by_asgi(make: Callable[[House, bool, Mapping[str, Any]], Any]) -> Build:
    """How the applications that `make` makes are asked."""

    def build(house: House, protected: bool, whole: Mapping[str, Any]) -> Ask:
        application = make(house, protected, whole)
        return lambda raw: house.run(ask_asgi(application, raw))

    return build


def asgi_application(house: House, protected: bool, whole: Mapping[str, Any]) -> Any:
    from watchword.edge import asgi

    async def endpoint(scope: Any, receive: Any, send: Any) -> None:
        fields = fields_of(asgi.principal(scope), [name.decode("latin-1") for name, _ in scope["headers"]])
        lines = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
        await send({"type": "http.response.start", "status": 200, "headers": lines})
        await send({"type": "http.response.body", "body": b"{}"})

    routes = {name: guard(endpoint) for name, guard in demanding(asgi, house)}
    rest = endpoint if protected else asgi.Optional(house)(endpoint)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await routes.get(demanding_at(scope["path"]), rest)(scope, receive, send)

    return asgi.protect(application, house, **whole) if protected else application


def starlette_application(house: House, protected: bool, whole: Mapping[str, Any]) -> Any:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    from watchword.edge import starlette

    async def endpoint(request: Request) -> Response:
        return JSONResponse({}, headers=fields_of(starlette.principal(request), request.headers))

    rest = endpoint if protected else starlette.Optional(house)(endpoint)
    routes = [
        Route(f"/at/{name}/{{rest:path}}", guard(endpoint), methods=METHODS)
        for name, guard in demanding(starlette, house)
    ]
    application = Starlette(routes=[*routes, Route("/{rest:path}", rest, methods=METHODS)])
    return starlette.protect(application, house, **whole) if protected else application


def fastapi_application(house: House, protected: bool, whole: Mapping[str, Any]) -> Any:
    from fastapi import FastAPI, Request, Response

    from watchword.edge import fastapi

    async def endpoint(request: Request, response: Response) -> dict[str, str]:
        fields = fields_of(fastapi.principal(request), request.headers)
        response.headers[SAW] = fields[SAW]
        response.headers.add_vary_header(OWN_VARY)  # as an application does that has others around it
        return {}

    # With the names that FastAPI reads.
    endpoint.__annotations__ = {"request": Request, "response": Response, "return": dict[str, str]}
    application = FastAPI(openapi_url=None)
    if protected:
        fastapi.protect(application, house, **whole)
    for name, dependency in demanding(fastapi, house):
        path = f"/at/{name}/{{rest:path}}"
        application.add_api_route(path, endpoint, methods=list(METHODS), dependencies=[dependency])
    rest = [] if protected else [fastapi.Optional(house)]
    application.add_api_route("/{rest:path}", endpoint, methods=list(METHODS), dependencies=rest)
    return application


def litestar_application(house: House, protected: bool, whole: Mapping[str, Any]) -> Any:
    from litestar import Litestar, Request, Response
    from litestar.handlers import HTTPRouteHandler

    from watchword.edge import litestar

    async def endpoint(request: Request) -> Response:
        return Response({}, headers=fields_of(litestar.principal(request), request.headers))

    endpoint.__annotations__ = {"request": Request, "return": Response}

    def handler(path: str, *guards: Any) -> HTTPRouteHandler:
        made = HTTPRouteHandler(
            [path, f"{path}/{{rest:path}}"], http_method=list(METHODS), guards=guards, status_code=200
        )
        found: HTTPRouteHandler = made(endpoint)
        return found

    handlers = [handler(f"/at/{name}", guard) for name, guard in demanding(litestar, house)]
    handlers.append(handler("/") if protected else handler("/", litestar.Optional(house)))
    application = Litestar(handlers, openapi_config=None, logging_config=None)
    return litestar.protect(application, house, **whole) if protected else application


def quart_application(house: House, protected: bool, whole: Mapping[str, Any]) -> Any:
    from quart import Quart, Response, request

    from watchword.edge import quart

    async def endpoint(rest: str = "") -> Response:
        return Response("{}", headers=fields_of(quart.principal(), request.headers.keys()), mimetype=JSON)

    application = Quart(__name__)
    application.url_map.merge_slashes = False

    def add(name: str, path: str, view: Any) -> None:
        application.add_url_rule(
            f"{path}/<path:rest>", name, view, methods=METHODS, provide_automatic_options=False, strict_slashes=False
        )

    for name, guard in demanding(quart, house):
        add(name, f"/at/{name}", guard(endpoint))
    add("rest", "", endpoint if protected else quart.Optional(house)(endpoint))
    return quart.protect(application, house, **whole) if protected else application
