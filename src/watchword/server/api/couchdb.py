"""/_session: CouchDB's session routes, for its clients; and cookies that administrators make for others (S2.25, S2.26).

Cookies last for a few minutes and are renewed while they are used. Where a client would be sent on (`?next=`), nobody
is: an answer that any link can aim elsewhere helps phishers, and no client of CouchDB's API asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request as AsgiRequest
from starlette.responses import Response

from watchword.core.couchdb_face import couchdb_error
from watchword.core.events import event_about
from watchword.core.names import looked_up_name
from watchword.core.principal import Principal
from watchword.core.records import Json
from watchword.core.requirement import Requirement
from watchword.flows.couchdb_session import couchdb_cookie_for, couchdb_cookie_judged, log_in_to_couchdb
from watchword.http.message import Fields
from watchword.http.message import Response as Answer
from watchword.http.timestamps import milliseconds
from watchword.mechanisms.couchdb import CouchdbSession
from watchword.server.api.call import Call, Here
from watchword.server.api.content import Content, content
from watchword.server.api.documented import documented
from watchword.server.api.errors import PROBLEMS, NotHere, Wrong, sent
from watchword.server.api.fields import NameText, PasswordText
from watchword.server.demand import demand
from watchword.server.service import Couchdb, Service
from watchword.tokens.password import Password

SESSION: Final = "/_session"

_JSON: Final = (b"content-type", b"application/json")

# CouchDB's names of the handlers that prove users, by our mechanisms.
_HANDLERS: Final[Mapping[str, str]] = {
    "couchdb": "cookie",
    "basic": "default",
    "couchdb-proxy": "proxy",
    "bearer": "jwt",
}


class Credentials(Content):
    """Who wants to log in."""

    model_config = ConfigDict(extra="ignore")  # CouchDB takes no notice of more, such as `next`

    name: NameText
    password: PasswordText


class LoggedInView(BaseModel):
    """Who has logged in."""

    ok: Literal[True]
    name: str
    roles: list[str]


class UserContext(BaseModel):
    """Who asks; `name` is null for nobody."""

    name: str | None
    roles: list[str]


class SessionInfo(BaseModel):
    """How users are proven here, and how this one was, where somebody was."""

    authentication_handlers: list[str]
    authentication_db: str
    authenticated: str | None = None


class SessionView(BaseModel):
    """What CouchDB says of a session."""

    ok: Literal[True]
    userCtx: UserContext
    info: SessionInfo


class CookieView(BaseModel):
    """A cookie for `Cookie: AuthSession=…`, and until when it is good."""

    name: str
    auth_session: str
    expires_at: str


def couchdb_routes(service: Service) -> APIRouter:
    """The routes; none where the server does not speak CouchDB's dialect."""
    router = APIRouter(tags=["CouchDB"])
    if service.couchdb is None:
        return router
    router.add_api_route(
        SESSION,
        log_in,
        methods=["POST"],
        summary="Log in as to CouchDB",
        responses={200: {"model": LoggedInView}},
        openapi_extra=documented(content=Credentials, forms=True, cells=("C07", "C14", "C15", "C16", "C17")),
    )
    router.add_api_route(
        SESSION,
        show,
        methods=["GET"],
        summary="Who is logged in, as CouchDB says it",
        responses={200: {"model": SessionView}},
        openapi_extra=documented(cells=("C03", "C17")),
    )
    router.add_api_route(
        SESSION,
        log_out,
        methods=["DELETE"],
        summary="Log out as from CouchDB",
        responses={200: {"content": {"application/json": {}}}},
        openapi_extra=documented(),
    )
    router.add_api_route(
        "/users/{name}/couchdb-cookie",
        make_cookie,
        methods=["POST"],
        summary="Make a CouchDB cookie for somebody",
        openapi_extra=documented(cells=("C17",), problems=("not-found",)),
    )
    return router


