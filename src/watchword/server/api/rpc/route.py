"""The route itself: one request of HTTP, authenticated once, with one call or a batch of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from starlette.requests import ClientDisconnect
from starlette.requests import Request as AsgiRequest

from watchword.core.requirement import Requirement
from watchword.core.respond import answer_fields
from watchword.core.space import ProtectionSpace
from watchword.edge.asgi import Receive, Scope, Send, request_of, send_response
from watchword.edge.engine import Admitted, Answered
from watchword.http.cors import preflight
from watchword.http.json_rpc import (
    KEY_MEMBER,
    Call,
    NoCall,
    Profile,
    answer,
    content_of,
    failure,
    id_of,
    profile_of,
    read_call,
    read_legacy_call,
    written,
)
from watchword.http.json_text import Json
from watchword.http.merging import merged
from watchword.http.message import Fields, Request, Response
from watchword.http.problem import CONTENT_TYPE, JsonValue
from watchword.http.syntax import Unreadable
from watchword.http.target import Ambiguous
from watchword.mechanisms.body_key import BodyKeys
from watchword.server.api.content import JSON_TYPE, media_type_of, read_bounded, unreadable
from watchword.server.api.errors import PROBLEMS, Wrong, problem
from watchword.server.api.rpc.exchange import Exchange
from watchword.server.api.rpc.failures import Failed, failed, of_wrong
from watchword.server.api.rpc.methods import Done
from watchword.server.checks import JSON, Handler
from watchword.server.demand import Refusal
from watchword.server.service import Service

MOST_CALLS = 100
"""Of one batch."""
LONGEST_ANSWER = 1_048_576
"""Of one batch, in bytes: once it is reached, no more of its calls are carried out."""

_ALLOWED = (b"allow", b"POST, OPTIONS")
_MEDIA_TYPES = (JSON_TYPE, "application/json-rpc", "application/jsonrequest")

_NO_CALLS = frozenset(("malformed-content", "malformed-call", "content-too-large", "unsupported-content"))
"""What is wrong with the content as a whole, so that HTTP says so, too. An error of a call is an answer to it."""


def rpc(service: Service) -> Handler:
    """Takes calls in both forms, and answers each in its own."""
    profiles: Mapping[Profile, Service] = {
        profile: replace(service, space=replace(service.rpc_space, rpc_profile=profile))
        for profile in ("http", "legacy")
    }

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        request = service.engine.resolved(request_of(scope))
        try:
            if request.method == "POST":
                response = await _answered(
                    profiles, service.rpc_space.rpc_profile, request, AsgiRequest(scope, receive)
                )
            else:
                response = await _not_a_call(service, request)
        except ClientDisconnect:
            return
        await send_response(response, send, method=request.method)

    return handle


async def _not_a_call(service: Service, request: Request) -> Response:
    if preflight(request):
        judged = await service.engine.arun(service.engine.demand(request, service.rpc_space, Requirement()))
        if isinstance(judged, Answered):
            return judged.response
    fields = (_ALLOWED, *answer_fields(request, service.rpc_space))
    if request.method == "OPTIONS":
        return Response(204, fields)
    told = problem("method-not-allowed", "Use POST.")
    return Response(PROBLEMS["method-not-allowed"][0], ((b"content-type", CONTENT_TYPE), *fields), told)


async def _answered(
    profiles: Mapping[Profile, Service], otherwise: Profile, request: Request, received: AsgiRequest
) -> Response:
    too_large: Failed | None = None
    try:
        request = request.replaced(body=await read_bounded(received))
    except Wrong as wrong:
        too_large = of_wrong(wrong)
    profile = profile_of(content_of(request), otherwise)
    service = profiles[profile]
    target = service.own.find(request)
    broken = target.reason if isinstance(target, Ambiguous) else _key_by_two_transports(request, service.space)
    requirement = Requirement() if isinstance(target, Ambiguous) else target.requirement
    judged = await service.engine.arun(service.engine.demand(request, service.space, requirement, broken=broken))
    if isinstance(judged, Answered):
        return judged.response
    fields: Fields
    try:
        if too_large is not None:
            raise too_large
        content = _content(request, judged, received)
        exchange = Exchange(service, request, requirement, judged.principal)
        if isinstance(content, list):
            told, fields = await _batch(exchange, content)
        else:
            told, fields = await _one_call(exchange, content, profile)
        status = 200 if told else 204
    except Refusal as refusal:
        return refusal.answered.response
    except Failed as ended:
        # The id is echoed as far as the content shows one.
        told = written(failure(id_of(content_of(request), profile), ended.error, profile))
        fields = ended.fields
        status = PROBLEMS[ended.error.name][0] if _told_by_http(ended, profile) else 200
    own = (JSON, *answer_fields(request, service.space)) if told else answer_fields(request, service.space)
    return Response(status, tuple(merged(own, (*judged.fields, *fields))), told)


def _key_by_two_transports(request: Request, space: ProtectionSpace) -> str | None:
    keys = (mechanism for mechanism in space.mechanisms if isinstance(mechanism, BodyKeys))
    return "key-by-two-transports" if any(each.by_two_transports(request) for each in keys) else None


def _content(request: Request, judged: Admitted, received: AsgiRequest) -> Json:
    """The content as JSON. Only who has put a key into it may call it something else, as Kallithea's clients do: no
    browser would have asked whether it may send that (F27)."""
    content = content_of(request)
    who = judged.principal
    in_content = isinstance(content, dict) and KEY_MEMBER in content
    try:
        if not (in_content and who is not None and who.authentication.mechanism == "api-key"):
            media_type_of(received, _MEDIA_TYPES)
    except Wrong as wrong:
        raise of_wrong(wrong) from None
    if isinstance(content, Unreadable):
        raise failed("malformed-content", f"JSON parse error: {unreadable(content).detail}")
    return content


def _told_by_http(ended: Failed, profile: Profile) -> bool:
    return profile == "http" and (ended.error.name in _NO_CALLS or ended.error.name == "internal-error")


async def _one_call(exchange: Exchange, content: Json, profile: Profile) -> tuple[bytes, Fields]:
    call = read_call(content) if profile == "http" else read_legacy_call(content)
    if isinstance(call, NoCall):
        raise failed("malformed-call", call.text)
    try:
        done = await exchange.outcome(call)
    except Failed:
        if call.notification:
            return b"", ()
        raise
    return (b"" if call.notification else written(answer(call.id, done.result, profile))), done.fields


async def _batch(exchange: Exchange, content: list[Json]) -> tuple[bytes, Fields]:
    """Section 6 of JSON-RPC 2.0. Each call is judged and answered in its turn."""
    if not 1 <= len(content) <= MOST_CALLS:
        raise failed("malformed-call", f"A batch has 1 to {MOST_CALLS} calls.")
    told: list[bytes] = []
    length = 0
    fields: Fields = ()
    for item in content:
        call = read_call(item)
        done: Done | Mapping[str, JsonValue]
        if length > LONGEST_ANSWER:
            done = failure(call.id, failed("answer-too-large", "Send this call in another batch.").error, "http")
        else:
            done = await _in_batch(exchange, call)
        if isinstance(done, Done):
            fields = (*fields, *done.fields)
            done = answer(call.id, done.result, "http")
        if isinstance(call, NoCall) or not call.notification:
            told.append(written(done))
            length += len(told[-1])
    return (b"[" + b",".join(told) + b"]" if told else b""), fields


async def _in_batch(exchange: Exchange, call: Call | NoCall) -> Done | Mapping[str, JsonValue]:
    """What came of one call, or the error that is told of it."""
    try:
        if isinstance(call, NoCall):
            raise failed("malformed-call", call.text)
        return await exchange.outcome(call)
    except Failed as ended:
        return failure(call.id, ended.error, "http")
    except Refusal as refusal:
        # It is told as the only answer to the request; here it is one of several.
        return {**json.loads(refusal.answered.response.body), "id": call.id}
