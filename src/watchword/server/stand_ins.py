"""What stands in the place of uvicorn's own parts, and of what its parser calls, where a connection needs another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


class Callbacks(Protocol):
    """What httptools' parser calls."""

    def on_message_begin(self) -> None: ...
    def on_url(self, url: bytes) -> None: ...
    def on_header(self, name: bytes, value: bytes) -> None: ...
    def on_headers_complete(self) -> None: ...
    def on_body(self, body: bytes) -> None: ...
    def on_message_complete(self) -> None: ...


class Mutable:
    """The callbacks of a connection for a parser that is told, while they are muted, of a head that was read before."""

    def __init__(self, connection: Callbacks) -> None:
        self._connection = connection
        self.muted = False
        self.on_body = connection.on_body
        self.on_message_complete = connection.on_message_complete

    def on_message_begin(self) -> None:
        if not self.muted:
            self._connection.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self.muted:
            self._connection.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.muted:
            self._connection.on_header(name, value)

    def on_headers_complete(self) -> None:
        if not self.muted:
            self._connection.on_headers_complete()


class Lingering:
    """What one answer is written to, where closing takes some care."""

    __slots__ = ("close", "is_closing", "write")

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = close


def _answered() -> RequestResponseCycle:
    """What stands for the latest request where that was answered in place: uvicorn only asks it what is over."""
    cycle = object.__new__(RequestResponseCycle)
    cycle.disconnected, cycle.response_started, cycle.response_complete = False, True, True
    cycle.message_event = asyncio.Event()
    return cycle


ANSWERED = _answered()
