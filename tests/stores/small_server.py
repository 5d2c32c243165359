"""A small HTTP server on a free loopback port, in threads of its own, that answers as a test says."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came. Fields are in lower case."""

    target: str
    fields: Mapping[str, str]
    content: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. Where `raw` is given, it is sent as it stands in place of everything else, piece by piece."""

    status: int = 200
    content: bytes = b""
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    raw: Callable[[], Iterator[bytes]] | None = None


Answer: TypeAlias = Callable[[Received], Reply]


@contextmanager
def small_server(answer: Answer, *, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Gives its port. It speaks HTTP/1.1 and keeps connections open."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 20

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            fields = {name.lower(): value for name, value in self.headers.items()}
            reply = answer(Received(self.path, fields, content))
            if reply.raw is not None:
                self.close_connection = True
                try:
                    for piece in reply.raw():
                        self.wfile.write(piece)
                        self.wfile.flush()
                except OSError:  # nobody wanted to hear the end of it
                    pass
                return
            self.send_response(reply.status)
            for name, value in reply.fields.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.content)))
            self.end_headers()
            try:
                self.wfile.write(reply.content)
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request: object, client_address: object) -> None:
            """Clients that hang up are what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
