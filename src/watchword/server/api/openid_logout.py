"""Log-out between us and an identity provider: theirs ends what began by it here, and ours may go on to them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import PlainTextResponse, Response

from watchword.core.ask import Steps
from watchword.core.events import Event
from watchword.core.identity_providers import IdentityProvider
from watchword.flows.openid_logout import Ended, NotEnded, end_by_sid, end_by_token, farewell
from watchword.http.caching import NO_STORE
from watchword.http.security_fields import framed_by
from watchword.server.api.call import Call, Here
from watchword.server.api.content import FORM_TYPE
from watchword.server.api.documented import documented
from watchword.server.api.errors import NotHere, wrong_parameters
from watchword.server.api.identity_providers import provider_of
from watchword.server.api.oauth.form import OAuthForm, read_oauth_form
from watchword.server.api.token_errors import token_error
from watchword.server.log_out_hints import hint_on_its_way, used_fields

router = APIRouter(tags=["log-in by an identity provider"])

_TOKEN_SCHEMA = {
    "type": "object",
    "required": ["logout_token"],
    "properties": {"logout_token": {"type": "string", "description": "What the provider has signed."}},
}

Parameter = Annotated[str | None, Query(max_length=1024)]


@router.post(
    "/login/with/{name}/backchannel-logout",
    summary="End what began by a provider: told by the provider",
    response_class=Response,
    openapi_extra={
        **documented(cells=("C17",), problems=("not-found",), oauth_errors=("invalid_request",)),
        "requestBody": {"required": True, "content": {FORM_TYPE: {"schema": _TOKEN_SCHEMA}}},
    },
)
async def log_out_by_provider(call: Here, name: str, form: Annotated[OAuthForm, Depends(read_oauth_form)]) -> Response:
    """OpenID Connect Back-Channel Logout 1.0: the sessions that a logout token names end, on every node.

    The token proves all there is to prove, so that no cookie counts; it is taken once. 200 as well where nobody was
    logged in any more. Which of its claims is wrong is in the security log alone.
    """
    provider, service = provider_of(call, name), call.service
    steps = end_by_token(form.needed("logout_token"), provider, backend=service.sessions.backend, clock=service.now)
    if not await _done(call, provider, steps):
        raise token_error("invalid_request", "This logout token is not taken.")
    return Response(status_code=200)


@router.get(
    "/login/with/{name}/frontchannel-logout",
    summary="End what began by a provider: told by the browser",
    response_class=PlainTextResponse,
    openapi_extra=documented(cells=("C17",), problems=("not-found", "invalid-content")),
)
async def log_out_in_frame(call: Here, name: str, iss: Parameter = None, sid: Parameter = None) -> Response:
    """OpenID Connect Front-Channel Logout 1.0: a page of the provider frames this one when somebody logs out there.

    The sessions with this `iss` and `sid` end, in whatever browser they are: frames get no cookies of ours. Both
    are needed, and nobody else can know `sid`.
    """
    provider, service = provider_of(call, name), call.service
    steps = end_by_sid(
        iss,
        sid,
        provider,
        asked_from=call.request.peer.address,
        backend=service.sessions.backend,
        now=service.now(),
    )
    if not await _done(call, provider, steps):
        raise wrong_parameters(("iss", "Send the provider's own, and sid."))
    answer = PlainTextResponse("Logged out.\n")
    answer.raw_headers += [NO_STORE, framed_by(provider.issuer)]
    return answer


@router.get(
    "/login/with/{name}/logout",
    summary="Go on to the provider's log-out",
    status_code=303,
    response_class=Response,
    openapi_extra=documented(cells=("C17",), problems=("not-found",)),
)
async def go_on_to_log_out(call: Here, name: str) -> Response:
    """OpenID Connect RP-Initiated Logout 1.0: sends the browser to where the provider logs people out.

    Nothing ends here: `POST /logout` comes first, and for two minutes after that the provider is told who logs out
    (`id_token_hint`). 404 where the provider has no such page.
    """
    provider, service = provider_of(call, name), call.service
    hint = hint_on_its_way(call.request, provider, service.second_factors.judge.sealing, service.now())
    url = await call.run(farewell(provider, service.location, None if hint is None else hint.id_token))
    if url is None:
        raise NotHere
    answer = Response(status_code=303, headers={"location": url})
    answer.raw_headers += used_fields(call.request, provider)
    return answer


async def _done(call: Call, provider: IdentityProvider, steps: Steps[Ended | NotEnded]) -> bool:
    """Whether the log-out was carried out; the security log is told of it in any case.

    Raises:
        AnswerFailed: where something did not answer.
    """
    ended = await call.run(steps)
    told: dict[str, str | int] = {"provider": provider.name, "client": call.request.peer.address}
    if isinstance(ended, NotEnded):
        call.note(Event("authn_logout_refused", "warning", {**told, "reason": ended.reason}))
        return False
    if ended.count:
        whose = {} if ended.subject is None else {"subject": ended.subject}
        told |= {**whose, "reason": "logout at the provider", "sessions": ended.count}
        call.note(Event("session_expired", "info", told))
    return True
