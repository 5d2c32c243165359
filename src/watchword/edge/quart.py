"""The Quart host, through ASGI: an application or a blueprint, or views by a decorator (extra `quart`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import ParamSpec, TypeAlias, TypeVar, Unpack, cast, overload

try:
    from quart import Blueprint, Quart, Request, Websocket, after_this_request, current_app, has_request_context
    from quart.globals import request_ctx, websocket_ctx
    from quart.wrappers import Response
    from werkzeug.wrappers import Response as WerkzeugResponse
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError('Quart is needed here: pip install "watchword[quart]"', name=missing.name) from missing

from watchword.core.demand import Demand, demand
from watchword.core.principal import Principal
from watchword.edge.asgi import Application, Guarded, Scope, judged_at_route
from watchword.edge.asgi import principal as principal_in
from watchword.edge.door import Door, Doors
from watchword.edge.refusal import Refusal, Render
from watchword.edge.route import VISIT, Demands, Visit, of_application, with_or_without_slash
from watchword.http.merging import merged
from watchword.http.message import Request as Asked
from watchword.http.message import Response as Answer

P = ParamSpec("P")
R = TypeVar("R")
A = TypeVar("A", bound=Quart | Blueprint)
Sent: TypeAlias = Response | WerkzeugResponse

_RENDER = "watchword_on_refusal"


def protect(
    application: A,
    auth: Doors,
    *,
    public: bool = False,
    on_refusal: Render | None = None,
    **demanded: Unpack[Demands],
) -> A:
    """Let the application, or the views of a blueprint, see only those requests that may pass; gives it back.

    What the rules of the configuration say of a path holds. `public` and what is demanded here hold for paths that no
    rule names: `public` lets pass whoever sends nothing, and leaves it to views to demand. The fields that an answer
    needs (Vary, cookies to clear, tokens, CORS) are on every answer, on those to errors of the application too; for a
    blueprint, on what its views return.
    """
    wanted, door = of_application(public=public, **demanded), auth.on_loop
    if isinstance(application, Quart):
        if on_refusal is not None:
            application.extensions[_RENDER] = on_refusal
        guarded = Guarded(
            cast("Application", application.asgi_app),
            door,
            demand=wanted,
            render=_telling(application),
            reading=partial(_as_served, application, door),
        )
        application.asgi_app = guarded  # type: ignore[assignment,method-assign]  # as Quart's documentation says
        return application

    async def judge() -> Response | None:
        return await _judge(door, wanted, on_refusal)

    application.before_request(judge)
    application.before_websocket(judge)
    return application


def _as_served(application: Quart, door: Door, request: Asked) -> Asked:
    """With `strict_slashes=False`, of all routes or of one, Quart serves `/a/` as it serves `/a` (F22)."""
    read = with_or_without_slash(door, request)
    lenient = read is not request and any(not rule.strict_slashes for rule in application.url_map.iter_rules())
    return read if lenient else request


def _telling(application: Quart) -> Render:
    def tell(refusal: Refusal) -> tuple[str, bytes] | None:
        render = _render_of(application)
        return None if render is None else render(refusal)

    return tell


def on_refusal(application: Quart, render: Render) -> None:
    """Let `render` tell refusals of this application and its views: their content, never status, challenges or other
    fields."""
    application.extensions[_RENDER] = render


def principal() -> Principal | None:
    """Who the request (or the handshake of a WebSocket) was proven to come from; None for anonymous ones."""
    return principal_in(_scope(_current()))


def Authenticated(auth: Doors, **demanded: Unpack[Demands]) -> Decorator:
    """Decorates a view, below `@app.route` or `@app.websocket`: it sees only those requests that meet this, and the
    rules of the path.

    Without `protect` the fields that an answer needs are added to what the view comes to, and to nothing else.
    """
    return Decorator(auth.on_loop, demand(**demanded))


def Optional(auth: Doors, **demanded: Unpack[Demands]) -> Decorator:
    """The same, but whoever sends no credentials passes, where no rule says otherwise. Credentials that were sent on
    purpose and fail are refused (C02)."""
    return Decorator(auth.on_loop, demand(public=True, **demanded))


class Decorator:
    """Has a request judged before its view is called."""

    def __init__(self, door: Door, wanted: Demand) -> None:
        self._door = door
        self._wanted = wanted

    @overload
    def __call__(self, view: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R | Response]]: ...
    @overload
    def __call__(self, view: Callable[P, R]) -> Callable[P, Awaitable[R | Response]]: ...
    def __call__(self, view: Callable[P, Awaitable[R] | R]) -> Callable[P, Awaitable[R | Response]]:
        @wraps(view)
        async def judged_first(*arguments: P.args, **named: P.kwargs) -> R | Response:
            refused = await _judge(self._door, self._wanted)
            if refused is not None:
                return refused
            return cast("R", await current_app.ensure_async(view)(*arguments, **named))

        return judged_first


async def _judge(door: Door, wanted: Demand | None, render: Render | None = None) -> Response | None:
    current = _current()
    scope = _scope(current)
    before = {name for name, _ in scope["headers"]}

    async def read() -> bytes:
        return cast("bytes", await cast("Request", current).get_data())

    of_request = isinstance(current, Request)
    tell = render or _render_of(current_app)
    reading = partial(_as_served, current_app, door)
    answer = await judged_at_route(scope, door, wanted, read=read if of_request else None, render=tell, reading=reading)
    # Quart has copied the fields already.
    for name in before.difference(name for name, _ in scope["headers"]):
        current.headers.remove(name.decode("latin-1"))
    visit: Visit = scope[VISIT]
    if answer is None and visit.alone and of_request:

        def with_fields(response: Sent) -> Sent:
            lines = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
            both = merged(lines, visit.fields)
            response.headers.clear()
            response.headers.extend((name.decode("latin-1"), value.decode("latin-1")) for name, value in both)
            return response

        after_this_request(with_fields)
    return None if answer is None else _response(answer)


def _current() -> Request | Websocket:
    return request_ctx.request if has_request_context() else websocket_ctx.websocket


def _scope(current: Request | Websocket) -> Scope:
    return cast("Scope", current.scope)


def _response(answer: Answer) -> Response:
    fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.fields]
    response = Response(answer.body, answer.status)
    response.headers.clear()
    response.headers.extend(fields)
    response.content_length = len(answer.body)
    return response


def _render_of(application: Quart) -> Render | None:
    return cast("Render | None", application.extensions.get(_RENDER))
