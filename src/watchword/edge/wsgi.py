"""The WSGI host: protects any WSGI application (Flask, Django, Bottle, Pyramid), by PEP 3333.

No event loop is made here, nor needed: each request waits in its own thread, where it has to wait at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Unpack, cast
from urllib.parse import quote

from watchword.core.demand import Demand, demand
from watchword.core.principal import Principal
from watchword.edge.door import Door, Doors
from watchword.edge.engine import Answered
from watchword.edge.refusal import Render, rendered
from watchword.edge.route import PATH_CHARACTERS, VISIT, Demands, Reading, Visit, of_application
from watchword.http.client_certificate import pem_to_der
from watchword.http.merging import merged
from watchword.http.message import Peer, Request, Response

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PRINCIPAL: Final = "watchword.principal"
"""Where the application finds the principal in the environ; None for anonymous requests."""

_CONTENT = (("CONTENT_TYPE", b"content-type"), ("CONTENT_LENGTH", b"content-length"))


def protect(
    application: WSGIApplication,
    auth: Doors,
    *,
    public: bool = False,
    on_refusal: Render | None = None,
    **demanded: Unpack[Demands],
) -> GuardedWsgi:
    """The application, of which only those requests are seen that may pass: by the rules of the configuration, and by
    what is demanded here of paths that no rule names.

    `public`: whoever sends nothing passes, and routes demand by themselves. What authentication adds is on every
    answer of the application, errors too.
    """
    return GuardedWsgi(application, auth.in_threads, of_application(public=public, **demanded), on_refusal)


class Authenticated:
    """Demands at one route, which is a WSGI application itself, that it is proven who asks: `principal` tells it."""

    def __init__(self, auth: Doors, **demanded: Unpack[Demands]) -> None:
        self._door = auth.in_threads
        self._demand = demand(**demanded)

    def __call__(self, application: WSGIApplication) -> GuardedWsgi:
        return GuardedWsgi(application, self._door, self._demand)


class Optional:
    """Lets whoever sends nothing through to one route. Credentials that were sent on purpose and fail are refused."""

    def __init__(self, auth: Doors, **demanded: Unpack[Demands]) -> None:
        self._door = auth.in_threads
        self._demand = demand(public=True, **demanded)

    def __call__(self, application: WSGIApplication) -> GuardedWsgi:
        return GuardedWsgi(application, self._door, self._demand)


def principal(environ: WSGIEnvironment) -> Principal | None:
    """Who the request was proven to come from; None for anonymous requests."""
    visit = visit_of(environ)
    return None if visit is None else visit.principal


principal_of = principal
"""The same, where `principal` is another name."""


def on_refusal(application: GuardedWsgi, render: Render) -> None:
    """Let `render` tell refusals of this application: their content, never status, challenges or other fields."""
    application.render = render


class GuardedWsgi:
    """An application behind a door: it sees no request that was refused, and no look-alike of our own fields."""

    def __init__(
        self,
        application: WSGIApplication,
        door: Door,
        demanded: Demand | None = None,
        render: Render | None = None,
    ) -> None:
        self._application = application
        self._door = door
        self._demand = demanded
        self.render = render

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ.get("REQUEST_METHOD", "GET")
        visit = visit_of(environ)
        inner = dict(environ)
        if visit is None:
            entered = enter(inner, self._door, self._demand, self.render)
            if isinstance(entered, Response):
                return _send(entered, start_response, method=method)
            return self._application(inner, _adding(start_response, entered))
        refused = judge_again(inner, visit, self._door, self._demand, self.render)
        if refused is not None:
            return _send(refused, start_response, method=method)
        return self._application(inner, start_response)


def enter(
    environ: WSGIEnvironment,
    door: Door,
    demanded: Demand | None,
    render: Render | None,
    *,
    reading: Reading | None = None,
) -> Visit | Response:
    """Judge a request that nobody has judged yet: the answer in place of the application, or the visit.

    The visit is kept in the environ, which loses the look-alikes of our own fields. `reading` is how the application
    reads the request, where it does not serve each path as what it is.
    """
    request = door.contents.read_now(door.engine.resolved(request_of(environ)), environ)
    if reading is not None:
        request = reading(request)
    judged = door.judge(request, demanded)
    if isinstance(judged, Answered):
        return rendered(judged, render)
    fields = door.engine.for_application(request)
    if fields is not request.fields:
        strip(environ, {name for name, _ in fields})
    visit = Visit(request, judged.principal, judged.fields, render)
    environ[VISIT] = visit
    environ[PRINCIPAL] = judged.principal
    return visit


def judge_again(
    environ: WSGIEnvironment, visit: Visit, door: Door, demanded: Demand | None, render: Render | None
) -> Response | None:
    """Judge a visit for more that is demanded: the answer in place of the application, or None where it may go on."""
    if visit.request.body is None:
        visit.request = door.contents.read_now(visit.request, environ)
    refused = visit.judged(door.judge(visit.request, demanded), render)
    environ[PRINCIPAL] = None if refused is not None else visit.principal
    return refused


def request_of(environ: WSGIEnvironment, *, encoding: str = "latin-1") -> Request:
    """The request as WSGI tells it. Address and scheme come from the server, never from fields.

    The path is the one that the application sees, decoded by the server and encoded again here: what is decided on is
    what is served. A field that came on several lines has been joined by the server, so it is read as one line.
    `encoding` is that of the path, where a framework has changed it from WSGI's.
    """
    get = environ.get
    path = _quoted(get("SCRIPT_NAME", "") + get("PATH_INFO", ""), encoding)
    query = get("QUERY_STRING")
    return Request(
        get("REQUEST_METHOD") or "GET",
        path + b"?" + query.encode("latin-1") if query else path,
        _fields(environ),
        _peer(get("REMOTE_ADDR") or "", get("wsgi.url_scheme") == "https", _certificate(environ)),
        http_version=get("SERVER_PROTOCOL", "").removeprefix("HTTP/") or "1.1",
    )


@lru_cache(maxsize=4096)
def _quoted(path: str, encoding: str) -> bytes:
    return quote(path or "/", PATH_CHARACTERS, encoding).encode("ascii")


@lru_cache(maxsize=4096)
def _peer(address: str, secure: bool, certificate: bytes | None) -> Peer:
    """The same clients come again and again."""
    return Peer(address, secure, certificate)


def visit_of(environ: WSGIEnvironment) -> Visit | None:
    """The visit, where the request was judged."""
    return cast("Visit | None", environ.get(VISIT))


def strip(environ: WSGIEnvironment, kept: set[bytes]) -> None:
    """Take out the fields with other names than these."""
    for name in [name for name in environ if name.startswith("HTTP_") and _field_name(name) not in kept]:
        del environ[name]


def _certificate(environ: WSGIEnvironment) -> bytes | None:
    """The client's certificate, where the server tells it as mod_ssl does, and has verified it."""
    pem = environ.get("SSL_CLIENT_CERT")
    if not pem or environ.get("SSL_CLIENT_VERIFY") != "SUCCESS":
        return None
    return pem_to_der(pem.encode("latin-1", "replace"))


