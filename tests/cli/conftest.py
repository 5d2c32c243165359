"""What tests of the command line share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.calling import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Commands on a data folder that is not there yet."""
    return Shell(tmp_path / "data")
