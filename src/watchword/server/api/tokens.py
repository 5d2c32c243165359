"""/tokens/{userid}: the auth token that stands in for a password in HTTP Basic (RESTHeart)."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from watchword.core.events import event_about
from watchword.http.timestamps import milliseconds
from watchword.server.api.call import Here
from watchword.server.api.documented import documented
from watchword.server.api.errors import NotHere
from watchword.server.api.views import TokenView


def token_routes(location: str) -> APIRouter:
    """The routes, at the configured place."""
    router = APIRouter(tags=["auth tokens"])
    path = f"{location}/{{userid}}"
    router.add_api_route(
        path,
        show_token,
        methods=["GET"],
        summary="Show the auth token",
        openapi_extra=documented(problems=("not-found",)),
    )
    router.add_api_route(
        path,
        revoke_token,
        methods=["DELETE"],
        summary="Revoke the auth token",
        status_code=204,
        response_class=Response,
        openapi_extra=documented(),
    )
    return router


async def show_token(call: Here, userid: str) -> TokenView:
    """The live token, or a new one. Only its owner may see it."""
    shown = await call.run(call.service.tokens.issue(call.who.subject, call.service.now()))
    if shown is None:
        raise NotHere
    return TokenView(auth_token=shown.token, valid_until=milliseconds(shown.valid_until))


async def revoke_token(call: Here, userid: str) -> Response:
    """Kills the live token on every node."""
    if await call.run(call.service.tokens.revoke(call.who.subject)):
        call.note(event_about("authn_token_revoked", call.who.subject, call.request))
    return Response(status_code=204)
