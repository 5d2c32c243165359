"""Requests to a protected application, through WSGI and through ASGI, without a server around it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from watchword import Watchword
from watchword.core.principal import Principal
from watchword.edge import asgi, wsgi


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    fields: dict[str, str]
    content: bytes

    @property
    def cell(self) -> str:
        return self.fields.get("auth-decision", "")[:3]


def _told(principal: Principal | None) -> bytes:
    return b"nobody" if principal is None else principal.subject.encode()


def _wsgi_application(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [_told(wsgi.principal(environ))]


async def _asgi_application(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": _told(asgi.principal_of(scope))})


Call = Callable[..., Answer]
"""`call(token, method=…, path=…, **fields)`."""


def by_wsgi(auth: Watchword) -> Call:
    application = auth.wsgi(_wsgi_application)

    def call(token: str | None = None, *, method: str = "GET", path: str = "/patients", **fields: str) -> Answer:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": "http",
            "HTTP_HOST": "api.example.com",
            **{f"HTTP_{name.upper()}": value for name, value in fields.items()},
        }
        if token is not None:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
            started.append((status, headers))

        content = b"".join(application(environ, start_response))
        ((status, headers),) = started
        return Answer(int(status[:3]), {name.lower(): value for name, value in headers}, content)

    return call


def by_asgi(auth: Watchword) -> Call:
    application = auth.asgi(_asgi_application)

    def call(token: str | None = None, *, method: str = "GET", path: str = "/patients", **fields: str) -> Answer:
        headers = [(b"host", b"api.example.com")]
        headers += [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]
        if token is not None:
            headers.append((b"authorization", f"Bearer {token}".encode()))
        scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "scheme": "http",
            "http_version": "1.1",
        }
        sent: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.disconnect"}

        asyncio.run(application(scope, receive, send))  # type: ignore[arg-type]  # ASGI's own types are wider
        told = {bytes(name).decode(): bytes(value).decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], told, b"".join(part["body"] for part in sent[1:]))

    return call


HOSTS: dict[str, Callable[[Watchword], Call]] = {"wsgi": by_wsgi, "asgi": by_asgi}


@contextmanager
def verifier(url: str, **options: Any) -> Iterator[Watchword]:
    auth = Watchword(url, **options)
    try:
        yield auth
    finally:
        auth.close()


def within(seconds: float, what: Callable[[], bool]) -> float:
    """How long it took until it was so. It must not take longer."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < seconds, f"not within {seconds} s"
        time.sleep(0.01)
    return time.monotonic() - began
