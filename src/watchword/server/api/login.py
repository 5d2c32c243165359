"""POST /login: a user name and a password become a session."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal, TypeAlias, TypeVar

from fastapi import APIRouter, Depends
from pydantic import ConfigDict
from starlette.responses import Response

from watchword.core.ask import Steps
from watchword.core.decision import Refused
from watchword.core.events import Event, event_about
from watchword.core.names import looked_up_name
from watchword.core.records import Session
from watchword.crypto.secret import Secret
from watchword.flows.login import Claim, LoggedIn
from watchword.flows.login import log_in as log_in_steps
from watchword.flows.logout import presented_tokens
from watchword.server.api.call import Call, Here
from watchword.server.api.content import Content, content
from watchword.server.api.couchdb_relay import relayed_fields
from watchword.server.api.documented import documented
from watchword.server.api.fields import CodeText, NameText, PasswordText
from watchword.server.api.represent import represented
from watchword.server.api.views import LoggedInView, logged_in
from watchword.server.demand import refusal
from watchword.tokens.password import Password
from watchword.tokens.recovery_code import read_recovery_code
from watchword.tokens.second_factor import CODE_REASONS, read_text

router = APIRouter(tags=["log-in"])

T = TypeVar("T")

Delivery: TypeAlias = Literal["cookie", "body"]


class Credentials(Content):
    """Who wants to log in. `delivery` says where the session's token goes: into a cookie, or into the answer.

    `code` is that of a second factor, for accounts that need one; without it they get an `mfa_token` (C15).
    """

    # A form has what its page needs besides: a button's name, a box to tick.
    model_config = ConfigDict(extra="ignore")

    username: NameText
    password: PasswordText
    code: CodeText | None = None
    delivery: Delivery = "cookie"


@router.post(
    "/login",
    summary="Log in",
    responses={200: {"model": LoggedInView, "content": {"application/xml": {}}}},
    openapi_extra=documented(content=Credentials, forms=True, cells=("C07", "C14", "C15", "C16", "C17")),
)
async def log_in(
    call: Here, credentials: Annotated[Credentials, Depends(content(Credentials, forms=True))]
) -> Response:
    """Begins a session, always under a new id; the one that the request presents ends.

    With `delivery: cookie` the token comes in Set-Cookie. With `delivery: body` it comes as `session_token`, to be
    sent as `Authorization: Bearer`, for clients without a cookie jar. The answer is XML where Accept prefers it.

    An account with a second factor gets 401 (C15) and an `mfa_token`, which goes on at `POST /login/second-factor`,
    unless a right `code` came along.

    Where log-ins are relayed to a CouchDB, its cookie comes too, and the field `CouchDB-Session` says what became of
    that: `established`, `refused` or `unavailable`.
    """
    claim = Password(credentials.username, credentials.password, code_or_none(credentials.code))
    begun = await settled_with_code(call, begin_session(call, claim), claim.code, looked_up_name(claim.name))
    note_log_in(call, begun)
    answer = handed_over(call, begun, credentials.delivery)
    answer.raw_headers += await relayed_fields(call, begun, credentials.password)
    return answer


def code_or_none(code: Secret | None) -> Secret | None:
    """The code that was sent: a form without one sends it empty."""
    return None if code is None or not code.reveal() else code


async def settled_with_code(call: Call, steps: Steps[T | Refused], code: Secret | None, subject: str | None) -> T:
    """The outcome of a log-in. The log is told whose second factor was tried in vain, which means that the password is
    known to whoever tried, and whose recovery code was used (ASVS 6.3.5).

    Raises:
        Refusal: where it was refused.
    """
    outcome = await call.run(steps)
    told = {"subject": subject or "", "client": call.request.peer.address}
    if not isinstance(outcome, Refused):
        if code is not None and read_recovery_code(read_text(code)) is not None:
            call.note(Event("authn_recovery_code_used", "warning", {**told}))
        return outcome
    if any(reason.endswith(CODE_REASONS) for reason in outcome.reasons):
        call.note(Event("authn_second_factor_fail", "warning", {**told}))
    raise await refusal(call.service, call.request, outcome)


def handed_over(call: Call, begun: LoggedIn, delivery: Delivery) -> Response:
    """The answer that tells who logged in, and hands over the session's token."""
    in_body = delivery == "body"
    answer = represented(
        call.request, "login", logged_in(begun.principal, begun.session, begun.token if in_body else None)
    )
    cookie = call.service.cookie
    if not in_body:
        answer.raw_headers.append((b"set-cookie", session_cookie(call, begun)))
    elif cookie.read(call.request) is not None:
        # Its session has ended: left where it is, it would only be refused.
        answer.raw_headers += [(b"set-cookie", line) for line in cookie.clear(call.request)]
    return answer


def begin_session(call: Call, claim: Claim, continues: Session | None = None) -> Steps[LoggedIn | Refused]:
    """A new session in the place of those that came along. `continues` is the one whose proof is raised."""
    service = call.service
    return (
        yield from log_in_steps(
            claim,
            call.request,
            service.space,
            policy=service.sessions,
            entropy=service.engine.entropy,
            now=service.now(),
            replaces=tokens_before(call),
            continues=continues,
        )
    )


def tokens_before(call: Call) -> tuple[bytes, ...]:
    """Of the sessions that the client had before, as far as it meant to send them."""
    return presented_tokens(call.request, call.service.cookie, call.circumstances, call.service.space)


def note_log_in(call: Call, begun: LoggedIn, *, provider: str | None = None) -> None:
    """Who logged in, in which session, and by which identity provider, if by any."""
    subject, acr = begun.principal.subject, begun.principal.authentication.acr
    event = event_about("authn_login_success", subject, call.request, session=begun.session.id)
    how = {name: value for name, value in (("acr", acr), ("provider", provider)) if value is not None}
    call.note(replace(event, fields={**event.fields, **how}))


def session_cookie(call: Call, begun: LoggedIn) -> bytes:
    """The Set-Cookie value that hands over the new session's token, for as long as the session can live."""
    lifetime = max(1, int(begun.session.expires_at - begun.session.last_seen))
    return call.service.cookie.set(call.request, begun.token, lifetime)
