"""A client that sends exactly the bytes it is given, and shows exactly the lines it gets."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

PATIENCE = 60.0
Lines = Iterable[tuple[str, str]]


class Incomplete(AssertionError):
    """The connection ended early."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `lines` are the field lines in their order, with names as they were sent."""

    status: int
    lines: tuple[tuple[str, str], ...]
    content: bytes
    interim: tuple[int, ...] = ()

    def all(self, name: str) -> list[str]:
        """Every line of this field."""
        return [value for key, value in self.lines if key.lower() == name.lower()]

    def one(self, name: str) -> str:
        """The only line of this field."""
        (value,) = self.all(name)
        return value

    def json(self) -> Any:
        return json.loads(self.content)


def basic(name: str, password: str = "correct horse battery") -> tuple[str, str]:
    """The field that proves this user."""
    return "Authorization", "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def request(method: str, target: str, fields: Lines = (), body: bytes = b"", *, version: str = "1.1") -> bytes:
    """One request, after which the connection ends. Host and Content-Length are added where they are missing."""
    lines = list(fields)
    names = {name.lower() for name, _ in lines}
    if "host" not in names and version == "1.1":
        lines.insert(0, ("Host", "api.example.com"))
    if body and not names & {"content-length", "transfer-encoding"}:
        lines.append(("Content-Length", str(len(body))))
    if "connection" not in names:
        lines.append(("Connection", "close"))
    head = [f"{method} {target} HTTP/{version}", *(f"{name}: {value}" for name, value in lines)]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def send(port: int, method: str, target: str, fields: Lines = (), body: bytes = b"", *, version: str = "1.1") -> Answer:
    """Send one request on a connection of its own."""
    received = talk(port, request(method, target, fields, body, version=version))
    (answer,) = answers(received, head=method == "HEAD")
    return answer


def talk(port: int, sent: bytes) -> bytes:
    """Everything that comes back for these bytes until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        connection.sendall(sent)
        return received_from(connection)


def first_answer(port: int, sent: bytes) -> Answer:
    """The answer to a request that is not complete: the client goes as soon as it has it."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        connection.sendall(sent)
        received = bytearray()
        while True:
            received += connection.recv(65536)
            with suppress(Incomplete):
                return answers(bytes(received))[0]


def received_from(connection: socket.socket) -> bytes:
    received = bytearray()
    while True:
        try:
            chunk = connection.recv(65536)
        except ConnectionResetError:
            return bytes(received)
        if not chunk:
            return bytes(received)
        received += chunk


def answers(received: bytes, *, head: bool = False) -> list[Answer]:
    """The answers in these bytes; `head`: none of them has content."""
    found: list[Answer] = []
    interim: list[int] = []
    while received:
        section, separator, received = received.partition(b"\r\n\r\n")
        if not separator:
            raise Incomplete
        first, *rest = section.decode("latin-1").split("\r\n")
        status = int(first.split(" ")[1])
        if status < 200:
            interim.append(status)
            if not received:
                raise Incomplete
            continue
        lines = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in rest))
        fields = {name.lower(): value for name, value in lines}
        if head or status in (204, 304):
            content = b""
        elif fields.get("transfer-encoding") == "chunked":
            content, received = _chunks(received)
        elif "content-length" in fields:
            length = int(fields["content-length"])
            if len(received) < length:
                raise Incomplete
            content, received = received[:length], received[length:]
        else:
            content, received = received, b""
        found.append(Answer(status, lines, content, tuple(interim)))
        interim = []
    return found


def _chunks(received: bytes) -> tuple[bytes, bytes]:
    content = b""
    while True:
        size, _, received = received.partition(b"\r\n")
        length = int(size, 16)
        content, received = content + received[:length], received[length + 2 :]
        if not length:
            return content, received
