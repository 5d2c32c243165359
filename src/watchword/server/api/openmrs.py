"""/ws/rest/v1/session: OpenMRS's own session endpoint, for its clients."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from watchword.core.principal import Principal
from watchword.flows.login import start_session
from watchword.server.api.call import Here
from watchword.server.api.documented import documented
from watchword.server.api.login import note_log_in, session_cookie, tokens_before
from watchword.server.api.logout import logged_out

router = APIRouter(prefix="/ws/rest/v1/session", tags=["OpenMRS"])


class Named(BaseModel):
    """A role or a privilege."""

    name: str
    display: str


class User(BaseModel):
    """Whoever is logged in."""

    username: str
    display: str
    roles: list[Named]
    privileges: list[Named]


class OpenmrsSession(BaseModel):
    """`user` is there where somebody is logged in."""

    authenticated: bool
    user: User | None = None


@router.get(
    "",
    summary="Log in by Basic, or who is logged in",
    responses={200: {"model": OpenmrsSession}},
    openapi_extra=documented(),
)
async def show_session(call: Here) -> Response:
    """Says who is logged in. With right Basic credentials a session begins, and its cookie comes along."""
    principal = call.principal
    view = OpenmrsSession(authenticated=principal is not None, user=None if principal is None else _user(principal))
    answer = JSONResponse(view.model_dump(exclude_none=True))
    if principal is not None and principal.authentication.mechanism == "basic":
        service = call.service
        steps = start_session(
            principal,
            call.request,
            policy=service.sessions,
            entropy=service.engine.entropy,
            now=service.now(),
            replaces=tokens_before(call),
        )
        begun = await call.settled(steps)
        note_log_in(call, begun)
        answer.raw_headers.append((b"set-cookie", session_cookie(call, begun)))
    return answer


@router.delete(
    "", summary="Log out", status_code=204, response_class=Response, openapi_extra=documented(cells=("C17",))
)
async def end_session(call: Here) -> Response:
    """The same as POST /logout."""
    return await logged_out(call)


def _user(principal: Principal) -> User:
    return User(
        username=principal.subject,
        display=principal.subject,
        roles=[Named(name=role, display=role) for role in sorted(principal.roles)],
        privileges=[Named(name=name, display=name) for name in sorted(principal.permissions)],
    )
