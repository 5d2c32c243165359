"""A connection to a directory server whose every step ends by one deadline, be the server slow, silent or gone."""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from ipaddress import ip_address

from watchword.core.ask import AnswerFailed

MOST_RECEIVED = 8 * 1024 * 1024
"""In octets, for one question: nobody's entry is as long."""


class Unreachable(AnswerFailed):
    """This server cannot be asked now. Another one may be."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """When all must be over, by a clock that never goes back."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """So many seconds from now."""
        return cls(time.monotonic() + seconds)

    def left(self) -> float:
        """Seconds until then.

        Raises:
            TimeoutError: where it has come.
        """
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    def part(self, share: float) -> Deadline:
        """An earlier one, so that time is left for another try."""
        return Deadline.after(max(0.0, self.at - time.monotonic()) * share)


class Wire:
    """A socket as ldap3 uses one, with the deadline of whatever is being asked now.

    ldap3's own timeouts are for each packet, in whole seconds, and begin anew with every octet that arrives.
    """

    def __init__(self, host: str, port: int, deadline: Deadline) -> None:
        """Connects.

        Raises:
            OSError: where that fails.
        """
        self.deadline = deadline
        self._received = 0
        self._socket = _connected(host, port, deadline)

    def until(self, deadline: Deadline) -> None:
        """Have another deadline from now on, for another question."""
        self.deadline = deadline
        self._received = 0

    def secure(self, context: ssl.SSLContext, host: str) -> None:
        """Speak TLS from here on, with this host and no other.

        Raises:
            OSError: where that fails.
        """
        self._socket = context.wrap_socket(self._socket, server_hostname=host, do_handshake_on_connect=False)
        self._socket.settimeout(self.deadline.left())
        self._socket.do_handshake()

    def recv(self, size: int) -> bytes:
        """Whatever has arrived."""
        self._socket.settimeout(self.deadline.left())
        data = self._socket.recv(size)
        self._received += len(data)
        if self._received > MOST_RECEIVED:
            raise OSError("the answer is too long")
        return data

    def sendall(self, data: bytes) -> None:
        """Send it whole."""
        self._socket.settimeout(self.deadline.left())
        self._socket.sendall(data)

    def is_quiet(self) -> bool:
        """Whether nothing came that nobody asked for: the end of the connection, or the server's notice of it."""
        try:
            return not select.select([self._socket], [], [], 0)[0]
        except (OSError, ValueError):
            return False

    def shutdown(self, how: int) -> None:
        """Tell the other side."""
        self._socket.shutdown(how)

    def close(self) -> None:
        """Close the connection, whatever state it is in."""
        self._socket.close()

    def __del__(self) -> None:
        # Connections are kept for the next question; whoever forgets the store has had the last one.
        if hasattr(self, "_socket"):
            self.close()


def _connected(host: str, port: int, deadline: Deadline) -> socket.socket:
    found = _addresses(host, port, deadline)
    failed: OSError = OSError("the host has no address")
    for index, (family, kind, protocol, _, address) in enumerate(found):
        made = socket.socket(family, kind, protocol)
        try:
            made.settimeout(deadline.part(1 / (len(found) - index)).left())
            made.connect(address)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return made
        except OSError as error:
            made.close()
            failed = error
    raise failed


_Found = list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]]]


def _addresses(host: str, port: int, deadline: Deadline) -> _Found:
    """Where the host is. The resolver takes as long as it likes, so a name is looked up beside, and not waited for."""
    try:
        ip_address(host)
        return _resolved(host, port)
    except ValueError:
        pass
    told: list[_Found | OSError] = []

    def look() -> None:
        try:
            told.append(_resolved(host, port))
        except (OSError, UnicodeError) as error:
            told.append(error if isinstance(error, OSError) else OSError("the host's name cannot be looked up"))

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    looking.join(deadline.left())
    if not told:
        raise TimeoutError("the host's name was not resolved in time")
    if isinstance(told[0], OSError):
        raise told[0]
    return told[0]


def _resolved(host: str, port: int) -> _Found:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)  # type: ignore[return-value]  # no such family here
