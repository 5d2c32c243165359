"""Processes that the bench starts: when they are ready, what CPU time and memory they take, and that they end."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.measure import BenchFailed

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0
"""Seconds until a process must be ready."""
_READY = "is ready: "


@dataclass(frozen=True, slots=True)
class Running:
    """A process that was started, and the URL that it serves."""

    process: subprocess.Popen[str]
    url: str

    def cpu_seconds(self) -> float:
        """CPU time that it and its descendants have used."""
        return sum(_cpu_seconds(pid) for pid in family(self.process.pid))

    def memory(self) -> int:
        """Resident bytes of the largest process of the family: of a worker."""
        return max(_resident(pid) for pid in family(self.process.pid))


@contextlib.contextmanager
def python(module: str, *arguments: str) -> Iterator[Running]:
    """`python -m MODULE …` until the block ends: it says `… is ready: URL` on standard output."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with _stopped_at_the_end(process):
        assert process.stdout is not None
        line = process.stdout.readline() if select.select([process.stdout], [], [], PATIENCE)[0] else ""
        if _READY not in line:
            said = " ".join(["python -m", module, *arguments])
            raise BenchFailed(f"A server did not become ready. See what it says: {said}")
        yield Running(process, line.partition(_READY)[2].strip())


@contextlib.contextmanager
def program(command: Sequence[str], url: str, log: Path) -> Iterator[Running]:
    """Another program until the block ends, which is ready once its port takes connections."""
    with log.open("w") as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, text=True, start_new_session=True
        )
    with _stopped_at_the_end(process):
        deadline = time.monotonic() + PATIENCE
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > deadline:
                raise BenchFailed(f"{command[0]} did not start: {log.read_text().strip()}")
            time.sleep(0.02)
        yield Running(process, url)


@contextlib.contextmanager
def _stopped_at_the_end(process: subprocess.Popen[str]) -> Iterator[None]:
    try:
        yield
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _answers(url: str) -> bool:
    from urllib.error import HTTPError
    from urllib.request import urlopen

    try:
        urlopen(url, timeout=5).close()
    except HTTPError:
        return True
    except OSError:
        return False
    return True


def family(pid: int) -> list[int]:
    """This process and its descendants."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            # The command's name stands in parentheses, and may hold some itself.
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for member in found:
        found.extend(children.get(member, []))
    return found


_libc = ctypes.CDLL(None, use_errno=True)


def _cpu_seconds(pid: int) -> float:
    """The CPU time of all threads of a process, those that ended too: POSIX's clock of that process."""
    clock = ctypes.c_int()
    error = _libc.clock_getcpuclockid(ctypes.c_int(pid), ctypes.byref(clock))
    if error:
        raise BenchFailed(f"The CPU time of process {pid} cannot be had: {os.strerror(error)}.")
    return time.clock_gettime(clock.value)


def _resident(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise BenchFailed(f"The memory of process {pid} cannot be had.")
