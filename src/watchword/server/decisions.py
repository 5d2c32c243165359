"""POST /decide: the decision on any request, for servers in any language."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from ipaddress import ip_address

from starlette.requests import ClientDisconnect
from starlette.requests import Request as AsgiRequest

from watchword.core.records import Json
from watchword.core.requirement import Requirement
from watchword.core.respond import answer_fields
from watchword.edge.asgi import Receive, Scope, Send, request_of, send_response
from watchword.edge.content import Contents
from watchword.edge.engine import Answered
from watchword.http.message import Fields, Peer, Request, Response
from watchword.http.problem import CONTENT_TYPE
from watchword.http.syntax import is_token
from watchword.http.target import Absolute, read_absolute
from watchword.server.api.content import json_object
from watchword.server.api.errors import PROBLEMS, Wrong, problem, wrong_member
from watchword.server.checks import JSON, Handler, compact, method_not_allowed
from watchword.server.peers import is_trusted
from watchword.server.service import Service
from watchword.server.who import described

_SERVICES = Requirement(roles=frozenset(("service",)))


def decide(service: Service) -> Handler:
    """Answers trusted peers, and accounts with the role `service`."""
    engine = service.engine
    contents = Contents([service.space])
    services = replace(_SERVICES, second_factor_for=service.space.unnamed.second_factor_for)

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        received = request_of(scope)
        asking = engine.resolved(received)
        if not is_trusted(received, engine.trust):
            asking, receive = await contents.read(asking, receive)
            judged = await engine.arun(engine.demand(asking, service.space, services))
            if isinstance(judged, Answered):
                await send_response(judged.response, send, method=asking.method)
                return
        if asking.method != "POST":
            await send_response(method_not_allowed("POST"), send, method=asking.method)
            return
        fields = answer_fields(asking, service.space)
        try:
            question = read_question(await json_object(AsgiRequest(scope, receive)))
        except Wrong as wrong:
            content = problem(wrong.code, wrong.detail, errors=wrong.errors)
            told = ((b"content-type", CONTENT_TYPE), *fields, *wrong.fields)
            response = Response(PROBLEMS[wrong.code][0], told, content)
        except ClientDisconnect:
            return
        else:
            response = Response(200, (JSON, *fields), await _answer(service, question))
        await send_response(response, send, method=asking.method)

    return handle


async def _answer(service: Service, request: Request) -> bytes:
    judged = await service.engine.arun(service.engine.judge(request, service.targets))
    if isinstance(judged, Answered):
        response = judged.response
        is_problem = (b"content-type", CONTENT_TYPE) in response.fields
        return compact(
            {
                "granted": False,
                "status": response.status,
                "headers": _told(response.fields),
                "principal": None,
                "problem": json.loads(response.body) if is_problem else None,
                "content": response.body.decode(),
            }
        )
    return compact(
        {
            "granted": True,
            "status": 200,
            "headers": _told(judged.fields),
            "principal": None if judged.principal is None else described(judged.principal),
            "problem": None,
            "content": None,
        }
    )


def _told(fields: Fields) -> list[list[str]]:
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in fields]


# --- the question ---------------------------------------------------------------------------------------------------


_MEMBERS = frozenset(("method", "url", "headers", "peer"))
_NOT_IN_FIELDS = re.compile(r"[^\t\x20-\x7e\x80-\xff]")


def read_question(members: dict[str, Json]) -> Request:
    """The request that `{method, url, headers: [[name, value]], peer}` tells of. `peer` is the client's address.

    Raises:
        Wrong: where it tells of none, or of one that could be read in more ways than one.
    """
    if not members.keys() <= _MEMBERS:
        raise Wrong("invalid-content", "Send the members method, url, headers and peer, and no others.")
    method, url, peer = (_text(members, name) for name in ("method", "url", "peer"))
    if not is_token(method):
        raise wrong_member("method", "Write a method of HTTP, such as GET.")
    fields, address = _fields(members.get("headers", [])), _address(peer)
    # Whoever asks speaks for the client, as a proxy does.
    if url.startswith("/") and url.isascii():
        return Request(method, url.encode("ascii"), fields, Peer(address, proxy=address))
    asked = _absolute(url)
    host = (b"host", asked.authority.encode("ascii"))
    fields = (host, *(line for line in fields if line[0] != b"host"))
    return Request(method, asked.target, fields, Peer(address, asked.secure, proxy=address))


def _text(members: dict[str, Json], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not value:
        raise wrong_member(name, "This is missing, or is not a text.")
    return value


def _absolute(url: str) -> Absolute:
    # WebSockets are opened by requests for http and https (RFC 6455 section 4.1).
    of_http = f"http{url[2:]}" if url[:2].lower() == "ws" else url
    absolute = read_absolute(of_http.encode("ascii")) if url.isascii() else None
    if not isinstance(absolute, Absolute):
        raise wrong_member(
            "url", "Write the URL as it was asked for, in ASCII: https://api.example.com/path?query, or /path?query."
        )
    return absolute


def _address(peer: str) -> str:
    try:
        return str(ip_address(peer))
    except ValueError:
        raise wrong_member("peer", "Write the client's IP address.") from None


def _fields(value: Json) -> Fields:
    if not isinstance(value, list):
        raise _wrong_fields()
    return tuple(_field(item) for item in value)


def _field(item: Json) -> tuple[bytes, bytes]:
    match item:
        case [str(name), str(text)] if is_token(name) and not _NOT_IN_FIELDS.search(text):
            return name.lower().encode("ascii"), text.strip(" \t").encode("latin-1")
        case _:
            raise _wrong_fields()


def _wrong_fields() -> Wrong:
    return wrong_member("headers", "Write a list of [name, value], both texts as they were sent.")
