"""HTTP/1.1 on the wire: uvicorn's httptools protocol, made strict about what a client may send, and how slowly.

What it adds to uvicorn's:

- a head that is too large is told so (C18), and what two servers could read in two ways is refused (RFC 9112, F24);
- trailers never become header fields (RFC 9110 section 6.5.1), and nobody can hide much in them or between chunks;
- who sends or reads too slowly is let go (F9), and so is who sends content that nobody wants (F11);
- an answer that ends a connection arrives, though the client may still be sending (RFC 9112 section 9.6);
- no answer overtakes one to an earlier request, and no request has two;
- who asks for another protocol is answered over this one, content and all: Java's client asks with every first request;
- hot routes are answered in place where nothing has to be waited for.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NoReturn, cast

import httptools
import uvicorn
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from watchword.edge.asgi import Application, Hot
from watchword.http.message import Fields, Peer, Request, Response
from watchword.http.syntax import is_token
from watchword.server.bounds import Bounds
from watchword.server.head import Head, read_head
from watchword.server.stand_ins import ANSWERED, Lingering, Mutable
from watchword.server.unread import TOO_LARGE, Fault

_NOTHING_HOT: Mapping[bytes, Hot] = {}
_CLOSE: Fields = ((b"connection", b"close"),)


class Phase(Enum):
    """What a connection waits for."""

    IDLE = "the next request"
    HEAD = "the rest of a head"
    CONTENT = "the rest of a request's content"


# Found here at once: Python 3.11 looks for a member of an enumeration on its class by way of a descriptor.
_IDLE, _HEAD, _CONTENT = Phase


class _Stopped(Exception):
    """Raised inside a callback of the parser, so that it reads nothing more."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. `refuse` makes the answer to what cannot be read as a request; `leaving`: the server stops.

    `hot` has the routes, by their paths, that may be answered in place.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        refuse: Callable[[Fault, Request], Response],
        bounds: Bounds,
        *,
        hot: Mapping[bytes, Hot] = _NOTHING_HOT,
        leaving: bool = False,
    ) -> None:
        super().__init__(config, server_state, {})
        self._hot = hot
        self._refusal = refuse
        self._bounds = bounds
        self._leaving = leaving
        self._phase = _IDLE
        self._begun = False  # a phase began since its timer was set
        self._counted = 0  # bytes of this phase
        self._unwanted = 0  # bytes of content that came after the answer
        self._large = False  # so much came at once, or a head in so many pieces, that it may be too large
        self._amid: bytes | None = None  # the field that frames the content before which the parser stops
        self._in_place = True  # a request may be answered in place: one in each turn of the event loop
        self._waiting: Application | None = None  # who will give the answer to a hot route
        self._stopped = False  # the parser, by us, because of a fault or for nothing that is worth an answer
        self._fault: Fault | None = None
        self._last: bytes | None = None  # what ends the connection, once everything before it is answered
        self._deaf = False  # what comes is not looked at any more
        self._timer: asyncio.TimerHandle | None = None
        self._reading_timer: asyncio.TimerHandle | None = None

    # --- the connection ----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own is narrower
        super().connection_made(transport)
        secure = self.scheme == "https"
        spoken = transport.get_extra_info("ssl_object") if secure else None
        certificate: bytes | None = None if spoken is None else spoken.getpeercert(binary_form=True)
        self._peer = Peer(self.client[0] if self.client else "", secure, certificate)
        self._tls = None if certificate is None else _told_of_tls(certificate)
        self._arm(self._bounds.farewell if self._leaving else self._bounds.head_patience)

    @property
    def has_certificate(self) -> bool:
        """Whether the client has shown one."""
        return self._tls is not None

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        self.resume_writing()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._unset_keepalive_if_required()
        self._in_place = True
        self._counted += len(data)
        if len(data) > self._bounds.head or self._phase is _HEAD:
            self._large = True
        rest: bytes | None = None
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            rest = data[upgrade.args[0] :]
        except httptools.HttpParserCallbackError:
            if not self._stopped:
                raise
            self._refuse(self._fault)
        except httptools.HttpParserError as error:
            self._refuse(_fault_of(error, data))
        if rest is not None:
            self._go_on(rest)
        if self._phase is not _IDLE or self._timer is not None or (self._counted and not self._is_answering()):
            self._watch()

    def _go_on(self, rest: bytes) -> None:
        """Read on where the parser stopped, because another protocol was asked for (RFC 9110 section 7.8)."""
        callbacks = Mutable(self)
        self.parser = httptools.HttpRequestParser(callbacks)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
        framing, self._amid = self._amid, None
        if framing is not None:
            callbacks.muted = True
            self.parser.feed_data(b"POST / HTTP/1.1\r\n" + framing + b"\r\n\r\n")
            callbacks.muted = False
        if rest:
            self.data_received(rest)

    def _watch(self) -> None:
        """See to it that what has begun ends in time, and does not grow without end."""
        if self._deaf:
            return
        if self._counted > (self._bounds.framing if self._phase is _CONTENT else self._bounds.head):
            self._refuse(TOO_LARGE)
        elif self._phase is _IDLE:
            if self._is_answering() or not self._counted:
                self._disarm()
            elif self._timer is None:  # an empty line before a request line that may never come
                self._arm(self._bounds.head_patience)
        elif self._begun:
            self._begun = False
            in_head = self._phase is _HEAD
            self._arm(self._bounds.head_patience if in_head else self._bounds.content_patience)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._wait_for_reader()

    def resume_writing(self) -> None:
        if self._reading_timer is not None:
            self._reading_timer.cancel()
            self._reading_timer = None
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        if self.transport.get_write_buffer_size():
            self.transport.abort()  # it has not read the last answer: closing would wait for that
        else:
            super().timeout_keep_alive_handler()

    def shutdown(self) -> None:
        """The server stops: what was asked is answered, what is being asked as well if it comes soon."""
        if self._deaf:
            return
        if self._latest is None or self._phase is _HEAD:
            self._leaving = True
            self._arm(self._bounds.farewell)
        else:
            super().shutdown()

    # --- one request -------------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._phase, self._begun = _HEAD, True
        self._counted = self._unwanted = 0

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > self._bounds.target:
            self._stop(TOO_LARGE)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value.strip(b" \t")))  # the parser leaves white space at the end
        if len(self.headers) > self._bounds.lines:
            self._stop(TOO_LARGE)

    def on_headers_complete(self) -> None:
        if self._large and sum(len(name) + len(value) for name, value in self.headers) > self._bounds.head:
            self._stop(TOO_LARGE)
        method, version = self.parser.get_method(), self.parser.get_http_version()
        head = read_head(method, version, self.url, self.headers, secure=self.scheme == "https")
        if isinstance(head, Fault):
            self._stop(head)
        if len(self.pipeline) >= self._bounds.queue:
            self._stop(None)
        self.url, self.expect_100_continue = head.target, head.expects_continue
        hot = self._hot.get(head.target.partition(b"?")[0])
        if hot is not None and self._may_answer_in_place(head) and self._answered_in_place(hot, head, method, version):
            return
        self._make_scope()
        super().on_headers_complete()
        self.headers = []  # what takes up trailers, and is read by nobody
        # Who asks before sending may not send after a refusal, and nobody could tell content from the next request.
        if self._leaving or head.expects_continue:
            self.cycle.keep_alive = False
        if head.framing is not None:
            if self.parser.should_upgrade():
                self._amid = head.framing
            if not self.cycle.keep_alive:
                self.cycle.transport = Lingering(self.transport, self._close)  # type: ignore[assignment]  # as much of one as is used
        self._phase, self._begun, self._counted = _CONTENT, True, 0

    def _make_scope(self) -> None:
        """What uvicorn does before anything of a request has come. An answer in place needs none of it."""
        url, headers, expects_continue = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects_continue
        self.headers += headers  # the scope has the list
        if self._tls is not None:
            self.scope["extensions"] = self._tls

    def _may_answer_in_place(self, head: Head) -> bool:
        """Nothing comes before this answer, and nothing after this head belongs to the request."""
        free = self._in_place and not self._is_answering() and not self.flow.write_paused
        return free and head.framing is None and not self.parser.should_upgrade()

    def _answered_in_place(self, hot: Hot, head: Head, method: bytes, version: str) -> bool:
        """Answer where nothing has to be waited for: a task and its messages would cost as much as the check."""
        self._in_place = False
        request = Request(method.decode("ascii"), head.target, self.headers, self._peer, http_version=version)
        answer = hot(request)
        if not isinstance(answer, Response):
            self._waiting = answer
            return False
        self.cycle = ANSWERED
        last = self._leaving or head.expects_continue or version == "1.0" or not self.parser.should_keep_alive()
        self.transport.write(self._bytes_of(answer, request.method, last=last))
        if last:
            self.transport.close()
        self.on_response_complete()
        return True

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._unset_keepalive_if_required()  # an answer in place to a request of the same piece may have set it
        waiting, self._waiting = self._waiting, None
        super()._start_asgi_task(cycle, app if waiting is None else cast("ASGI3Application", waiting))

    def on_body(self, body: bytes) -> None:
        self._counted = max(0, self._counted - 9 * len(body))
        if self.cycle.response_complete:
            self._unwanted += len(body)
            if self._unwanted > self._bounds.unwanted:
                self._stop(None)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._amid is not None:
            return  # so the parser thinks; the content comes yet
        super().on_message_complete()
        self._phase, self._counted = _IDLE, 0

    def on_response_complete(self) -> None:
        was_last = not self.pipeline
        super().on_response_complete()
        if self._last is not None and was_last:
            self._end()
        if self.transport.is_closing() and self.transport.get_write_buffer_size():
            self._wait_for_reader()

    # --- ends --------------------------------------------------------------------------------------------------------

    def _stop(self, fault: Fault | None) -> NoReturn:
        self._stopped, self._fault = True, fault
        raise _Stopped

    def _refuse(self, fault: Fault | None) -> None:
        """Read nothing more, answer what was asked before, then this, and close. None: close without an answer."""
        waiting = self._is_answering()
        request = self._as_far_as_read()
        if self._phase is _CONTENT:
            # It is the latest request that cannot be read to its end.
            if self.pipeline:
                self.pipeline.popleft()
            elif not self.cycle.response_started:
                self.cycle.disconnected = True  # whatever it would be answered comes too late
                self.cycle.message_event.set()
                waiting = False
            else:
                fault = None  # it has its answer
        self._last = b"" if fault is None else self._bytes_of(self._refusal(fault, request), request.method, last=True)
        self._deaf = True
        self._disarm()
        if not waiting:
            self._end()

    def _as_far_as_read(self) -> Request:
        if self._phase is _IDLE or not self.url:
            return Request("", b"", (), self._peer)
        return Request(self.parser.get_method().decode("ascii"), self.url, (), self._peer)

    @property
    def _latest(self) -> RequestResponseCycle | None:
        """The latest request. uvicorn's types do not say that there is none at first."""
        return self.cycle

    def _is_answering(self) -> bool:
        return self._latest is not None and not self._latest.response_complete

    def _close(self) -> None:
        """Close after an answer, for which not all of the content may have been needed."""
        if self._phase is _CONTENT:
            self._end()
        else:
            self.transport.close()

    def _end(self) -> None:
        """Close, but first hear out a client that still sends: with a reset it might never see its answer."""
        if self.transport.is_closing():
            return
        self._deaf = True
        if self._last:
            self.transport.write(self._last)
        self.flow.resume_reading()
        self._unset_keepalive_if_required()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._arm(self._bounds.linger)

    def _bytes_of(self, response: Response, method: str, *, last: bool) -> bytes:
        length: Fields = () if response.status == 204 else ((b"content-length", b"%d" % len(response.body)),)
        fields = (*self.server_state.default_headers, *response.fields, *length, *(_CLOSE if last else ()))
        head = b"\r\n".join(map(b": ".join, fields))
        if len(head.splitlines()) != len(fields):
            raise RuntimeError("a field would begin another")
        return b"%b%b\r\n\r\n%b" % (STATUS_LINE[response.status], head, b"" if method == "HEAD" else response.body)

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._timer = self.loop.call_later(seconds, self._too_slow)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        if self.flow.read_paused and not self._deaf:
            self._arm(self._bounds.head_patience)  # it is we who do not read on
            return
        # RFC 9110 section 15.5.9 lets a server close without saying 408.
        self._timer = None
        self._deaf = True
        if not self.transport.is_closing():
            self.transport.close()
            self._wait_for_reader()

    def _wait_for_reader(self) -> None:
        if self._reading_timer is None:
            self._reading_timer = self.loop.call_later(self._bounds.reading_patience, self.transport.abort)


def _told_of_tls(certificate: bytes) -> dict[str, dict[object, object]]:
    """The client's certificate as the TLS extension of ASGI tells it, made once for a connection."""
    tls: dict[object, object] = {
        "server_cert": None,
        "client_cert_chain": (ssl.DER_cert_to_PEM_cert(certificate),),
        "client_cert_name": None,
        "client_cert_error": None,
        "tls_version": None,
        "cipher_suite": None,
    }
    return {"tls": tls}


def _fault_of(error: httptools.HttpParserError, data: bytes) -> Fault:
    """The parser's own words are fixed texts, in which nothing is that was sent."""
    if isinstance(error, httptools.HttpParserInvalidMethodError):
        method, space, _ = data.partition(b" ")
        if space and is_token(method.decode("latin-1")):
            return Fault(501, "The method is not known here.")  # RFC 9110 section 9.1
    return Fault(400, f"This is not HTTP/1.1: {error}.")


def quiet_uvicorn(config: dict[str, Any]) -> dict[str, Any]:
    """Settings of uvicorn that leave all logging, and every field about the client, to us."""
    return {
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "lifespan": "off",
        "ws": "none",
        "timeout_keep_alive": 75,
        **config,
    }
