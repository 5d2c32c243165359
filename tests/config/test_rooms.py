"""The configuration's rooms, and the lists that put them together: whoever adds a room is told what is missing."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import pytest

import watchword.config
from watchword.config.mechanisms.making import MAKERS
from watchword.config.mechanisms.names import MECHANISMS
from watchword.config.pairs import CHECKS

PAIRS = [
    module.name
    for module in pkgutil.walk_packages(watchword.config.__path__, "watchword.config.")
    if module.name.endswith("pairs") and module.name != "watchword.config.pairs"
]


def test_every_mechanism_that_can_be_asked_for_is_made() -> None:
    assert set(MAKERS) == set(MECHANISMS)


@pytest.mark.parametrize("name", PAIRS)
def test_every_check_of_a_room_is_run(name: str) -> None:
    module = import_module(name)
    own = [check for key, checks in vars(module).items() if key.endswith("_CHECKS") for check in checks]
    written = [value for value in vars(module).values() if getattr(value, "__module__", None) == name]
    public = [value for value in written if callable(value) and not getattr(value, "__name__", "_").startswith("_")]
    assert own
    assert set(own) <= set(CHECKS)
    assert set(public) <= set(own)


def test_no_check_is_run_twice() -> None:
    assert len(set(CHECKS)) == len(CHECKS)
