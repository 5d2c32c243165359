"""POST /decide: the decision on any request, for servers in any language."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from watchword.core.records import Json
from watchword.core.requirement import Requirement
from watchword.edge.asgi import Receive, Scope, Send, request_of, send_response
from watchword.edge.engine import Answered
from watchword.http.caching import NO_STORE
from watchword.http.message import Fields, Peer, Request, Response
from watchword.http.problem import CONTENT_TYPE, Problem
from watchword.http.security_fields import SECURITY_FIELDS
from watchword.http.syntax import is_token
from watchword.server.checks import JSON, Handler, described, method_not_allowed
from watchword.server.forward_auth import identity_fields
from watchword.server.service import Service

LONGEST_QUESTION = 65_536
"""In bytes: the header section of a request, told as JSON."""

_SERVICES = Requirement(roles=frozenset(("service",)))


@dataclass(frozen=True, slots=True)
class NotAQuestion(Exception):
    """Why the content does not tell of a request: a sentence for whoever wrote the caller."""

    detail: str
    status: int = 422


def decide(service: Service) -> Handler:
    """Answers trusted peers, and accounts with the role `service`."""
    engine = service.engine

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        received = request_of(scope)
        asking = engine.resolved(received)
        if asking.peer.proxy is None:
            judged = await engine.arun(engine.demand(asking, service.space, _SERVICES))
            if isinstance(judged, Answered):
                await send_response(judged.response, send, method=asking.method)
                return
        if asking.method != "POST":
            await send_response(method_not_allowed("POST"), send, method=asking.method)
            return
        try:
            question = read_question(await _content(receive))
        except NotAQuestion as wrong:
            response = _problem(wrong)
        else:
            response = Response(200, (JSON, NO_STORE, *SECURITY_FIELDS), await _answer(service, question))
        await send_response(response, send, method=asking.method)

    return handle


async def _answer(service: Service, request: Request) -> bytes:
    judged = await service.engine.arun(service.engine.judge(request, service.targets))
    answer: dict[str, Json]
    if isinstance(judged, Answered):
        response = judged.response
        is_problem = (b"content-type", CONTENT_TYPE) in response.fields
        answer = {
            "granted": False,
            "status": response.status,
            "headers": _told(response.fields),
            "principal": None,
            "problem": json.loads(response.body) if is_problem else None,
        }
    else:
        who = judged.principal
        fields = judged.fields if who is None else (*identity_fields(who), *judged.fields)
        answer = {
            "granted": True,
            "status": 200,
            "headers": _told(fields),
            "principal": None if who is None else json.loads(described(who)),
            "problem": None,
        }
    return json.dumps(answer, ensure_ascii=False).encode()


def read_question(content: bytes) -> Request:
    """The request that `{method, url, headers: [[name, value]], peer}` tells of. `peer` is the client's address.

    Raises:
        NotAQuestion: where it tells of none.
    """
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        raise NotAQuestion("The content is not JSON.", 400) from None
    if not isinstance(value, dict):
        raise NotAQuestion("Send an object with the members method, url, headers and peer.")
    members = cast("dict[str, object]", value)
    method, url, peer = (_text(members, name) for name in ("method", "url", "peer"))
    if not is_token(method):
        raise NotAQuestion("method is not an HTTP method.")
    try:
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        fields = _fields(members.get("headers", []))
        if parts.netloc:
            fields = ((b"host", parts.netloc.encode("ascii")), *(line for line in fields if line[0] != b"host"))
        return Request(method, target.encode("ascii"), fields, Peer(peer, parts.scheme in ("https", "wss"), proxy=peer))
    except (UnicodeEncodeError, ValueError):
        raise NotAQuestion("url is not a URL in ASCII.") from None


def _text(members: dict[str, object], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not value:
        raise NotAQuestion(f"{name} is missing, or is not a text.")
    return value


def _fields(value: object) -> Fields:
    wrong = NotAQuestion("headers is not a list of [name, value], both texts.")
    if not isinstance(value, list):
        raise wrong
    lines: list[tuple[bytes, bytes]] = []
    for item in cast("list[object]", value):
        match item:
            case [str(name), str(text)] if is_token(name):
                try:
                    lines.append((name.lower().encode("ascii"), text.strip(" \t").encode("latin-1")))
                except UnicodeEncodeError:
                    raise wrong from None
            case _:
                raise wrong
    return tuple(lines)


def _told(fields: Fields) -> Json:
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in fields]


async def _content(receive: Receive) -> bytes:
    content = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise NotAQuestion("The content ended early.", 400)
        content += bytes(message.get("body", b""))
        if len(content) > LONGEST_QUESTION:
            raise NotAQuestion(f"The content is longer than {LONGEST_QUESTION} bytes.", 413)
        if not message.get("more_body", False):
            return content


def _problem(wrong: NotAQuestion) -> Response:
    title = {400: "Bad Request", 413: "Content Too Large"}.get(wrong.status, "Unprocessable Content")
    problem = Problem("about:blank", title, status=wrong.status, detail=wrong.detail)
    return Response(wrong.status, ((b"content-type", CONTENT_TYPE), NO_STORE, *SECURITY_FIELDS), problem.body())