def _fields(environ: WSGIEnvironment) -> list[tuple[bytes, bytes]]:
    fields = [
        (_field_name(name), value.encode("latin-1").strip(b" \t"))
        for name, value in environ.items()
        if name[:5] == "HTTP_" and isinstance(value, str)
    ]
    fields += [(name, value.encode("latin-1")) for key, name in _CONTENT if (value := environ.get(key))]
    return fields


@lru_cache(maxsize=1024)
def _field_name(name: str) -> bytes:
    return name[5:].replace("_", "-").lower().encode("latin-1")


def _send(response: Response, start_response: StartResponse, *, method: str) -> Iterable[bytes]:
    """A complete response; a HEAD request gets everything but the content."""
    fields = response.fields
    if response.status >= 200 and response.status != 204:
        fields = (*fields, (b"content-length", str(len(response.body)).encode()))
    start_response(_status_line(response.status), _written(fields))
    return [] if method == "HEAD" else [response.body]


def _adding(start_response: StartResponse, visit: Visit) -> StartResponse:
    def start_with_fields(
        status: str, headers: list[tuple[str, str]], exc_info: object = None, /
    ) -> Callable[[bytes], object]:
        fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        # PEP 3333 lets exc_info be left out or None, its type does not.
        return start_response(status, _written(merged(fields, visit.fields)), exc_info)  # type: ignore[arg-type]  # handed on as it came

    return cast("StartResponse", start_with_fields)


def _written(fields: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields]


def _status_line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"
