"""The FastAPI host: dependencies that demand and tell who asks, with their OpenAPI (extra `fastapi`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar, Unpack
from weakref import WeakKeyDictionary

try:
    from fastapi import APIRouter, FastAPI, Response
    from fastapi.dependencies.models import Dependant
    from fastapi.params import Depends
    from fastapi.requests import HTTPConnection, Request
    from fastapi.routing import APIRoute, iter_route_contexts
    from starlette.responses import Response as StarletteResponse
    from starlette.websockets import WebSocket
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        'FastAPI is needed here: pip install "watchword[fastapi]"', name=missing.name
    ) from missing

from watchword.core.demand import Demand, demand
from watchword.core.principal import Principal
from watchword.edge import starlette
from watchword.edge.asgi import PRINCIPAL, refuse
from watchword.edge.door import Doors
from watchword.edge.fastapi_router import guard_plain_routes
from watchword.edge.openapi import PROBLEM, PROBLEM_NAME, Secured, responses, secured, together
from watchword.edge.refusal import Render
from watchword.edge.route import Demands, of_application
from watchword.edge.starlette import add_fields, in_terms_of_starlette, judged_connection, on_refusal, principal
from watchword.http.message import Response as Answer

__all__ = ["Authenticated", "Optional", "document", "on_refusal", "principal", "protect"]

A = TypeVar("A", bound=FastAPI | APIRouter)

# OpenAPI documents are open dictionaries, as in FastAPI itself.
Document: TypeAlias = dict[str, Any]


def Authenticated(auth: Doors, **demanded: Unpack[Demands]) -> Depends:
    """A dependency that demands, and gives the `Principal`: `who: Annotated[Principal, Authenticated(auth)]`.

    It may also stand in `dependencies=[…]` of a route, a router or the application. The rules of the path hold, too.
    Without `protect` FastAPI itself reads the content first, and refuses broken JSON with its 422; and fields that the
    answer needs (Vary, cookies to clear, tokens, CORS) are added to what FastAPI makes of a returned value, and not to
    a `Response` that is returned. In tests, `app.dependency_overrides[it.dependency]` puts another in its place.
    """
    return _dependency(auth, demand(**demanded))


def Optional(auth: Doors, **demanded: Unpack[Demands]) -> Depends:
    """The same, but gives None for whoever sends no credentials, where no rule says otherwise: annotate it as
    `Principal | None`. Credentials that were sent on purpose and fail are refused (C02)."""
    return _dependency(auth, demand(public=True, **demanded))


def protect(
    application: A,
    auth: Doors,
    *,
    public: bool = False,
    on_refusal: Render | None = None,
    **demanded: Unpack[Demands],
) -> A:
    """Let the application see only those requests that may pass, before FastAPI reads anything; gives it back.

    What the rules of the configuration say of a path holds. `public` and what is demanded here hold for paths that no
    rule names: `public` lets pass whoever sends nothing, and leaves it to routes to demand. The fields that an answer
    needs are on every answer. A router is protected before it has routes, by a dependency of each of them; what is
    mounted there is, too.

    Raises:
        RuntimeError: where the application has begun to serve, or the router has routes already.
    """
    wanted = of_application(public=public, **demanded)
    if isinstance(application, APIRouter):
        if application.routes:
            raise RuntimeError("the router has routes already: protect it before, so that none of them is left out")
        application.dependencies.append(_dependency(auth, wanted, render=on_refusal, at_route=False))
        guard_plain_routes(application, auth.on_loop, wanted, on_refusal)
        return application
    starlette.protect(application, auth, public=public, on_refusal=on_refusal, **demanded)
    _protected[application] = (*_protected.get(application, ()), _Said(auth, wanted, at_route=False))
    return application


class _Refused(Exception):
    """The answer in place of a route's. Never seen outside: it is handled where the route is."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer


@dataclass(frozen=True, slots=True)
class _Said:
    """What is demanded at some place of an application."""

    auth: Doors
    wanted: Demand | None
    at_route: bool = True


_Dependency: TypeAlias = Callable[[HTTPConnection, Response], Awaitable[Principal | None]]

_dependencies: Final[WeakKeyDictionary[_Dependency, _Said]] = WeakKeyDictionary()
_protected: Final[WeakKeyDictionary[FastAPI, tuple[_Said, ...]]] = WeakKeyDictionary()


def _dependency(auth: Doors, wanted: Demand | None, *, render: Render | None = None, at_route: bool = True) -> Depends:
    door = auth.on_loop

    async def who_asks(connection: HTTPConnection, response: Response) -> Principal | None:
        answer = await judged_connection(connection, door, wanted, render)
        if answer is not None:
            # FastAPI has exceptions answered by a table, which it keeps in the scope. Ours is in it from the first
            # refusal on, so that no handler of the application takes it for an error of its own.
            handlers, _ = connection.scope["starlette.exception_handlers"]
            handlers.setdefault(_Refused, _answer)
            raise _Refused(answer)
        add_fields(connection.scope, response)
        who: Principal | None = connection.scope[PRINCIPAL]
        return who

    _dependencies[who_asks] = _Said(auth, wanted, at_route)
    return Depends(who_asks)


async def _answer(connection: Request | WebSocket, refused: _Refused) -> StarletteResponse | None:
    if isinstance(connection, WebSocket):
        await refuse(refused.answer, connection.scope, connection.send)
        return None
    return in_terms_of_starlette(refused.answer, connection.scope)


def document(application: FastAPI, document: Document) -> None:
    """Add to an OpenAPI document of the application which routes demand, which credentials they take, and how they
    refuse. `application.openapi()` has it by itself; this is for a document that was made in another way."""
    paths: Document = document.get("paths", {})
    schemes: Document = {}
    for route in iter_route_contexts(application.routes):
        if not isinstance(route.original_route, APIRoute):
            continue
        path, dependant = route.path_format or "", route.dependant
        said = (*_protected.get(application, ()), *_said(dependant))
        for method in route.methods or ():
            operation = paths.get(path, {}).get(method.lower())
            if operation is None:
                continue
            found = together(secured(one.auth.on_loop, method, path, one.wanted, at_route=one.at_route) for one in said)
            if found is not None:
                _complete(operation, found)
                schemes.update(found.schemes)
    if schemes:
        components: Document = document.setdefault("components", {})
        components.setdefault("securitySchemes", {}).update(schemes)
        components.setdefault("schemas", {}).setdefault(PROBLEM_NAME, PROBLEM)


def _said(dependant: Dependant) -> Iterator[_Said]:
    said = None if dependant.call is None else _dependencies.get(dependant.call)
    if said is not None:
        yield said
    for inner in dependant.dependencies:
        yield from _said(inner)


def _complete(operation: Document, found: Secured) -> None:
    operation.setdefault("security", []).extend(found.security)
    answers: Document = operation.setdefault("responses", {})
    for status, answer in responses(f"#/components/schemas/{PROBLEM_NAME}").items():
        answers.setdefault(status, answer)  # what the application says of its own goes first


_openapi = FastAPI.openapi
_documented: Final[WeakKeyDictionary[FastAPI, Document]] = WeakKeyDictionary()


def _openapi_with_refusals(self: FastAPI) -> Document:
    made = _openapi(self)
    if _documented.get(self) is not made:
        document(self, made)
        _documented[self] = made
    return made


# A dependency can tell FastAPI of one security scheme, and of no answers. So its document is completed here, for
# applications that use what is above; for others nothing is added.
FastAPI.openapi = _openapi_with_refusals  # type: ignore[method-assign]  # the same but for what it adds
