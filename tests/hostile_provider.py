"""A third party on loopback that misbehaves as the path of each request says (F6; S1.3, S1.4).

    with hostile_provider() as provider:
        provider.url                       # "http://127.0.0.1:41234", to which one of the paths below is added
        provider.received                  # the requests that came, in order, whatever they were answered
        provider.connections               # how many connections were opened, with a request or without
        with provider.failing("/hang"):    # whatever is asked, it behaves as for this path
            ...

| path                                  | what it does                                                                 |
|---------------------------------------|------------------------------------------------------------------------------|
| `/ok`, and any other                  | 200 with a JSON object                                                       |
| `/status/<nnn>`                       | that status (any three digits) with `Set-Cookie`; 401 and 407 with their     |
|                                       | challenges; an interim one is followed by nothing                            |
| `/fields/<nnn>`                       | that status with every field that would do harm if it were passed on         |
| `/limited/<seconds>`                  | 429 with `Retry-After`                                                       |
| `/key`                                | 200 where a field or the query holds `GOOD_KEY`, else 401 with a challenge   |
| `/echo`                               | 200 with a JSON object of what it received: `method`, `target`, `fields`,    |
|                                       | `content`                                                                    |
| `/hang`                               | takes the request, says nothing                                              |
| `/held`                               | takes the request, and says nothing until `provider.let_go.set()`: then 200  |
| `/drip-head`, `/drip`                 | a byte now and then: of the head, of the content                             |
| `/huge`, `/huge-chunks`               | content without an end                                                       |
| `/huge-told`                          | a Content-Length of a gigabyte, and some of it                               |
| `/huge-head`, `/many-fields`          | a field, fields without an end                                               |
| `/redirect-loop`                      | 302 to itself                                                                |
| `/redirect-to?<url>`                  | 307 to that URL                                                              |
| `/html`, `/invalid-json`              | 200 with a page; with half an object that says that it is JSON               |
| `/compressed-bomb`                    | 200 with a megabyte of nothing, packed in a kilobyte                         |
| `/garbage`, `/ssh`                    | bytes; another protocol                                                      |
| `/interim`, `/interim/<n>`            | interim answers without an end; so many, and then 200                        |
| `/reset`, `/close`                    | ends the connection without an answer: rudely, politely                      |
| `/lying-length`                       | says a longer length than it sends                                           |
| `/two-lengths`, `/both-lengths`       | two different lengths; a length and chunks                                   |
| `/garbage-chunks`, `/long-extensions` | chunks that are none; chunks with much around little                         |
| `/two-answers`                        | a 200, and behind it an answer that nobody asked for                         |
| `/content-is-a-request`               | takes the content for another request, as some servers do                    |
| `/late`                               | 200 a moment later, with another object than `/ok` has                       |
"""

from __future__ import annotations

import gzip
import json
import select
import socket
import ssl
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.certificates import HOUR, Authority, Issued

GOOD_KEY: Final = "good-key-0123456789abcdef"

DRIP: Final = 0.05
"""Seconds between two bytes."""

COOKIE: Final = "provider=1; Path=/; HttpOnly"

HARMFUL_FIELDS: Final = (
    ("WWW-Authenticate", 'Basic realm="provider", Bearer, Negotiate'),
    ("Proxy-Authenticate", 'Basic realm="provider"'),
    ("Authentication-Info", 'nextnonce="provider"'),
    ("Set-Cookie", COOKIE),
    ("Set-Cookie", "__Host-session=provider; Path=/; Secure"),
    ("Clear-Site-Data", '"*"'),
    ("Strict-Transport-Security", "max-age=0"),
    ("Content-Security-Policy", "default-src *"),
    ("Access-Control-Allow-Origin", "*"),
    ("Refresh", "0; url=http://provider.example/"),
    ("Alt-Svc", 'h2="provider.example:443"'),
    ("Server", "provider"),
)


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came. Names of fields are in lower case."""

    method: str
    target: str
    fields: tuple[tuple[str, str], ...]
    content: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def field(self, name: str) -> str | None:
        """The field's first line."""
        return next((value for one, value in self.fields if one == name), None)


