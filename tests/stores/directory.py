"""A double of a directory, for what no server on this machine says: it answers LDAP as a test tells it to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Told:
    """A result: its code, its sentence, and where else to ask."""

    code: int
    message: str = ""
    elsewhere: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """An entry, with its attributes."""

    dn: str
    attributes: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])


SUCCESS = Told(0)


@dataclass(slots=True)
class Directory:
    """What it answers, and what it was asked: `bind <name>`, `search <filter>`, `StartTLS`."""

    port: int = 0
    binds: Callable[[str, bytes], Told] = lambda name, password: SUCCESS
    searches: Callable[[str, Sequence[str]], Sequence[Found | Told | str]] = lambda wanted, attributes: ()
    starts_tls: Told = Told(2, "unsupported extended operation")
    spoils: Callable[[socket.socket, bytes], None] = lambda end, data: end.sendall(data)
    asked: list[str] = field(default_factory=list[str])
    passwords: list[bytes] = field(default_factory=list[bytes])

    @property
    def url(self) -> str:
        return f"ldap://127.0.0.1:{self.port}"

    def serve(self, end: socket.socket) -> None:
        """Answer one client until it goes."""
        with end, suppress(OSError):
            while (data := _message(end)) is not None:
                number, operation, *_ = _elements(_elements(data)[0][1])
                for answer in self._answers(operation[0], operation[1]):
                    self.spoils(end, _element(0x30, _element(*number) + answer))

    def _answers(self, kind: int, content: bytes) -> Iterator[bytes]:
        parts = [part for _, part in _elements(content)] if kind != 0x42 else []
        if kind == 0x60:  # BindRequest: version, name, simple
            name, password = parts[1].decode(), parts[2]
            self.asked.append(f"bind {name}")
            self.passwords.append(password)
            yield _result(0x61, self.binds(name, password))
        elif kind == 0x63:  # SearchRequest: base, scope, aliases, size, time, types, filter, attributes
            wanted = _filter(*_elements(content)[6])
            self.asked.append(f"search {wanted}")
            done = SUCCESS
            for each in self.searches(wanted, [part.decode() for _, part in _elements(parts[7])]):
                match each:
                    case Found():
                        yield _entry(each)
                    case str():
                        yield _element(0x73, _element(0x04, each.encode()))
                    case Told():
                        done = each
            yield _result(0x65, done)
        elif kind == 0x77:  # ExtendedRequest
            self.asked.append("StartTLS")
            yield _result(0x78, self.starts_tls)


@contextmanager
def directory(**answers: Any) -> Iterator[Directory]:
    """A double that listens on loopback."""
    made = Directory(**answers)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made.port = listening.getsockname()[1]
        threading.Thread(target=_accept, args=(listening, made), daemon=True).start()
        try:
            yield made
        finally:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)


def _accept(listening: socket.socket, made: Directory) -> None:
    with suppress(OSError):
        while True:
            end, _ = listening.accept()
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=made.serve, args=(end,), daemon=True).start()


def _message(end: socket.socket) -> bytes | None:
    head = end.recv(2, socket.MSG_WAITALL)
    if len(head) < 2:
        return None
    length = head[1]
    if length > 127:
        more = end.recv(length - 128, socket.MSG_WAITALL)
        head, length = head + more, int.from_bytes(more, "big")
    return head + end.recv(length, socket.MSG_WAITALL)


# --- BER, as far as LDAP needs it (RFC 4511 section 5.1) -------------------------------------------------------------


def _elements(data: bytes) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length > 127:
            length, at = int.from_bytes(data[at : at + length - 128], "big"), at + length - 128
        found.append((tag, data[at : at + length]))
        at += length
    return found


def _element(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 128 + len(octets)]) + octets + content


def _filter(tag: int, content: bytes) -> str:
    """A filter as RFC 4515 writes it, without escapes."""
    match tag:
        case 0xA0 | 0xA1 | 0xA2:
            return f"({'&|!'[tag - 0xA0]}{''.join(_filter(*each) for each in _elements(content))})"
        case 0xA3:
            return "({}={})".format(*(part.decode() for _, part in _elements(content)))
        case 0x87:
            return f"({content.decode()}=*)"
        case 0xA9:
            told = dict(_elements(content))
            return f"({told[0x82].decode()}:{told[0x81].decode()}:={told[0x83].decode()})"
        case _:
            raise ValueError(f"no filter here is of the kind {tag:#x}")


def _result(tag: int, told: Told) -> bytes:
    content = _element(0x0A, bytes([told.code])) + _element(0x04, b"") + _element(0x04, told.message.encode())
    if told.elsewhere is not None:
        content += _element(0xA3, _element(0x04, told.elsewhere.encode()))
    return _element(tag, content)


def _entry(found: Found) -> bytes:
    attributes = b"".join(
        _element(0x30, _element(0x04, name.encode()) + _element(0x31, b"".join(_texts(values))))
        for name, values in found.attributes.items()
    )
    return _element(0x64, _element(0x04, found.dn.encode()) + _element(0x30, attributes))


def _texts(values: Sequence[str]) -> Iterator[bytes]:
    for value in values:
        yield _element(0x04, value.encode())
