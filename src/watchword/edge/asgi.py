"""The ASGI host: protects any ASGI application (Starlette, FastAPI, Litestar, Quart, Django)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any, Final, Protocol, TypeAlias, Unpack, cast
from urllib.parse import quote, unquote

from watchword.core.demand import Demand, demand
from watchword.core.principal import Principal
from watchword.edge.door import Door, Doors
from watchword.edge.drive import Waiting
from watchword.edge.engine import Answered
from watchword.edge.refusal import Render, rendered
from watchword.edge.route import PATH_CHARACTERS, VISIT, Demands, Reading, Visit, of_application, with_or_without_root
from watchword.http.client_certificate import pem_to_der
from watchword.http.merging import merged
from watchword.http.message import Fields, Peer, Request, Response

# The types of the ASGI specification: its messages are open dictionaries.
Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

Hot: TypeAlias = Callable[[Request], Response | Application]
"""A route that answers in place where nothing has to be waited for; else it tells who will answer."""

PRINCIPAL: Final = "watchword.principal"
"""Where the application finds the principal in the scope; None for anonymous requests."""

REQUEST: Final = "watchword.request"
"""Where our own routes find the request that was judged, so that judging it for more does not use it up."""


def request_of(scope: Scope) -> Request:
    """The request as ASGI tells it. Certificate, address and scheme come from the transport, never from fields."""
    fields: Fields = tuple(scope["headers"])
    # HTTP/2 has no Upgrade field (RFC 8441), by which the core knows what no page of another origin may open.
    if scope["type"] == "websocket" and all(name != b"upgrade" for name, _ in fields):
        fields += ((b"upgrade", b"websocket"),)
    query: bytes = scope["query_string"]
    path: bytes = scope.get("raw_path") or _quoted(scope["path"])
    client = scope.get("client")
    secure = scope["scheme"] in ("https", "wss")
    return Request(
        scope.get("method", "GET"),
        path + b"?" + query if query else path,
        fields,
        _peer(client[0] if client else "", secure, _certificate(scope) if secure else None),
        http_version=scope.get("http_version", "1.1"),
    )


def read_request(scope: Scope, door: Door, root_path: str = "") -> tuple[Scope, Request]:
    """The request that is judged, and the scope that the application gets. `root_path` is the application's own.

    ASGI wants a root path in front of the path. Some servers leave it out, and frameworks do not mind: they serve `/x`
    as they serve `/root/x` (F22). So what a rule says of either holds for both, and the application gets the second.
    """
    request = door.engine.resolved(request_of(scope))
    root: str = root_path or scope.get("root_path") or ""
    if not root or root.endswith("/"):
        return scope, request
    rooted = _rooted(scope, root)
    # Where something is mounted, its root path is in the path already, and nothing else leads there.
    alike = root_path or rooted is not scope
    return rooted, with_or_without_root(door, request, root) if alike else request


def _rooted(scope: Scope, root: str) -> Scope:
    path: str = scope["path"]
    raw: bytes = scope.get("raw_path") or _quoted(path)
    below, raw_below = _is_below(root, path), _is_below(root, unquote(raw.decode("latin-1")))
    if below and raw_below:
        return scope
    return {
        **scope,
        "path": path if below else root + path,
        "raw_path": raw if raw_below else _quoted(root) + raw,
    }


def _is_below(root: str, path: str) -> bool:
    return path == root or path.startswith(root + "/")


@lru_cache(maxsize=4096)
def _peer(address: str, secure: bool, certificate: bytes | None) -> Peer:
    """The same clients come again and again."""
    return Peer(address, secure, certificate)


def _certificate(scope: Scope) -> bytes | None:
    """The client's certificate, which the server has verified (ASGI TLS extension); None where it has none."""
    extensions = scope.get("extensions")
    tls = extensions.get("tls") if extensions else None
    if not tls or tls.get("client_cert_error"):
        return None
    chain = tls.get("client_cert_chain")
    return _der(next(iter(chain))) if chain else None


