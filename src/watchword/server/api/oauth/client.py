"""Which client calls, and how the table's refusals reach it: in the words of OAuth (RFC 6749 section 5.2)."""

from __future__ import annotations

from typing import Any, TypeVar

from watchword.core.ask import AnswerFailed, Steps
from watchword.core.beside import unavailable
from watchword.core.decision import Refused
from watchword.core.grants import Client
from watchword.flows.client_authentication import authenticate_client
from watchword.http.oauth_error import OAuthError
from watchword.server.api.call import Call
from watchword.server.api.content import FORM_TYPE
from watchword.server.api.documented import documented
from watchword.server.api.oauth.form import OAuthForm
from watchword.server.api.token_errors import TokenError
from watchword.server.demand import Refusal

T = TypeVar("T")

TOKEN, INTROSPECT, REVOKE = "/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"


async def client_of(call: Call, form: OAuthForm, *, public_clients: bool) -> Client:
    """The client that the request comes from.

    Raises:
        Refusal: where it did not authenticate.
    """
    service = call.service
    endpoint = call.request.path.decode("latin-1")
    return await settled(
        call,
        authenticate_client(
            form.fields,
            call.request,
            service.client_space,
            audience=frozenset((service.token_policy.issuer, service.location + TOKEN, service.location + endpoint)),
            public_clients=public_clients,
            now=service.now(),
        ),
    )


async def settled(call: Call, steps: Steps[T | OAuthError | Refused]) -> T:
    """What came of a use case that was carried out.

    Raises:
        TokenError, Refusal: where it was not.
    """
    outcome: T | OAuthError | Refused
    try:
        outcome = await call.run(steps)
    except AnswerFailed as failure:
        outcome = unavailable(str(failure))
    if isinstance(outcome, OAuthError):
        raise TokenError(outcome)
    if isinstance(outcome, Refused):
        service = call.service
        raise Refusal(await call.run(service.engine.refuse(outcome, call.request, service.client_space)))
    return outcome


_AUTHENTICATION = {
    "client_id": "The client, where it is not named in Authorization or by an assertion.",
    "client_secret": "Its secret, where that is not sent in Authorization.",
    "client_assertion_type": "`urn:ietf:params:oauth:client-assertion-type:jwt-bearer`",
    "client_assertion": "A JWT that the client has signed (RFC 7523).",
}


def documented_form(needed: dict[str, str], optional: dict[str, str] | None = None) -> dict[str, Any]:
    """For `openapi_extra`: a form with these parameters, beside those that authenticate the client."""
    described = {**needed, **(optional or {}), **_AUTHENTICATION}
    schema = {
        "type": "object",
        "required": list(needed),
        "properties": {name: {"type": "string", "description": text} for name, text in described.items()},
    }
    return {
        **documented(cells=("C03", "C04", "C07", "C08", "C09", "C16", "C17")),
        "requestBody": {"required": True, "content": {FORM_TYPE: {"schema": schema}}},
        "security": [{"client": []}],
    }
