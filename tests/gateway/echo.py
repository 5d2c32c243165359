"""The API behind the gateway: it tells, byte by byte, what reached it."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from typing import Any

OWN_CHALLENGE = 'Basic realm="the API\'s own"'


@dataclass(frozen=True, slots=True)
class Seen:
    """One request: its first line, its field lines with names as they came, its content."""

    line: str
    lines: tuple[tuple[str, str], ...]
    content: bytes

    @property
    def target(self) -> str:
        return self.line.partition(" ")[2].rpartition(" ")[0]

    def all(self, name: str) -> list[str]:
        """Every line of this field."""
        return [value for key, value in self.lines if key.lower() == name.lower()]


@dataclass(slots=True)
class Echo:
    """The running API, and all that reached it."""

    port: int
    seen: list[Seen] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def run_echo() -> Iterator[Echo]:
    """`/answers/<status>` answers with that status, a challenge and a cookie of its own; all else is 200."""
    seen: list[Seen] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            request = _read(self.rfile)
            if request is not None:
                seen.append(request)
                self.wfile.write(_answer(request))

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True
        request_queue_size = 128

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield Echo(server.server_address[1], seen)
        finally:
            server.shutdown()
            thread.join()


def _read(stream: Any) -> Seen | None:
    first = stream.readline().decode("latin-1").rstrip("\r\n")
    if not first:
        return None
    lines: list[tuple[str, str]] = []
    while text := stream.readline().decode("latin-1").rstrip("\r\n"):
        name, _, value = text.partition(":")
        lines.append((name, value.strip(" \t")))
    length = next((int(value) for name, value in lines if name.lower() == "content-length"), 0)
    return Seen(first, tuple(lines), stream.read(length))


def _answer(request: Seen) -> bytes:
    path = request.target.partition("?")[0]
    status = int(path.rpartition("/")[2]) if path.startswith("/answers/") else 200
    told = {
        "line": request.line,
        "fields": request.lines,
        "length": len(request.content),
        "sha256": sha256(request.content).hexdigest(),
    }
    content = json.dumps(told).encode()
    head = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
        "X-Echo: the API itself",
        "Connection: close",
    ]
    if status != 200:
        head += [f"WWW-Authenticate: {OWN_CHALLENGE}", "Set-Cookie: own=cookie", "Location: /elsewhere"]
    body = b"" if request.line.startswith("HEAD ") else content
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body
