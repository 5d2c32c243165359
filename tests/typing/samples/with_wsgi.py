"""A WSGI application of one's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, assert_type

from library import as_text, full, who_is

from watchword import Principal
from watchword.edge.wsgi import Authenticated, Optional, on_refusal, principal, protect

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


def patients(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    assert_type(principal(environ), Principal | None)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [who_is(principal(environ)).encode()]


clerks = Authenticated(full, roles={"clerk"})(patients)
anybody = Optional(full)(patients)
application = protect(patients, full, mechanisms=["bearer"], on_refusal=as_text)
on_refusal(application, as_text)
