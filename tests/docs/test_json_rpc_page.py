"""docs/how-to/json-rpc.md: every command on the page, run as it stands there, and every code in its tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.docs.pages import Page, agrees, programs, told_by
from tests.ports import free_port
from watchword.core.rpc_face import CODES as OF_CELLS
from watchword.server.api.rpc.failures import CODES
from watchword.server.api.rpc.methods import METHODS

PAGE = Page.of("docs/how-to/json-rpc.md")
_ROW = re.compile(r"^\| (.*?) \|$", re.MULTILINE)

NOT_TOLD = {"C00", "C01", "C02", "C06", "C19", "C20", "C21", "C22", "C23", "C25"}
"""Cells that grant, that are told of no call, or that no route of this version ends in."""


def rows() -> list[list[str]]:
    return [[part.strip() for part in row.split(" | ")] for row in _ROW.findall(PAGE.path.read_text("utf-8"))]


def test_every_command_does_what_the_page_says__S4_6__S4_7(
    require_program: Callable[[str], str], tmp_path: Path
) -> None:
    require_program("curl")
    port = free_port()
    script = PAGE.script({"8080": port}, waits={0: str(port)})
    told = told_by(script, tmp_path, [programs(tmp_path / "bin")], {"WATCHWORD_SERVER__PORT": str(port)})
    assert len(PAGE.asked()) == 12
    agrees(told, PAGE.asked())


def test_every_code_is_listed__S4_7() -> None:
    listed = {(number, name) for row in rows() for number, name in pairs(row)}
    for name, number in CODES.items():
        assert (str(number), name) in listed
    numbers = {number for number, _ in listed}
    assert numbers == {*map(str, CODES.values()), *(str(OF_CELLS[cell]) for cell in OF_CELLS.keys() - NOT_TOLD)}


def pairs(row: list[str]) -> list[tuple[str, str]]:
    """Each number of a row with each name that stands behind it."""
    at = next((index for index, part in enumerate(row) if re.match(r"-32\d{3}", part)), None)
    if at is None:
        return []
    return [
        (number, name)
        for number in re.findall(r"-32\d{3}", row[at])
        for name in re.findall(r"`([a-z-]+)`", row[at + 1])
    ]


def test_every_method_is_listed_with_its_arguments() -> None:
    listed = {row[0].strip("`"): re.findall(r"`\[?(\w+)\]?`", row[1]) for row in rows() if row[0].strip("`") in METHODS}
    assert listed == {name: list(method.arguments.model_fields) for name, method in METHODS.items()}
