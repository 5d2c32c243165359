"""One wheel for all tests here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.typing import installed


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed.build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> installed.Environment:
    return installed.bare(tmp_path_factory.mktemp("bare"), wheel)
