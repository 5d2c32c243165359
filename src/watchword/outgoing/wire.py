"""A connection to another server, and the one deadline that everything about it has."""

from __future__ import annotations

import select
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point in time, on the monotonic clock, before which everything is to be done."""

    at: float

    def left(self) -> float:
        """How many seconds there still are, above nothing.

        Raises:
            TimeoutError: where there are none.
        """
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class Wire:
    """A connection whose every read and write ends before a deadline, or raises TimeoutError."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def send(self, content: bytes, deadline: Deadline) -> None:
        left = memoryview(content)
        while left:
            self._connection.settimeout(deadline.left())
            left = left[self._connection.send(left) :]

    def receive(self, most: int, deadline: Deadline) -> bytes:
        """What has come; nothing at the end."""
        self._connection.settimeout(deadline.left())
        return self._connection.recv(most)

    def is_quiet(self) -> bool:
        """Whether nothing has come that was not read, be it the end."""
        if isinstance(self._connection, ssl.SSLSocket) and self._connection.pending():
            return False
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        with suppress(OSError):
            self._connection.close()
