"""Raw HTTP/1.1 over a socket: what no client library would send, and every byte that comes back."""

from __future__ import annotations

import json
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One response, as it came."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]

    def one(self, name: str) -> str:
        (value,) = self.all(name)
        return value

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def cell(self) -> str:
        return self.one("auth-decision").partition(";")[0]


class Wire:
    """A connection to a server."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
        if tls is not None:
            self.sock = tls.wrap_socket(self.sock, server_hostname="localhost")
        self._rest = b""
        self.ended = False

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *error: object) -> None:
        self.sock.close()

    def send(self, data: bytes) -> Wire:
        self.sock.sendall(data)
        return self

    def answer(self, *, head: bool = False) -> Answer:
        """The next response; `head` says that it is one to a HEAD request."""
        while b"\r\n\r\n" not in self._rest:
            self._more()
        lines, _, self._rest = self._rest.partition(b"\r\n\r\n")
        first, *rest = lines.decode("latin-1").split("\r\n")
        fields = tuple((name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in rest))
        length = next((int(value) for name, value in fields if name == "content-length"), 0)
        status = int(first.split(" ")[1])
        if head or status in (100, 204):
            length = 0
        while len(self._rest) < length:
            self._more()
        body, self._rest = self._rest[:length], self._rest[length:]
        return Answer(status, fields, body)

    def answers(self) -> list[Answer]:
        """All responses until the server ends the connection."""
        found: list[Answer] = []
        while not self._at_end():
            found.append(self.answer())
        return found

    def is_ended_by_server(self) -> bool:
        return self._at_end()

    def _at_end(self) -> bool:
        if not self._rest and not self.ended:
            self._receive()
        return not self._rest

    def _more(self) -> None:
        if self.ended or not self._receive():
            raise AssertionError(f"the connection ended after {self._rest!r}")

    def _receive(self) -> bool:
        try:
            data = self.sock.recv(65536)
        except ConnectionError:
            data = b""
        self._rest += data
        self.ended = not data
        return bool(data)


def exchange(port: int, *data: bytes) -> list[Answer]:
    """All responses to what is sent on one connection, which the server has to end."""
    with Wire(port) as wire:
        for piece in data:
            wire.send(piece)
        return wire.answers()


def request(
    method: str, target: str, *fields: str, body: bytes = b"", last: bool = False, version: str = "1.1"
) -> bytes:
    """A well-formed request; `last` says Connection: close."""
    lines = [f"{method} {target} HTTP/{version}", *fields]
    if version == "1.1" and not any(line.lower().startswith("host:") for line in fields):
        lines.append("Host: 127.0.0.1")
    if body:
        lines.append(f"Content-Length: {len(body)}")
    if last:
        lines.append("Connection: close")
    return "\r\n".join((*lines, "", "")).encode("latin-1") + body


def basic(name: str | bytes, password: str | bytes) -> str:
    user = name if isinstance(name, bytes) else name.encode()
    secret = password if isinstance(password, bytes) else password.encode()
    return "Authorization: Basic " + b64encode(user + b":" + secret).decode()


def json_request(method: str, target: str, value: object, *fields: str, last: bool = False) -> bytes:
    return request(
        method, target, "Content-Type: application/json", *fields, body=json.dumps(value).encode(), last=last
    )


def log_in(port: int, name: str, password: str) -> str:
    """The token of a new session."""
    content = {"username": name, "password": password, "delivery": "body"}
    (answer,) = exchange(port, json_request("POST", "/login", content, last=True))
    assert answer.status == 200, answer
    token: str = answer.json["session_token"]
    return token


class Log:
    """The lines that a server has written since it was looked at last."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen = len(file.read_bytes())

    def lines(self, at_least: int = 0, patience: float = 30.0) -> list[str]:
        """The new lines. Waits until there are `at_least` so many."""
        deadline = time.monotonic() + patience
        while True:
            text = self._file.read_bytes()[self._seen :]
            if text.count(b"\n") >= at_least or time.monotonic() > deadline:
                break
            time.sleep(0.02)
        self._seen += len(text)
        return text.decode("utf-8").splitlines()


def resident(pid: int) -> int:
    """Bytes of memory that a process holds (RSS)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def processor_seconds(pid: int) -> float:
    """What a process has used of the processor."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def chunked(*pieces: bytes, trailer: Iterable[str] = ()) -> bytes:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return chunks + b"0\r\n" + "".join(f"{line}\r\n" for line in trailer).encode() + b"\r\n"