async def log_in(call: Here, received: AsgiRequest) -> Response:
    """Sets the cookie `AuthSession`. A wrong password clears the one that is there. `next` is not followed."""
    here = _here(call)
    try:
        credentials = await _CREDENTIALS(received)
    except Wrong as wrong:
        return _told({}, status=PROBLEMS[wrong.code][0], body=couchdb_error("bad_request", wrong.detail))
    session, now = _session(call), call.service.now()
    claim = Password(credentials.name, credentials.password)
    begun = await here.settled(log_in_to_couchdb(claim, call.request, here.service.space, session, now))
    call.note(event_about("authn_login_success", begun.principal.subject, call.request))
    told: dict[str, Json] = {"ok": True, "name": begun.principal.subject, "roles": [*sorted(begun.principal.roles)]}
    return _told(told, fields=((b"set-cookie", session.set(call.request, begun.cookie, now)),))


async def show(
    call: Here, basic: Annotated[str, Query(description="`true`: nobody is refused (401).")] = ""
) -> Response:
    """The user whom the request's credentials prove. 200 for nobody too, unless `basic` is `true`."""
    if call.principal is None:
        here = _here(call)
        if basic == "true":
            await demand(here.service, call.request, Requirement())
        await here.settled(couchdb_cookie_judged(call.request, _session(call), call.service.now()))
    return _told(_context(call, call.principal))


async def log_out(call: Here) -> Response:
    """Clears the cookie. Whoever has a copy of it can use that until its time is over: nothing is kept to end."""
    cleared = () if call.circumstances.foreign else _session(call).clear(call.request)
    return _told({"ok": True}, fields=tuple((b"set-cookie", line) for line in cleared))


async def make_cookie(
    call: Here,
    name: str,
    hash: Annotated[
        Literal["sha256", "sha1"] | None, Query(description="CouchDB before 3.3 needs `sha1`. The server's own first.")
    ] = None,
) -> CookieView:
    """A cookie with which the named user is proven, here and at a CouchDB that has the same secret. The user's password
    is not needed, and nothing is set in the answer: an application's server hands it on."""
    cookies, now = _session(call).cookies, call.service.now()
    subject = looked_up_name(name)
    made = await call.run(couchdb_cookie_for(subject, cookies, now, hash=hash))
    if made is None:
        raise NotHere
    call.note(event_about("authn_token_created", subject, call.request, call.who, kind="couchdb-cookie"))
    return CookieView(name=subject, auth_session=made, expires_at=milliseconds(int(now) + cookies.timeout))


_CREDENTIALS = content(Credentials, forms=True)


def _context(call: Call, who: Principal | None) -> dict[str, Json]:
    # As far as CouchDB has names for them: clients look for what they know.
    mechanisms = (m.name for m in call.service.space.mechanisms)
    handlers: list[Json] = [*dict.fromkeys(_HANDLERS[name] for name in mechanisms if name in _HANDLERS)]
    info: dict[str, Json] = {"authentication_handlers": handlers, "authentication_db": "_users"}
    if who is not None:
        info["authenticated"] = _HANDLERS.get(who.authentication.mechanism, who.authentication.mechanism)
    roles: list[Json] = [] if who is None else [*sorted(who.roles)]
    return {"ok": True, "userCtx": {"name": None if who is None else who.subject, "roles": roles}, "info": info}


def _bridge(call: Call) -> Couchdb:
    assert call.service.couchdb is not None, "there are no such routes without it"
    return call.service.couchdb


def _session(call: Call) -> CouchdbSession:
    return _bridge(call).session


def _here(call: Call) -> Call:
    """The call, refused in CouchDB's words from here on."""
    return replace(call, service=replace(call.service, space=_bridge(call).space))


def _told(told: Mapping[str, Json], *, fields: Fields = (), status: int = 200, body: bytes | None = None) -> Response:
    written = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" if body is None else body
    return sent(Answer(status, (_JSON, *fields), written))
