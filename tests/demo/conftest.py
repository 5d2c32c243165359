"""A demo that runs for the test that asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.demo.running import Demo, run_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demo, stop = run_demo(tmp_path_factory.mktemp("demo"), {})
    yield demo
    stop()
