"""GET /session: who is logged in, for pages; and /session/data, an application's own data of a session."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse, Response

from watchword.core.ask import Steps
from watchword.core.records import Json, Session
from watchword.flows.logout import presented_tokens
from watchword.flows.session_backend import NotWritten, Presented
from watchword.http.authentication import session_token_info
from watchword.http.message import Fields
from watchword.server.api.call import Call, Here
from watchword.server.api.content import json_object
from watchword.server.api.documented import ANY_OBJECT, documented
from watchword.server.api.errors import NotHere, Wrong
from watchword.server.api.identity_providers import provider_logout_url
from watchword.server.api.views import WhoView, session_term

router = APIRouter(tags=["sessions"])

LONGEST_DATA = 4096
"""Of a session's data as compact JSON in UTF-8, in bytes (S2.42)."""


@router.get(
    "/session",
    summary="Who is logged in",
    response_model_exclude_unset=True,
    openapi_extra=documented(cells=("C17",)),
)
async def show_session(call: Here) -> WhoView:
    """The principal and its session, or `{"authenticated": false}`: pages may ask it without provoking a 401."""
    # Asked in any case: where the storage does not answer, "nobody" would log a person out who is logged in.
    session = await call.run(current_session(call))
    if call.principal is None:
        return WhoView(authenticated=False)
    who = WhoView(
        authenticated=True,
        subject=call.principal.subject,
        roles=sorted(call.principal.roles),
        permissions=sorted(call.principal.permissions),
        session=None if session is None else session_term(session),
    )
    linked = None if session is None else session.linked
    if linked is not None and (url := provider_logout_url(call, linked.issuer)) is not None:
        who.provider_logout_url = url
    return who


@router.get(
    "/session/data",
    summary="Read the session's data",
    responses={200: {"content": {"application/json": {"schema": dict(ANY_OBJECT)}}}},
    openapi_extra=documented(cells=("C17",), problems=("not-found",)),
)
async def read_data(call: Here) -> Response:
    """What an application keeps with the session. 404 where each request carries its own proof."""
    return JSONResponse(dict((await _presented(call)).session.data))


@router.put(
    "/session/data",
    summary="Replace the session's data",
    status_code=204,
    response_class=Response,
    openapi_extra=documented(content=ANY_OBJECT, cells=("C17",), problems=("not-found",)),
)
async def write_data(call: Here, data: Annotated[dict[str, Json], Depends(json_object)]) -> Response:
    """Takes a JSON object of at most 4 KiB, kept with the session and deleted with it.

    Where clients keep their sessions encrypted, the cookie has to hold it: there is room for about 2 KiB, and the
    answer brings the cookie anew. Where they keep them signed, there is none: 404.
    """
    if len(_compact(data)) > LONGEST_DATA:
        raise _too_large()
    return await _write(call, data)


@router.delete(
    "/session/data",
    summary="Delete the session's data",
    status_code=204,
    response_class=Response,
    openapi_extra=documented(cells=("C17",), problems=("not-found",)),
)
async def delete_data(call: Here) -> Response:
    """Leaves the session without data."""
    return await _write(call, {})


async def _write(call: Call, data: dict[str, Json]) -> Response:
    presented = await _presented(call)
    service = call.service
    written = await call.run(service.sessions.backend.write(presented, data, service.now()))
    answer = Response(status_code=204)
    match written:
        case NotWritten.TOO_LONG:
            raise _too_large()
        case NotWritten.GONE | NotWritten.NONE:
            raise NotHere
        case str(token):
            answer.raw_headers += session_fields(call, presented, token)
        case None:
            pass
    return answer


async def _presented(call: Call) -> Presented:
    presented = await call.run(presented_session(call))
    if presented is None:
        raise NotHere
    return presented


def presented_session(call: Call) -> Steps[Presented | None]:
    """The session by which the principal was proven; None where there is none, as with Basic."""
    proven_by = None if call.principal is None else call.principal.authentication.session
    # Telling somebody of a session changes nothing, so a page of another origin may have had the cookie sent.
    unvetoed = replace(call.circumstances, foreign=False)
    for token in presented_tokens(call.request, call.service.cookie, unvetoed, call.service.space):
        found = yield from call.service.sessions.backend.find(token)
        if found is not None and found.session.id == proven_by:
            return Presented(found.session, token)
    return None


def current_session(call: Call) -> Steps[Session | None]:
    """The same without its token."""
    presented = yield from presented_session(call)
    return None if presented is None else presented.session


def session_fields(call: Call, presented: Presented, token: str) -> Fields:
    """The line that gives the client a token to go on with, the way that the one before came."""
    cookie = call.service.cookie
    sent = cookie.read(call.request)
    if sent is None or presented.token not in sent.values:
        return (session_token_info(token),)
    left = max(1, int(presented.session.expires_at - call.service.now()))
    return ((b"set-cookie", cookie.set(call.request, token, left)),)


def _too_large() -> Wrong:
    return Wrong("content-too-large", "That is more than a session holds here.")


def _compact(data: dict[str, Json]) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
