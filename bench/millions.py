"""Looking up what no cache knows: among a thousand records, and among the millions of a large installation."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.data import fingerprint
from bench.in_process import timed
from bench.many import accounts, families, handle, keys, sessions
from bench.measure import BenchFailed, Measure
from bench.rows import Row, Target, slowest_ratio
from watchword.core.questions import FindFamily, FindKey, FindSession
from watchword.storage import Cached, Storage, open_storage

Progress = Callable[[str], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Amount:
    """How much a storage holds."""

    users: int
    sessions: int
    keys: int
    families: int

    def of(self, kind: str) -> int:
        """How many of what `find-<kind>` looks up."""
        return {"session": self.sessions, "key": self.keys, "family": self.families}[kind]


_FEW = _Amount(users=1_000, sessions=1_000, keys=1_000, families=1_000)
_MANY = _Amount(users=1_000_000, sessions=3_000_000, keys=1_000_000, families=1_000_000)
_QUICK = Target(limit=30, unit=" us")
_KINDS = {"session": "FindSession", "key": "FindKey", "family": "FindFamily"}

ROWS = tuple(
    Row(
        name=f"few-{kind}",
        what=f"{question}, not cached, among a thousand of its kind in SQLite",
        targets=() if kind == "family" else (_QUICK,),
    )
    for kind, question in _KINDS.items()
)
LONG_ROWS = tuple(
    Row(
        name=f"millions-{kind}",
        what=f"{question}, not cached, among {_MANY.of(kind):,} of its kind; 1 M users, 5 M tokens in all",
        reference=f"few-{kind}",
        targets=(
            *(() if kind == "family" else (_QUICK,)),
            Target(limit=2, unit="x the p99 of", compare=slowest_ratio, to=f"few-{kind}"),
        ),
    )
    for kind, question in _KINDS.items()
)
"""Filling their storage takes minutes: they are measured only where they are asked for by name."""
_A_PART = 10_000


def measures(names: Sequence[str], stack: ExitStack, folder: Path, progress: Progress) -> dict[str, Measure]:
    """How to measure these rows. `progress` is told how far the filling is."""
    found: dict[str, Measure] = {}
    for group, amount in {"few": _FEW, "millions": _MANY}.items():
        kinds = [kind for kind in _KINDS if f"{group}-{kind}" in names]
        if kinds:
            storage = open_storage("sqlite:///watchword.db", folder / group)
            stack.callback(storage.close)
            _fill(storage, amount, progress)
            found.update({f"{group}-{kind}": _finding(storage, kind, amount.of(kind)) for kind in kinds})
    return found


def _fill(storage: Storage, amount: _Amount, progress: Progress) -> None:
    def told(records: Iterable[T], count: int, what: str) -> Iterator[T]:
        for number, record in enumerate(records):
            if number % _A_PART == 0:
                progress(f"filling: {number:,} of {count:,} {what}")
            yield record

    users = amount.users
    storage.put_accounts(told(accounts(users), users, "accounts"))
    storage.put_sessions(told(sessions(amount.sessions, users), amount.sessions, "sessions"))
    storage.put_keys(told(keys(amount.keys, users), amount.keys, "API keys"))
    storage.put_families(told(families(amount.families, users), amount.families, "families"))


def _finding(storage: Storage, kind: str, count: int) -> Measure:
    # A cache that holds one record knows none of the others.
    cached = Cached(storage, size=1)
    match kind:
        case "session":
            return _found(lambda: FindSession(fingerprint(random.randrange(count))), cached.find_session)
        case "key":
            return _found(lambda: FindKey(fingerprint(random.randrange(count))), cached.find_key)
        case _:
            return _found(lambda: FindFamily(handle(random.randrange(count))), storage.find_family)


def _found(ask: Callable[[], T], find: Callable[[T], object]) -> Measure:
    async def begin() -> None:
        if find(ask()) is None:
            raise BenchFailed("A record of the bench is not found.")

    return lambda seconds: asyncio.run(timed(begin, ask, find, seconds))
