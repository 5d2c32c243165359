"""The long form of what tests/server/test_processes.py does a few times."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.server.test_processes import kill_and_look

pytestmark = pytest.mark.long


def test_what_was_answered_is_there_after_fifty_kills__F1__S2_2(tmp_path: Path) -> None:
    chance = random.Random(1)
    kill_and_look(tmp_path, 50, lambda round: chance.uniform(0.05, 1.5))
