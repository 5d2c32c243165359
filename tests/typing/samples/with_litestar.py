"""Litestar: guards and dependencies."""

from __future__ import annotations

from typing import Annotated, Any, assert_type

from library import as_text, full, who_is
from litestar import Litestar, Request, get
from litestar.params import Dependency

from watchword import Principal
from watchword.edge.litestar import Authenticated, Optional, on_refusal, principal, protect


@get("/patients", guards=[Authenticated(full, roles={"clerk"})])
async def patients(request: Request[Any, Any, Any]) -> str:
    assert_type(principal(request), Principal | None)
    return who_is(principal(request))


@get("/news", dependencies={"who": Optional(full)})
async def news(who: Annotated[Principal | None, Dependency()]) -> str:
    return who_is(who)


application = protect(Litestar([patients, news]), full, public=True)
assert_type(application, Litestar)
on_refusal(application, as_text)
