"""Serving: one listening socket, one or several worker processes, a ready line, a drain."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import select
import signal
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing import sharedctypes
from typing import Protocol

import uvicorn

from watchword.core.events import Event
from watchword.edge.asgi import Application, Hot
from watchword.edge.error_place import place_of
from watchword.http.message import Request, Response
from watchword.server.bounds import Bounds
from watchword.server.heap import share_one_heap
from watchword.server.metrics import LENGTH, Row
from watchword.server.protocol import BoundedProtocol, quiet_uvicorn
from watchword.server.tls import Tls, WatchedRevocations
from watchword.server.undumpable import forbid_dumps
from watchword.server.unread import Fault

DRAIN = 10
"""Seconds that requests in flight are given when the server stops."""
LOOK_FOR_REVOCATIONS = 5.0
"""Seconds between two looks at the list of revoked client certificates."""
_HANDSHAKE = 10.0  # seconds for a TLS handshake
_BACKLOG = 2048
_LAST_ACCEPTS = 1.0  # seconds for connections that queue up when the server stops
_RESTART_PAUSE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where to listen. Port 0 takes a free port. Without `tls`: cleartext.

    `bound` is told the URL once the address is had, before any worker is made.
    """

    host: str
    port: int
    workers: int = 1
    tls: Tls | None = None
    bounds: Bounds = Bounds()
    bound: Callable[[str], None] = lambda url: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One process's application, its answer to what is no request, and what to do when it ends.

    `hot` has those routes of the application, by their paths, that may answer in place.
    `drain` is called when it is about to end, on the event loop: what would go on for ever ends then.
    """

    application: Application
    unread: Callable[[Fault, Request], Response]
    close: Callable[[], None]
    drain: Callable[[], None] = lambda: None
    hot: Mapping[bytes, Hot] = field(default_factory=dict[bytes, Hot])


class MakeWorker(Protocol):
    """Builds the application in the process that will run it: nothing that holds a thread crosses a fork."""

    def __call__(self, own: Row, rows: list[Row]) -> Worker: ...


class CannotListen(Exception):
    """The address cannot be had. The message says why and what to do."""


def serve(listen: Listen, make: MakeWorker, ready: Callable[[str], None], log: Callable[[Event], None]) -> int:
    """Serve until SIGTERM or SIGINT; the exit code. `ready` is told the URL once every worker accepts connections.

    `log` is told when a worker dies.

    Raises:
        CannotListen: where the address cannot be had.
    """
    share_one_heap()
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    tls = None if listen.tls is None else listen.tls.context()
    sock = _bind(listen)
    forbid_dumps()
    rows: list[Row] = [sharedctypes.RawArray("Q", LENGTH) for _ in range(listen.workers)]
    url = _url(listen, sock)
    listen.bound(url)

    def work(index: int, accepting: Callable[[], None], parent: int | None = None) -> None:
        worker = make(rows[index], rows)
        gc.freeze()  # what lasts as long as the process need not be looked through by every full collection
        server = _Server(worker, tls, listen.bounds, accepting, parent, _revocations(listen, tls, log))
        try:
            server.run(sockets=[sock])
        finally:
            worker.close()

    if listen.workers == 1:
        work(0, lambda: ready(url))
        return 0
    return _Supervisor(listen.workers, sock, work, lambda: ready(url), log).run()


def _bind(listen: Listen) -> socket.socket:
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((listen.host, listen.port))
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        raise CannotListen(
            f"Cannot listen on {listen.host} port {listen.port}: {error.strerror}. "
            "Choose another with --host and --port, or --port 0 for a free one."
        ) from None
    sock.setblocking(False)
    return sock


def _revocations(listen: Listen, tls: ssl.SSLContext | None, log: Callable[[Event], None]) -> WatchedRevocations | None:
    if tls is None or listen.tls is None or listen.tls.client_crl is None:
        return None
    return WatchedRevocations(
        tls, listen.tls.client_crl, lambda says: log(Event("revocation_list_refused", "error", {"reason": says}))
    )


def _url(listen: Listen, sock: socket.socket) -> str:
    host = f"[{listen.host}]" if ":" in listen.host else listen.host
    return f"{'https' if listen.tls else 'http'}://{host}:{sock.getsockname()[1]}"


class _Server(uvicorn.Server):
    """uvicorn's server over our protocol, which says when it accepts and stops when its parent is gone."""

    def __init__(
        self,
        worker: Worker,
        tls: ssl.SSLContext | None,
        bounds: Bounds,
        accepting: Callable[[], None],
        parent: int | None,
        revocations: WatchedRevocations | None = None,
    ) -> None:
        settings = quiet_uvicorn({"timeout_graceful_shutdown": DRAIN})
        super().__init__(uvicorn.Config(worker.application, http=BoundedProtocol, loop="uvloop", **settings))
        self._worker = worker
        self._tls = tls
        self._bounds = bounds
        self._accepting = accepting
        self._parent = parent
        self._revocations = revocations

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        patience = None if self._tls is None else _HANDSHAKE
        self.servers = [
            await loop.create_server(
                self._connection,
                sock=sock,
                ssl=self._tls,
                backlog=_BACKLOG,
                ssl_handshake_timeout=patience,
                ssl_shutdown_timeout=patience,
            )
            for sock in sockets or ()
        ]
        if self._parent is not None:
            loop.add_reader(self._parent, self._orphaned)
        if self._revocations is not None:
            loop.call_later(LOOK_FOR_REVOCATIONS, self._heed_revocations, self._revocations)
        self.started = True
        self._accepting()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Like uvicorn's, but who has a connection already is heard: the loop accepts only one in each turn."""
        self._worker.drain()
        loop, queue = asyncio.get_running_loop(), select.poll()
        for sock in sockets or ():
            sock.listen(0)
            queue.register(sock, select.POLLIN)
        deadline = loop.time() + _LAST_ACCEPTS
        await asyncio.sleep(0)
        while queue.poll(0) and loop.time() < deadline:
            await asyncio.sleep(0)
        await super().shutdown(sockets)

    def _connection(self) -> BoundedProtocol:
        return BoundedProtocol(
            self.config,
            self.server_state,
            self._worker.unread,
            self._bounds,
            hot=self._worker.hot,
            leaving=self.should_exit,
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Like uvicorn's, but a signal that was obeyed is not raised again: there is more to close than sockets."""
        numbers = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _heed_revocations(self, revocations: WatchedRevocations) -> None:
        """After a new list, whoever showed a certificate must connect again, and is verified by it."""
        asyncio.get_running_loop().call_later(LOOK_FOR_REVOCATIONS, self._heed_revocations, revocations)
        if revocations.look():
            for connection in list(self.server_state.connections):
                if isinstance(connection, BoundedProtocol) and connection.has_certificate:
                    connection.shutdown()

    def _orphaned(self) -> None:
        assert self._parent is not None
        asyncio.get_running_loop().remove_reader(self._parent)
        self.should_exit = True


class _Work(Protocol):
    """Serves, as the worker of this place, until it is told to stop."""

    def __call__(self, index: int, accepting: Callable[[], None], parent: int | None) -> None: ...


class _Supervisor:
    """Forks the workers, replaces those that die, and ends them all when told to."""

    def __init__(
        self, workers: int, sock: socket.socket, work: _Work, ready: Callable[[], None], log: Callable[[Event], None]
    ) -> None:
        self._places, self._sock, self._work, self._ready, self._log = workers, sock, work, ready, log
        self._told, self._tell = os.pipe()  # a byte from each worker that accepts
        self._alive, self._held = os.pipe()  # ends when this process does
        self._workers: dict[int, int] = {}
        self._stopping = False

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        gc.collect()
        gc.freeze()  # what the workers share stays shared: the collector would write to it
        for index in range(self._places):
            self._start(index)
        accepting = 0
        while accepting < self._places and not self._stopping:
            accepting += self._heard()
            if self._reap():
                self._end()
                return 1
        if not self._stopping:
            self._ready()
        while not self._stopping:
            self._heard()
            for index in self._reap():
                time.sleep(_RESTART_PAUSE)
                if not self._stopping:
                    self._start(index)
        self._end()
        return 0

    def _stop(self, number: int, frame: object) -> None:
        self._stopping = True

    def _heard(self) -> int:
        """How many workers said within a moment that they accept connections."""
        return len(os.read(self._told, self._places)) if select.select([self._told], [], [], 0.2)[0] else 0

    def _start(self, index: int) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child:
            self._workers[child] = index
            return
        code = 1
        try:
            os.close(self._held)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            if self._stopping:  # told so before the two lines above, in the parent's way
                os._exit(0)
            self._work(index, lambda: _say(self._tell), self._alive)
            code = 0
        except BaseException as error:  # the child must never return into the supervisor's code
            self._log(Event("sys_crash", "error", {"pid": os.getpid(), "error": place_of(error)}))
        finally:
            os._exit(code)

    def _reap(self) -> list[int]:
        """The places of the workers that have ended, though nobody told them to."""
        ended: list[int] = []
        for child in list(self._workers):
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                ended.append(self._workers.pop(child))
                if not self._stopping:
                    self._log(Event("sys_crash", "error", {"pid": pid, "reason": _end_of(status)}))
        return ended

    def _end(self) -> None:
        self._stopping = True
        self._sock.close()  # or connections would queue up that nobody accepts
        for child in self._workers:
            os.kill(child, signal.SIGTERM)
        deadline = time.monotonic() + DRAIN + 2 * _LAST_ACCEPTS + 1
        while self._workers and time.monotonic() < deadline:
            self._reap()
            time.sleep(0.02)
        for child in self._workers:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _say(pipe: int) -> None:
    os.write(pipe, b".")


def _end_of(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"a worker was ended by signal {-code}" if code < 0 else f"a worker ended by itself with code {code}"
