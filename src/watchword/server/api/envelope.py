"""What holds for every route alike: HEAD and OPTIONS, the fields of every answer, and the last resort."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Match, Route

from watchword.core.respond import answer_fields
from watchword.edge.asgi import Application, Message, Receive, Scope, Send, send_response
from watchword.http.message import Fields, Response
from watchword.http.problem import CONTENT_TYPE
from watchword.server.api.call import CALL, call_from
from watchword.server.api.errors import ALLOWED, problem
from watchword.server.log import unexpected
from watchword.server.service import Service


class Envelope:
    """An application whose every answer has our fields, and which fails without telling anybody how."""

    def __init__(self, application: Application, service: Service, routes: Sequence[BaseRoute]) -> None:
        self._application = application
        self._service = service
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        call = call_from(self._service, scope)
        method: str = scope["method"]
        allowed = _allowed_methods(self._routes, scope)
        answering = _Answering(send, answer_fields(call.request, self._service.space), head=method == "HEAD")
        if method == "OPTIONS" and allowed:
            await answering.send_whole(Response(204, ((b"allow", ", ".join(allowed).encode()),)))
            return
        inner = {**scope, CALL: call, ALLOWED: allowed, "method": "GET" if method == "HEAD" else method}
        try:
            await self._application(inner, receive, answering.send)
        except ClientDisconnect:
            return
        except Exception as error:
            request_id = self._service.engine.entropy(9).hex()
            call.note(unexpected("watchword.server", error, id=request_id))
            if answering.started:
                raise  # the server can only close the connection
            await answering.send_whole(_internal_error(request_id))


def _allowed_methods(routes: Sequence[BaseRoute], scope: Scope) -> tuple[str, ...]:
    """The methods of all routes at this path; none where there is no route."""
    found: set[str] = set()
    for route in routes:
        if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
            found |= route.methods or set()
    if not found:
        return ()
    return tuple(sorted(found | {"OPTIONS"} | ({"HEAD"} if "GET" in found else set())))


class _Answering:
    """Sends an answer with the fields that every answer has, and without its content where the request was HEAD."""

    def __init__(self, send: Send, fields: Fields, *, head: bool) -> None:
        self._send = send
        self._fields = fields
        self._head = head
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            named = list(message.get("headers", ()))
            present = {name.lower() for name, _ in named}
            message = {**message, "headers": [*named, *(line for line in self._fields if line[0] not in present)]}
        elif self._head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)

    async def send_whole(self, response: Response) -> None:
        """Send an answer that no route made."""
        await send_response(response, self.send, method="GET")  # HEAD is seen to above


def _internal_error(request_id: str) -> Response:
    content = problem("internal-error", "Something went wrong here. It was noted.", request_id=request_id)
    return Response(500, ((b"content-type", CONTENT_TYPE),), content)
