"""Which questions the event loop answers in place, and what it says after a change."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.storages import ANN, BOB, credential_of, sqlite_file
from watchword.config.build import Parts, build
from watchword.config.settings import Settings
from watchword.core.ask import NOT_YET
from watchword.core.questions import (
    AddAccount,
    AddCredentials,
    ChangeAccount,
    CheckPassword,
    EndCredentials,
    FindAccount,
    FindCredentials,
    PasswordRight,
    SpendOnce,
)
from watchword.crypto.password import Hashing, hash_password
from watchword.crypto.secret import Secret
from watchword.edge.witness import LoggingWitness
from watchword.storage.sql.sqlite import SqliteStorage

DIGEST_ASKS = [FindAccount("ann"), FindCredentials("ann")]
SEED = credential_of(ANN, "seed")
PASSWORD = "correct horse battery"
HASHED = hash_password(Secret(PASSWORD), Hashing(t=2, m=19456, p=1), bytes(16))


def built(file: Path, *, on_loop: bool) -> Parts:
    return build(Settings(), file.parent, LoggingWitness(), storage=SqliteStorage(file), on_loop=on_loop)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = sqlite_file(tmp_path / "data")
    with closing(SqliteStorage(file)) as storage:
        storage.add_account(AddAccount(ANN))
        storage.add_account(AddAccount(BOB))
        storage.add_credentials(AddCredentials((SEED,)))
    return file


def test_credentials_are_found_in_place_and_never_behind__S2_2__F36(file: Path) -> None:
    async def turns() -> list[object]:
        said: list[object] = []
        for change in (None, EndCredentials("ann"), ChangeAccount("ann", stamp="ann-2")):
            if isinstance(change, EndCredentials):
                elsewhere.end_credentials(change)
            elif change is not None:
                elsewhere.change_account(change)
            await asyncio.sleep(0)  # the next turn of the loop
            said.append([answers.now(question) for question in DIGEST_ASKS])
        return said

    with closing(built(file, on_loop=True)) as parts, closing(SqliteStorage(file)) as elsewhere:
        answers = parts.service.engine.answers
        first, ended, changed = asyncio.run(turns())
        assert first == [ANN, (SEED,)]
        assert ended == [ANN, ()]
        assert changed == [elsewhere.find_account(FindAccount("ann")), ()]


def test_what_waits_is_not_answered_in_place(file: Path) -> None:
    """A thread drives the steps of a library without a loop; and a change waits for the disk wherever it is made."""
    with closing(built(file, on_loop=False)) as parts:
        assert [parts.service.engine.answers.now(question) for question in DIGEST_ASKS] == [NOT_YET, NOT_YET]
    with closing(built(file, on_loop=True)) as parts:
        assert parts.service.engine.answers.now(SpendOnce("once", b"value", 0.0)) is NOT_YET


def test_threads_too_remember_passwords_and_are_never_behind__S2_3__F36(file: Path) -> None:
    with closing(built(file, on_loop=False)) as parts, closing(SqliteStorage(file)) as elsewhere:
        answers = parts.service.engine.answers
        asked = CheckPassword("ann", Secret(PASSWORD), "192.0.2.1", time.time())
        elsewhere.change_account(ChangeAccount("ann", password_hash=HASHED))
        assert answers.now(asked) is NOT_YET
        assert isinstance(answers.wait(asked), PasswordRight)
        assert isinstance(answers.now(asked), PasswordRight)
        assert answers.now(replace(asked, address="192.0.2.2")) is NOT_YET  # from where ann never logged in
        elsewhere.change_account(ChangeAccount("ann", disabled=True))
        assert answers.now(asked) is NOT_YET
