"""The Litestar host: protects an application, or what a guard or a dependency stands at (extra `litestar`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Final, Literal, TypeAlias, Unpack, cast, overload

try:
    from litestar import Litestar, Request
    from litestar.config.response_cache import default_cache_key_builder
    from litestar.connection import ASGIConnection
    from litestar.di import Provide
    from litestar.exceptions import WebSocketException
    from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
    from litestar.openapi.spec import (
        OpenAPIFormat,
        OpenAPIHeader,
        OpenAPIMediaType,
        OpenAPIResponse,
        OpenAPIType,
        Operation,
        Reference,
        Schema,
        SecurityScheme,
    )
    from litestar.types import Scope as LitestarScope
    from litestar.utils.scope.state import ScopeState
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        'Litestar is needed here: pip install "watchword[litestar]"', name=missing.name
    ) from missing

from watchword.core.demand import Demand, demand
from watchword.core.principal import Principal
from watchword.edge.asgi import PRINCIPAL, Application, Guarded, Receive, Scope, Send, judged_at_route, refuse
from watchword.edge.asgi import principal as principal_in
from watchword.edge.door import Door, Doors
from watchword.edge.openapi import PROBLEM, PROBLEM_NAME, REFUSALS, Object, Secured, secured, together
from watchword.edge.refusal import Refusal, Render
from watchword.edge.route import Demands, of_application, with_or_without_slash
from watchword.http.message import Response

Connection: TypeAlias = ASGIConnection[Any, Any, Any, Any]
"""Of whatever handler, state, user and authentication Litestar's own middleware gives it."""

# Where the application's state has what was said to it.
_RENDER: Final = "watchword_on_refusal"
_PROTECTED: Final = "watchword_protected"
_DOCUMENTED: Final = "watchword_documented"


def protect(
    application: Litestar,
    auth: Doors,
    *,
    public: bool = False,
    on_refusal: Render | None = None,
    **demanded: Unpack[Demands],
) -> Litestar:
    """Let the application see only those requests that may pass; gives it back, and completes its OpenAPI document.

    What the rules of the configuration say of a path holds, with and without a slash at its end, since Litestar serves
    both alike. `public` and what is demanded here hold for paths that no rule names: `public` lets pass whoever sends
    nothing, and leaves it to guards to demand. The fields that an answer needs (Vary, cookies to clear, tokens, CORS)
    are on every answer, on those to errors of the application too. What Litestar keeps of answers (`cache=True`) is
    kept for each principal, unless the application says by what keys.

    Raises:
        ValueError: where a dependency demands of a handler that does not take it, or whose answers are kept, so that
            nobody would be asked.
    """
    _refuse_unasked(application)
    if application.response_cache_config.key_builder is default_cache_key_builder:
        application.response_cache_config.key_builder = _cache_key
    door, wanted = auth.on_loop, of_application(public=public, **demanded)
    if on_refusal is not None:
        application.state[_RENDER] = on_refusal
    application.asgi_handler = Guarded(  # type: ignore[assignment]  # Litestar's types of ASGI name each message
        cast("Application", application.asgi_handler),
        door,
        demand=wanted,
        render=_telling(application),
        reading=partial(with_or_without_slash, door),
    )
    application.state[_PROTECTED] = (*_protections(application), (door, wanted))
    document(application)
    return application


def on_refusal(application: Litestar, render: Render) -> None:
    """Let `render` tell refusals of this application: their content, never status, challenges or other fields."""
    application.state[_RENDER] = render


def principal(request: Connection) -> Principal | None:
    """Who the request (or the handshake of a WebSocket) was proven to come from; None for anonymous ones.

    `dependencies={"who": Provide(principal, sync_to_thread=False)}` gives it to handlers.
    """
    return principal_in(cast("Scope", request.scope))


