"""Log-ins: passwords that were not seen before, beside nothing but their hashes on all cores."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from bench.data import GUESTS, HASHING, PASSWORD, basic, guest
from bench.load import Asked, with_sockets
from bench.measure import Measure, Measured
from bench.rows import Row, Target, rate_ratio
from bench.servers import Servers
from watchword.crypto.password import SALT_LENGTH, hash_password
from watchword.crypto.secret import Secret

ROWS = (
    Row(name="login-argon2", what="nothing but Argon2id with the server's parameters, one thread on each core"),
    Row(
        name="login-basic",
        what="/verify with Basic for the first time",
        targets=(Target(limit=0.9, unit="x the rate of", at_least=True, compare=rate_ratio, to="login-argon2"),),
    ),
)
_CORES = os.cpu_count() or 1
_CONNECTIONS = 4 * _CORES
_SHORTEST = 1.0
"""Seconds: a hash takes some hundredths of one, and those that are cut off at the end must not count."""


def measures(names: Sequence[str], servers: Servers) -> dict[str, Measure]:
    """How to measure these rows."""
    found: dict[str, Measure] = {"login-argon2": _argon2}
    if "login-basic" in names:
        found["login-basic"] = _logins(servers)
    return {name: found[name] for name in names}


def log_ins(url: str, guests: Iterator[int]) -> Iterator[Asked]:
    """The credentials of these guests, one after the other."""
    for number in guests:
        yield Asked(url=f"{url}/verify", status=200, fields=basic(guest(number), PASSWORD))


def _logins(servers: Servers) -> Measure:
    server = servers.watchword
    guests = iter(range(GUESTS))  # each logs in once, whatever the round

    def measure(seconds: float) -> Measured:
        before = server.cpu_seconds()
        load = with_sockets(server.url, log_ins(server.url, guests), max(2 * seconds, _SHORTEST), _CONNECTIONS)
        spent = server.cpu_seconds() - before
        return Measured(cpu=spent / load.requests * 1e6, rate=load.requests / load.seconds, p50=load.p50, p99=load.p99)

    return measure


def _argon2(seconds: float) -> Measured:
    begun, before = time.perf_counter(), time.process_time()
    end = begun + max(2 * seconds, _SHORTEST)
    with ThreadPoolExecutor(_CORES) as pool:
        done = sum(pool.map(_hash_until, [end] * _CORES))
    taken = time.perf_counter() - begun
    return Measured(cpu=(time.process_time() - before) / done * 1e6, rate=done / taken)


def _hash_until(end: float) -> int:
    """How many hashes were made until then, the last one to its end."""
    password, salt = Secret(PASSWORD), os.urandom(SALT_LENGTH)
    for done in count(1):
        hash_password(password, HASHING, salt)
        if time.perf_counter() >= end:
            return done
    raise AssertionError("it counts for ever")