@lru_cache(maxsize=4096)
def _der(pem: str) -> bytes:
    return pem_to_der(pem.encode("latin-1", "replace"))


class Guarded:
    """An application behind a door: it sees no request that was refused, and no look-alike of our own fields.

    `is_ours`: the application is the server's own, and may have the request with all that proves who sent it. `demand`
    is what is demanded besides what the rules say, `render` tells refusals. `reading` is how the application reads the
    request, where it does not serve each path as what it is. `root_path` is the application's own, where it has one
    and does not tell it.
    """

    def __init__(
        self,
        application: Application,
        door: Door,
        *,
        is_ours: bool = False,
        demand: Demand | None = None,
        render: Render | None = None,
        reading: Reading | None = None,
        root_path: str = "",
    ) -> None:
        self.render = render
        self._root_path = root_path or str(getattr(application, "root_path", ""))  # FastAPI tells it there
        self._reading = reading
        self._is_ours = is_ours
        self._application = application
        self._door = door
        self._engine = door.engine
        self._contents = door.contents
        self._wants_content = door.contents.ever_wanted
        self._demand = demand

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._application(scope, receive, send)
            return
        if VISIT in scope:
            await self._inside(scope[VISIT], scope, receive, send)
            return
        scope, request = read_request(scope, self._door, self._root_path)
        if self._reading is not None:
            request = self._reading(request)
        if self._wants_content and self._contents.wanted(request) and scope["type"] == "http":
            request, receive = await self._contents.read(request, receive)
        judged = self._door.begin(request, self._demand)
        if isinstance(judged, Waiting):
            judged = await self._door.finish(judged)
        if isinstance(judged, Answered):
            await refuse(rendered(judged, self.render), scope, send)
            return
        inner = {**scope, PRINCIPAL: judged.principal, "headers": self._engine.for_application(request)}
        if self._is_ours:
            inner[REQUEST] = request
            await self._application(inner, receive, _adding(send, judged))
            return
        inner[VISIT] = visit = Visit(request, judged.principal, judged.fields, self.render)
        await self._application(inner, receive, _adding(send, visit))

    async def _inside(self, visit: Visit, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge a request that was judged further out, where what is added to its answer is added, too."""
        request = visit.request
        if request.body is None and scope["type"] == "http" and self._contents.wanted(request):
            visit.request, receive = await self._contents.read(request, receive)
        answer = visit.judged(await self._door.ajudge(visit.request, self._demand), self.render)
        if answer is not None:
            await refuse(answer, scope, send)
            return
        await self._application({**scope, PRINCIPAL: visit.principal}, receive, send)


class _Adds(Protocol):
    @property
    def fields(self) -> Fields: ...


_STARTS = frozenset(("http.response.start", "websocket.accept", "websocket.http.response.start"))


def _adding(send: Send, adds: _Adds) -> Send:
    """Adds the fields that there are when the answer starts."""

    def send_with_fields(message: Message) -> Awaitable[None]:
        if message["type"] in _STARTS:
            message = {**message, "headers": merged(message.get("headers", ()), adds.fields)}
        return send(message)

    return send_with_fields


def protect(
    application: Application,
    auth: Doors,
    *,
    public: bool = False,
    on_refusal: Render | None = None,
    root_path: str = "",
    **demanded: Unpack[Demands],
) -> Guarded:
    """The application, of which only those requests are seen that may pass.

    What the rules of the configuration say of a path holds. `public` and what is demanded here hold for paths that no
    rule names: `public` lets pass whoever sends nothing, and leaves it to routes to demand. The fields that an answer
    needs (Vary, cookies to clear, tokens, CORS) are added to each one that the application sends. `root_path` is the
    application's own, where it was given one: what a rule says of a path with or without it holds for both.
    """
    return Guarded(
        application,
        auth.on_loop,
        demand=of_application(public=public, **demanded),
        render=on_refusal,
        root_path=root_path,
    )


def on_refusal(application: Guarded, render: Render) -> None:
    """Let `render` tell refusals of this application: their content, never status, challenges or other fields."""
    application.render = render


def Authenticated(auth: Doors, **demanded: Unpack[Demands]) -> Callable[[Application], Guarded]:
    """Wraps a part of an application, of which only those requests are seen that meet this and the rules."""
    wanted = demand(**demanded)
    return lambda application: Guarded(application, auth.on_loop, demand=wanted)


def Optional(auth: Doors, **demanded: Unpack[Demands]) -> Callable[[Application], Guarded]:
    """The same, but whoever sends no credentials passes, where no rule says otherwise. Credentials that were sent on
    purpose and fail are refused (C02)."""
    wanted = demand(public=True, **demanded)
    return lambda application: Guarded(application, auth.on_loop, demand=wanted)


def principal(scope: Scope) -> Principal | None:
    """Who the request was proven to come from; None for anonymous requests."""
    return cast("Principal | None", scope.get(PRINCIPAL))


principal_of = principal
"""The same, for code that calls what it gets `principal`."""


async def judged_at_route(
    scope: Scope,
    door: Door,
    wanted: Demand | None,
    *,
    read: Callable[[], Awaitable[bytes]] | None = None,
    render: Render | None = None,
    reading: Reading | None = None,
    root_path: str = "",
) -> Response | None:
    """A demand that is judged inside the application: the answer in the route's place, or None where it may run.

    The principal is in the scope then, and the visit with the fields to be added. `read` gives the whole content; it is
    called only where the request says how much that is. `reading` and `root_path` are as for `Guarded`.
    """
    visit: Visit | None = scope.get(VISIT)
    if visit is None:
        request = read_request(scope, door, root_path)[1]
        visit = Visit(request if reading is None else reading(request), alone=True)
        scope[VISIT] = visit
        _without_look_alikes(scope, door.engine.for_application(request))
    request = visit.request
    if request.body is None and read is not None and _is_short(request, door.contents.wanted(request)):
        visit.request = request.replaced(body=await read())
    answer = visit.judged(await door.ajudge(visit.request, wanted), render)
    scope[PRINCIPAL] = visit.principal
    return answer


def _without_look_alikes(scope: Scope, fields: Fields) -> None:
    """In place where that can be: frameworks have the list in hand already."""
    held = scope["headers"]
    if isinstance(held, list):
        held[:] = fields
    else:
        scope["headers"] = list(fields)


def _is_short(request: Request, most: int) -> bool:
    """Whether the content is known to be no longer than this."""
    length = request.field(b"content-length") or b"0"
    if most == 0 or b"transfer-encoding" in request or b"content-length" in request.repeated:
        return False
    return length.isdigit() and len(length) <= 18 and int(length) <= most


async def refuse(response: Response, scope: Scope, send: Send) -> None:
    """Send the answer in place of the application's; a handshake is refused with it where the server can send it, else
    by closing."""
    if scope["type"] == "websocket":
        await _deny_websocket(scope, response, send)
    else:
        await send_response(response, send, method=scope["method"])


async def send_response(response: Response, send: Send, *, method: str) -> None:
    """Send a complete response; a HEAD request gets everything but the content."""
    fields = list(response.fields)
    if response.status >= 200 and response.status != 204:
        fields.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": fields})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else response.body})


async def _deny_websocket(scope: Scope, response: Response, send: Send) -> None:
    """Refuse a handshake with the true answer where the server can send one, else by closing."""
    if "websocket.http.response" in (scope.get("extensions") or {}):
        await send(
            {"type": "websocket.http.response.start", "status": response.status, "headers": list(response.fields)}
        )
        await send({"type": "websocket.http.response.body", "body": response.body})
    else:
        await send({"type": "websocket.close", "code": 3000})


def _quoted(path: str) -> bytes:
    return quote(path, safe=PATH_CHARACTERS).encode("ascii")
