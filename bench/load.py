"""Load on a server: wrk where it is installed, else a generator of our own, so that the bench works everywhere."""

from __future__ import annotations

import asyncio
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, repeat
from urllib.parse import urlsplit

from bench.measure import BenchFailed, percentile

CONNECTIONS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a burst of requests came to. `p50` and `p99` in microseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The request that is sent again and again, and the status that each answer must have.

    With `content` it is a POST of a form; only our own generator sends such.
    """

    url: str
    status: int
    fields: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    content: bytes = field(default=b"", repr=False)

    def message(self) -> bytes:
        """The request as HTTP/1.1, as wrk writes it."""
        parts = urlsplit(self.url)
        lines = [f"{'POST' if self.content else 'GET'} {parts.path or '/'} HTTP/1.1", f"Host: {parts.netloc}"]
        lines += [f"{name}: {value}" for name, value in self.fields.items()]
        if self.content:
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(self.content)}"]
        return "\r\n".join([*lines, "", ""]).encode() + self.content


def wrk() -> str | None:
    """Where wrk is, or None."""
    return shutil.which("wrk")


def burst(asked: Asked, seconds: float, generator: str | None) -> Load:
    """The load of `CONNECTIONS` connections, each with one request under way, for so long.

    Raises:
        BenchFailed: where an answer is not the one expected, or none comes.
    """
    return with_wrk(generator, asked, seconds) if generator else with_sockets(asked.url, repeat(asked), seconds)


# --- wrk -------------------------------------------------------------------------------------------------------------

_TIME = re.compile(r"^\s+(50|99)%\s+([0-9.]+)(us|ms|s|m)\s*$", re.MULTILINE)
_TOTAL = re.compile(r"^\s+([0-9]+) requests in ([0-9.]+)(us|ms|s|m),", re.MULTILINE)
_OTHERS = re.compile(r"^\s+Non-2xx or 3xx responses: ([0-9]+)$", re.MULTILINE)
_ERRORS = re.compile(r"^\s+Socket errors: .*$", re.MULTILINE)
_MICROSECONDS = {"us": 1.0, "ms": 1e3, "s": 1e6, "m": 60e6}


def with_wrk(command: str, asked: Asked, seconds: float) -> Load:
    """One thread of wrk. It counts whole seconds only, so it is told to stop when the time is over."""
    fields = [part for name, value in asked.fields.items() for part in ("-H", f"{name}: {value}")]
    process = subprocess.Popen(
        [command, "-t1", f"-c{CONNECTIONS}", f"-d{int(seconds) + 10}s", "--latency", *fields, asked.url],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        report, _ = process.communicate(timeout=30)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return read_report(report, asked)


def read_report(report: str, asked: Asked) -> Load:
    """What wrk writes when it ends."""
    total, times = _TOTAL.search(report), {m[1]: float(m[2]) * _MICROSECONDS[m[3]] for m in _TIME.finditer(report)}
    if total is None or int(total[1]) == 0 or len(times) < 2:
        raise BenchFailed(f"wrk got no answers from {asked.url}: {report.strip()}")
    requests, others = int(total[1]), _OTHERS.search(report)
    expected = requests if asked.status >= 400 else 0
    if _ERRORS.search(report) or (int(others[1]) if others else 0) != expected:
        raise BenchFailed(f"wrk got other answers from {asked.url} than {asked.status}: {report.strip()}")
    seconds = float(total[2]) * _MICROSECONDS[total[3]] / 1e6
    return Load(requests=requests, seconds=seconds, p50=times["50"], p99=times["99"])


# --- our own ---------------------------------------------------------------------------------------------------------


def with_sockets(origin: str, asked: Iterable[Asked], seconds: float, connections: int = CONNECTIONS) -> Load:
    """Bare connections on asyncio: each takes the next request as soon as its last one is answered."""
    return asyncio.run(_with_sockets(origin, iter(asked), seconds, connections))


def steadily(asked: Asked, a_second: int, seconds: float) -> Load:
    """So many requests a second, each at its time, whether or not those before it were answered: who has to wait for a
    free connection has waited, too."""
    return asyncio.run(_with_sockets(asked.url, repeat(asked), seconds, CONNECTIONS, a_second / CONNECTIONS))


async def _with_sockets(
    origin: str, asked: Iterator[Asked], seconds: float, connections: int, pace: float | None = None
) -> Load:
    loop = asyncio.get_running_loop()
    times: list[float] = []
    parts = urlsplit(origin)
    opened = [
        (await loop.create_connection(lambda: _Connection(times), parts.hostname or "127.0.0.1", parts.port or 80))[1]
        for _ in range(connections)
    ]
    begun = time.perf_counter()
    until = begun + seconds
    working = [
        asyncio.ensure_future(connection.work(asked, until, None if pace is None else _due(begun, pace, number)))
        for number, connection in enumerate(opened)
    ]
    try:
        await asyncio.wait_for(asyncio.gather(*working), seconds + 30)
    except (ConnectionError, TimeoutError) as error:
        raise BenchFailed(f"{origin} stopped answering: {error}") from None
    finally:
        for connection in opened:
            connection.close()
    taken = time.perf_counter() - begun
    if not times:
        raise BenchFailed(f"{origin} gave no answer within {seconds:g} s.")
    times.sort()
    return Load(requests=len(times), seconds=taken, p50=percentile(times, 50) * 1e6, p99=percentile(times, 99) * 1e6)


def _due(begun: float, pace: float, number: int) -> Iterator[float]:
    """When a connection sends its requests: `pace` a second, not all connections at the same time."""
    return (begun + (n + number / CONNECTIONS) / pace for n in count())


_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)", re.IGNORECASE)


class _Connection(asyncio.Protocol):
    """Sends a request, notes how long its answer took, sends the next."""

    def __init__(self, times: list[float]) -> None:
        self._times = times
        self._buffer = b""
        self._answered: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    async def work(self, asked: Iterator[Asked], until: float, due: Iterator[float] | None = None) -> None:
        last, message = None, b""
        for request in asked:
            if request is not last:
                last, message = request, request.message()
            begun = time.perf_counter() if due is None else next(due)
            if begun >= until:
                return
            if due is not None:
                await asyncio.sleep(begun - time.perf_counter())
            self._answered = asyncio.get_running_loop().create_future()
            self._transport.write(message)
            status = await self._answered
            self._times.append(time.perf_counter() - begun)
            if status != request.status:
                raise BenchFailed(f"{request.url} was answered with {status} instead of {request.status}.")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._answered is None:
            return
        status = int(self._buffer[9:12])
        length = _LENGTH.search(self._buffer, 0, end)
        if length is None and status not in (204, 304):
            self._answered.set_exception(BenchFailed("An answer came without Content-Length."))
        elif len(self._buffer) >= end + 4 + (int(length[1]) if length else 0):
            self._buffer = b""
            answered, self._answered = self._answered, None
            answered.set_result(status)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(ConnectionResetError("the connection was closed"))

    def close(self) -> None:
        self._transport.close()
