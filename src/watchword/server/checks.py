"""The hot routes, plain ASGI: /verify in its dialects, and /whoami."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from watchword.core.ask import Steps
from watchword.core.requirement import Requirement
from watchword.core.space import Protection
from watchword.edge.asgi import Hot, Receive, Scope, Send, request_of, send_response
from watchword.edge.drive import Waiting
from watchword.edge.engine import Admitted, Answered, Engine
from watchword.http.authentication import Unreadable
from watchword.http.caching import NO_STORE
from watchword.http.forwarded import original
from watchword.http.message import Fields, Request, Response
from watchword.http.problem import CONTENT_TYPE, JsonValue
from watchword.http.security_fields import SECURITY_FIELDS
from watchword.server.api.errors import problem
from watchword.server.forward_auth import (
    Dialect,
    Identities,
    granted_in_dialect,
    identity_names,
    imitates_identity,
    in_dialect,
)
from watchword.server.service import Service
from watchword.server.who import described_or_nobody

Handler: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

JSON = (b"content-type", b"application/json")
_TOLD_BY_WHOAMI: Fields = (JSON, NO_STORE, *SECURITY_FIELDS)


def handler(hot: Hot) -> Handler:
    """A hot route as an ASGI application, for hosts that cannot answer in place."""

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        answer = hot(request_of(scope))
        if isinstance(answer, Response):
            await send_response(answer, send, method=scope["method"])
        else:
            await answer(scope, receive, send)

    return handle


def whoami(service: Service) -> Hot:
    """Who the request comes from, by whatever mechanism proves it."""
    engine = service.engine

    def answer(received: Request) -> Response | Handler:
        request = engine.resolved(received)

        def told(judged: Admitted | Answered) -> Response:
            if isinstance(judged, Answered):
                return judged.response
            if request.method not in ("GET", "HEAD"):
                return method_not_allowed("GET, HEAD")
            fields = (*_TOLD_BY_WHOAMI, *_besides(_TOLD_BY_WHOAMI, judged.fields))
            return Response(200, fields, compact(described_or_nobody(judged.principal)))

        return _judged(engine, engine.judge(request, service.own), told)

    return answer


def verify(service: Service, dialect: Dialect) -> Hot:
    """Forward-auth: decides on the request that a trusted proxy tells of, else on one for /whoami."""
    engine = service.engine
    to_proxies, to_others = Identities(dialect, service.told_to_couchdb), Identities(dialect)
    identity_fields = identity_names(service.told_to_couchdb)
    numbered = replace(dialect, numbered=dialect.only_401_and_403)

    def answer(received: Request) -> Response | Handler:
        spoken = numbered if received.query == b"numbered" else dialect
        request, protection, broken = _question(service, received, identity_fields)

        def told(judged: Admitted | Answered) -> Response:
            if isinstance(judged, Answered):
                return in_dialect(judged.response, judged.refused, spoken)
            # Only a trusted proxy asks about targets. Whoever else asks about itself must not get a token by which it
            # could tell CouchDB any roles.
            identities = to_proxies if protection is service.targets else to_others
            identity = identities.fields(judged.principal, engine.clock())
            added = _besides((NO_STORE,), granted_in_dialect(judged.fields, spoken))
            return Response(200, (*identity, NO_STORE, *added))

        if broken is None:
            return _judged(engine, engine.judge(request, protection), told)
        return _judged(engine, engine.demand(request, protection.spaces[0], Requirement(), broken=broken), told)

    return answer


def _besides(own: Fields, added: Fields) -> Fields:
    """What is added to our own fields, but for what they say already."""
    return added if len(added) == 1 else tuple(line for line in added if line not in own)


def _judged(
    engine: Engine, steps: Steps[Admitted | Answered], told: Callable[[Admitted | Answered], Response]
) -> Response | Handler:
    """What is told of a judgement, now or once it is there."""
    judged = engine.begin(steps)
    if not isinstance(judged, Waiting):
        return told(judged)

    async def wait(scope: Scope, receive: Receive, send: Send) -> None:
        await send_response(told(await engine.finish(judged)), send, method=scope["method"])

    return wait


def _question(
    service: Service, received: Request, identity_fields: frozenset[str]
) -> tuple[Request, Protection, str | None]:
    """The request that is asked about, what protects its target, and what is wrong with it, if anything."""
    engine = service.engine
    asked = original(received, engine.trust) if engine.trusting else None
    if asked is None:
        # Whatever an untrusted peer says of another request counts for nothing (F23).
        target = b"/whoami?" + received.query if received.query else b"/whoami"
        return engine.resolved(received).replaced(method="GET", target=target), service.own, None
    if isinstance(asked, Unreadable):
        return engine.resolved(received), service.targets, asked.reason
    if imitates_identity(received.fields, identity_fields):
        # The proxy overwrites these fields by their names: in other spellings they would pass, and with a preflight
        # that the application answers itself, too (F21).
        told = engine.resolved(received) if asked.method == "OPTIONS" else asked
        return told, service.targets, "imitates-identity"
    return asked, service.targets, None


_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def compact(value: Mapping[str, JsonValue]) -> bytes:
    """JSON without spaces, in UTF-8."""
    return _compact(value).encode()


def method_not_allowed(allowed: str) -> Response:
    """405, with the methods that are allowed (RFC 9110 section 15.5.6)."""
    fields = ((b"content-type", CONTENT_TYPE), (b"allow", allowed.encode()), NO_STORE, *SECURITY_FIELDS)
    return Response(405, fields, problem("method-not-allowed", f"Use {allowed}."))
