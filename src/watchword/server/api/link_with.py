"""POST /login/with/{name}/link: whoever is logged in begins to link an identity at a provider to their account."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import JSONResponse

from watchword.flows.log_in_with import departure
from watchword.http.return_path import return_path
from watchword.server.api.call import Here
from watchword.server.api.documented import documented
from watchword.server.api.errors import NotHere, wrong_parameters
from watchword.server.api.identities import demand_fresh
from watchword.server.api.identity_providers import provider_of
from watchword.server.api.login_with import redirect_uri, sealing_of
from watchword.server.api.session import current_session
from watchword.server.pending_log_ins import cookie_lines
from watchword.tokens.log_in_with import new_pending_log_in, sealed_log_in

router = APIRouter(tags=["log-in by an identity provider"])


class DepartureView(BaseModel):
    """Where the browser is to go on."""

    url: str


@router.post(
    "/login/with/{name}/link",
    summary="Begin to link an identity",
    response_model=DepartureView,
    openapi_extra=documented(cells=("C15", "C17"), problems=("not-found",)),
)
async def begin_to_link(
    call: Here,
    name: str,
    return_to: Annotated[str, Query(description="Where to go afterwards: a path of this server.")] = "/",
) -> JSONResponse:
    """Whoever logs in at the provider's `url`, in this browser and as long as this session lives, is linked to the
    account that asks. The browser then goes on to `return_to`, with `link_error` in the query where nothing was linked:
    `identity-taken` or `too-many-identities`.

    A session that asks must be at most an hour old. 404 where each request carries its own proof.
    """
    provider = provider_of(call, name)
    goes_to = return_path(return_to)
    if goes_to is None:
        raise wrong_parameters(("return_to", "Send a path of this server, which begins with one slash."))
    await demand_fresh(call)
    session = await call.run(current_session(call))
    if session is None:
        raise NotHere
    service, sealing = call.service, sealing_of(call)
    now, entropy = service.now(), service.engine.entropy
    pending = new_pending_log_in(provider.name, goes_to, now, entropy, links=session.id)
    url = await call.settled(departure(provider, pending, redirect_uri=redirect_uri(call, provider)))
    answer = JSONResponse(DepartureView(url=url).model_dump())
    answer.raw_headers += cookie_lines(call.request, pending, sealed_log_in(pending, sealing, entropy), sealing, now)
    return answer
