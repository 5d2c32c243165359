"""What a second factor gives once, it gives once to many who ask at the same moment (F3, I1).

Three servers work on one storage, each with an event loop in a thread of its own, and are let go at once. Nothing is
simulated: the requests take the routes that clients take.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.api.second_factor import Holder, begin, enrol
from tests.server.api.world import ACCOUNTS, World, account
from watchword.crypto.otp import PERIOD, step_at
from watchword.storage import Storage, open_storage
from watchword.storage.memory import MemoryStorage

SERVERS = 3
EACH = 6
"""Requests of each server at once."""

Call = tuple[str, str, dict[str, Any]]


@pytest.fixture(params=["memory", "sqlite"])
def worlds(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[World]]:
    storages: list[Storage]
    if request.param == "memory":
        storages = [MemoryStorage()] * SERVERS
    else:
        storages = [open_storage("sqlite:///watchword.db", tmp_path) for _ in range(SERVERS)]
    storages[0].put_accounts(account(name) for name in ACCOUNTS)
    made = [World(tmp_path, storage=storage, second_factor={"failures": 20}) for storage in storages]
    yield made
    for world in made:
        world.close()


@pytest.fixture
def ann(worlds: list[World]) -> Holder:
    holder = enrol(worlds[0])
    for world in worlds:
        world.now += PERIOD
    return holder


def race(worlds: Sequence[World], calls: Callable[[int], Call]) -> list[httpx.Response]:
    """All the answers to all these calls, which are made at once; `calls` is told their numbers."""
    barrier = threading.Barrier(len(worlds))

    def run(index: int) -> list[httpx.Response]:
        world = worlds[index]

        async def send_all() -> list[httpx.Response]:
            numbers = range(index * EACH, (index + 1) * EACH)
            return await asyncio.gather(
                *(world.send(method, path, json=content) for method, path, content in map(calls, numbers))
            )

        barrier.wait(30)
        return world.run(send_all())

    with ThreadPoolExecutor(len(worlds)) as pool:
        return [answer for answers in pool.map(run, range(len(worlds))) for answer in answers]


def won(answers: Sequence[httpx.Response]) -> list[httpx.Response]:
    """Those that succeeded. All others were refused: none failed."""
    assert {answer.status_code for answer in answers} <= {200, 401, 409, 422, 429, 404}, [a.text for a in answers]
    return [answer for answer in answers if answer.status_code == 200]


def sessions(world: World) -> int:
    return len([session for session in world.storage.all_sessions() if session.subject == "ann"])


SECOND = "/login/second-factor"


def test_one_code_finishes_one_log_in__F3(worlds: list[World], ann: Holder) -> None:
    tokens, code, before = [ann.half() for _ in range(SERVERS * EACH)], ann.code(), sessions(worlds[0])
    answers = race(worlds, lambda n: ("POST", SECOND, {"mfa_token": tokens[n], "code": code}))
    assert len(won(answers)) == 1
    assert sessions(worlds[0]) == before + 1


def test_one_code_logs_in_once_beside_the_password__F3(worlds: list[World], ann: Holder) -> None:
    content = {**ann.credentials, "code": ann.code()}
    answers = race(worlds, lambda n: ("POST", "/auth/login" if n % 2 else "/login", content))
    assert len(won(answers)) == 1


def test_two_codes_of_neighbouring_steps_log_in_once_each_at_most__F3(worlds: list[World], ann: Holder) -> None:
    codes = (ann.code(), ann.code(PERIOD))
    tokens = [ann.half() for _ in range(SERVERS * EACH)]
    answers = race(worlds, lambda n: ("POST", SECOND, {"mfa_token": tokens[n], "code": codes[n % 2]}))
    assert 1 <= len(won(answers)) <= 2


def test_one_recovery_code_finishes_one_log_in__F3(worlds: list[World], ann: Holder) -> None:
    tokens = [ann.half() for _ in range(SERVERS * EACH)]
    answers = race(worlds, lambda n: ("POST", SECOND, {"mfa_token": tokens[n], "code": ann.recovery_codes[0]}))
    assert len(won(answers)) == 1


def test_one_half_of_a_log_in_is_finished_once_with_whatever_codes__F3(worlds: list[World], ann: Holder) -> None:
    token = ann.half()
    codes = [*ann.recovery_codes, ann.code(), ann.code(PERIOD)]
    paths = (SECOND, "/auth/login/second-factor")
    answers = race(worlds, lambda n: ("POST", paths[n % 2], {"mfa_token": token, "code": codes[n % len(codes)]}))
    assert len(won(answers)) == 1
    session = worlds[0].log_in("bob")  # the losers' recovery codes are still good, but for what the race used up
    left = [each for each in worlds[0].storage.all_credentials() if each.kind == "recovery-code"]
    assert session
    assert len(left) >= 9


def test_one_authenticator_is_confirmed_once_and_its_recovery_codes_are_good__F3(worlds: list[World]) -> None:
    world = worlds[0]
    session = world.log_in("ann")
    id, generator = begin(world, session)
    codes = [generator.code(step_at(world.now) + step) for step in (-1, 0, 1)]
    barrier = threading.Barrier(len(worlds))

    def run(index: int) -> list[httpx.Response]:
        async def send_all() -> list[httpx.Response]:
            path = f"/second-factors/{id}/confirm"
            contents = ({"code": codes[(index + n) % 3]} for n in range(EACH))
            return await asyncio.gather(*(worlds[index].send("POST", path, json=c, bearer=session) for c in contents))

        barrier.wait(30)
        return worlds[index].run(send_all())

    with ThreadPoolExecutor(len(worlds)) as pool:
        answers = [answer for found in pool.map(run, range(len(worlds))) for answer in found]
    (winner,) = won(answers)
    for each in worlds:
        each.now += 2 * PERIOD
    holder = Holder(world, "ann", id, generator, winner.json()["recovery_codes"], session)
    assert all(holder.finish(holder.half(), code).status_code == 200 for code in holder.recovery_codes)


def test_guessing_at_many_servers_at_once_gains_nothing__F3(worlds: list[World], tmp_path: Path) -> None:
    ann = enrol(worlds[0])
    tokens = [ann.half() for _ in range(SERVERS * EACH)]
    wrong = ann.wrong_code()
    for _ in range(17):
        ann.finish(ann.half(), wrong)
    answers = race(worlds, lambda n: ("POST", SECOND, {"mfa_token": tokens[n], "code": wrong}))
    assert won(answers) == []
    assert [answer.status_code for answer in answers].count(401) <= 3  # of the twenty that are looked at
