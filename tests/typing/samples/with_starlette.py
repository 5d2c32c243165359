"""Starlette: an application, a router, and endpoints of both kinds."""

from __future__ import annotations

from typing import assert_type

from library import as_text, full, who_is
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, Router

from watchword import Principal
from watchword.edge.starlette import Authenticated, Optional, on_refusal, principal, protect


@Authenticated(full, roles={"clerk"})
async def patients(request: Request) -> PlainTextResponse:
    assert_type(principal(request), Principal | None)
    return PlainTextResponse(who_is(principal(request)))


@Optional(full)
class News(HTTPEndpoint):
    async def get(self, request: Request) -> PlainTextResponse:
        return PlainTextResponse(who_is(principal(request)))


assert_type(protect(Router(), full), Router)
application = protect(Starlette(routes=[Route("/patients", patients), Route("/news", News)]), full)
assert_type(application, Starlette)
on_refusal(application, as_text)
