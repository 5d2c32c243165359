"""Every interleaving of a few refreshes of one family, with answers that are lost and crashes around the commit.

Nothing is random: from each situation every next step is taken. Situations that differ only in which of a client's
requests is which are one, for what can follow is the same.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import permutations
from pathlib import Path
from typing import ClassVar, Protocol

import pytest

from tests.contract.storages import ANN, NOW, family_of, fingerprint, spend_of, sqlite_file
from watchword.core.ask import AnswerFailed
from watchword.core.grants import Family
from watchword.core.questions import (
    AddAccount,
    EndFamilies,
    FindFamily,
    Redeemed,
    Repeated,
    Reused,
    Rotated,
    SpendRefresh,
)
from watchword.storage import Storage
from watchword.storage.memory import MemoryStorage
from watchword.storage.sql.sqlite import SqliteStorage

GRACE = 10.0


class Fate(IntEnum):
    """What becomes of a refresh at the server."""

    ANSWERED = 0
    CRASHED_BEFORE_COMMIT = 1
    CRASHED_AFTER_COMMIT = 2  # or the answer was lost


# --- the storages ----------------------------------------------------------------------------------------------------


class World(Protocol):
    """A storage with one family, or none."""

    def spend(self, before: Family | None, question: SpendRefresh, fate: Fate) -> tuple[Redeemed | None, Family | None]:
        """The answer, None where nobody heard it, and the family afterwards."""
        ...


def furnish(storage: Storage, before: Family | None) -> None:
    storage.end_families(EndFamilies(tuple(family.id for family in storage.all_families())))
    if before is not None:
        assert storage.put_families([before]).created == 1


class InMemory:
    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._storage.add_account(AddAccount(ANN))

    def spend(self, before: Family | None, question: SpendRefresh, fate: Fate) -> tuple[Redeemed | None, Family | None]:
        furnish(self._storage, before)
        if fate is Fate.CRASHED_BEFORE_COMMIT:
            return None, before
        answer = self._storage.spend_refresh(question)
        after = self._storage.find_family(FindFamily(question.handle))
        return (answer if fate is Fate.ANSWERED else None), after


class Crashing(sqlite3.Connection):
    """The process is gone just before or just after it commits."""

    fate: ClassVar[Fate] = Fate.ANSWERED

    def execute(self, sql: str, *parameters: object) -> sqlite3.Cursor:
        if sql == "COMMIT" and Crashing.fate is Fate.CRASHED_BEFORE_COMMIT:
            raise sqlite3.OperationalError("crashed")
        cursor = super().execute(sql, *parameters)  # type: ignore[arg-type]  # handed on as it came
        if sql == "COMMIT" and Crashing.fate is Fate.CRASHED_AFTER_COMMIT:
            raise sqlite3.OperationalError("crashed")
        return cursor


class InSqlite:
    def __init__(self, storage: SqliteStorage) -> None:
        self._storage = storage
        self._storage.add_account(AddAccount(ANN))
        self._now: Family | None = None

    def spend(self, before: Family | None, question: SpendRefresh, fate: Fate) -> tuple[Redeemed | None, Family | None]:
        if self._now != before:
            furnish(self._storage, before)
        Crashing.fate = fate
        try:
            answer = self._storage.spend_refresh(question)
            assert fate is Fate.ANSWERED
        except AnswerFailed:
            assert fate is not Fate.ANSWERED
            answer = None
        finally:
            Crashing.fate = Fate.ANSWERED
        self._now = self._storage.find_family(FindFamily(question.handle))
        return answer, self._now


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "memory":
        yield InMemory()
        return
    with closing(SqliteStorage(sqlite_file(tmp_path / "data"), Crashing)) as storage:
        yield InSqlite(storage)


# --- who refreshes ---------------------------------------------------------------------------------------------------


HONEST, THIEF = "honest", "thief"


class Phase(IntEnum):
    """How far a request is."""

    UNSENT = 0
    SENT = 1
    ANSWERED = 2
    OVER = 3


@dataclass(frozen=True, slots=True, order=True)
class Request:
    """`presented` is the token that was sent, `live` the one that the answer leads to: empty where it was refused."""

    client: str
    phase: Phase = Phase.UNSENT
    presented: str = ""
    live: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """All that decides what can happen next.

    `holds` is the token of each client, none where it is logged out or has not stolen one yet. `rotated` are the tokens
    that were redeemed, in order; `seen` who presented which token.
    """

    family: Family | None
    requests: tuple[Request, ...]
    holds: tuple[tuple[str, str], ...]
    rotated: tuple[str, ...] = ()
    seen: frozenset[tuple[str, str]] = frozenset()
    may_wait: bool = False  # the grace may pass, once
    now: float = NOW

    def held(self, client: str) -> str:
        return dict(self.holds)[client]

    def may_be_robbed(self) -> bool:
        """A thief copies what the honest client holds, once."""
        tried = any(request.client == THIEF and request.phase is not Phase.UNSENT for request in self.requests)
        return dict(self.holds).get(THIEF) == "" and self.held(HONEST) != "" and not tried

    def holding(self, client: str, token: str) -> Situation:
        return replace(self, holds=tuple(sorted({**dict(self.holds), client: token}.items())))

    def with_request(self, index: int, request: Request) -> Situation:
        others = [*self.requests[:index], *self.requests[index + 1 :], request]
        return replace(self, requests=tuple(sorted(others)))


class Explorer:
    """Takes every step from every situation, and checks what must hold after each."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._schedules: dict[Situation, int] = {}
        self._spent: dict[tuple[Family | None, SpendRefresh, Fate], tuple[Redeemed | None, Family | None]] = {}

    def explore(self, situation: Situation) -> int:
        """How many schedules begin here."""
        known = self._schedules.get(situation)
        if known is None:
            known = sum(map(self.explore, self._steps(situation)))
            if not known:
                self._check_end(situation)
                known = 1
            self._schedules[situation] = known
        return known

    def _steps(self, situation: Situation) -> Iterator[Situation]:
        for index, request in enumerate(situation.requests):
            if request in situation.requests[:index]:
                continue  # one like it was
            match request.phase:
                case Phase.UNSENT if situation.held(request.client):
                    sent = replace(request, phase=Phase.SENT, presented=situation.held(request.client))
                    yield situation.with_request(index, sent)
                case Phase.SENT:
                    for fate in Fate:
                        yield self._served(situation, index, fate)
                case Phase.ANSWERED:
                    over = situation.with_request(index, Request(request.client, Phase.OVER))
                    yield over.holding(request.client, request.live)
                case _:
                    pass
        if situation.may_be_robbed():
            yield situation.holding(THIEF, situation.held(HONEST))
        if situation.may_wait:
            yield replace(situation, may_wait=False, now=situation.now + GRACE)

    def _served(self, situation: Situation, index: int, fate: Fate) -> Situation:
        """The request reaches the server."""
        request = situation.requests[index]
        over = Request(request.client, Phase.OVER)
        _, after = self._spend(situation, request, fate)
        if fate is Fate.CRASHED_BEFORE_COMMIT:
            assert after == situation.family
            return situation.with_request(index, over)
        answer, served = self._redeemed(situation, request)
        assert after == served.family
        answered = Request(request.client, Phase.ANSWERED, live=_live(answer, request.presented))
        return served.with_request(index, answered if fate is Fate.ANSWERED else over)

    def _redeemed(self, situation: Situation, request: Request) -> tuple[Redeemed, Situation]:
        """The token is redeemed, and what must hold then does."""
        answer, after = self._spend(situation, request, Fate.ANSWERED)
        assert answer is not None
        rotated, seen = situation.rotated, situation.seen | {(request.presented, request.client)}
        if isinstance(answer, Rotated):
            assert request.presented not in rotated, "two successors"
            rotated = (*rotated, request.presented)
        if isinstance(answer, Rotated | Repeated):
            assert after is not None
            assert after.fingerprint == fingerprint(_live(answer, request.presented)), "another one is live"
        elif THIEF not in dict(situation.holds):
            assert situation.now > NOW, "an honest client was logged out"
        if {client for token, client in seen if token == request.presented} == {HONEST, THIEF}:
            assert isinstance(answer, Reused) or situation.family is None, "a copy was not noticed"
            assert after is None
        return answer, replace(situation, family=after, rotated=rotated, seen=seen)

    def _spend(self, situation: Situation, request: Request, fate: Fate) -> tuple[Redeemed | None, Family | None]:
        # It is random; named by its place in the chain, situations that differ in nothing else are one.
        successor = f"f.{len(situation.rotated) + 1}"
        question = spend_of(
            "f",
            0,
            fingerprint=fingerprint(request.presented),
            client=request.client.encode(),
            successor=fingerprint(successor),
            sealed=f"{request.presented}>{successor}".encode(),
            now=situation.now,
            grace=GRACE,
        )
        asked = situation.family, question, fate
        if asked not in self._spent:
            self._spent[asked] = self._world.spend(*asked)
        return self._spent[asked]

    def _check_end(self, end: Situation) -> None:
        """Everybody refreshes once more, in any order: first whoever heard nothing learns which token is live."""
        for order in permutations(dict(end.holds)):
            situation, answer = end, None
            for client in order:
                while situation.held(client) and not isinstance(answer, Rotated):
                    token = situation.held(client)
                    answer, situation = self._redeemed(situation, Request(client, Phase.SENT, token))
                    situation = situation.holding(client, _live(answer, token))
                answer = None
            if len(order) > 1:
                assert situation.family is None, "a thief was not noticed"
            elif situation.now == NOW:
                assert situation.held(HONEST), "the honest client is logged out"


