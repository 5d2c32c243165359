"""The WSGI host: protects any WSGI application (Flask, Django, Bottle, Pyramid), by PEP 3333."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import quote

from watchword.core.principal import Principal
from watchword.core.space import Protection
from watchword.edge.asgi import merged
from watchword.edge.content import Contents
from watchword.edge.engine import Answered, Engine
from watchword.http.client_certificate import pem_to_der
from watchword.http.message import Fields, Peer, Request, Response

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PRINCIPAL: Final = "watchword.principal"
"""Where the application finds the principal in the environ; None for anonymous requests."""

_CONTENT = {"CONTENT_TYPE": b"content-type", "CONTENT_LENGTH": b"content-length"}
_PATH_CHARACTERS = "/!$&'()*+,;=:@~"


def request_of(environ: WSGIEnvironment) -> Request:
    """The request as WSGI tells it. Address and scheme come from the server, never from fields.

    The path is the one that the application sees, decoded by the server and encoded again here: what is decided on is
    what is served. A field that came on several lines has been joined by the server, so it is read as one line.
    """
    path = quote(_text(environ, "SCRIPT_NAME") + _text(environ, "PATH_INFO"), _PATH_CHARACTERS, "latin-1")
    query = _text(environ, "QUERY_STRING")
    target = f"{path or '/'}?{query}" if query else path or "/"
    return Request(
        _text(environ, "REQUEST_METHOD") or "GET",
        target.encode("latin-1"),
        _fields(environ),
        Peer(_text(environ, "REMOTE_ADDR"), _text(environ, "wsgi.url_scheme") == "https", _certificate(environ)),
        http_version=_text(environ, "SERVER_PROTOCOL").removeprefix("HTTP/") or "1.1",
    )


def principal_of(environ: WSGIEnvironment) -> Principal | None:
    """Who the request was proven to come from."""
    return cast("Principal | None", environ.get(PRINCIPAL))


class GuardedWsgi:
    """An application behind an engine: it sees no request that was refused, and no look-alike of our own fields."""

    def __init__(self, application: WSGIApplication, engine: Engine, protection: Protection) -> None:
        self._application = application
        self._engine = engine
        self._protection = protection
        self._contents = Contents(protection.spaces)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = self._contents.read_now(self._engine.resolved(request_of(environ)), environ)
        judged = self._engine.run(self._engine.judge(request, self._protection))
        if isinstance(judged, Answered):
            return _send(judged.response, start_response, method=request.method)
        inner = dict(environ)
        fields = self._engine.for_application(request)
        if fields is not request.fields:
            kept = {name for name, _ in fields}
            inner = {name: value for name, value in environ.items() if _is_kept(name, kept)}
        inner[PRINCIPAL] = judged.principal
        return self._application(inner, _adding(start_response, judged.fields))


def _text(environ: WSGIEnvironment, name: str) -> str:
    value = environ.get(name, "")
    return value if isinstance(value, str) else ""


def _certificate(environ: WSGIEnvironment) -> bytes | None:
    """The client's certificate, where the server tells it as mod_ssl does, and has verified it."""
    pem = _text(environ, "SSL_CLIENT_CERT")
    if not pem or _text(environ, "SSL_CLIENT_VERIFY") != "SUCCESS":
        return None
    return pem_to_der(pem.encode("latin-1", "replace"))


def _fields(environ: WSGIEnvironment) -> list[tuple[bytes, bytes]]:
    fields: list[tuple[bytes, bytes]] = []
    for name, value in environ.items():
        if not isinstance(value, str):
            continue
        if name.startswith("HTTP_"):
            fields.append((_field_name(name), value.encode("latin-1").strip(b" \t")))
        elif name in _CONTENT and value:
            fields.append((_CONTENT[name], value.encode("latin-1")))
    return fields


@lru_cache(maxsize=1024)
def _field_name(name: str) -> bytes:
    return name[5:].replace("_", "-").lower().encode("latin-1")


def _is_kept(name: str, kept: set[bytes]) -> bool:
    return not name.startswith("HTTP_") or _field_name(name) in kept


def _send(response: Response, start_response: StartResponse, *, method: str) -> Iterable[bytes]:
    """A complete response; a HEAD request gets everything but the content."""
    fields = response.fields
    if response.status >= 200 and response.status != 204:
        fields = (*fields, (b"content-length", str(len(response.body)).encode()))
    start_response(_status_line(response.status), _written(fields))
    return [] if method == "HEAD" else [response.body]


def _adding(start_response: StartResponse, added: Fields) -> StartResponse:
    def start_with_fields(
        status: str, headers: list[tuple[str, str]], exc_info: object = None, /
    ) -> Callable[[bytes], object]:
        fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        # PEP 3333 lets exc_info be left out or None, its type does not.
        return start_response(status, _written(merged(fields, added)), exc_info)  # type: ignore[arg-type]  # handed on as it came

    return cast("StartResponse", start_with_fields)


def _written(fields: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields]


def _status_line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"
