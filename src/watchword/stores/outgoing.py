"""Questions to another server over HTTP, bounded in time and in size.

One layer below the usual clients: nothing here follows redirects, keeps cookies, asks the environment for proxies or
unpacks what is compressed; and every read and write gets what is left of one deadline, so that an answer that drips in
slowly is as late as one that hangs.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import httpcore2

from watchword.core.ask import AnswerFailed

LARGEST: Final = 64 * 1024
"""In bytes of an answer's content."""
AT_ONCE: Final = 16
"""Connections, and names of hosts that are being looked up."""
_IDLE: Final = 4.0
"""For how many seconds a connection is kept: common servers close theirs after five."""

_CAME_TO_NOTHING = (
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
    httpcore2.UnsupportedProtocol,
    httpcore2.ConnectionNotAvailable,
    OSError,
)
_PERHAPS_CLOSED_WHILE_IDLE = (httpcore2.ReadError, httpcore2.WriteError, httpcore2.RemoteProtocolError)


@dataclass(frozen=True, slots=True)
class Answered:
    """What the server said."""

    status: int
    content: bytes = field(repr=False)
    fields: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)


class Outgoing:
    """POSTs to one URL. Connections are opened at first use, and kept for a while.

    `patience` is for how many seconds an answer is waited for in all. `authorities` holds the certificates (PEM) of who
    may vouch for the server; the system's where it is None. `fields` are sent with each request.
    """

    def __init__(
        self, url: str, *, patience: float, authorities: Path | None = None, fields: Mapping[str, bytes] | None = None
    ) -> None:
        self._url = url
        self._patience = patience
        self._authorities = authorities
        self._fields = dict(fields or {})
        self._network = _Network()
        self._pool: httpcore2.ConnectionPool | None = None
        self._lock = threading.Lock()

    def post(self, content: bytes, media_type: str) -> Answered:
        """The answer, whatever its status.

        Raises:
            AnswerFailed: where there is none in time, or too large a one.
        """
        self._network.begin(self._patience)
        try:
            pool = self._pool or self._opened()
            try:
                return self._posted(pool, content, media_type)
            except _PERHAPS_CLOSED_WHILE_IDLE:  # to ask twice whether a password is right changes nothing
                return self._posted(pool, content, media_type)
        except _CAME_TO_NOTHING as error:
            # Their messages may tell addresses, but never what was sent.
            raise AnswerFailed(f"no answer from {self._url.partition('?')[0]} ({type(error).__name__})") from None

    def close(self) -> None:
        """End the connections. Another request opens new ones."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def _opened(self) -> httpcore2.ConnectionPool:
        with self._lock:
            if self._pool is None:
                self._pool = httpcore2.ConnectionPool(
                    ssl_context=self._tls(),
                    max_connections=AT_ONCE,
                    keepalive_expiry=_IDLE,
                    network_backend=self._network,
                )
                weakref.finalize(self, self._pool.close)
            return self._pool

    def _tls(self) -> ssl.SSLContext | None:
        if not self._url.startswith("https:"):
            return None  # reading the system's certificates takes a while
        context = ssl.create_default_context(cafile=self._authorities)
        context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996
        return context

    def _posted(self, pool: httpcore2.ConnectionPool, content: bytes, media_type: str) -> Answered:
        fields = {
            "Accept": b"application/json",
            "Accept-Encoding": b"identity",
            "Content-Type": media_type.encode("ascii"),
            "User-Agent": b"watchword",
            **self._fields,
        }
        with pool.stream(
            "POST",
            self._url,
            headers=[(name.encode("ascii"), value) for name, value in fields.items()],
            content=content,
            extensions={"timeout": {"pool": self._network.left()}},
        ) as response:
            received = bytearray()
            for part in response.iter_stream():
                received += part
                if len(received) > LARGEST:
                    raise AnswerFailed(f"{self._url.partition('?')[0]} answers with more than {LARGEST} bytes")
        return Answered(response.status, bytes(received), tuple(response.headers))


class _Network(httpcore2.NetworkBackend):
    """Connections that know the deadline of the thread that uses them."""

    def __init__(self) -> None:
        self._deadline = _Deadline()
        self._sockets = httpcore2.SyncBackend()
        self._looking_up = threading.BoundedSemaphore(AT_ONCE)

    def begin(self, patience: float) -> None:
        """From now on this thread has so many seconds."""
        self._deadline.at = time.monotonic() + patience

    def left(self) -> float:
        """How many seconds there still are, above nothing."""
        left = self._deadline.at - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout
        return left

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = self._addresses(host, port)
        failed: Exception = httpcore2.ConnectError("the host has no address")
        for tried, address in enumerate(addresses):
            try:
                patience = self.left() / (len(addresses) - tried)
                stream = self._sockets.connect_tcp(address, port, patience, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
            else:
                return _Stream(stream, self.left)
        raise failed

    def _addresses(self, host: str, port: int) -> list[str]:
        """The host's. The system's look-up of names knows no bounds in time, so it is waited for beside it."""
        try:
            return [str(ip_address(host))]
        except ValueError:
            pass
        if not self._looking_up.acquire(timeout=self.left()):
            raise httpcore2.ConnectTimeout
        found: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

        def look_up() -> None:
            try:
                found.put([str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)])
            except (OSError, UnicodeError):
                found.put([])
            finally:
                self._looking_up.release()

        threading.Thread(target=look_up, daemon=True).start()
        try:
            return list(dict.fromkeys(found.get(timeout=self.left())))
        except queue.Empty:
            raise httpcore2.ConnectTimeout from None


class _Deadline(threading.local):
    at = 0.0


class _Stream(httpcore2.NetworkStream):
    """A connection whose reads and writes take no longer than is `left`."""

    def __init__(self, stream: httpcore2.NetworkStream, left: Callable[[], float]) -> None:
        self._stream = stream
        self._left = left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, self._left()), self._left)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
