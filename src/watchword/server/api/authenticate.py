"""POST /api/authenticate: a user name and a password become an Auth-Key (S2.4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from watchword.core.ask import Steps
from watchword.core.decision import Refused
from watchword.core.names import looked_up_name
from watchword.core.records import Json
from watchword.flows.access_tokens import seconds_left
from watchword.flows.login import LoggedIn, log_in
from watchword.http.authentication import Challenge
from watchword.mechanisms.auth_key import FIELD, SCHEME
from watchword.server.api.call import Call, Here
from watchword.server.api.content import Content, content
from watchword.server.api.documented import documented
from watchword.server.api.fields import CodeText, NameText, PasswordText
from watchword.server.api.login import code_or_none, note_log_in, settled_with_code
from watchword.server.api.represent import represented
from watchword.tokens.password import Password

router = APIRouter(tags=["log-in"])


class Credentials(Content):
    """Who wants an Auth-Key. `code` is that of a second factor, for accounts that need one."""

    model_config = ConfigDict(extra="ignore")

    username: NameText
    password: PasswordText
    code: CodeText | None = None


class KeyUser(BaseModel):
    """Whose key it is."""

    name: str
    roles: list[str]
    permissions: list[str]


class AuthKeyView(BaseModel):
    """The key, to be sent in the field `Auth-Key`. Times are in seconds: it ends after `expires_in`, or as soon as it
    was not used for `idle_expires_in`. `session` is its public id, under which it is listed."""

    user: KeyUser
    auth_key: str
    expires_in: int
    idle_expires_in: int
    session: str


@router.post(
    "/api/authenticate",
    summary="Get an Auth-Key",
    responses={200: {"model": AuthKeyView, "content": {"application/xml": {}}}},
    openapi_extra=documented(content=Credentials, forms=True, cells=("C07", "C14", "C15", "C16", "C17")),
)
async def authenticate(
    call: Here, credentials: Annotated[Credentials, Depends(content(Credentials, forms=True))]
) -> Response:
    """Gives an Auth-Key, to be sent as `Auth-Key: ww_a_…`. It ends when it is not used for a while, and at
    `POST /logout`; the one that the request presents ends. The answer is XML where Accept prefers it.
    """
    claim = Password(credentials.username, credentials.password, code_or_none(credentials.code))
    begun = await settled_with_code(call, _begin(call, claim), claim.code, looked_up_name(claim.name))
    note_log_in(call, begun)
    return represented(call.request, "authenticated", _told(begun))


def _begin(call: Call, claim: Password) -> Steps[LoggedIn | Refused]:
    service = call.service
    # Here a log-in helps to an Auth-Key: refusals challenge for that, and not for the cookie.
    space = replace(service.space, cookie_challenge=Challenge(SCHEME, (("realm", service.space.realm),)))
    return log_in(
        claim,
        call.request,
        space,
        policy=service.auth_keys,
        entropy=service.engine.entropy,
        now=service.now(),
        replaces=call.request.lines(FIELD),
    )


def _told(begun: LoggedIn) -> dict[str, Json]:
    session, who = begun.session, begun.principal
    return {
        "user": {"name": who.subject, "roles": [*sorted(who.roles)], "permissions": [*sorted(who.permissions)]},
        "auth_key": begun.token,
        "expires_in": seconds_left(session.expires_at, session.last_seen),
        "idle_expires_in": seconds_left(session.idle_expires_at, session.last_seen),
        "session": session.id,
    }
