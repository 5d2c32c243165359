"""The worker processes of a running server, and which of them serves a connection. The server itself never tells."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from tests.live import Live
from tests.server.wire import Wire, request


def workers_of(live: Live) -> list[int]:
    """The ids of the processes that serve."""
    pid = live.process.pid
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return children or [pid]


def is_alive(pid: int) -> bool:
    """Whether there is such a process that has not ended."""
    try:
        return _state(pid) != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def wait_until(what: Callable[[], bool], patience: float = 60.0) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + patience
    while not what():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


@contextmanager
def one_wire_each(live: Live) -> Iterator[list[Wire]]:
    """A connection to every worker."""
    workers = set(workers_of(live))
    wires: dict[int, Wire] = {}
    try:
        while workers - wires.keys():
            # Those that have one are held still, so that another takes the next.
            for pid in wires:
                os.kill(pid, signal.SIGSTOP)
            wire = Wire(live.port)
            wait_until(partial(_is_served, wire, workers))
            found = server_of(wire, live)
            assert found not in wires
            wires[found] = wire
            for pid in wires:
                os.kill(pid, signal.SIGCONT)
        yield list(wires.values())
    finally:
        for pid in wires:
            if is_alive(pid):
                os.kill(pid, signal.SIGCONT)
        for wire in wires.values():
            wire.sock.close()


def server_of(wire: Wire, live: Live) -> int:
    """The worker at the other end of a connection."""
    pid = _server_of(wire, set(workers_of(live)))
    assert pid is not None
    return pid


def has_read(wire: Wire) -> bool:
    """Whether the other end has taken the connection, and all that was sent on it so far."""
    end = _other_end(wire)
    # The bytes that wait to be sent, and those that wait to be read.
    return end is not None and end[9] != "0" and end[4].endswith(":00000000")


def _is_served(wire: Wire, workers: set[int]) -> bool:
    return _server_of(wire, workers) is not None


def _server_of(wire: Wire, workers: set[int]) -> int | None:
    """By the inode of the connection's other end; None while nobody has accepted it."""
    end = _other_end(wire)
    inode = None if end is None else end[9]
    try:
        return next((pid for pid in workers if inode not in (None, "0") and f"socket:[{inode}]" in _opened(pid)), None)
    except PermissionError:  # only root looks into a server
        return _found_by_holding(wire, workers)


def _other_end(wire: Wire) -> list[str] | None:
    """What the system tells of it: a line of /proc/net/tcp in its columns (man 5 proc)."""
    near, far = wire.sock.getsockname()[1], wire.sock.getpeername()[1]
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(f":{far:04X}") and fields[2].endswith(f":{near:04X}"):
            return fields
    return None


def _opened(pid: int) -> set[str]:
    """What the file descriptors of a process stand for."""
    found: set[str] = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.add(os.readlink(descriptor))
    return found


def _found_by_holding(wire: Wire, workers: set[int]) -> int | None:
    """By which of those that run has to be held still for the connection to be silent."""
    for pid in workers:
        if _state(pid) in ("T", "Z"):
            continue
        os.kill(pid, signal.SIGSTOP)
        wire.send(request("GET", "/healthz"))
        answered = bool(select.select([wire.sock], [], [], 0.5)[0])
        os.kill(pid, signal.SIGCONT)
        wire.answer()
        if not answered:
            return pid
    return None
