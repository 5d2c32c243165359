"""Where one request ends and the next begins: what our protocol takes, h11 reads in the very same way (F24).

h11 is another implementation, and more lenient here and there. So it may take what we refuse, but never read
otherwise what we take: a proxy in front of us would count the requests like us.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import h11
import uvicorn
from hypothesis import example, given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from watchword.edge.asgi import Receive, Scope, Send
from watchword.http.message import Request, Response
from watchword.http.target import Ambiguous, origin_form
from watchword.server.bounds import Bounds
from watchword.server.protocol import BoundedProtocol, quiet_uvicorn
from watchword.server.unread import Fault

Read = tuple[str, bytes, tuple[tuple[bytes, bytes], ...], bytes]
"""Method, target, fields and content."""


class Transport(asyncio.Transport):
    """Takes what is written, and no time."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        assert not self.closed
        self.written += data

    def close(self) -> None:
        self.closed = True

    abort = write_eof = close

    def can_write_eof(self) -> bool:
        return True

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


def read_by_us(data: bytes, cuts: list[int]) -> tuple[list[Read], bytes]:
    """The requests that reach the application whole, and all that was answered."""
    read: list[Read] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        content = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            content += message["body"]
            if not message["more_body"]:
                break
        query = b"?" + scope["query_string"] if scope["query_string"] else b""
        # h11 writes this one value in lower case.
        fields = tuple(
            (name, value.lower() if name == b"transfer-encoding" else value) for name, value in scope["headers"]
        )
        read.append((scope["method"], scope["raw_path"] + query, fields, content))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    def refuse(fault: Fault, request: Request) -> Response:
        return Response(fault.status)

    async def serve() -> bytes:
        config = uvicorn.Config(application, **quiet_uvicorn({}))
        transport, protocol = Transport(), BoundedProtocol(config, ServerState(), refuse, Bounds())
        protocol.connection_made(transport)
        places = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
        for first, last in itertools.pairwise(places):
            if transport.closed:
                break
            if last > first:
                protocol.data_received(data[first:last])
            for _ in range(len(data) if last == len(data) else 3):
                if not protocol.tasks:
                    break
                await asyncio.sleep(0)
        protocol.connection_lost(None)
        await asyncio.gather(*protocol.tasks)
        return transport.written

    return read, asyncio.run(serve())


