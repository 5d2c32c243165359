"""FastAPI: dependencies in annotations, and for a whole application or router."""

from __future__ import annotations

from typing import Annotated, assert_type

from fastapi import APIRouter, FastAPI, Request
from library import as_text, full, who_is

from watchword import Principal
from watchword.edge.fastapi import Authenticated, Optional, on_refusal, principal, protect

application = protect(FastAPI(), full, public=True, on_refusal=as_text)
assert_type(application, FastAPI)
Clerk = Annotated[Principal, Authenticated(full, roles={"clerk"})]
Somebody = Annotated[Principal | None, Optional(full)]


@application.get("/patients")
async def patients(who: Clerk) -> str:
    return who.subject


@application.get("/news")
def news(who: Somebody, request: Request) -> str:
    assert_type(principal(request), Principal | None)
    return who_is(who)


beds = APIRouter(dependencies=[Authenticated(full, scopes=["beds"])])
application.include_router(beds)
on_refusal(application, as_text)
