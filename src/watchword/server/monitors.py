"""What monitors ask: /healthz, /readyz and /metrics."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from watchword.core.ask import AnswerFailed
from watchword.core.requirement import Requirement
from watchword.edge.asgi import Receive, Scope, Send, request_of, send_response
from watchword.edge.engine import Answered
from watchword.http.caching import NO_STORE
from watchword.http.message import Response
from watchword.http.security_fields import SECURITY_FIELDS
from watchword.server.checks import JSON, Handler
from watchword.server.metrics import Metrics
from watchword.server.peers import is_local, is_trusted
from watchword.server.service import Service

_TEXT = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")


async def healthz(scope: Scope, receive: Receive, send: Send) -> None:
    """The process runs and its event loop turns."""
    await send_response(_json(200, {"status": "ok"}), send, method=scope["method"])


def readyz(service: Service, knowledge_age: Callable[[], float]) -> Handler:
    """The storage answers, and how old the knowledge of revocations is."""

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await asyncio.wait_for(asyncio.to_thread(service.ready), service.engine.patience)
        except (AnswerFailed, TimeoutError):
            response = _json(503, {"status": "unavailable", "storage": "no answer"})
        else:
            response = _json(200, {"status": "ready", "revocation_knowledge_age_seconds": round(knowledge_age(), 3)})
        await send_response(response, send, method=scope["method"])

    return handle


def metrics(service: Service, counters: Metrics, knowledge_age: Callable[[], float]) -> Handler:
    """Prometheus' text, for loopback, trusted peers and administrators, or a key of theirs with the scope `metrics`."""
    engine = service.engine
    administrators = Requirement(
        roles=frozenset(("admin",)),
        scopes=frozenset(("metrics",)),
        second_factor_for=service.space.unnamed.second_factor_for,
    )

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        received = request_of(scope)
        if not (is_local(received) or is_trusted(received, engine.trust)):
            judged = await engine.arun(engine.demand(engine.resolved(received), service.space, administrators))
            if isinstance(judged, Answered):
                await send_response(judged.response, send, method=received.method)
                return
        response = Response(200, (_TEXT, NO_STORE, *SECURITY_FIELDS), counters.text(knowledge_age()))
        await send_response(response, send, method=received.method)

    return handle


def _json(status: int, value: dict[str, str | float]) -> Response:
    return Response(status, (JSON, NO_STORE, *SECURITY_FIELDS), json.dumps(value).encode())
