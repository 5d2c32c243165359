"""HTTP/1.1 on the wire: uvicorn's httptools protocol, with bounds on what a client may send and how slowly.

What it adds: a bound on the header section, told as C18; trailers never become header fields (RFC 9110 section
6.5.1); a head or a content that does not arrive in time ends the connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from watchword.http.message import Response

HEAD_LIMIT = 65_536
"""Bytes of request line and header section together."""
FIELDS_LIMIT = 256
"""Field lines."""
HEAD_PATIENCE = 10.0
"""Seconds in which a head must be complete (F9)."""
CONTENT_PATIENCE = 30.0
"""Seconds in which the content must be complete, counted from the end of the head."""


def bounded(too_large: Callable[[], Response]) -> type[asyncio.Protocol]:
    """The protocol class for a server that answers a too large head with `too_large`."""

    class Bounded(HttpToolsProtocol):
        _size = 0
        _in_head = True
        _in_content = False
        _refused = False
        _patience: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._arm(HEAD_PATIENCE)

        def connection_lost(self, exc: Exception | None) -> None:
            self._disarm()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self._refused:
                return
            if self._in_head:
                self._size += len(data)
            super().data_received(data)
            if self._in_head and self._size > HEAD_LIMIT:
                self._refuse()
            if not (self._in_head and self._size) and not self._in_content:
                self._disarm()
            elif self._patience is None:
                self._arm(HEAD_PATIENCE if self._in_head else CONTENT_PATIENCE)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._in_head = True

        def on_url(self, url: bytes) -> None:
            super().on_url(url)
            if len(self.url) > HEAD_LIMIT:
                self._refuse()

        def on_header(self, name: bytes, value: bytes) -> None:
            if not self._in_head:
                return  # a trailer
            super().on_header(name, value)
            if len(self.headers) > FIELDS_LIMIT:
                self._refuse()

        def on_headers_complete(self) -> None:
            if sum(len(name) + len(value) for name, value in self.headers) > HEAD_LIMIT:
                self._refuse()
            self._in_head, self._in_content, self._size = False, True, 0
            if not self._refused:
                super().on_headers_complete()

        def on_body(self, body: bytes) -> None:
            if not self._refused:
                super().on_body(body)

        def on_message_complete(self) -> None:
            self._in_content = False
            if not self._refused:
                super().on_message_complete()
            # What follows on this connection is the head of the next request, of which nothing has come yet.
            self._in_head = True

        def _refuse(self) -> None:
            if self._refused:
                return
            self._refused = True
            self.transport.write(_bytes_of(too_large()))
            self.transport.close()

        def _arm(self, seconds: float) -> None:
            self._disarm()
            self._patience = self.loop.call_later(seconds, self._too_slow)

        def _disarm(self) -> None:
            if self._patience is not None:
                self._patience.cancel()
                self._patience = None

        def _too_slow(self) -> None:
            self._patience = None
            # RFC 9110 section 15.5.9 lets a server close an idle connection without an answer.
            self.transport.close()

    return Bounded


def _bytes_of(response: Response) -> bytes:
    """The response as HTTP/1.1, after which the connection closes."""
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}".encode()]
    lines += [name + b": " + value for name, value in response.fields]
    lines += [b"content-length: " + str(len(response.body)).encode(), b"connection: close", b"", response.body]
    return b"\r\n".join(lines)


def quiet_uvicorn(config: dict[str, Any]) -> dict[str, Any]:
    """Settings of uvicorn that leave all logging, and every field about the client, to us."""
    return {
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "lifespan": "off",
        "ws": "none",
        "timeout_keep_alive": 75,
        **config,
    }
