"""A wire to a real server that can be cut, and mended at the same place; that can hang, or be slow."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.ports import free_port


class Relay:
    """Passes bytes on, both ways, while it is whole.

    While it is `hanging`, connections are taken and nothing is passed on; `delay` is for how many seconds it holds back
    whatever it passes.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = free_port()  # where nobody else begins anything while it is cut
        self.hanging = False
        self.delay = 0.0
        self._listening: socket.socket | None = None
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self.mend()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """End every connection, and take no new ones."""
        listening, self._listening = self._listening, None
        if listening is not None:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
        with self._lock:
            ends, self._open = self._open, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Take connections again, on the same port."""
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.port))
        listening.listen()
        self._listening = listening
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                continue
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open += [near, far]
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        other = {near: far, far: near}
        with suppress(OSError, ValueError), near, far:
            ended = False
            while not ended:
                for source in select.select(list(other), [], [], 1.0)[0]:
                    while self.hanging and near.fileno() >= 0:
                        time.sleep(0.02)
                    data = source.recv(65_536)
                    time.sleep(self.delay)
                    other[source].sendall(data)
                    ended = ended or not data
        with self._lock:
            self._open = [end for end in self._open if end not in other]


@contextmanager
def relay(target: int) -> Iterator[Relay]:
    made = Relay(target)
    try:
        yield made
    finally:
        made.cut()