@dataclass(slots=True)
class HostileProvider:
    """What tests know of it."""

    url: str
    received: list[Received] = field(default_factory=list[Received])
    connections: int = 0
    instead: str | None = None
    at: str | None = None
    let_go: threading.Event = field(default_factory=threading.Event)

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    @contextmanager
    def failing(self, path: str = "/reset", *, at: str | None = None) -> Iterator[None]:
        """It behaves as for this path for a while, whatever it is asked, or only where it is asked for `at`."""
        self.instead, self.at = path, at
        try:
            yield
        finally:
            self.instead = self.at = None

    def way(self, request: Received) -> str:
        """As for which path it behaves."""
        return self.instead if self.instead is not None and self.at in (None, request.path) else request.target


@contextmanager
def hostile_provider(*, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[HostileProvider]:
    """One on a free port, in threads of its own. It speaks TLS where a context is given."""
    ended = threading.Event()
    connections: list[socket.socket] = []
    with socket.create_server((host, 0), backlog=64) as listening:
        scheme = "http" if tls is None else "https"
        provider = HostileProvider(f"{scheme}://{host}:{listening.getsockname()[1]}")

        def accept() -> None:
            while not ended.is_set():
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                provider.connections += 1
                connections.append(connection)
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        def serve(plain: socket.socket) -> None:
            connection = plain
            with suppress(OSError, ValueError):
                if tls is not None:
                    plain.settimeout(60)
                    connection = tls.wrap_socket(plain, server_side=True)
                    connections.append(connection)
                connection.settimeout(None)
                _Conversation(provider, connection, ended).hold()
            connection.close()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield provider
        finally:
            ended.set()
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            for connection in connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            accepting.join(5)


# --- TLS -------------------------------------------------------------------------------------------------------------

TlsFault: TypeAlias = Literal[
    "expired", "not-yet", "self-signed", "wrong-name", "common-name", "of-a-client", "old-tls"
]
TLS_FAULTS: Final[tuple[TlsFault, ...]] = (
    *("expired", "not-yet", "self-signed", "wrong-name", "common-name", "of-a-client", "old-tls"),
)

_SERVERS = (ExtendedKeyUsageOID.SERVER_AUTH,)
_LOOPBACK = x509.IPAddress(ip_address("127.0.0.1"))


def provider_tls(authority: Authority, folder: Path, *, fault: TlsFault | None = None) -> ssl.SSLContext:
    """What the provider speaks TLS with: whole, or with this fault. The authority's certificate is `authority.pem`."""
    certificate = _certificate(authority, fault)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate.write(folder, f"provider-{fault}"))
    if fault == "old-tls":
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def _certificate(authority: Authority, fault: TlsFault | None) -> Issued:
    match fault:
        case "expired":
            return authority.issue("localhost", _LOOPBACK, usage=_SERVERS, begins=-2 * HOUR, ends=-HOUR)
        case "not-yet":
            return authority.issue("localhost", _LOOPBACK, usage=_SERVERS, begins=HOUR, ends=timedelta(days=1))
        case "self-signed":
            return Authority("Nobody that anybody knows").for_this_machine()
        case "wrong-name":
            return authority.issue("other.example", x509.DNSName("other.example"), usage=_SERVERS)
        case "common-name":
            return authority.issue("127.0.0.1", usage=_SERVERS)
        case "of-a-client":
            return authority.issue("localhost", _LOOPBACK)
        case _:
            return authority.for_this_machine()


# --- a connection ----------------------------------------------------------------------------------------------------


class _Conversation:
    """One connection: its requests, one after the other, until one of its answers ends it."""

    def __init__(self, provider: HostileProvider, connection: socket.socket, ended: threading.Event) -> None:
        self._provider = provider
        self._connection = connection
        self._ended = ended
        self._buffer = b""

    def hold(self) -> None:
        while not self._ended.is_set() and (request := self._request()) is not None:
            self._provider.received.append(request)
            path, _, query = self._provider.way(request).partition("?")
            name, _, argument = path.strip("/").partition("/")
            ways = _WAYS.get(name, _ok)
            if not ways(self, request, argument or unquote(query)):
                return

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._connection.sendall(piece)

    def slowly(self, pieces: Iterator[bytes]) -> None:
        """One after the other, until nobody listens."""
        for piece in pieces:
            self.send(piece)
            if self._ended.wait(DRIP):
                return

    def endlessly(self, piece: bytes) -> None:
        while not self._ended.is_set():
            self.send(piece)

    def unread(self, content: bytes) -> None:
        """This comes next, again."""
        self._buffer = content + self._buffer

    def pause(self, seconds: float) -> None:
        self._ended.wait(seconds)

    def until_left(self) -> None:
        """Says nothing until the other side has gone."""
        while not self._ended.is_set():
            if select.select([self._connection], [], [], 0.1)[0] and not self._connection.recv(65_536):
                return

    def until_let_go(self) -> None:
        """Says nothing as long as the test wants."""
        while not self._ended.is_set() and not self._provider.let_go.wait(0.05):
            pass

    def reset(self) -> None:
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _request(self) -> Received | None:
        while b"\r\n\r\n" not in self._buffer:
            if not (piece := self._connection.recv(65_536)):
                return None
            self._buffer += piece
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        line, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ")
        fields = tuple((name.lower(), value.strip(" \t")) for name, _, value in (one.partition(":") for one in lines))
        length = next((int(value) for name, value in fields if name == "content-length"), 0)
        while len(self._buffer) < length:
            if not (piece := self._connection.recv(65_536)):
                return None
            self._buffer += piece
        content, self._buffer = self._buffer[:length], self._buffer[length:]
        return Received(method, target, fields, content)


