"""The ASGI host: protects any ASGI application (Starlette, FastAPI, Litestar, Quart, Django)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any, Final, TypeAlias, cast

from watchword.core.principal import Principal
from watchword.core.space import Protection
from watchword.edge.content import Contents
from watchword.edge.drive import Waiting
from watchword.edge.engine import Answered, Engine
from watchword.http.client_certificate import pem_to_der
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
    query: bytes = scope["query_string"]
    path: bytes = scope.get("raw_path") or _quoted(scope["path"])
    client = scope.get("client")
    secure = scope["scheme"] in ("https", "wss")
    return Request(
        scope.get("method", "GET"),
        path + b"?" + query if query else path,
        scope["headers"],
        _peer(client[0] if client else "", secure, _certificate(scope) if secure else None),
        http_version=scope["http_version"],
    )


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


def principal_of(scope: Scope) -> Principal | None:
    """Who the request was proven to come from."""
    return cast("Principal | None", scope.get(PRINCIPAL))


class Guarded:
    """An application behind an engine: it sees no request that was refused, and no look-alike of our own fields.

    `is_ours`: the application is the server's own, and may have the request with all that proves who sent it.
    """

    def __init__(
        self, application: Application, engine: Engine, protection: Protection, *, is_ours: bool = False
    ) -> None:
        self._is_ours = is_ours
        self._application = application
        self._engine = engine
        self._protection = protection
        self._contents = Contents(protection.spaces)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._application(scope, receive, send)
            return
        request = self._engine.resolved(request_of(scope))
        if self._contents.wanted(request) and scope["type"] == "http":
            request, receive = await self._contents.read(request, receive)
        judged = self._engine.begin(self._engine.judge(request, self._protection))
        if isinstance(judged, Waiting):
            judged = await self._engine.finish(judged)
        if isinstance(judged, Answered):
            if scope["type"] == "websocket":
                await _deny_websocket(scope, judged.response, send)
            else:
                await send_response(judged.response, send, method=request.method)
            return
        headers = self._engine.for_application(request)
        inner = {**scope, PRINCIPAL: judged.principal, "headers": headers}
        if self._is_ours:
            inner[REQUEST] = request
        await self._application(inner, receive, _adding(send, judged.fields))


def _adding(send: Send, added: Fields) -> Send:
    def send_with_fields(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            message = {**message, "headers": merged(message.get("headers", ()), added)}
        return send(message)

    return send_with_fields


_OURS = (b"cache-control", b"referrer-policy")
_UNITED = (b"vary", b"access-control-expose-headers")


def merged(fields: Any, added: Fields) -> list[tuple[bytes, bytes]]:
    """The application's fields and ours. Lists are united; what the application says itself stays as it is, but for
    Cache-Control and Referrer-Policy: we have one only where nobody may keep the answer, or be told its URL.

    So does a cookie that it sets: a log-in over a stale session must not have its new cookie cleared.
    """
    result = [(bytes(name).lower(), bytes(value)) for name, value in fields]
    own = dict(result)
    cookies = {_cookie_name(value) for name, value in result if name == b"set-cookie"} if b"set-cookie" in own else ()
    for name, value in added:
        if name in _OURS:
            result = [line for line in result if line[0] != name]
            result.append((name, value))
        elif name not in own or (name == b"set-cookie" and _cookie_name(value) not in cookies):
            result.append((name, value))
        elif name in _UNITED:
            first = next(at for at, line in enumerate(result) if line[0] == name)
            held = b",".join((*(text for key, text in result if key == name), value))
            names = dict.fromkeys(part.strip() for part in held.split(b",") if part.strip())
            rest = [line for line in result[first:] if line[0] != name]
            result[first:] = [(name, b", ".join(names)), *rest]
    return result


def _cookie_name(set_cookie: bytes) -> bytes:
    return set_cookie.partition(b"=")[0].strip()


async def send_response(response: Response, send: Send, *, method: str) -> None:
    """Send a complete response; a HEAD request gets everything but the content."""
    fields = list(response.fields)
    if response.status >= 200 and response.status != 204:
        fields.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": fields})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else response.body})


async def _deny_websocket(scope: Scope, response: Response, send: Send) -> None:
    """Refuse a handshake with the true answer where the server can send one, else by closing."""
    if "websocket.http.response" in scope.get("extensions", {}):
        await send(
            {"type": "websocket.http.response.start", "status": response.status, "headers": list(response.fields)}
        )
        await send({"type": "websocket.http.response.body", "body": response.body})
    else:
        await send({"type": "websocket.close", "code": 3000})


def _quoted(path: str) -> bytes:
    from urllib.parse import quote

    return quote(path, safe="/!$&'()*+,;=:@~").encode("ascii")
