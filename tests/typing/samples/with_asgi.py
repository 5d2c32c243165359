"""An ASGI application of one's own."""

from __future__ import annotations

from typing import assert_type

from library import as_text, full, who_is

from watchword import Principal
from watchword.edge.asgi import Authenticated, Optional, Receive, Scope, Send, on_refusal, principal, protect


async def patients(scope: Scope, receive: Receive, send: Send) -> None:
    assert_type(principal(scope), Principal | None)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": who_is(principal(scope)).encode()})


clerks = Authenticated(full, roles={"clerk"}, max_age=300)(patients)
anybody = Optional(full)(patients)
application = protect(patients, full, public=True, on_refusal=as_text)
on_refusal(application, as_text)