_Way: TypeAlias = Callable[[_Conversation, Received, str], bool]
"""Answers a request; whether the connection goes on."""

_JSON = ("Content-Type", "application/json")


def _answer(
    conversation: _Conversation,
    request: Received,
    status: str,
    content: bytes,
    *fields: tuple[str, str],
) -> bool:
    """An answer as it should be."""
    number = int(status)
    empty = number in (204, 304) or number < 200
    lines = [f"HTTP/1.1 {status} Something", *(f"{name}: {value}" for name, value in fields)]
    if not empty:
        lines.append(f"Content-Length: {len(content)}")
    whole = "\r\n".join((*lines, "", "")).encode("latin-1")
    conversation.send(whole if empty or request.method == "HEAD" else whole + content)
    return number >= 200


def _json(status: str) -> bytes:
    return json.dumps({"status": int(status), "error": "said by the provider"}).encode()


def _ok(conversation: _Conversation, request: Received, argument: str) -> bool:
    return _answer(conversation, request, "200", b'{"ok": true}', _JSON)


def _status(conversation: _Conversation, request: Received, argument: str) -> bool:
    challenge = {
        "401": [("WWW-Authenticate", 'Basic realm="provider"')],
        "407": [("Proxy-Authenticate", 'Basic realm="provider"')],
    }.get(argument, [])
    return _answer(conversation, request, argument, _json(argument), _JSON, ("Set-Cookie", COOKIE), *challenge)


def _fields(conversation: _Conversation, request: Received, argument: str) -> bool:
    return _answer(conversation, request, argument, _json(argument), _JSON, *HARMFUL_FIELDS)


def _limited(conversation: _Conversation, request: Received, argument: str) -> bool:
    return _answer(conversation, request, "429", _json("429"), _JSON, ("Retry-After", argument))


def _key(conversation: _Conversation, request: Received, argument: str) -> bool:
    if any(GOOD_KEY in value for _, value in request.fields) or GOOD_KEY in unquote(request.query):
        return _ok(conversation, request, argument)
    return _status(conversation, request, "401")


def _echo(conversation: _Conversation, request: Received, argument: str) -> bool:
    told = {
        "method": request.method,
        "target": request.target,
        "fields": dict(request.fields),
        "content": request.content.decode("latin-1"),
    }
    return _answer(conversation, request, "200", json.dumps(told).encode(), _JSON)


def _redirect_loop(conversation: _Conversation, request: Received, argument: str) -> bool:
    return _answer(conversation, request, "302", b"", ("Location", request.target), ("Set-Cookie", COOKIE))


def _redirect_to(conversation: _Conversation, request: Received, argument: str) -> bool:
    return _answer(conversation, request, "307", b"", ("Location", argument))


def _html(conversation: _Conversation, request: Received, argument: str) -> bool:
    page = b"<!doctype html><title>Log in</title><script>alert(1)</script>"
    return _answer(conversation, request, "200", page, ("Content-Type", "text/html"))


def _invalid_json(conversation: _Conversation, request: Received, argument: str) -> bool:
    return _answer(conversation, request, "200", b'{"ok": tru', _JSON)


def _bomb(conversation: _Conversation, request: Received, argument: str) -> bool:
    packed = gzip.compress(bytes(1024 * 1024))
    return _answer(conversation, request, "200", packed, _JSON, ("Content-Encoding", "gzip"))


