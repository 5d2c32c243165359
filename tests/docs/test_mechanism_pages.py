"""docs/mechanisms/: the commands of every page, run as they stand there, by the ann and the server of the README."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, STARTING, Page, agrees, programs, told_by
from tests.live import Live, User, live_server

PAGES = sorted({path.stem for path in (ROOT / "docs" / "mechanisms").glob("*.md")} - {*STARTING})

PROGRAMS = {"second-factor": ("oathtool",)}
"""What pages call besides."""


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with live_server(users=[User("ann", roles=frozenset(("clerk",)))]) as running:
        yield running


@pytest.mark.parametrize("name", PAGES)
def test_commands_of_the_page_do_what_it_says(
    name: str, live: Live, require_program: Callable[[str], str], tmp_path: Path
) -> None:
    for program in ("curl", *PROGRAMS.get(name, ())):
        require_program(program)
    page = Page.of(f"docs/mechanisms/{name}.md")
    script = page.script({"8080": live.port}, waits={})
    told = told_by(script, tmp_path, [programs(tmp_path / "bin")], {"WATCHWORD_DATA": str(live.data)})
    assert page.asked(), "a page without commands to try"
    agrees(told, page.asked())
