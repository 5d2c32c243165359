"""GET /revocations/feed: what verifiers without a database listen to (server-sent events), or ask for now and then."""

from __future__ import annotations

import asyncio
import re
from contextlib import aclosing
from dataclasses import dataclass
from urllib.parse import parse_qsl

from watchword.core.ask import AnswerFailed
from watchword.core.beside import unavailable
from watchword.edge.asgi import Message, Receive, Scope, Send, request_of, send_response
from watchword.edge.engine import Answered
from watchword.http.caching import NO_STORE
from watchword.http.message import Request, Response
from watchword.http.problem import CONTENT_TYPE
from watchword.http.security_fields import SECURITY_FIELDS
from watchword.server.api.errors import problem
from watchword.server.checks import JSON, Handler, compact, method_not_allowed
from watchword.server.feed_source import EVERYTHING, FeedSource, Statement, StorageSilent
from watchword.server.peers import is_local, is_trusted
from watchword.server.service import Service

PATIENCE = 5.0
"""Seconds until somebody who does not read what it is told is cut off. What it misses, it asks for when it is back."""

_EVENTS = (
    (b"content-type", b"text/event-stream"),
    (b"x-accel-buffering", b"no"),  # nginx would hold events back
    NO_STORE,
    *SECURITY_FIELDS,
)
_NUMBER = re.compile(r"-1|0|[1-9][0-9]{0,15}")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class _Asked:
    since: int
    nonce: str | None
    pull: bool


def feed(service: Service, source: FeedSource) -> Handler:
    """For loopback, trusted peers, and whoever has the role `verifier`."""
    engine = service.engine

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        received = request_of(scope)
        asking = engine.resolved(received)
        if not (is_local(received) or is_trusted(received, engine.trust)):
            judged = await engine.arun(engine.judge(asking, service.own))
            if isinstance(judged, Answered):
                await send_response(judged.response, send, method=asking.method)
                return
        asked = _asked(asking, source.terms.epoch)
        if asking.method not in ("GET", "HEAD"):
            await send_response(method_not_allowed("GET, HEAD"), send, method=asking.method)
        elif asked is None:
            await send_response(_NOT_ASKED_WELL, send, method=asking.method)
        elif asking.method == "HEAD":
            fields = (JSON, NO_STORE, *SECURITY_FIELDS) if asked.pull else _EVENTS
            await send({"type": "http.response.start", "status": 200, "headers": list(fields)})
            await send({"type": "http.response.body", "body": b""})
        else:
            try:
                await (_pull(source, asked, send) if asked.pull else _stream(source, asked, receive, send))
            except AnswerFailed as failure:
                refused = await engine.arun(engine.refuse(unavailable(str(failure)), asking, service.space))
                await send_response(refused.response, send, method=asking.method)

    return handle


async def _pull(source: FeedSource, asked: _Asked, send: Send) -> None:
    """Raises AnswerFailed."""
    told = await asyncio.to_thread(source.tell, asked.since, asked.nonce)
    response = Response(200, (JSON, NO_STORE, *SECURITY_FIELDS), compact({"messages": [*told.messages]}))
    await send_response(response, send, method="GET")


async def _stream(source: FeedSource, asked: _Asked, receive: Receive, send: Send) -> None:
    """Raises AnswerFailed, and nothing has been sent then."""
    left = asyncio.create_task(_leaving(receive))
    try:
        async with aclosing(source.follow(asked.since, asked.nonce)) as statements:
            first = await anext(statements)
            await send({"type": "http.response.start", "status": 200, "headers": list(_EVENTS)})
            await asyncio.wait_for(send(_events(first)), PATIENCE)
            async for told in statements:
                if left.done():
                    break
                await asyncio.wait_for(send(_events(told)), PATIENCE)
    except (TimeoutError, StorageSilent):
        pass  # to close is to say it: whoever listens comes back, and finds out what is the matter
    finally:
        left.cancel()
    await send({"type": "http.response.body", "body": b""})


async def _leaving(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _events(told: Statement) -> Message:
    """One event for each message. Only the last of a statement has a number: whoever misses a part asks for all."""
    *parts, last = told.messages
    lines = (*(f"data: {part}\n\n" for part in parts), f"id: {told.until}\ndata: {last}\n\n")
    return {"type": "http.response.body", "body": "".join(lines).encode("ascii"), "more_body": True}


def _asked(request: Request, epoch: str) -> _Asked | None:
    """What is asked for; None where that cannot be told. Numbers of another epoch mean nothing here."""
    asked = dict(parse_qsl(request.query.decode("latin-1"), keep_blank_values=True))
    last = request.field(b"last-event-id")
    since = asked.get("since", str(EVERYTHING) if last is None else last.decode("latin-1"))
    nonce = asked.get("nonce")
    if not _NUMBER.fullmatch(since) or (nonce is not None and not _NAME.fullmatch(nonce)):
        return None
    known = asked.get("epoch", epoch) == epoch
    pull = "pull" in asked or b"application/json" in (request.field(b"accept") or b"")
    return _Asked(int(since) if known else EVERYTHING, nonce, pull)


_NOT_ASKED_WELL = Response(
    400,
    ((b"content-type", CONTENT_TYPE), NO_STORE, *SECURITY_FIELDS),
    problem("malformed-content", "`since` is a number, and `nonce` has at most 64 letters, digits, - and _."),
)
