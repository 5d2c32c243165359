"""POST /login: a user name and a password become a session."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import ConfigDict
from starlette.responses import Response

from watchword.core.ask import Steps, ask
from watchword.core.decide import Refused
from watchword.core.events import event_about
from watchword.core.questions import EndSession
from watchword.crypto.secret import fingerprint
from watchword.flows.login import LoggedIn
from watchword.flows.login import log_in as log_in_steps
from watchword.flows.logout import presented_tokens
from watchword.server.api.call import Call, Here
from watchword.server.api.content import Content, content
from watchword.server.api.documented import documented
from watchword.server.api.fields import NameText, PasswordText
from watchword.server.api.represent import represented
from watchword.server.api.views import LoggedInView, logged_in
from watchword.tokens.password import Password

router = APIRouter(tags=["log-in"])


class Credentials(Content):
    """Who wants to log in. `delivery` says where the session's token goes: into a cookie, or into the answer."""

    # A form has what its page needs besides: a button's name, a box to tick.
    model_config = ConfigDict(extra="ignore")

    username: NameText
    password: PasswordText
    delivery: Literal["cookie", "body"] = "cookie"


@router.post(
    "/login",
    summary="Log in",
    responses={200: {"model": LoggedInView, "content": {"application/xml": {}}}},
    openapi_extra=documented(content=Credentials, forms=True, cells=("C07", "C14", "C16", "C17")),
)
async def log_in(
    call: Here, credentials: Annotated[Credentials, Depends(content(Credentials, forms=True))]
) -> Response:
    """Begins a session, always under a new id; the one that the request presents ends.

    With `delivery: cookie` the token comes in Set-Cookie. With `delivery: body` it comes as `session_token`, to be
    sent as `Authorization: Bearer`, for clients without a cookie jar. The answer is XML where Accept prefers it.
    """
    begun = await call.settled(_begin(call, credentials))
    note_log_in(call, begun)
    in_body = credentials.delivery == "body"
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


def _begin(call: Call, credentials: Credentials) -> Steps[LoggedIn | Refused]:
    service = call.service
    presented = presented_fingerprints(call)
    outcome = yield from log_in_steps(
        Password(credentials.username, credentials.password),
        call.request,
        service.space,
        policy=service.sessions,
        entropy=service.engine.entropy,
        now=service.now(),
        replaces=presented[0] if presented else None,
    )
    if isinstance(outcome, LoggedIn):
        for other in presented[1:]:
            yield from ask(EndSession(other))
    return outcome


def presented_fingerprints(call: Call) -> list[bytes]:
    """Of the sessions that the client had before, as far as it meant to send their tokens."""
    tokens = presented_tokens(call.request, call.service.cookie, call.circumstances)
    return [fingerprint(token) for token in tokens]


def note_log_in(call: Call, begun: LoggedIn) -> None:
    """Who logged in, and in which session."""
    subject = begun.principal.subject
    call.note(event_about("authn_login_success", subject, call.request, session=begun.session.id))


def session_cookie(call: Call, begun: LoggedIn) -> bytes:
    """The Set-Cookie value that hands over the new session's token, for as long as the session can live."""
    lifetime = max(1, int(begun.session.expires_at - begun.session.created_at))
    return call.service.cookie.set(call.request, begun.token, lifetime)
