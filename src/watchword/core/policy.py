"""How failures slow down guessing, without anybody being locked out for good (ASVS 6.1.1, 6.3.1; F13-F15).

Failures are counted in three ways, and where one of the counts is held, a password is not looked at:

| failures                                                  | held                                             |
|-----------------------------------------------------------|--------------------------------------------------|
| under one name, from each place it has logged in from     | from the 10th on: for 1 s, 2, 4, ... at most 300 |
| under one name, from all other places together            | the same                                         |
| from one place, under whatever names                      | from the 100th on, until its minute is over      |
| from everywhere but known places, under whatever names    | from the 1000th on, until its minute is over     |

A *place* is an IPv4 address or an IPv6 /64; a place is *known* to a name once that has logged in from there. So
whoever guesses elsewhere holds up strangers and not the owner at the usual place; a newcomer waits for at most
five minutes at a time. A success clears what its own place had counted for its own name, and nothing else: not the
count of the place (F14), nor that of strangers.

Counts hang on the normalised name whether there is such an account or not, so that being held tells nothing. One
thing does show: who guesses from the very place of the owner is held apart from the strangers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Protocol, TypeAlias

from watchword.core.names import folded_name
from watchword.core.principal import Instant
from watchword.crypto.secret import fingerprint

LONGEST_PLACE = 64
OVERALL_KEY = "overall"


class Tally(Protocol):
    """Failures under one key: how many since `first_at`, the latest at `last_at`."""

    @property
    def count(self) -> int: ...
    @property
    def first_at(self) -> Instant: ...
    @property
    def last_at(self) -> Instant: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowingDelay:
    """From the failure number `limit` on, each is followed by a delay: 1 s, then 2, 4, 8, at most `max_delay`.

    Counting begins anew `window` seconds after the first failure. At the defaults that is 89 guesses in six hours.
    """

    limit: int = 10
    max_delay: float = 300.0
    window: float = 6 * 3600.0

    def __post_init__(self) -> None:
        _require_positive(self.limit, self.max_delay, self.window)

    def wait(self, tally: Tally, now: Instant) -> int:
        """For how many more seconds nothing is evaluated: 0 where it is."""
        if tally.count < self.limit or _is_over(tally, self.window, now):
            return 0
        doublings = min(tally.count - self.limit, 32)
        return _left(tally.last_at, min(2.0**doublings, self.max_delay), now, tolerance=self.max_delay)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """At most `limit` failures in `window` seconds; from then on nothing is evaluated until these are over."""

    limit: int
    window: float = 60.0

    def __post_init__(self) -> None:
        _require_positive(self.limit, self.window)

    def wait(self, tally: Tally, now: Instant) -> int:
        """For how many more seconds nothing is evaluated: 0 where it is."""
        return 0 if tally.count < self.limit else _left(tally.first_at, self.window, now, tolerance=self.window)


Rule: TypeAlias = GrowingDelay | Ceiling


@dataclass(frozen=True, slots=True)
class Counter:
    """One count of failures: the key it is kept under, and the rule it is judged by."""

    key: str
    rule: Rule

    def wait(self, tally: Tally | None, now: Instant) -> int:
        """For how many more seconds this count lets nothing be evaluated."""
        return 0 if tally is None else self.rule.wait(tally, now)

    def is_over(self, tally: Tally, now: Instant) -> bool:
        """Has the time that these failures were counted in passed?"""
        return _is_over(tally, self.rule.window, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The rules for each way of counting."""

    account: GrowingDelay = field(default_factory=GrowingDelay)
    address: Ceiling = field(default_factory=lambda: Ceiling(limit=100))
    overall: Ceiling = field(default_factory=lambda: Ceiling(limit=1000))

    def counters(self, name: str, address: str, *, known_place: bool) -> tuple[Counter, ...]:
        """What a guess at this name from this address counts under; the count of the account comes first."""
        account = Counter(account_key(name, address, known_place=known_place), self.account)
        place = Counter(address_key(address), self.address)
        # Strangers who use up the overall limit must not hold up those who are at home.
        return (account, place) if known_place else (account, place, Counter(OVERALL_KEY, self.overall))


def account_key(name: str, address: str, *, known_place: bool) -> str:
    """The key for one name, seen from a known place or from all others together.

    The name goes in as a digest: what is typed for one may be of any length, and a password now and then. Spellings
    that some store takes for one name count together.
    """
    digest = fingerprint(folded_name(name).encode("utf-8", "surrogatepass")).hex()[:32]
    return f"account:{digest}@{place_of(address)}" if known_place else f"account:{digest}"


def address_key(address: str) -> str:
    """The key for one place, whatever names are tried from there."""
    return f"address:{place_of(address)}"


@lru_cache(maxsize=4096)
def place_of(address: str) -> str:
    """Where a client at this address is: an IPv4 address, or the /64 that an IPv6 subscriber has to themselves.

    What is no address (a Unix socket's is empty) is one place, too: it is never a way around the limits (F15).
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:LONGEST_PLACE]
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return f"{IPv6Address(int(found) >> 64 << 64)}/64"
    return str(found)


def _is_over(tally: Tally, window: float, now: Instant) -> bool:
    return tally.first_at + window <= now


def _left(since: Instant, period: float, now: Instant, *, tolerance: float) -> int:
    """Whole seconds until `period` is over, rounded up.

    An instant further ahead than the tolerance was noted before the clock was set back: it holds nobody up until
    the clock has caught up (F8). The next failure is noted with the new time.
    """
    if since - now > tolerance:
        return 0
    return math.ceil(max(0.0, min(since + period - now, period)))


def _require_positive(*numbers: float) -> None:
    if not all(number >= 1 for number in numbers):
        raise ValueError("limits, delays and windows are at least 1")
