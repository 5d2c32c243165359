"""One connection to an HTTP/1.1 server, over which questions go one after the other (RFC 9112).

What the server sends is bounded in every direction: fields, interim answers, content, and what surrounds content.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import h11

from watchword.http.message import Fields
from watchword.outgoing.question import Question
from watchword.outgoing.wire import Deadline, Wire

_LARGEST_HEAD: Final = 64 * 1024
"""In bytes of the status line and fields."""
_INTERIM_ANSWERS: Final = 16
"""More than so many before the answer are no conversation."""
_AROUND_CONTENT: Final = 8
"""Chunks may have so many times the size of what they hold, and a head more."""
_PIECE: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Answered:
    """What the server said: any status but interim ones, and its content as it came, never unpacked."""

    status: int
    fields: Fields = field(default=(), repr=False)
    content: bytes = field(default=b"", repr=False)


class Unintelligible(Exception):
    """What came is no HTTP."""


class TooLarge(Exception):
    """What came is more than is read."""


class HungUp(ConnectionError):
    """The server closed the connection before it said anything."""


class Connection:
    """Speaks HTTP/1.1 over a wire. After any error it is of no more use."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LARGEST_HEAD)
        self._received = 0

    def is_reusable(self) -> bool:
        """Whether the last question was answered in full, and the server has said nothing since."""
        return self._http.our_state is h11.IDLE and self._wire.is_quiet()

    def close(self) -> None:
        self._wire.close()

    def ask(self, question: Question, *, largest: int, deadline: Deadline) -> Answered:
        """The answer, with at most `largest` bytes of content.

        Raises:
            HungUp: where nothing at all came.
            OSError, TooLarge, Unintelligible: where there is no answer.
        """
        self._received = 0
        try:
            sent = self._send(question, deadline)
            response = self._head(deadline)
            content = self._content(largest, deadline)
        except h11.RemoteProtocolError as error:
            if error.error_status_hint == 431:
                raise TooLarge from None
            raise Unintelligible from None
        left_over, _ = self._http.trailing_data  # which would be taken for the answer to the next question
        if sent and not left_over and self._http.our_state is self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        return Answered(response.status_code, tuple(response.headers), content)

    def _send(self, question: Question, deadline: Deadline) -> bool:
        """Whether all of it was sent: a server may answer and close before it has heard everything."""
        head = h11.Request(method=question.method, target=question.target, headers=list(question.fields))
        sent = (self._http.send(event) or b"" for event in (head, h11.Data(question.content), h11.EndOfMessage()))
        try:
            self._wire.send(b"".join(sent), deadline)
        except TimeoutError:
            raise
        except OSError:
            return False
        return True

    def _head(self, deadline: Deadline) -> h11.Response:
        for _ in range(_INTERIM_ANSWERS + 1):
            event = self._event(deadline)
            if isinstance(event, h11.Response):
                if not 200 <= event.status_code <= 599:
                    raise Unintelligible
                names = [name for name, _ in event.headers]
                if b"content-length" in names and b"transfer-encoding" in names:
                    raise Unintelligible  # two lengths (RFC 9112 section 6.3)
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise Unintelligible
        raise Unintelligible

    def _content(self, largest: int, deadline: Deadline) -> bytes:
        most = self._received + largest * _AROUND_CONTENT + _LARGEST_HEAD
        content = bytearray()
        while isinstance(event := self._event(deadline), h11.Data):
            content += event.data
            if len(content) > largest or self._received > most:
                raise TooLarge
        return bytes(content)

    def _event(self, deadline: Deadline) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            piece = self._received_next(deadline)
            self._received += len(piece)
            self._http.receive_data(piece)
        return event

    def _received_next(self, deadline: Deadline) -> bytes:
        try:
            piece = self._wire.receive(_PIECE, deadline)
        except ConnectionError:
            if self._received:
                raise
            raise HungUp from None
        if not piece and not self._received:
            raise HungUp
        return piece
