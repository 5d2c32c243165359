"""The storages that the contract is tried with, and who has an account there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.storages import ANN, APP, BOB, STORAGES
from watchword.core.grants import Client
from watchword.core.questions import AddAccount, AddClient
from watchword.core.records import Account
from watchword.storage import Storage


@pytest.fixture(params=STORAGES)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    storage: Storage = STORAGES[request.param][1](tmp_path / "data")
    yield storage
    storage.close()


@pytest.fixture
def ann(storage: Storage) -> Account:
    storage.add_account(AddAccount(ANN))
    return ANN


@pytest.fixture
def bob(storage: Storage) -> Account:
    storage.add_account(AddAccount(BOB))
    return BOB


@pytest.fixture
def app(storage: Storage) -> Client:
    storage.add_client(AddClient(APP))
    return APP


@pytest.fixture
def populated(storage: Storage, ann: Account, bob: Account) -> Storage:
    """Ann and Bob have accounts there."""
    return storage
