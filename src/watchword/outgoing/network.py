"""Connections to addresses that were looked at.

A name is looked up once for a connection. Each of its addresses is judged, and the connection goes to exactly one of
them, so that nobody answers the judge one thing and the connection another (rebinding). TLS verifies the name.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from typing import Final, TypeAlias

from watchword.outgoing.addresses import Address, is_ordinary, is_public
from watchword.outgoing.destination import Destination, Host, is_this_machine
from watchword.outgoing.names import LookUp, Names, system_look_up
from watchword.outgoing.wire import Deadline, Wire

_TRIED: Final = 8
"""Of a name's addresses, at most so many."""

Connect: TypeAlias = Callable[[Address, int, float], socket.socket]
"""A connection to this address and port, within so many seconds. Raises OSError."""


class NotPermitted(Exception):
    """Nothing of ours goes there."""


def system_connect(address: Address, port: int, patience: float) -> socket.socket:
    """Opens a TCP connection."""
    connection = socket.socket(socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6)
    try:
        connection.settimeout(patience)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.connect((str(address), port))
    except BaseException:
        connection.close()
        raise
    return connection


class Network:
    """Opens connections, with TLS for https.

    `private` are the hosts that may have private addresses and be asked without TLS: those that the operator named.
    `authorities` holds the certificates (PEM) of who may vouch for servers; the system's where it is None.
    """

    def __init__(
        self,
        private: frozenset[Host],
        *,
        authorities: Path | None = None,
        look_up: LookUp = system_look_up,
        connect: Connect = system_connect,
    ) -> None:
        self._private = private
        self._authorities = authorities
        self._names = Names(look_up)
        self._connect = connect
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None

    def open(self, destination: Destination, deadline: Deadline) -> Wire:
        """A connection to where the destination is.

        Raises:
            NotPermitted, OSError: ssl.SSLError and TimeoutError are among the latter.
        """
        self._judge(destination)
        addresses = self._addresses(destination, deadline)
        context = self._tls() if destination.secure else None
        connection = self._connected(addresses, destination.port, deadline)
        if context is None:
            return Wire(connection)
        try:
            connection.settimeout(deadline.left())
            return Wire(context.wrap_socket(connection, server_hostname=str(destination.host)))
        except BaseException:
            connection.close()
            raise

    def _judge(self, destination: Destination) -> None:
        """What needs no look-up."""
        host = destination.host
        if host in self._private:
            return
        if not destination.secure or is_this_machine(host) or not (isinstance(host, str) or is_public(host)):
            raise NotPermitted

    def _addresses(self, destination: Destination, deadline: Deadline) -> list[Address]:
        """Where the host is. Raises NotPermitted where only one of its addresses may not be asked."""
        host = destination.host
        if not isinstance(host, str):
            return [host]
        found = [ip_address(one) for one in self._names.addresses(host, destination.port, deadline)]
        if not all(map(is_ordinary if host in self._private else is_public, found)):
            raise NotPermitted
        return list(dict.fromkeys(found))[:_TRIED]

    def _connected(self, addresses: Sequence[Address], port: int, deadline: Deadline) -> socket.socket:
        failed = OSError("the host has no address")
        for tried, address in enumerate(addresses):
            try:
                return self._connect(address, port, deadline.left() / (len(addresses) - tried))
            except OSError as error:
                failed = error
        raise failed

    def _tls(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:  # reading the system's certificates takes a while
                context = ssl.create_default_context(cafile=self._authorities)
                context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996
                self._context = context
            return self._context