class Demanded(Provide):
    """A guard, and a dependency that gives the principal."""

    __slots__ = ("door", "wanted")

    def __init__(self, door: Door, wanted: Demand) -> None:
        async def who_asks(scope: LitestarScope) -> Principal | None:
            return await self._judge(scope, None)

        super().__init__(who_asks)
        self.door = door
        self.wanted = wanted

    def __deepcopy__(self, memo: object) -> Demanded:
        return self  # routers copy the handlers that they are given

    @overload
    async def __call__(self, connection: Connection, handler: BaseRouteHandler, /) -> None: ...
    @overload
    async def __call__(self, **of_dependency: object) -> object: ...
    async def __call__(self, *of_guard: object, **of_dependency: object) -> object:
        if not of_guard:
            return await super().__call__(**of_dependency)
        connection = cast("Connection", of_guard[0])
        return await self._judge(connection.scope, connection if isinstance(connection, Request) else None)

    async def _judge(self, scope: LitestarScope, request: Request[Any, Any, Any] | None) -> Principal | None:
        inner = cast("Scope", scope)
        answer = await judged_at_route(
            inner,
            self.door,
            self.wanted,
            read=None if request is None else request.body,
            render=_render_of(scope["litestar_app"]),
            reading=partial(with_or_without_slash, self.door),
        )
        if answer is None:
            who: Principal | None = inner[PRINCIPAL]
            return who
        if inner["type"] == "websocket":
            raise WebSocketException(detail="refused", code=3000)
        # Litestar has exceptions answered by a table, which it keeps with the request. Ours goes in, so that no handler
        # of the application takes it for an error of its own.
        handlers = ScopeState.from_scope(scope).exception_handlers
        handlers[_Refused] = _answer  # type: ignore[index,assignment,unused-ignore]  # its type is open
        raise _Refused(answer)


def Authenticated(auth: Doors, **demanded: Unpack[Demands]) -> Demanded:
    """Demands, in `guards=[…]` of a handler, a controller, a router or the application. The rules of the path hold too.

    In `dependencies={"who": …}` it demands and gives the principal, but of those handlers only that take `who`:
    Litestar asks for no other. Without `protect` the fields that an answer needs are on refusals only, handshakes of
    WebSockets are refused by closing, and the OpenAPI document is completed by `document`.
    """
    return Demanded(auth.on_loop, demand(**demanded))


def Optional(auth: Doors, **demanded: Unpack[Demands]) -> Demanded:
    """The same, but whoever sends no credentials passes, where no rule says otherwise. Credentials that were sent on
    purpose and fail are refused (C02)."""
    return Demanded(auth.on_loop, demand(public=True, **demanded))


def _telling(application: Litestar) -> Render:
    def tell(refusal: Refusal) -> tuple[str, bytes] | None:
        render = _render_of(application)
        return None if render is None else render(refusal)

    return tell


def _render_of(application: Litestar) -> Render | None:
    return cast("Render | None", application.state.get(_RENDER))


