"""/auth: log-ins that give an access token and a refresh token (S2.18 to S2.20)."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.requests import Request as AsgiRequest
from starlette.responses import JSONResponse, Response

from watchword.core.ask import Steps
from watchword.core.decision import Refused
from watchword.core.events import Event, event_about
from watchword.core.names import looked_up_name
from watchword.core.principal import Instant
from watchword.core.records import Json
from watchword.flows.access_tokens import seconds_left
from watchword.flows.login import Claim
from watchword.flows.revoking_tokens import log_out_tokens
from watchword.flows.tokens import NotRefreshed, TokenPair, TooManyFamilies, log_in_for_tokens, refresh
from watchword.server.api.call import Call, Here
from watchword.server.api.content import Content, content
from watchword.server.api.documented import documented
from watchword.server.api.errors import Wrong, wrong_member
from watchword.server.api.fields import CodeText, Label, NameText, PasswordText
from watchword.server.api.login import code_or_none, settled_with_code
from watchword.server.api.represent import represented
from watchword.server.api.token_errors import run_for_client, token_content, token_error
from watchword.tokens.password import Password
from watchword.tokens.scope import read_scope, written_scope

router = APIRouter(prefix="/auth", tags=["tokens"])

REFRESH_TOKEN = "refresh_token"
ScopeText = Annotated[str, StringConstraints(max_length=2000)]


class TokensView(BaseModel):
    """What a log-in or a refresh gives. Times are in seconds from now.

    The access token is renewed with the refresh token, which is good once: keep the one of the latest answer.
    """

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    scope: str | None = None


class Credentials(Content):
    """Who wants to log in. `device` is what the client calls itself in lists; `scope` narrows what the tokens may be
    used for. `code` is that of a second factor, for accounts that need one."""

    model_config = ConfigDict(extra="ignore")

    username: NameText
    password: PasswordText
    code: CodeText | None = None
    device: Label | None = None
    scope: ScopeText = ""


class TokenRequest(Content):
    """A refresh token to be redeemed (RFC 6749 section 6). `grant_type` may be left out here."""

    model_config = ConfigDict(extra="ignore")

    refresh_token: str = ""
    grant_type: str = REFRESH_TOKEN
    scope: ScopeText = ""


class LogOut(Content):
    """The refresh token of the log-in that is to end, for clients that have no access token at hand."""

    model_config = ConfigDict(extra="ignore")

    refresh_token: str | None = None


@router.post(
    "/login",
    summary="Log in for tokens",
    responses={200: {"model": TokensView, "content": {"application/xml": {}}}},
    openapi_extra=documented(
        content=Credentials, forms=True, cells=("C07", "C14", "C15", "C16", "C17"), problems=("too-many-log-ins",)
    ),
)
async def log_in(
    call: Here, credentials: Annotated[Credentials, Depends(content(Credentials, forms=True))]
) -> Response:
    """Gives an access token, to be sent as `Authorization: Bearer`, and a refresh token, to be redeemed at
    `POST /auth/token` when the access token has expired. Each log-in ends by itself when its refresh token expires.

    An account with a second factor gets 401 (C15) and an `mfa_token`, which goes on at
    `POST /auth/login/second-factor`, unless a right `code` came along.
    """
    claim = Password(credentials.username, credentials.password, code_or_none(credentials.code))
    steps = token_steps(call, claim, device=credentials.device, scope=credentials.scope)
    return tokens_given(call, await settled_with_code(call, steps, claim.code, looked_up_name(claim.name)))


def token_steps(
    call: Call, claim: Claim, *, device: str | None, scope: str
) -> Steps[TokenPair | TooManyFamilies | Refused]:
    """The steps of a log-in that gives tokens.

    Raises:
        Wrong: where the scope cannot be one.
    """
    scopes = read_scope(scope) if scope else None
    if scope and scopes is None:
        raise wrong_member("scope", "Write names with one space between them (RFC 6749 section 3.3).")
    service = call.service
    return log_in_for_tokens(
        claim,
        call.request,
        service.space,
        policy=service.token_policy,
        entropy=service.engine.entropy,
        now=service.now(),
        device=device or "",
        scopes=scopes,
    )


def tokens_given(call: Call, begun: TokenPair | TooManyFamilies) -> Response:
    """The answer to a log-in that gave tokens, or for which there was no more room."""
    if isinstance(begun, TooManyFamilies):
        call.note(event_about("authn_login_fail", begun.subject, call.request, reason="too many log-ins"))
        raise Wrong("too-many-log-ins", "The account has as many log-ins as it may. Log out elsewhere first.")
    call.note(event_about("authn_login_success", begun.account.name, call.request, session=begun.family.id))
    return represented(call.request, "tokens", tokens_told(begun, call.service.now()))


@router.post(
    "/token",
    summary="Redeem a refresh token",
    responses={200: {"model": TokensView}},
    openapi_extra=documented(
        content=TokenRequest,
        forms=True,
        cells=("C17",),
        oauth_errors=(
            "invalid_grant",
            "invalid_request",
            "invalid_scope",
            "invalid_target",
            "unsupported_grant_type",
        ),
    ),
)
async def redeem(call: Here, asked: Annotated[TokenRequest, Depends(token_content(TokenRequest))]) -> Response:
    """Gives a new access token and a new refresh token, in whose place the one that was sent can be used no more.

    Whoever lost the answer asks again within the grace and gets the same refresh token. A token that was redeemed by
    somebody else, or longer ago, ends the whole log-in. Errors are those of RFC 6749 section 5.2.
    """
    if (asked.grant_type or REFRESH_TOKEN) != REFRESH_TOKEN:
        raise token_error("unsupported_grant_type", "Refresh tokens are redeemed here: grant_type=refresh_token.")
    if not asked.refresh_token:  # RFC 6749 section 3.2: what has no value counts as left out
        raise token_error("invalid_request", "Send a refresh_token.")
    scopes = read_scope(asked.scope) if asked.scope else None
    if asked.scope and scopes is None:
        raise token_error("invalid_scope", "Write names with one space between them (RFC 6749 section 3.3).")
    service = call.service
    now = service.now()
    pair = await run_for_client(
        call,
        refresh(
            asked.refresh_token,
            call.request,
            policy=service.token_policy,
            entropy=service.engine.entropy,
            now=now,
            scopes=scopes,
        ),
    )
    note_refresh(call, pair)
    if isinstance(pair, NotRefreshed):
        raise token_error(pair.error, DESCRIPTIONS[pair.error])
    return JSONResponse(tokens_told(pair, now))


DESCRIPTIONS = {
    "invalid_grant": "The refresh token is not valid here, or no more. Log in again.",
    "invalid_scope": "The refresh token was granted less than that.",
    "invalid_target": "The refresh token is meant for others than that.",
}
"""Why a refresh token was not redeemed, for developers."""


@router.post(
    "/logout",
    summary="Log out",
    status_code=204,
    response_class=Response,
    openapi_extra=documented(content=LogOut, forms=True, cells=("C17",)),
)
async def log_out(request: AsgiRequest, call: Here) -> Response:
    """Ends the log-in of the refresh token in the content, or of the access token in Authorization, with all its
    tokens. 204 whatever they are (RFC 7009 section 2.2)."""
    sent = await _read_log_out(request) if _has_content(request) else LogOut()
    service = call.service
    ended = await call.settled(
        log_out_tokens(
            call.request,
            sent.refresh_token,
            self_contained=service.self_contained,
            now=service.now(),
            sessions=service.sessions.backend,
        )
    )
    if ended.subject is not None:
        call.note(
            event_about("session_expired", ended.subject, call.request, reason="logout", session=ended.family or "")
        )
    return Response(status_code=204)


_read_log_out = content(LogOut, forms=True)


def _has_content(request: AsgiRequest) -> bool:
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


def note_refresh(call: Call, outcome: TokenPair | NotRefreshed) -> None:
    """What came of a refresh token, for the security log."""
    if isinstance(outcome, TokenPair):
        family = outcome.family
        call.note(
            event_about(
                "authn_token_created", family.subject, call.request, session=family.id, repeated=int(outcome.repeated)
            )
        )
    elif outcome.reused is not None:
        family = outcome.reused
        call.note(
            replace(event_about("token_reused", family.subject, call.request, session=family.id), level="warning")
        )
    else:
        fields: dict[str, str | int] = {"client": call.request.peer.address, "reason": outcome.reason}
        call.note(Event("authn_token_invalid", "warning", fields))


def tokens_told(pair: TokenPair, now: Instant) -> dict[str, Json]:
    """The answer to a log-in or a refresh."""
    value: dict[str, Json] = {
        "access_token": pair.access.token,
        "token_type": "Bearer",
        "expires_in": pair.access.expires_in(now),
        "refresh_token": pair.refresh,
        "refresh_expires_in": seconds_left(pair.family.expires_at, now),
    }
    return value if pair.access.scopes is None else {**value, "scope": written_scope(pair.access.scopes)}
