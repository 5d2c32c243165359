"""/login/with: log-in by an OpenID provider of somebody else's (authorization code grant with PKCE).

People come here with their browsers, by links, so answers are redirects, or pages where Accept prefers them. Refusals
are the decision table's in either form.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal, TypeAlias
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from watchword.core.circumstances import Face
from watchword.core.decision import Refused
from watchword.core.events import event_about
from watchword.core.identity_providers import IdentityProvider
from watchword.core.linked import LinkedIdentity
from watchword.crypto.sealing import Sealing
from watchword.flows.link_with import NotLinked, link_with
from watchword.flows.log_in_with import departure
from watchword.flows.log_in_with import log_in_with as log_in_with_steps
from watchword.flows.logout import presented_tokens
from watchword.http.authorization_code import AuthorizationAnswer, read_authorization_answer
from watchword.http.message import Fields
from watchword.http.return_path import return_path, with_parameter
from watchword.http.syntax import Unreadable
from watchword.server.api.call import Call, Here
from watchword.server.api.content import Content, content
from watchword.server.api.documented import documented
from watchword.server.api.errors import sent, wrong_member, wrong_parameters
from watchword.server.api.fields import CodeText, TokenText
from watchword.server.api.identity_providers import provider_of
from watchword.server.api.login import begin_session, note_log_in, session_cookie, settled_with_code
from watchword.server.api.session import current_session
from watchword.server.demand import Refusal, refusal
from watchword.server.log_out_hints import kept_fields
from watchword.server.pages.log_in_with import page_of
from watchword.server.pending_log_ins import cleared_cookie, cookie_lines, pending_log_in
from watchword.tokens.log_in_with import PendingLogIn, new_pending_log_in, sealed_log_in
from watchword.tokens.second_factor import HalfProven

router = APIRouter(tags=["log-in by an identity provider"])

Prompt: TypeAlias = Literal["none", "login", "consent", "select_account"]


class ProviderView(BaseModel):
    """An identity provider, for a button of a log-in page: `url` is where the button leads."""

    name: str
    title: str
    url: str


class ProvidersView(BaseModel):
    """The identity providers, in the order of the configuration."""

    providers: list[ProviderView]


class SecondFactorContent(Content):
    """The form of the page that asks for a second factor."""

    model_config = ConfigDict(extra="ignore")

    mfa_token: TokenText
    code: CodeText
    return_to: str = "/"


@router.get("/login/providers", summary="List identity providers", openapi_extra=documented())
async def list_providers(call: Here) -> ProvidersView:
    """By whom people can log in here, for the buttons of log-in pages."""
    return ProvidersView(
        providers=[
            ProviderView(name=each.name, title=each.title, url=f"/login/with/{each.name}")
            for each in call.service.identity_providers.values()
        ]
    )


@router.get(
    "/login/with/{name}",
    summary="Log in by an identity provider",
    status_code=303,
    response_class=Response,
    openapi_extra=documented(cells=("C17",), problems=("not-found",)),
)
async def begin(
    call: Here,
    name: str,
    return_to: Annotated[str, Query(description="Where to go after the log-in: a path of this server.")] = "/",
    prompt: Annotated[Prompt | None, Query(description="What the provider shows, whatever it knows already.")] = None,
    max_age: Annotated[int | None, Query(ge=0, le=31_536_000, description="How old a log-in there may be.")] = None,
    acr_values: Annotated[
        str, Query(pattern=r"^[\x21\x23-\x5b\x5d-\x7e ]{0,255}$", description="How strong it is to be.")
    ] = "",
) -> Response:
    """Leads to the provider's log-in page, and keeps what is needed afterwards in a cookie of this browser.

    `max_age` (in seconds), `acr_values` and `prompt` are as OpenID Connect has them: for targets that ask for a fresher
    or stronger log-in (C15).
    """
    provider = provider_of(call, name)
    goes_to = return_path(return_to)
    if goes_to is None:
        raise wrong_parameters(("return_to", "Send a path of this server, which begins with one slash."))
    service = call.service
    now, entropy = service.now(), service.engine.entropy
    pending = new_pending_log_in(provider.name, goes_to, now, entropy, max_age=max_age)
    steps = departure(
        provider, pending, redirect_uri=redirect_uri(call, provider), acr_values=acr_values, prompt=prompt or ""
    )
    outcome = await call.run(steps)
    if isinstance(outcome, Refused):
        return await _refused(call, outcome, provider, goes_to)
    sealed = sealed_log_in(pending, sealing_of(call), entropy)
    return _redirect(outcome, cookie_lines(call.request, pending, sealed, sealing_of(call), now))


@router.get(
    "/login/with/{name}/callback",
    summary="Come back from an identity provider",
    status_code=303,
    response_class=Response,
    openapi_extra=documented(cells=("C07", "C09", "C10", "C12", "C15", "C16", "C17"), problems=("not-found",)),
)
async def come_back(call: Here, name: str) -> Response:
    """Begins a session, under a new id, where the provider logged somebody in who may come in here; the one that the
    request presents ends. Leads on to `return_to`.

    This is the redirect URI to register at the provider. It does nothing unless this browser began the log-in, and it
    comes back for the first time. Where a second factor is due (C15), the problem has an `mfa_token` as at `/login`,
    and the page asks for the code.
    """
    provider = provider_of(call, name)
    service = call.service
    answer = read_authorization_answer(call.request.query)
    pending = None if isinstance(answer, Unreadable) else pending_log_in(call.request, answer.state, sealing_of(call))
    if pending is not None and pending.links is not None:
        return await _linked(call, answer, pending, provider)
    came_back = await call.run(
        log_in_with_steps(
            answer,
            pending,
            provider,
            call.request,
            service.space,
            redirect_uri=redirect_uri(call, provider),
            policy=service.sessions,
            entropy=service.engine.entropy,
            now=service.now(),
            replaces=_sessions_before(call),
        )
    )
    fields = () if isinstance(answer, Unreadable) or pending is None else cleared_cookie(call.request, answer.state)
    outcome, hint = came_back.outcome, came_back.hint
    if hint is not None:
        fields += kept_fields(call.request, hint, sealing_of(call), service.engine.entropy, service.now())
    if isinstance(outcome, Refused):
        goes_to = "/" if pending is None else pending.return_to
        return await _refused(call, outcome, provider, goes_to, fields)
    assert pending is not None, "nobody is logged in without it"
    note_log_in(call, outcome, provider=provider.name)
    return _redirect(pending.return_to, ((b"set-cookie", session_cookie(call, outcome)), *fields))


@router.post(
    "/login/with/{name}/second-factor",
    summary="Finish a log-in by an identity provider on a page",
    status_code=303,
    response_class=Response,
    openapi_extra=documented(
        content=SecondFactorContent, forms=True, cells=("C07", "C09", "C14", "C16", "C17"), problems=("not-found",)
    ),
)
async def finish(
    call: Here, name: str, given: Annotated[SecondFactorContent, Depends(content(SecondFactorContent, forms=True))]
) -> Response:
    """What the page that asks for a code sends. Scripts use `POST /login/second-factor`, which answers with JSON."""
    provider = provider_of(call, name)
    goes_to = return_path(given.return_to)
    if goes_to is None:
        raise wrong_member("return_to", "Send a path of this server, which begins with one slash.")
    token = given.mfa_token.reveal_text()
    step = HalfProven(token, given.code)
    subject = call.service.second_factors.judge.subject_of(token)
    try:
        begun = await settled_with_code(call, begin_session(call, step), step.code, subject)
    except Refusal as refused:
        again = token if refused.answered.refused.cell in ("C07", "C16") else None
        return _shown(call, refused, provider, goes_to, mfa_token=again)
    note_log_in(call, begun, provider=provider.name)
    return _redirect(goes_to, ((b"set-cookie", session_cookie(call, begun)),))


def _sessions_before(call: Call) -> tuple[bytes, ...]:
    """The tokens of the sessions that this browser had. It always comes from the provider's pages, so that they are
    another origin's is no objection: it began the log-in itself."""
    unvetoed = replace(call.circumstances, foreign=False)
    return presented_tokens(call.request, call.service.cookie, unvetoed, call.service.space)


