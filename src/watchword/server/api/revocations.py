"""POST /revocations: end every log-in that a criterion means, for administrators (S2.24)."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, StringConstraints

from watchword.core.criteria import LONGEST, CriterionRefused, read_criterion
from watchword.core.events import event_about
from watchword.flows.revocations import revoke_where
from watchword.server.api.call import Here
from watchword.server.api.content import Content, content
from watchword.server.api.documented import documented
from watchword.server.api.errors import wrong_member

router = APIRouter(tags=["sessions"])


class Revocation(Content):
    """Which log-ins are to end. `dry_run` counts them, and ends none."""

    where: Annotated[str, StringConstraints(max_length=LONGEST)]
    dry_run: bool = False


class RevokedView(BaseModel):
    """How many ended, or would have. Every verifier that is connected refuses them within so many seconds."""

    revoked: int
    effective_within: float


@router.post(
    "/revocations",
    summary="End log-ins by a criterion",
    openapi_extra=documented(content=Revocation, cells=("C12", "C17")),
)
async def revoke(call: Here, asked: Annotated[Revocation, Depends(content(Revocation))]) -> RevokedView:
    """Ends all sessions and refresh tokens that fit, such as `role = clerk and country in EU`, with the access tokens
    that came with them; API keys too where it names `kind = key`. On this server they are refused at once. Whoever is
    between the two steps of a log-in has to begin anew, whether or not it fits.
    """
    try:
        criterion = read_criterion(asked.where)
    except CriterionRefused as error:
        raise wrong_member("where", str(error)) from None
    ended = await call.run(revoke_where(criterion, call.service.now(), dry_run=asked.dry_run))
    if not asked.dry_run:
        event = event_about(
            "authn_token_revoked", call.who.subject, call.request, where=asked.where, revoked=ended.total
        )
        call.note(replace(event, level="warning"))
    return RevokedView(revoked=ended.total, effective_within=call.service.staleness)
