"""POST /oauth2/revoke: a client gives a token back (RFC 7009)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from watchword.core.events import event_about
from watchword.flows.revocation import revoke as revoke_steps
from watchword.server.api.call import Here
from watchword.server.api.oauth.client import REVOKE, client_of, documented_form, settled
from watchword.server.api.oauth.form import OAuthForm, read_oauth_form

router = APIRouter(tags=["OAuth"])


@router.post(
    REVOKE,
    summary="Revoke a token",
    response_class=Response,
    openapi_extra=documented_form(
        {"token": "An access token or a refresh token that the client was given."},
        {"token_type_hint": "Is not needed: tokens show what they are."},
    ),
)
async def revoke(call: Here, form: Annotated[OAuthForm, Depends(read_oauth_form)]) -> Response:
    """Ends an access token, or with a refresh token everything that came of the same log-in.

    200 where the token is unknown or dead already; an error where it was issued to another client.
    """
    client = await client_of(call, form, public_clients=True)
    service = call.service
    ended = await settled(
        call,
        revoke_steps(form.needed("token"), client, self_contained=service.self_contained, now=service.now()),
    )
    if ended.subject is not None:
        call.note(event_about("authn_token_revoked", ended.subject, call.request, session=ended.session or ""))
    return Response(status_code=200)
