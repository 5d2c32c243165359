"""POST /oauth2/token: tokens for clients (RFC 6749 sections 4.4 and 6)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from watchword.core.events import event_about
from watchword.core.grants import CLIENT_SUBJECT, Client, Scopes
from watchword.core.records import Json
from watchword.flows.client_credentials import GRANT_TYPE as CLIENT_CREDENTIALS
from watchword.flows.client_credentials import audience_of, client_token
from watchword.flows.tokens import NotRefreshed, TokenPair, refresh
from watchword.http.oauth_error import OAuthError
from watchword.server.api.auth import DESCRIPTIONS, note_refresh, tokens_told
from watchword.server.api.call import Call, Here
from watchword.server.api.oauth.client import TOKEN, client_of, documented_form, settled
from watchword.server.api.oauth.form import OAuthForm, read_oauth_form
from watchword.server.api.token_errors import TokenError, token_error
from watchword.tokens.scope import read_scope, written_scope

router = APIRouter(tags=["OAuth"])

REFRESH_TOKEN = "refresh_token"
GRANT_TYPES = (CLIENT_CREDENTIALS, REFRESH_TOKEN)
"""Those that there are, by their names in RFC 6749."""


class GrantView(BaseModel):
    """What a grant gives. Times are in seconds from now; a refresh token comes where one was sent."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str | None = None
    refresh_token: str | None = None
    refresh_expires_in: int | None = None


@router.post(
    TOKEN,
    summary="Get a token",
    responses={200: {"model": GrantView}},
    openapi_extra=documented_form(
        {"grant_type": "`client_credentials` or `refresh_token`"},
        {
            "scope": "Names with one space between them; all that there are where nothing is said.",
            "refresh_token": "With the grant of that name.",
            "resource": "For whom the token is meant (RFC 8707).",
        },
    ),
)
async def grant(call: Here, form: Annotated[OAuthForm, Depends(read_oauth_form)]) -> Response:
    """Gives an access token to a client that acts for itself, or new tokens for a refresh token of its own.

    Errors are those of RFC 6749 section 5.2.
    """
    client = await client_of(call, form, public_clients=True)
    grant_type = form.needed("grant_type")
    if grant_type not in GRANT_TYPES:
        raise token_error("unsupported_grant_type", f"There are {' and '.join(GRANT_TYPES)}.")
    if grant_type not in client.grants:
        raise token_error("unauthorized_client", "The client may not use this grant.")
    scopes = _scopes(form)
    audience = audience_of(form.resources, call.service.token_policy)
    if isinstance(audience, OAuthError):
        raise TokenError(audience)
    if grant_type == CLIENT_CREDENTIALS:
        told = await _for_itself(call, client, scopes, audience)
    else:
        told = await _refreshed(call, client, form.needed(REFRESH_TOKEN), scopes, audience)
    return JSONResponse(told)


async def _for_itself(
    call: Call, client: Client, scopes: Scopes | None, audience: tuple[str, ...] | None
) -> dict[str, Json]:
    service, now = call.service, call.service.now()
    issued = await settled(
        call,
        client_token(
            client,
            scopes=scopes,
            audience=audience,
            policy=service.token_policy,
            entropy=service.engine.entropy,
            now=now,
        ),
    )
    call.note(event_about("authn_token_created", CLIENT_SUBJECT + client.id, call.request, token=issued.id))
    return {
        "access_token": issued.token,
        "token_type": "Bearer",
        "expires_in": issued.expires_in(now),
        "scope": written_scope(issued.scopes or frozenset()),
    }


async def _refreshed(
    call: Call, client: Client, token: str, scopes: Scopes | None, audience: tuple[str, ...] | None
) -> dict[str, Json]:
    service, now = call.service, call.service.now()
    outcome: TokenPair | NotRefreshed = await settled(
        call,
        refresh(
            token,
            call.request,
            policy=service.token_policy,
            entropy=service.engine.entropy,
            now=now,
            client_id=client.id,
            scopes=scopes,
            audience=audience,
        ),
    )
    note_refresh(call, outcome)
    if isinstance(outcome, NotRefreshed):
        raise token_error(outcome.error, DESCRIPTIONS[outcome.error])
    return tokens_told(outcome, now)


def _scopes(form: OAuthForm) -> Scopes | None:
    asked = form.fields.get("scope")
    scopes = None if asked is None else read_scope(asked)
    if asked is not None and scopes is None:
        raise token_error("invalid_scope", "Write names with one space between them (RFC 6749 section 3.3).")
    return scopes
