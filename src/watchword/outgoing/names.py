"""Looking up the addresses of a host, which is waited for a bounded time: the system's look-up knows no bounds."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from watchword.outgoing.wire import Deadline

_AT_ONCE: Final = 16
"""Names that are looked up at the same time: a look-up that was given up keeps its thread until it ends by itself."""

LookUp: TypeAlias = Callable[[str, int], Sequence[str]]
"""The addresses of a name, for a port. Raises OSError or UnicodeError where there are none."""


def system_look_up(name: str, port: int) -> list[str]:
    """The addresses that this machine's resolver tells."""
    return [str(one[4][0]) for one in socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)]


class Names:
    """Looks names up in threads of their own."""

    def __init__(self, look_up: LookUp) -> None:
        self._look_up = look_up
        self._under_way = threading.BoundedSemaphore(_AT_ONCE)

    def addresses(self, name: str, port: int, deadline: Deadline) -> Sequence[str]:
        """The addresses of the name; none where nobody knows it.

        Raises:
            TimeoutError: where that does not come out in time.
        """
        if not self._under_way.acquire(timeout=deadline.left()):
            raise TimeoutError
        found: queue.SimpleQueue[Sequence[str]] = queue.SimpleQueue()

        def look_up() -> None:
            try:
                found.put(self._look_up(name, port))
            except (OSError, UnicodeError):
                found.put(())
            finally:
                self._under_way.release()

        threading.Thread(target=look_up, name="watchword-look-up", daemon=True).start()
        try:
            return found.get(timeout=deadline.left())
        except queue.Empty:
            raise TimeoutError from None
