"""/identities: who at identity providers may log in as whoever asks, or, for administrators, as anybody."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from watchword.core.ask import ask
from watchword.core.events import event_about
from watchword.core.linked import LinkedIdentity
from watchword.core.names import looked_up_name
from watchword.core.questions import ListLinkedIdentities
from watchword.flows.linked_identities import NotUnlinked, public_id, unlink
from watchword.http.timestamps import milliseconds
from watchword.server.api.call import Call, Here
from watchword.server.api.documented import documented
from watchword.server.api.errors import NotHere, Wrong
from watchword.server.api.identity_providers import provider_with
from watchword.server.api.keys import FRESH
from watchword.server.api.session import current_session
from watchword.server.rules import administrator

router = APIRouter(tags=["log-in by an identity provider"])

Subject = Annotated[
    str | None, Query(max_length=1024, description="Whose; for administrators. Your own where it is left out.")
]


class IdentityView(BaseModel):
    """An identity. `provider` is what the provider is called here; null where it is configured no more."""

    id: str
    provider: str | None
    issuer: str
    subject: str
    created_at: str


class IdentitiesView(BaseModel):
    """Identities, oldest first."""

    identities: list[IdentityView]


@router.get("/identities", summary="List linked identities", openapi_extra=documented(cells=("C12", "C17")))
async def list_identities(call: Here, subject: Subject = None) -> IdentitiesView:
    """The identities by which an account can be logged in to."""
    linked = await call.run(ask(ListLinkedIdentities(await _owner(call, subject))))
    return IdentitiesView(identities=[_view(call, each) for each in linked])


@router.delete(
    "/identities/{id}",
    summary="Unlink an identity",
    status_code=204,
    response_class=Response,
    openapi_extra=documented(cells=("C12", "C15", "C17"), problems=("not-found", "last-log-in")),
)
async def unlink_identity(call: Here, id: str, subject: Subject = None) -> Response:
    """Nobody logs in by it any more, and the sessions that began by its provider end.

    The last one of your account stays where that has no password; administrators may unlink it. A session that asks
    must be at most an hour old.
    """
    owner = await _owner(call, subject)
    await demand_fresh(call)
    before = await call.run(current_session(call))
    outcome = await call.run(unlink(owner, id, by_owner=owner == call.who.subject, now=call.service.now()))
    match outcome:
        case NotUnlinked.UNKNOWN:
            raise NotHere
        case NotUnlinked.LAST:
            raise Wrong("last-log-in", "Set a password, or link another identity, first.")
        case LinkedIdentity():
            pass
    call.note(event_about("identity_unlinked", owner, call.request, call.who, issuer=outcome.issuer))
    answer = Response(status_code=204)
    if before is not None and (await call.run(current_session(call))) is None:
        answer.raw_headers += [(b"set-cookie", line) for line in call.service.cookie.clear(call.request)]
    return answer


async def demand_fresh(call: Call) -> None:
    """Who logged in long ago must do so again: whom a stolen session lets in would stay in."""
    if call.who.authentication.session is not None:
        await call.demand(replace(call.service.space.unnamed, max_age=FRESH))


async def _owner(call: Call, subject: str | None) -> str:
    """Whose identities: the table says whether whoever asks may have to do with them."""
    if subject is None:
        return call.who.subject
    name = looked_up_name(subject)
    await call.demand(replace(administrator(call.service.space.unnamed), self_service=name))
    return name


def _view(call: Call, identity: LinkedIdentity) -> IdentityView:
    provider = provider_with(call, identity.issuer)
    return IdentityView(
        id=public_id(identity),
        provider=None if provider is None else provider.name,
        issuer=identity.issuer,
        subject=identity.subject,
        created_at=milliseconds(identity.created_at),
    )