def _hang(conversation: _Conversation, request: Received, argument: str) -> bool:
    conversation.until_left()
    return False


def _held(conversation: _Conversation, request: Received, argument: str) -> bool:
    conversation.until_let_go()
    return _ok(conversation, request, argument)


def _drip_head(conversation: _Conversation, request: Received, argument: str) -> bool:
    conversation.slowly(bytes((byte,)) for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 100_000)
    return False


def _drip(conversation: _Conversation, request: Received, argument: str) -> bool:
    conversation.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    conversation.slowly(b" " for _ in range(100_000))
    return False


def _huge(conversation: _Conversation, request: Received, argument: str) -> bool:
    conversation.send(b"HTTP/1.1 200 OK\r\n\r\n")
    conversation.endlessly(b" " * 65_536)
    return False


def _huge_chunks(conversation: _Conversation, request: Received, argument: str) -> bool:
    conversation.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    conversation.endlessly(b"1000\r\n" + b" " * 4096 + b"\r\n")
    return False


def _huge_head(conversation: _Conversation, request: Received, argument: str) -> bool:
    conversation.send(b"HTTP/1.1 200 OK\r\nX-Huge: ")
    conversation.endlessly(b"x" * 65_536)
    return False


def _many_fields(conversation: _Conversation, request: Received, argument: str) -> bool:
    conversation.send(b"HTTP/1.1 200 OK\r\n")
    conversation.endlessly(b"X-Another: one\r\n" * 1000)
    return False


def _interim(conversation: _Conversation, request: Received, argument: str) -> bool:
    if argument:
        conversation.send(b"HTTP/1.1 102 Processing\r\n\r\n" * int(argument))
        return _ok(conversation, request, argument)
    conversation.endlessly(b"HTTP/1.1 102 Processing\r\n\r\n" * 100)
    return False


def _long_extensions(conversation: _Conversation, request: Received, argument: str) -> bool:
    conversation.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    conversation.endlessly(b"1;extension=" + b"x" * 16_000 + b"\r\n \r\n")
    return False


def _reset(conversation: _Conversation, request: Received, argument: str) -> bool:
    conversation.reset()
    return False


def _close(conversation: _Conversation, request: Received, argument: str) -> bool:
    return False


def _said(content: bytes) -> _Way:
    """Sends this, and closes."""

    def say(conversation: _Conversation, request: Received, argument: str) -> bool:
        conversation.send(content)
        return False

    return say


def _two_answers(conversation: _Conversation, request: Received, argument: str) -> bool:
    stray = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"stray":  true}'
    conversation.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}" + stray)
    return True


def _content_is_a_request(conversation: _Conversation, request: Received, argument: str) -> bool:
    conversation.unread(request.content)
    return _ok(conversation, request, argument)


def _late(conversation: _Conversation, request: Received, argument: str) -> bool:
    conversation.pause(4 * DRIP)
    return _answer(conversation, request, "200", b'{"late": true}', _JSON)


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_WAYS: dict[str, _Way] = {
    "ok": _ok,
    "status": _status,
    "fields": _fields,
    "limited": _limited,
    "key": _key,
    "echo": _echo,
    "hang": _hang,
    "held": _held,
    "drip-head": _drip_head,
    "drip": _drip,
    "huge": _huge,
    "huge-chunks": _huge_chunks,
    "huge-told": _said(_HEAD + b"Content-Length: 1073741824\r\n\r\n" + b" " * 1_000_000),
    "huge-head": _huge_head,
    "many-fields": _many_fields,
    "redirect-loop": _redirect_loop,
    "redirect-to": _redirect_to,
    "html": _html,
    "invalid-json": _invalid_json,
    "compressed-bomb": _bomb,
    "garbage": _said(bytes(range(256)) * 4),
    "ssh": _said(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "interim": _interim,
    "reset": _reset,
    "close": _close,
    "lying-length": _said(_HEAD + b"Content-Length: 1000\r\n\r\n{}"),
    "two-lengths": _said(_HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} "),
    "both-lengths": _said(_HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
    "garbage-chunks": _said(_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"),
    "long-extensions": _long_extensions,
    "two-answers": _two_answers,
    "content-is-a-request": _content_is_a_request,
    "late": _late,
}

PATHS: Final = tuple(f"/{name}" for name in _WAYS if name not in ("status", "fields", "limited", "redirect-to", "held"))
"""Every path that needs nothing more than to be asked for."""