def _live(answer: Redeemed, presented: str) -> str:
    """The token that the client has now: it opens the chain link by link. Empty where it was refused."""
    match answer:
        case Rotated(family):
            chain: tuple[bytes, ...] = (family.spent[-1].sealed,)
        case Repeated(sealed=sealed):
            chain = sealed
        case _:
            return ""
    for link in chain:
        opens, _, successor = link.decode().partition(">")
        assert opens == presented, "a link that does not open"
        presented = successor
    return presented


def begin(honest: int, thief: int, may_wait: bool) -> Situation:
    holds = ((HONEST, "f.0"), (THIEF, "")) if thief else ((HONEST, "f.0"),)
    requests = tuple(sorted([Request(HONEST)] * honest + [Request(THIEF)] * thief))
    return Situation(family_of(ANN, "f"), requests, holds, may_wait=may_wait)


# How many refreshes of the honest client and of the thief; whether the grace may pass; how many schedules there are.
CROWDS = [
    (1, 0, False, 3),
    (2, 0, False, 27),
    (3, 0, False, 414),
    (4, 0, False, 9_354),
    (4, 0, True, 110_281),
    (1, 1, False, 145),
    (3, 1, True, 3_886_979),
    (2, 2, True, 4_227_804),
]


@pytest.mark.parametrize(("honest", "thief", "may_wait", "schedules"), CROWDS)
def test_every_interleaving_of_refreshes_ends_well__S2_20__F1__F2(
    world: World, honest: int, thief: int, may_wait: bool, schedules: int
) -> None:
    """One live token or none, never two; no honest client is logged out without a thief; every thief is noticed."""
    assert Explorer(world).explore(begin(honest, thief, may_wait)) == schedules
