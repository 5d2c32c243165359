"""Serving: one listening socket, one or several worker processes, a ready line, a drain."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import sharedctypes
from pathlib import Path
from typing import Protocol

import uvicorn

from watchword.edge.asgi import Application
from watchword.http.message import Response
from watchword.server.metrics import LENGTH, Row
from watchword.server.protocol import bounded, quiet_uvicorn

DRAIN = 10
"""Seconds that requests in flight are given when the server stops."""
_RESTART_PAUSE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where to listen. Port 0 takes a free port. `certificate` and `key` are PEM files; None: cleartext."""

    host: str
    port: int
    workers: int = 1
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One process's application, and what to do when it ends."""

    application: Application
    too_large: Callable[[], Response]
    close: Callable[[], None]


class MakeWorker(Protocol):
    """Builds the application in the process that will run it: nothing that holds a thread crosses a fork."""

    def __call__(self, own: Row, rows: list[Row]) -> Worker: ...


class CannotListen(Exception):
    """The address cannot be had. The message says why and what to do."""


def serve(listen: Listen, make: MakeWorker, ready: Callable[[str], None]) -> int:
    """Serve until SIGTERM or SIGINT; the exit code. `ready` is told the URL once every worker accepts connections.

    Raises:
        CannotListen: where the address cannot be had.
    """
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    sock = _bind(listen)
    rows: list[Row] = [sharedctypes.RawArray("Q", LENGTH) for _ in range(listen.workers)]
    url = _url(listen, sock)
    if listen.workers == 1:
        return _work(listen, sock, make, rows, 0, lambda: ready(url), parent=None)
    return _Supervisor(listen, sock, make, rows, lambda: ready(url)).run()


def _bind(listen: Listen) -> socket.socket:
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((listen.host, listen.port))
        sock.listen(2048)
    except OSError as error:
        sock.close()
        raise CannotListen(
            f"Cannot listen on {listen.host} port {listen.port}: {error.strerror}. "
            "Choose another with --host and --port, or --port 0 for a free one."
        ) from None
    sock.setblocking(False)
    return sock


def _url(listen: Listen, sock: socket.socket) -> str:
    host = f"[{listen.host}]" if ":" in listen.host else listen.host
    return f"{'https' if listen.certificate else 'http'}://{host}:{sock.getsockname()[1]}"


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it accepts connections and stops when its parent is gone."""

    def __init__(self, config: uvicorn.Config, accepting: Callable[[], None], parent: int | None) -> None:
        super().__init__(config)
        self._accepting = accepting
        self._parent = parent

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._parent is not None:
            asyncio.get_running_loop().add_reader(self._parent, self._orphaned)
        if not self.should_exit:
            self._accepting()

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

    def _orphaned(self) -> None:
        assert self._parent is not None
        asyncio.get_running_loop().remove_reader(self._parent)
        self.should_exit = True


def _work(
    listen: Listen,
    sock: socket.socket,
    make: MakeWorker,
    rows: list[Row],
    index: int,
    accepting: Callable[[], None],
    parent: int | None,
) -> int:
    worker = make(rows[index], rows)
    config = uvicorn.Config(
        worker.application,
        http=bounded(worker.too_large),
        loop="uvloop",
        ssl_certfile=listen.certificate,
        ssl_keyfile=listen.key,
        **quiet_uvicorn({"timeout_graceful_shutdown": DRAIN}),
    )
    server = _Server(config, accepting, parent)
    try:
        server.run(sockets=[sock])
    finally:
        worker.close()
    return 0


class _Supervisor:
    """Forks the workers, replaces those that die, and ends them all when told to."""

    def __init__(
        self, listen: Listen, sock: socket.socket, make: MakeWorker, rows: list[Row], ready: Callable[[], None]
    ) -> None:
        self._listen, self._sock, self._make, self._rows, self._ready = listen, sock, make, rows, ready
        self._told, self._tell = os.pipe()  # a byte from each worker that accepts
        self._alive, self._held = os.pipe()  # ends when this process does
        self._workers: dict[int, int] = {}
        self._stopping = False

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        for index in range(self._listen.workers):
            self._start(index)
        accepting = 0
        while accepting < self._listen.workers and not self._stopping:
            if select.select([self._told], [], [], 0.2)[0]:
                accepting += len(os.read(self._told, self._listen.workers))
            elif self._reap():
                print("A worker process could not start.", file=sys.stderr, flush=True)
                self._end()
                return 1
        if not self._stopping:
            self._ready()
        while not self._stopping:
            for index in self._reap():
                if not self._stopping:
                    print("A worker process died and is replaced.", file=sys.stderr, flush=True)
                    time.sleep(_RESTART_PAUSE)
                    self._start(index)
            select.select([self._told], [], [], 0.2)[0] and os.read(self._told, 1)
        self._end()
        return 0

    def _stop(self, number: int, frame: object) -> None:
        self._stopping = True

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
            code = _work(
                self._listen,
                self._sock,
                self._make,
                self._rows,
                index,
                lambda: os.write(self._tell, b"."),  # type: ignore[arg-type]
                self._alive,
            )
        except BaseException as error:  # the child must never return into the supervisor's code
            print(f"A worker process failed: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        finally:
            os._exit(code)

    def _reap(self) -> list[int]:
        """The places of the workers that have ended."""
        ended: list[int] = []
        for child in list(self._workers):
            pid, _ = os.waitpid(child, os.WNOHANG)
            if pid:
                ended.append(self._workers.pop(child))
        return ended

    def _end(self) -> None:
        for child in self._workers:
            os.kill(child, signal.SIGTERM)
        deadline = time.monotonic() + DRAIN + 2
        while self._workers and time.monotonic() < deadline:
            self._reap()
            time.sleep(0.02)
        for child in self._workers:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
