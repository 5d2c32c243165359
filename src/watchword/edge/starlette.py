"""The Starlette host: protects an application or a router, or an endpoint by a decorator (extra `starlette`)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, update_wrapper, wraps
from inspect import iscoroutinefunction, isroutine
from typing import Final, TypeVar, Unpack, cast
from weakref import WeakKeyDictionary

try:
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import HTTPConnection, Request
    from starlette.responses import Response as StarletteResponse
    from starlette.routing import Router
    from starlette.websockets import WebSocket
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        'Starlette is needed here: pip install "watchword[starlette]"', name=missing.name
    ) from missing

from watchword.core.demand import Demand, demand
from watchword.core.principal import Principal
from watchword.edge.asgi import Application, Guarded, Scope, judged_at_route, refuse
from watchword.edge.asgi import principal as principal_in
from watchword.edge.door import Door, Doors
from watchword.edge.refusal import Refusal, Render
from watchword.edge.route import VISIT, Demands, Visit, of_application
from watchword.http.merging import merged
from watchword.http.message import Response

A = TypeVar("A", bound=Starlette | Router)
E = TypeVar("E", bound=Callable[..., object])

# Looked at for every request that a route judges: in the application's state what is not there costs an exception.
_renders: Final[WeakKeyDictionary[Starlette, Render]] = WeakKeyDictionary()


def protect(
    application: A,
    auth: Doors,
    *,
    public: bool = False,
    on_refusal: Render | None = None,
    **demanded: Unpack[Demands],
) -> A:
    """Let the application, or a router that is mounted, see only those requests that may pass; gives it back.

    What the rules of the configuration say of a path holds. `public` and what is demanded here hold for paths that no
    rule names: `public` lets pass whoever sends nothing, and leaves it to routes to demand. The door stands around all
    middleware, so that the fields an answer needs (Vary, cookies to clear, tokens, CORS) are on every answer, on those
    to errors of the application too.

    Raises:
        RuntimeError: where the application has begun to serve.
    """
    wanted = of_application(public=public, **demanded)

    def guarded(inner: Application) -> Guarded:
        render = on_refusal or _telling(application)
        return Guarded(inner, auth.on_loop, demand=wanted, render=render, root_path=_root_path(application))

    if isinstance(application, Router):
        application.middleware_stack = guarded(application.middleware_stack)
        return application
    if application.middleware_stack is not None:
        raise RuntimeError("the application serves already: protect it before")
    build = application.build_middleware_stack
    # Middleware that is added in the common way stands inside of what answers errors, and would not see those.
    application.build_middleware_stack = lambda: guarded(build())  # type: ignore[method-assign]  # of this one instance
    return application


def _root_path(application: object) -> str:
    """The root path that FastAPI was given for itself."""
    return str(getattr(application, "root_path", ""))


def _telling(application: object) -> Render:
    def tell(refusal: Refusal) -> tuple[str, bytes] | None:
        render = render_of(application)
        return None if render is None else render(refusal)

    return tell


def on_refusal(application: Starlette, render: Render) -> None:
    """Let `render` tell refusals of this application and its routes: their content, never status, challenges or other
    fields."""
    _renders[application] = render


def render_of(application: object) -> Render | None:
    """How an application tells refusals, where it says so."""
    return _renders.get(application) if isinstance(application, Starlette) else None


def principal(connection: HTTPConnection) -> Principal | None:
    """Who the request (or the handshake of a WebSocket) was proven to come from; None for anonymous ones."""
    return principal_in(connection.scope)


async def judged_connection(
    connection: HTTPConnection, door: Door, wanted: Demand | None, render: Render | None = None
) -> Response | None:
    """A route's demand: the answer in the route's place, or None where it may run."""
    scope = connection.scope
    read, application = connection.body if isinstance(connection, Request) else None, scope.get("app")
    return await judged_at_route(
        scope, door, wanted, read=read, render=render or render_of(application), root_path=_root_path(application)
    )


def in_terms_of_starlette(response: Response, scope: Scope) -> StarletteResponse:
    """A complete answer as Starlette sends it; a HEAD request gets everything but the content."""
    made = StarletteResponse(b"" if scope["method"] == "HEAD" else response.body, response.status)
    length = [] if response.status == 204 else [(b"content-length", str(len(response.body)).encode())]
    made.raw_headers = [*response.fields, *length]
    return made


def add_fields(scope: Scope, response: StarletteResponse) -> None:
    """Add what the answer needs, where nothing is around the application that does."""
    visit: Visit = scope[VISIT]
    if visit.alone:
        response.raw_headers[:] = merged(response.raw_headers, visit.fields)


def Authenticated(auth: Doors, **demanded: Unpack[Demands]) -> Callable[[E], E]:
    """Decorates an endpoint: a function of a request or a WebSocket, or a class. It sees only those requests that meet
    this, and the rules of the path.

    Without `protect` the fields that an answer needs are added to what the endpoint returns, and to nothing else.
    """
    return partial(decorated, auth.on_loop, demand(**demanded))


def Optional(auth: Doors, **demanded: Unpack[Demands]) -> Callable[[E], E]:
    """The same, but whoever sends no credentials passes, where no rule says otherwise. Credentials that were sent on
    purpose and fail are refused (C02)."""
    return partial(decorated, auth.on_loop, demand(public=True, **demanded))


def decorated(door: Door, wanted: Demand | None, endpoint: E, render: Render | None = None) -> E:
    """The endpoint, which sees only those requests that meet what is wanted."""
    if not isroutine(endpoint):
        guarded = Guarded(cast("Application", endpoint), door, demand=wanted, render=render)
        return cast("E", update_wrapper(guarded, endpoint, updated=()))

    @wraps(endpoint)
    async def judged_first(*arguments: object, **named: object) -> StarletteResponse | None:
        connection = next(value for value in (*arguments, *named.values()) if isinstance(value, HTTPConnection))
        answer = await judged_connection(connection, door, wanted, render)
        if answer is not None:
            if not isinstance(connection, WebSocket):
                return in_terms_of_starlette(answer, connection.scope)
            await refuse(answer, connection.scope, connection.send)
            return None
        if iscoroutinefunction(endpoint):
            returned = await endpoint(*arguments, **named)
        else:
            returned = await run_in_threadpool(endpoint, *arguments, **named)
        if isinstance(returned, StarletteResponse):
            add_fields(connection.scope, returned)
        return cast("StarletteResponse | None", returned)

    return cast("E", judged_first)
