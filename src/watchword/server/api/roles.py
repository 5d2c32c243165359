"""GET /roles/{userid}: are these credentials right, and what may they do (RESTHeart's log-in over Basic, S3.9)?"""

from __future__ import annotations

from fastapi import APIRouter

from watchword.server.api.call import Here
from watchword.server.api.documented import documented
from watchword.server.api.views import RolesView

router = APIRouter(tags=["auth tokens"])


@router.get("/roles/{userid}", summary="Check credentials", openapi_extra=documented())
async def show_roles(call: Here, userid: str) -> RolesView:
    """The roles of whoever asks. Where Basic decided, the guard adds the auth token to this answer as to any other."""
    return RolesView(roles=sorted(call.who.roles))
