"""/integrations/{provider}/call/…: a third party's API, called with the credential that somebody stored here."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request as AsgiRequest
from starlette.responses import Response

from watchword.flows.third_party_calls import NoCredential, NotAllowed, NotSent, TooMuch, Wanted
from watchword.flows.third_party_calls import call as call_steps
from watchword.http.relayed import Relayed, Unrelayable
from watchword.http.url_credentials import is_form, without_parameters, without_path_parameter
from watchword.mechanisms.url_key import UrlKeys
from watchword.mechanisms.url_session import UrlSession
from watchword.server.api.call import Call, Here
from watchword.server.api.content import read_bounded
from watchword.server.api.documented import documented
from watchword.server.api.errors import NotHere, Wrong, sent

router = APIRouter(tags=["integrations"])

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""Those that there is a route for, and HEAD with GET. Which of them a provider takes, is configured."""


async def relay(call: Here, provider: str, received: AsgiRequest) -> Response:
    """Sends the request on, with the stored credential in place of all that proves who asks here.

    What the provider answers comes back with its status and content, and with `Integration-Provider` and
    `Integration-Status`; so does its 403 or 404. Its 401 is told as C20, and what it answers instead of an answer, such
    as 407, 429, 5xx and redirects, as C21.
    """
    known = call.service.providers.get(provider)
    if known is None or known.calls is None:
        raise NotHere
    path, query = _asked_for(call)
    wanted = Wanted(
        method=call.request.method,
        path=path,
        query=query,
        fields=call.request.fields,
        content=_without_credentials(call, await read_bounded(received, known.calls.largest)),
    )
    steps = call_steps(call.who.subject, wanted, provider=known, calls=known.calls, now=call.service.now())
    outcome: Relayed | NotSent = await call.settled(steps)
    match outcome:
        case Relayed():
            return sent(outcome.response(), head=call.request.method == "HEAD")
        case NoCredential():
            raise Wrong("no-credential", "Store a credential for this provider before you call it.")
        case NotAllowed(methods):
            allowed = ", ".join(methods)
            raise Wrong("method-not-allowed", f"Use {allowed}.", fields=((b"allow", allowed.encode()),))
        case TooMuch(most):
            raise Wrong("content-too-large", f"At most {most} bytes are taken.")
        case Unrelayable(reason):
            raise Wrong("not-relayed", f"This path or query is not relayed: {reason}.")


for _method in METHODS:
    # One route each, because an operation of OpenAPI is one method.
    router.add_api_route(
        "/integrations/{provider}/call/{path:path}",
        relay,
        methods=[_method],
        operation_id=f"call_integration_by_{_method.lower()}",
        summary="Call a third party",
        response_class=Response,
        responses={
            200: {"description": "The provider's answer. Its status may be another one.", "content": {"*/*": {}}}
        },
        openapi_extra=documented(
            cells=("C17", "C20", "C21"),
            problems=("not-found", "no-credential", "method-not-allowed", "content-too-large", "not-relayed"),
        ),
    )


def _asked_for(call: Call) -> tuple[bytes, bytes]:
    """Path and query as they were sent, behind `/integrations/{provider}/call`, without credentials of ours."""
    path = without_path_parameter(call.request.path, call.service.space.path_parameter)
    _, _, _, _, rest = path.split(b"/", 4)
    return b"/" + rest, without_parameters(call.request.query, _credential_names(call))


def _without_credentials(call: Call, content: bytes) -> bytes:
    """The content, which may be a form with an API key or a session of ours in it."""
    names = _credential_names(call)
    return without_parameters(content, names) if names and is_form(call.request) else content


def _credential_names(call: Call) -> frozenset[bytes]:
    mechanisms = call.service.space.mechanisms
    return frozenset(name for m in mechanisms if isinstance(m, UrlKeys | UrlSession) for name in m.places.parameters)
