"""/sessions: the sessions of whoever asks, or, for administrators, of anybody."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from watchword.core.ask import ask
from watchword.core.events import event_about
from watchword.core.names import looked_up_name
from watchword.core.questions import EndSessions, ListSessions
from watchword.server.api.call import Call, Here
from watchword.server.api.documented import documented
from watchword.server.api.errors import NotHere
from watchword.server.api.session import current_session
from watchword.server.api.views import SessionsView, session_view
from watchword.server.rules import administrator

router = APIRouter(tags=["sessions"])

Subject = Annotated[
    str | None, Query(max_length=1024, description="Whose; for administrators. Your own where it is left out.")
]
Others = Annotated[bool, Query(description="Keep the session that asks.")]

_CELLS = ("C12", "C17")


@router.get("/sessions", summary="List sessions", openapi_extra=documented(cells=_CELLS))
async def list_sessions(call: Here, subject: Subject = None) -> SessionsView:
    """The sessions that have not ended, newest first."""
    owner = await _owner(call, subject)
    sessions = await call.run(ask(ListSessions(owner, call.service.now())))
    mine = call.who.authentication.session
    return SessionsView(sessions=[session_view(session, current=session.id == mine) for session in sessions])


@router.delete(
    "/sessions/{id}",
    summary="End one session",
    status_code=204,
    response_class=Response,
    openapi_extra=documented(cells=_CELLS, problems=("not-found",)),
)
async def end_session(call: Here, id: str, subject: Subject = None) -> Response:
    """Ends the session with this public id, on every node."""
    owner = await _owner(call, subject)
    if not await call.run(ask(EndSessions(owner, id=id))):
        raise NotHere
    _note(call, owner, 1)
    return _ended(call, own=id == call.who.authentication.session)


@router.delete(
    "/sessions",
    summary="End all sessions",
    status_code=204,
    response_class=Response,
    openapi_extra=documented(cells=_CELLS),
)
async def end_sessions(call: Here, subject: Subject = None, others: Others = False) -> Response:
    """Ends all sessions of the subject, this one too unless `others` is true."""
    owner = await _owner(call, subject)
    kept = await call.run(current_session(call)) if others else None
    _note(call, owner, await call.run(ask(EndSessions(owner, keep=None if kept is None else kept.fingerprint))))
    return _ended(call, own=kept is None and owner == call.who.subject)


async def _owner(call: Call, subject: str | None) -> str:
    """Whose sessions: the table says whether whoever asks may have to do with them."""
    if subject is None:
        return call.who.subject
    name = looked_up_name(subject)
    await call.demand(replace(administrator(call.service.space.unnamed), self_service=name))
    return name


def _note(call: Call, owner: str, ended: int) -> None:
    if ended:
        call.note(event_about("session_expired", owner, call.request, call.who, reason="revoked", sessions=ended))


def _ended(call: Call, *, own: bool) -> Response:
    answer = Response(status_code=204)
    if own and call.service.cookie.read(call.request) is not None:
        answer.raw_headers += [(b"set-cookie", line) for line in call.service.cookie.clear(call.request)]
    return answer