class _Refused(Exception):
    """The answer in place of a route's. Never seen outside: it is handled where the route is."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer


class _Answer:
    """As much of a response as Litestar asks for of what answers an exception."""

    def __init__(self, answer: Response) -> None:
        self._answer = answer

    def to_asgi_response(self, **_: object) -> Application:
        async def send_it(scope: Scope, receive: Receive, send: Send) -> None:
            await refuse(self._answer, scope, send)

        return send_it


def _answer(request: object, refused: _Refused) -> _Answer:
    return _Answer(refused.answer)


def document(application: Litestar) -> None:
    """Add to the OpenAPI document of the application which routes demand, which credentials they take, and how they
    refuse. `protect` does it by itself; without it, call this once all routes are there."""
    if application.openapi_config is None or application.state.get(_DOCUMENTED) is application.openapi_schema:
        return
    document = application.openapi_schema
    application.state[_DOCUMENTED] = document
    schemes: dict[str, Object] = {}
    for route in application.routes:
        item = (document.paths or {}).get(route.path_format)
        for handler in getattr(route, "route_handlers", ()):
            for method in handler.http_methods if isinstance(handler, HTTPRouteHandler) else ():
                operation: Operation | None = getattr(item, method.lower(), None)
                found = together(_secured(application, handler, method, route.path_format))
                if operation is not None and found is not None:
                    _complete(operation, found)
                    schemes.update(found.schemes)
    if schemes:
        components = document.components
        components.schemas.setdefault(PROBLEM_NAME, _schema(PROBLEM))
        components.security_schemes = {
            **(components.security_schemes or {}),
            **{name: _security_scheme(scheme) for name, scheme in schemes.items()},
        }


def _refuse_unasked(application: Litestar) -> None:
    for route in application.routes:
        for handler in getattr(route, "route_handlers", (getattr(route, "route_handler", None),)):
            if isinstance(handler, BaseRouteHandler):
                for name, given in handler.resolve_dependencies().items():
                    if not isinstance(given, Demanded):
                        continue
                    if isinstance(handler, HTTPRouteHandler) and handler.cache:
                        raise ValueError(
                            f"{handler} has a cache, from which Litestar answers before it asks {name!r}: put what "
                            "demands into guards=[...]"
                        )
                    if not given.wanted.public and name not in handler.parsed_fn_signature.parameters:
                        raise ValueError(
                            f"{handler} does not take {name!r}, so that Litestar asks nobody there: put what demands "
                            "into guards=[...]"
                        )


def _cache_key(request: Request[Any, Any, Any]) -> str:
    """Litestar's own key has nothing of who asks, so that one would be given what another was answered."""
    return f"{_who_is_answered(principal(request))} {default_cache_key_builder(request)}"


def _who_is_answered(who: Principal | None) -> str:
    """All of a principal that an answer may depend on. The same person may come with less, by a key of few scopes."""
    if who is None:
        return "None"
    may = (None if each is None else sorted(each) for each in (who.roles, who.permissions, who.scopes))
    return repr((who.realm, who.subject, who.client_id, who.authentication.acr, *may))


def _protections(application: Litestar) -> tuple[tuple[Door, Demand | None], ...]:
    return cast("tuple[tuple[Door, Demand | None], ...]", application.state.get(_PROTECTED, ()))


def _secured(application: Litestar, handler: BaseRouteHandler, method: str, path: str) -> Iterable[Secured | None]:
    for door, wanted in _protections(application):
        yield secured(door, method, path, wanted, at_route=False)
    taken = handler.parsed_fn_signature.parameters
    dependencies = [given for name, given in handler.resolve_dependencies().items() if name in taken]
    for said in (*handler.resolve_guards(), *dependencies):
        if isinstance(said, Demanded):
            yield secured(said.door, method, path, said.wanted, at_route=True)


def _complete(operation: Operation, found: Secured) -> None:
    operation.security = [*(operation.security or ()), *found.security]
    answers = operation.responses = operation.responses or {}
    for status, (description, headers) in REFUSALS.items():
        problem = OpenAPIMediaType(schema=Reference(f"#/components/schemas/{PROBLEM_NAME}"))
        told = OpenAPIResponse(
            description=description,
            headers={name: OpenAPIHeader(schema=Schema(type=OpenAPIType.STRING)) for name in headers},
            content={"application/problem+json": problem},
        )
        answers.setdefault(str(status), told)  # what the application says of its own goes first


def _schema(described: Object) -> Schema:
    members = cast("Mapping[str, Object]", described.get("properties", {}))
    return Schema(
        type=OpenAPIType(cast("str", described["type"])),
        title=cast("str | None", described.get("title")),
        description=cast("str | None", described.get("description")),
        format=cast("OpenAPIFormat | None", described.get("format")),
        required=cast("list[str] | None", described.get("required")),
        properties={name: _schema(member) for name, member in members.items()} or None,
    )


def _security_scheme(scheme: Object) -> SecurityScheme:
    members = cast("Mapping[str, str]", scheme)
    return SecurityScheme(
        type=cast("Literal['apiKey', 'http', 'mutualTLS']", members["type"]),
        name=members.get("name"),
        security_scheme_in=cast("Literal['cookie', 'header', 'query'] | None", members.get("in")),
        scheme=members.get("scheme"),
    )
