"""The socket to a database server, opened here so that it is closed whatever its driver does."""

from __future__ import annotations

import socket

from watchword.stores.sql.database import Database

SERVER_S_SHARE = 0.9
"""Of the time that a question may take, so that a server which gives up can still say so."""


def wired(database: Database, timeout: float) -> socket.socket:
    """A connected socket, of which no step takes longer than `timeout` seconds.

    Raises:
        OSError: where there is nobody, or not in time.
    """
    if database.socket is None:
        wire = socket.create_connection((database.host, database.port), timeout)
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return wire
    wire = socket.socket(socket.AF_UNIX)
    try:
        wire.settimeout(timeout)
        wire.connect(database.socket)
    except BaseException:
        wire.close()
        raise
    return wire
