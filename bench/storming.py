"""A storm of wrong passwords, until it is stopped: `python -m bench.storming URL`. A trusted proxy tells addresses."""

from __future__ import annotations

import asyncio
import sys
from base64 import b64encode
from itertools import count
from urllib.parse import urlsplit

from bench.data import guest

GUESSES_A_SECOND = 100
NAMES = 500
ADDRESSES = 50
_CONNECTIONS = 64
_EXPECTED = (401, 429, 503)


def guess(number: int, host: str) -> bytes:
    """The guess of this number, as it is sent."""
    credentials = b64encode(f"{guest(number % NAMES)}:guess {number}".encode()).decode()
    lines = [
        "GET /verify HTTP/1.1",
        f"Host: {host}",
        f"X-Forwarded-For: 203.0.113.{number % ADDRESSES + 1}",
        "X-Forwarded-Proto: https",
        f"Authorization: Basic {credentials}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


async def storm(url: str) -> None:
    """Every guess at its time, as long as a connection is free for it. Ends where one is answered unexpectedly."""
    parts = urlsplit(url)
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(_CONNECTIONS):
        free.put_nowait(await asyncio.open_connection(parts.hostname, parts.port))
    print(f"It is ready: {url}", flush=True)
    begun = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as guesses:
        for number in count():
            await asyncio.sleep(begun + number / GUESSES_A_SECOND - asyncio.get_running_loop().time())
            guesses.create_task(_tried(free, guess(number, parts.netloc)))


async def _tried(free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]], message: bytes) -> None:
    reader, writer = await free.get()
    writer.write(message)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length or 0))
    free.put_nowait((reader, writer))
    if int(head[9:12]) not in _EXPECTED:
        raise RuntimeError(f"answered with {head[9:12].decode()}")


if __name__ == "__main__":
    asyncio.run(storm(sys.argv[1]))
