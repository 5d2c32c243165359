"""Servers for the tests of the API's routes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.api.world import World


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """`make_world(passwords={"sign_up": True})`: a server with these settings."""
    made: list[World] = []

    def make(**settings: Any) -> World:
        made.append(World(tmp_path, **settings))
        return made[-1]

    yield make
    for world in made:
        world.close()


@pytest.fixture
def world(make_world: Callable[..., World], request: pytest.FixtureRequest) -> World:
    """A server with default settings, all mechanisms, and auth tokens in its answers to Basic.

    Where the module says `BACKENDS`, there is one for each of them, and the same must hold for all (S2.12); a test that
    is about some of them says so with the mark `backends`.
    """
    return make_world(**getattr(request, "param", {}))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    backends = getattr(metafunc.module, "BACKENDS", ())
    if backends and "world" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("backends")
        chosen = backends if mark is None else mark.args
        if mark is None and len(backends) > 2 and not os.environ.get("LONG"):
            # What is signed differs from what is encrypted in its form alone, which has tests of its own.
            chosen = tuple(backend for backend in backends if backend != "signed")
        settings = [{"session": {"backend": backend}} for backend in chosen]
        metafunc.parametrize("world", settings, ids=chosen, indirect=True)