def read_by_h11(data: bytes) -> list[Read]:
    """The requests that h11 reads whole, up to where it finds an error or would close."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    connection.receive_data(b"")
    read: list[Read] = []
    request: h11.Request | None = None
    content = b""
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError:
            return read
        match event:
            case h11.Request():
                request, content = event, b""
            case h11.Data():
                content += event.data
            case h11.EndOfMessage():
                assert request is not None
                fields = tuple((name, value) for name, value in request.headers)
                read.append((request.method.decode(), request.target, fields, content))
                connection.send(h11.Response(status_code=400, headers=[("content-length", "0")]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is not h11.DONE:
                    return read
                connection.start_next_cycle()
            case h11.PAUSED:
                # Another protocol was asked for, and refused.
                continue
            case _:
                return read


METHODS = ["GET", "POST", "HEAD", "OPTIONS", "PUT"]
TARGETS = ["/", "/a?b=c", "//x", "/a;b", "http://a/x", "http://a"]
WRONG_TARGETS = ["/a#b", "*", "http://b/", "a", ""]
FIELDS = [
    "X: y",
    "X:\ty \t",
    "X:",
    "Connection: close",
    "Connection: keep-alive, upgrade",
    "Upgrade: h2c",
    "Expect: 100-continue",
]
WRONG_FIELDS = [
    "Host: a",
    "Host: b",
    "Content-Length: 5",
    "content-length: 0",
    "Content-Length: 5, 5",
    "Content-Length: +5",
    "Content-Length : 5",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: chunked\x0b",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding: xchunked",
    " folded",
    "no colon",
]
CONTENTS = [
    ("", ""),
    ("Content-Length: 0", ""),
    ("Content-Length: 5", "hello"),
    ("content-length:05 ", "hello"),
    ("Content-Length: 29", "GET / HTTP/1.1\r\nHost: a\r\n\r\n\0"),
    ("Transfer-Encoding: chunked", "0\r\n\r\n"),
    ("transfer-encoding: CHUNKED", "5\r\nhello\r\n0\r\n\r\n"),
    ("Transfer-Encoding: chunked", "5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX: trailer\r\nHost: b\r\n\r\n"),
]
WRONG_ENDS = ["\n", "\r", "\r\r\n", ""]
MOSTLY = [True] * 14 + [False]


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """One message, right or nearly so."""

    def one_of(right: list[str], wrong: list[str]) -> str:
        return draw(st.sampled_from(right if draw(st.sampled_from(MOSTLY)) else wrong))

    framing, content = draw(st.sampled_from(CONTENTS))
    version = one_of(["1.1"] * 4 + ["1.0"], ["2.0", "0.9", "1.2"])
    lines = [f"{one_of(METHODS, ['CONNECT', 'get'])} {one_of(TARGETS, WRONG_TARGETS)} HTTP/{version}"]
    fields = [one_of(FIELDS, WRONG_FIELDS) for _ in range(draw(st.integers(0, 3)))]
    fields += ["Host: a"] if draw(st.sampled_from(MOSTLY)) else []
    fields += [framing] if framing else []
    lines += draw(st.permutations(fields))
    text = "".join(line + one_of(["\r\n"], WRONG_ENDS) for line in lines)
    return (text + one_of(["\r\n"], WRONG_ENDS) + content).encode("latin-1")


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Messages after each other, some with a byte that does not belong."""
    data = bytearray(b"".join(draw(st.lists(messages(), min_size=1, max_size=4))))
    if not draw(st.sampled_from(MOSTLY)):
        at = draw(st.integers(0, len(data)))
        # No LF: before a request line it is an empty line to our parser, and a fault to h11 (RFC 9112 section 2.2).
        odd = [b"", b"\0", b"\r", b" ", b"\t", b":", b"0", b"\x80"]
        data[at : at + draw(st.integers(0, 1))] = draw(st.sampled_from(odd))
    return bytes(data)


UPGRADE = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"


@settings(max_examples=400, deadline=None)
@given(streams(), st.lists(st.integers(0, 400), max_size=6))
@example(UPGRADE + b"Content-Length: 5\r\n\r\nhello" + NEXT, [])
@example(UPGRADE + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + NEXT, [100])
@example(UPGRADE + b"Content-Length: 0\r\n\r\n" + NEXT, [])
@example(UPGRADE + b"Content-Length: 0\r\n\r\nGET / HTTP/1.1\r\n\r\n", [])
@example(b"GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n" + NEXT, [3])
def test_what_we_take_another_server_reads_alike__F24(data: bytes, cuts: list[int]) -> None:
    ours, written = read_by_us(data, cuts)
    theirs = read_by_h11(data)
    for mine, other in zip(ours, theirs, strict=False):
        method, target, fields, content = other
        host = next((value for name, value in fields if name == b"host"), None)
        one = target if target == b"*" else origin_form(target, host)
        assert not isinstance(one, Ambiguous)
        assert mine == (method, one, fields, content)
    assert len(ours) <= len(theirs)
    # One final answer each, and one more at most for what was refused.
    finals = written.count(b"HTTP/1.1 ") - written.count(b"HTTP/1.1 100 ")
    assert len(ours) <= finals <= len(ours) + 1


@settings(max_examples=100, deadline=None)
@given(streams(), st.lists(st.integers(0, 400), max_size=30))
def test_how_bytes_are_cut_into_pieces_does_not_matter__F24(data: bytes, cuts: list[int]) -> None:
    assert read_by_us(data, cuts)[0] == read_by_us(data, [])[0]
