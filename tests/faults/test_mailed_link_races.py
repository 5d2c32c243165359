"""A link of a mail, used by many at once at two servers on the same records: one gets through (F3)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.contract.storages import sqlite_file
from tests.server.api.by_mail import NEW
from tests.server.api.world import NOW, World, account
from watchword.core.questions import AddAccount, FindAccount
from watchword.storage import Storage
from watchword.storage.memory import MemoryStorage
from watchword.storage.sql.sqlite import SqliteStorage
from watchword.tokens.mailed_link import Purpose, new_link, written_link

EACH = 16
ONE = [204] + [401] * (2 * EACH - 1)
"""What all of them get."""
ADDRESS = "ann@example.org"


@pytest.fixture(params=["memory", "sqlite"])
def doors(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[World]]:
    """Two servers with the same keys, over the same records."""
    with ExitStack() as opened:
        if request.param == "memory":
            storages: list[Storage] = [MemoryStorage()] * 2
        else:
            file = sqlite_file(tmp_path / "records")
            storages = [opened.enter_context(closing(SqliteStorage(file))) for _ in range(2)]
        mail = {"from": "noreply@clinic.example", "file": tmp_path / "mail"}
        worlds = [World(tmp_path, storage=storage, mail=mail) for storage in storages]
        for world in worlds:
            opened.callback(world.close)
        yield worlds


def link(world: World, purpose: Purpose, name: str, *, disabled: bool = False) -> str:
    """The token of a link for a new account."""
    mailing = world.service.mailing
    assert mailing is not None
    address = {} if purpose == "sign-up" else {"email": ADDRESS}
    made = replace(account("ann"), name=name, stamp=f"stamp of {name}", attributes=address, disabled=disabled)
    assert world.storage.add_account(AddAccount(made))
    entropy = world.service.engine.entropy
    told = new_link(
        purpose,
        name,
        made.stamp,
        address=ADDRESS if purpose == "password-reset" else "new@example.org",
        before=address.get("email", ""),
        expires_at=NOW + 600,
        entropy=entropy,
    )
    return written_link(told, mailing.policy.sealing, entropy)


def all_at_once(doors: list[World], path: str, content: Callable[[int], dict[str, str]]) -> dict[int, int]:
    """The status that each of them gets."""
    go, statuses = threading.Barrier(len(doors)), dict[int, int]()

    def work(number: int) -> None:
        mine = range(number * EACH, (number + 1) * EACH)

        async def ask() -> list[Any]:
            return await asyncio.gather(*(doors[number].send("POST", path, json=content(each)) for each in mine))

        go.wait(60)
        for each, answer in zip(mine, doors[number].run(ask()), strict=True):
            statuses[each] = answer.status_code

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(doors))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return statuses


def test_password_is_set_once__F3(doors: list[World]) -> None:
    token = link(doors[0], "password-reset", "eve")
    statuses = all_at_once(doors, "/password/resets", lambda each: {"token": token, "password": f"{NEW} {each}"})
    assert sorted(statuses.values()) == ONE
    (through,) = (each for each, status in statuses.items() if status == 204)
    assert doors[1]("GET", "/whoami", auth=("eve", f"{NEW} {through}")).status_code == 200


@pytest.mark.parametrize("purpose", ["email-change", "sign-up"])
def test_address_is_taken_once__F3(doors: list[World], purpose: Purpose) -> None:
    token = link(doors[0], purpose, "eve", disabled=purpose == "sign-up")
    password = {"password": NEW} if purpose == "sign-up" else {}
    statuses = all_at_once(doors, "/email/verifications", lambda each: {"token": token, **password})
    assert sorted(statuses.values()) == ONE
    found = doors[1].storage.find_account(FindAccount("eve"))
    assert found is not None
    assert (found.disabled, found.attributes["email"]) == (False, "new@example.org")


def test_several_links_of_one_account_set_one_password__F3(doors: list[World]) -> None:
    """Each is another link, but all are bound to the stamp: the first that is used ends the rest."""
    first = link(doors[0], "password-reset", "ann")
    mailing = doors[0].service.mailing
    assert mailing is not None
    entropy = doors[0].service.engine.entropy
    told = [
        new_link("password-reset", "ann", "stamp of ann", address=ADDRESS, expires_at=NOW + 600, entropy=entropy)
        for _ in ONE[1:]
    ]
    tokens = [first, *(written_link(each, mailing.policy.sealing, entropy) for each in told)]
    statuses = all_at_once(doors, "/password/resets", lambda each: {"token": tokens[each], "password": f"{NEW} {each}"})
    assert sorted(statuses.values()) == ONE
