"""Log-ins: passwords that were not seen before, beside nothing but their hashes on all cores."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from bench.data import GUESTS, HASHING, PASSWORD, basic, guest
from bench.load import Asked, with_sockets
from bench.measure import Measured
from bench.processes import Running
from bench.rows import Row, Target, rate_ratio
from watchword.crypto.password import SALT_LENGTH, hash_password
from watchword.crypto.secret import Secret

ROWS = (
    Row(name="login-argon2", what="nothing but Argon2id with the server's parameters, a thread on each core"),
    Row(
        name="login-basic",
        what="/verify with Basic, for the first time",
        reference="login-argon2",
        targets=(Target(limit=0.9, unit="x the rate of", at_least=True, compare=rate_ratio, to="login-argon2"),),
    ),
)
_CORES = os.cpu_count() or 1
_CONNECTIONS = 4 * _CORES


class Logins:
    """Sends each guest's credentials once, in one round after the other."""

    def __init__(self, server: Running) -> None:
        self._server = server
        self._guests = iter(range(GUESTS))

    def measure(self, seconds: float) -> Measured:
        """One round over HTTP."""
        before = self._server.cpu_seconds()
        load = with_sockets(self._server.url, self._requests(), seconds, _CONNECTIONS)
        spent = self._server.cpu_seconds() - before
        return Measured(
            cpu=spent / load.requests * 1e6, rate=load.requests / load.seconds, p50=load.p50, p99=load.p99
        )

    def _requests(self) -> Iterator[Asked]:
        for number in self._guests:
            yield Asked(url=f"{self._server.url}/verify", status=200, fields=basic(guest(number), PASSWORD))


def measure_argon2(seconds: float) -> Measured:
    """One round of bare hashes."""
    begun, before = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(_CORES) as pool:
        done = sum(pool.map(_hash_until, [begun + seconds] * _CORES))
    taken = time.perf_counter() - begun
    return Measured(cpu=(time.process_time() - before) / done * 1e6, rate=done / taken)


def _hash_until(end: float) -> int:
    password, salt = Secret(PASSWORD), os.urandom(SALT_LENGTH)
    for done in count(1):
        hash_password(password, HASHING, salt)
        if time.perf_counter() >= end:
            return done
    raise AssertionError("unreachable")
