"""Two ways of having a `Watchword`, for every host: with the database at hand, and as a verifier without one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.edge.hosts.asgi_calls import PEOPLE, RULES, Asking
from tests.edge.verifier.calls import verifier
from tests.edge.verifier.double import Double, double
from tests.live import add_users
from watchword import Watchword


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watchword]:
    """Judges with the database at hand, by RULES."""
    data: Path = tmp_path_factory.mktemp("hosts")
    add_users(data, PEOPLE)
    file = data / "watchword.toml"
    file.write_text(RULES, "utf-8")
    with closing(Watchword.from_config(file, data=data)) as auth:
        yield auth


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[Double]:
    """An authentication server that is somewhere else."""
    with double() as server:
        yield server


@pytest.fixture(scope="session")
def verifying(elsewhere: Double) -> Iterator[Watchword]:
    """Judges without a database."""
    with verifier(elsewhere.url) as auth:
        yield auth


@pytest.fixture(scope="session")
def asking() -> Iterator[Asking]:
    """Asks applications in this process, on one event loop."""
    with closing(Asking()) as asking:
        yield asking