async def _linked(
    call: Call, answer: AuthorizationAnswer | Unreadable, pending: PendingLogIn, provider: IdentityProvider
) -> Response:
    """The end of what `POST /login/with/{name}/link` began: an identity is linked, and no session begins."""
    outcome = await call.run(
        link_with(
            answer,
            pending,
            provider,
            await call.run(current_session(call)),
            call.request,
            call.service.space,
            redirect_uri=redirect_uri(call, provider),
            now=call.service.now(),
        )
    )
    forgets = cleared_cookie(call.request, pending.state)
    match outcome:
        case Refused():
            return await _refused(call, outcome, provider, pending.return_to, forgets)
        case NotLinked():
            return _redirect(with_parameter(pending.return_to, "link_error", outcome.value), forgets)
        case LinkedIdentity():
            call.note(event_about("identity_linked", outcome.account, call.request, issuer=outcome.issuer))
            return _redirect(pending.return_to, forgets)


def redirect_uri(call: Call, provider: IdentityProvider) -> str:
    """Where the provider sends people back to: always the very same text."""
    return f"{call.service.location}/login/with/{provider.name}/callback"


def sealing_of(call: Call) -> Sealing:
    """What seals log-ins that are under way."""
    return call.service.second_factors.judge.sealing


def _redirect(location: str, fields: Fields) -> Response:
    """303: whatever was sent here is not sent there (RFC 9700 section 4.12)."""
    answer = Response(status_code=303, headers={"location": location})
    answer.raw_headers += list(fields)
    return answer


async def _refused(
    call: Call, refused: Refused, provider: IdentityProvider, goes_to: str, fields: Fields = ()
) -> Response:
    token = refused.members.get("mfa_token")
    told = await refusal(call.service, call.request, refused)
    return _shown(call, told, provider, goes_to, fields, mfa_token=token if isinstance(token, str) else None)


def _asking(refused: Refused) -> dict[str, str]:
    """Where it was the person who was refused: otherwise the provider might say the same again without a question."""
    return {"prompt": "login"} if refused.cell in ("C07", "C12", "C15") else {}


def _shown(
    call: Call,
    refused: Refusal,
    provider: IdentityProvider,
    goes_to: str,
    fields: Fields = (),
    *,
    mfa_token: str | None = None,
) -> Response:
    """The refusal as it is, or as a page on which people can go on."""
    told = refused.answered
    response = told.response
    if call.circumstances.face is Face.HTML:
        path = f"/login/with/{quote(provider.name, safe='')}"
        response = page_of(
            told,
            title=provider.title,
            again=f"{path}?{urlencode({'return_to': goes_to, **_asking(told.refused)})}",
            form=f"{path}/second-factor",
            return_to=goes_to,
            mfa_token=mfa_token,
        )
    answer = sent(response)
    answer.raw_headers += list(fields)
    return answer
