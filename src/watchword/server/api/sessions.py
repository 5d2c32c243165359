"""/sessions: the log-ins of whoever asks, or, for administrators, of anybody: sessions, and those that gave tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from watchword.core.ask import ask
from watchword.core.events import event_about
from watchword.core.names import looked_up_name
from watchword.core.questions import EndFamilies, ListFamilies
from watchword.core.records import Session
from watchword.flows.revocations import end_families
from watchword.server.api.call import Call, Here
from watchword.server.api.documented import documented
from watchword.server.api.errors import NotHere
from watchword.server.api.session import presented_session
from watchword.server.api.views import SessionsView, family_view, session_view
from watchword.server.rules import administrator
from watchword.tokens.session import LONGEST_USER_AGENT

router = APIRouter(tags=["sessions"])

Subject = Annotated[
    str | None, Query(max_length=1024, description="Whose; for administrators. Your own where it is left out.")
]
Others = Annotated[bool, Query(description="Keep the session that asks.")]

_CELLS = ("C12", "C17")


@router.get("/sessions", summary="List log-ins", openapi_extra=documented(cells=_CELLS))
async def list_sessions(call: Here, subject: Subject = None) -> SessionsView:
    """The log-ins that have not ended, newest first.

    Where clients keep their sessions, nobody else knows of them: the one that asks is listed, and for an account's
    others one entry that stands for all.
    """
    owner, now, mine = await _owner(call, subject), call.service.now(), call.who.authentication.session
    sessions = await call.run(call.service.sessions.backend.listed(owner, now, await _current(call)))
    families = await call.run(ask(ListFamilies(owner, now)))
    listed = [
        *((each.created_at, session_view(each, current=each.id == mine)) for each in sessions),
        *((each.created_at, family_view(each, current=each.id == mine)) for each in families),
    ]
    listed.sort(key=lambda dated: dated[0], reverse=True)
    return SessionsView(sessions=[view for _, view in listed])


@router.delete(
    "/sessions/{id}",
    summary="End one log-in",
    status_code=204,
    response_class=Response,
    openapi_extra=documented(cells=_CELLS, problems=("not-found",)),
)
async def end_session(call: Here, id: str, subject: Subject = None) -> Response:
    """Ends the log-in with this public id, with all its tokens, on every node."""
    owner, service = await _owner(call, subject), call.service
    ended = await call.run(service.sessions.backend.end_by_id(owner, id, service.now()))
    if not ended and not await call.run(ask(EndFamilies((id,), owner))):
        raise NotHere
    _note(call, owner, 1)
    return _ended(call, own=id == call.who.authentication.session)


@router.delete(
    "/sessions",
    summary="End all log-ins",
    status_code=204,
    response_class=Response,
    openapi_extra=documented(cells=_CELLS),
)
async def end_sessions(call: Here, subject: Subject = None, others: Others = False) -> Response:
    """Ends all log-ins of the subject, this one too unless `others` is true."""
    owner, service = await _owner(call, subject), call.service
    kept = await call.run(presented_session(call)) if others else None
    ended = await call.run(service.sessions.backend.end_all(owner, kept, service.now()))
    ended += await call.run(end_families(owner, call.service.now(), keep=_family_of(call) if others else None))
    _note(call, owner, ended)
    return _ended(call, own=kept is None and owner == call.who.subject)


async def _current(call: Call) -> Session | None:
    """The session that asks. What is not kept of it, its own request tells."""
    presented = await call.run(presented_session(call))
    if presented is None:
        return None
    user_agent = (call.request.field(b"user-agent") or b"").decode("latin-1")[:LONGEST_USER_AGENT]
    return replace(presented.session, address=call.request.peer.address, user_agent=user_agent)


def _family_of(call: Call) -> str | None:
    """The log-in by whose token the principal was proven, if it is one that gave tokens: ids are never shared."""
    return call.who.authentication.session


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
