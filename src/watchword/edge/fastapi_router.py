"""What a FastAPI router has besides path operations: FastAPI asks no dependency there, and so a door stands at each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from starlette.routing import Host, Mount, Route, WebSocketRoute

from watchword.core.demand import Demand
from watchword.edge.asgi import Application, Guarded
from watchword.edge.door import Door
from watchword.edge.refusal import Render
from watchword.edge.starlette import decorated

_PLAIN = (Host, Mount, Route, WebSocketRoute)
_ASKING = (APIRoute, APIWebSocketRoute)  # what FastAPI derives of them


def guard_plain_routes(router: APIRouter, door: Door, wanted: Demand | None, render: Render | None) -> None:
    """Have what is mounted or routed past FastAPI judged, too: whatever is added from now on to this router, or to one
    that it includes, since FastAPI serves what an included router is given later.

    Routers that have such routes already cannot be included, since nothing stands at theirs: RuntimeError.
    """

    def guarded(application: Application) -> Guarded:
        return Guarded(application, door, demand=wanted, render=render)

    def asking(endpoint: Callable[..., Any]) -> Callable[..., Any]:
        return decorated(door, wanted, endpoint, render)

    for name, served, wrapped in (
        ("mount", "app", guarded),
        ("host", "app", guarded),
        ("add_route", "endpoint", asking),
        ("add_websocket_route", "endpoint", asking),
    ):
        setattr(router, name, partial(_added, getattr(router, name), served, wrapped))
    guard = partial(guard_plain_routes, door=door, wanted=wanted, render=render)
    router.include_router = partial(_included, router.include_router, guard)  # type: ignore[method-assign]  # of this one


def _added(add: Callable[..., None], served: str, wrapped: Callable[[Any], Any], *given: Any, **named: Any) -> None:
    """`served` is the second argument."""
    if served in named:
        add(*given, **{**named, served: wrapped(named[served])})
    else:
        where, what, *more = given
        add(where, wrapped(what), *more, **named)


def _included(
    include: Callable[..., None], guard: Callable[[APIRouter], None], router: APIRouter, **named: Any
) -> None:
    for found in iter_route_contexts(router.routes):
        if isinstance(found.original_route, _PLAIN) and not isinstance(found.original_route, _ASKING):
            raise RuntimeError(
                "the router that is included has a mount or a plain route, at which FastAPI asks no dependency: add it "
                "to the protected router itself"
            )
    for each in _with_those_inside(router):
        guard(each)
    include(router, **named)


def _with_those_inside(router: APIRouter) -> Iterator[APIRouter]:
    yield router
    for route in router.routes:
        inside = getattr(route, "original_router", None)
        if isinstance(inside, APIRouter):
            yield from _with_those_inside(inside)
