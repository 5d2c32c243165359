"""POST /logout: the sessions that the request presents end, on every node."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from watchword.core.events import event_about
from watchword.flows.logout import log_out as log_out_steps
from watchword.http.message import Fields
from watchword.server.api.call import Call, Here
from watchword.server.api.couchdb_relay import cleared_fields
from watchword.server.api.documented import documented
from watchword.server.api.session import current_session
from watchword.server.log_out_hints import exchanged_fields, kept_hint

router = APIRouter(tags=["log-in"])


@router.post(
    "/logout",
    summary="Log out",
    status_code=204,
    response_class=Response,
    openapi_extra=documented(cells=("C17",)),
)
async def log_out(call: Here) -> Response:
    """Ends the session and clears its cookie. 204 without a session too.

    A cookie that a page of another origin made the browser send counts for nothing.
    """
    return await logged_out(call)


async def logged_out(call: Call) -> Response:
    """The answer to a log-out, by whatever route it was asked for."""
    service, cookie = call.service, call.service.cookie
    hints = await _hints(call)
    steps = log_out_steps(
        call.request, cookie, call.circumstances, service.space, backend=service.sessions.backend, now=service.now()
    )
    ended = await call.settled(steps)
    if ended and call.principal is not None:
        call.note(event_about("session_expired", call.principal.subject, call.request, reason="logout"))
    answer = Response(status_code=204)
    if not call.circumstances.foreign and cookie.read(call.request) is not None:
        answer.raw_headers += [(b"set-cookie", line) for line in cookie.clear(call.request)]
        answer.raw_headers += cleared_fields(call)
        answer.raw_headers += hints
    return answer


async def _hints(call: Call) -> Fields:
    """The fields that let the provider know who logs out, where the session began by one and the browser goes on to
    log out there."""
    service, now = call.service, call.service.now()
    sealing = service.second_factors.judge.sealing
    hint = kept_hint(call.request, sealing, now)
    if hint is None:
        return ()
    session = await call.run(current_session(call))
    provider = service.identity_providers.get(hint.provider)
    return exchanged_fields(call.request, hint, session, provider, sealing, service.engine.entropy, now)
