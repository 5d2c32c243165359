"""Requests to a protected application, through WSGI and through ASGI, without a server around it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from watchword import Watchword
from watchword.core.principal import Principal
from watchword.edge import asgi, wsgi
from watchword.edge.verifier import verifier as verifying
from watchword.edge.verifier.knowledge import ticks

PATIENCE = 60.0
ROUNDED = 0.001
"""Seconds: ages are told in thousandths."""


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
def verifier(url: str, *, first_contact: float = 60.0, **options: Any) -> Iterator[Watchword]:
    """One that waits longer for its first contact than others do, as it may take longer on a machine that is busy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verifying, "FIRST_CONTACT", first_contact)
        auth = Watchword(url, **options)
    try:
        yield auth
    finally:
        auth.close()


def until(what: Callable[[], bool]) -> None:
    """Wait for what other threads do."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def known_at(auth: Watchword) -> float:
    """As of when everything is known that there was, by the clock of `ticks`, or a moment before that."""
    now = ticks()
    age = auth.knowledge().age_seconds
    return float("-inf") if age is None else now - age - ROUNDED


def until_known(*auths: Watchword) -> None:
    """Until they know everything that has been until now: what was revoked is refused from then on, not before long."""
    now = ticks()
    until(lambda: all(known_at(auth) > now for auth in auths))


def serves_until_too_old(
    auth: Watchword, bound: float, ask: Callable[[], Sequence[int]], *, knowing: Sequence[int]
) -> None:
    """It answers by what it knows as long as that is younger than the bound, and 503 from then on. It ends then."""
    deadline = time.monotonic() + PATIENCE
    while True:
        age_before, told, age_after = _age(auth), [*ask()], _age(auth)
        if age_after < bound - ROUNDED:
            assert told == [*knowing], "it goes on by what it knows"
        if age_before > bound + ROUNDED:
            assert set(told) == {503}, "it knows too little"
            return
        assert time.monotonic() < deadline, "it never ends"
        time.sleep(0.02)


def _age(auth: Watchword) -> float:
    age = auth.knowledge().age_seconds
    assert age is not None
    return age
