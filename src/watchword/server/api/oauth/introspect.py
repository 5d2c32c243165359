"""POST /oauth2/introspect: what a token stands for (RFC 7662)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from watchword.flows.introspection import described
from watchword.flows.introspection import introspect as introspect_steps
from watchword.server.api.call import Here
from watchword.server.api.oauth.client import INTROSPECT, client_of, documented_form, settled
from watchword.server.api.oauth.form import OAuthForm, read_oauth_form

router = APIRouter(tags=["OAuth"])


class TokenStateView(BaseModel):
    """What a token stands for; `active` alone where it is not alive, or not for the caller's eyes."""

    active: bool
    token_type: str | None = None
    iss: str | None = None
    sub: str | None = None
    username: str | None = None
    client_id: str | None = None
    aud: list[str] | None = None
    scope: str | None = None
    iat: int | None = None
    exp: int | None = None
    jti: str | None = None
    sid: str | None = None
    auth_time: int | None = None
    acr: str | None = None
    amr: list[str] | None = None
    roles: list[str] | None = None
    permissions: list[str] | None = None


@router.post(
    INTROSPECT,
    summary="Ask about a token",
    responses={200: {"model": TokenStateView}},
    openapi_extra=documented_form(
        {"token": "Any token of this server: an access token, a session's, an API key."},
        {"token_type_hint": "Is not needed: tokens show what they are."},
    ),
)
async def introspect(call: Here, form: Annotated[OAuthForm, Depends(read_oauth_form)]) -> Response:
    """Whether a token is alive, and what it stands for: to clients about the tokens that they were given, and to
    clients with the role `verifier` about every token that can be sent to them. As of this moment."""
    client = await client_of(call, form, public_clients=False)
    service = call.service
    known = await settled(
        call,
        introspect_steps(
            form.needed("token"),
            client,
            self_contained=service.self_contained,
            now=service.now(),
            sessions=service.sessions.backend,
            second_factor_for=service.token_policy.second_factor_for,
        ),
    )
    return JSONResponse(described(known, issuer=service.token_policy.issuer))
