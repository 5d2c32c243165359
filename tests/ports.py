"""Free ports that stay free until somebody listens there."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterator
from functools import cache
from itertools import cycle

FIRST, EACH, MOST = 16_384, 1_024, 16
"""All lie below those that Linux hands out to whoever wants any (from 32,768), and each worker of pytest has its own:
nobody else on this machine takes one between its choice and its use."""


def free_port() -> int:
    """One on which nothing listens. It is not given again until all others have been."""
    for port in _candidates():
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("they never end")


@cache
def _candidates() -> Iterator[int]:
    """Begins anywhere: another run of the tests may be going on."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % MOST
    begin = random.randrange(EACH)
    return cycle(FIRST + worker * EACH + (begin + number) % EACH for number in range(EACH))
