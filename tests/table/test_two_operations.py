"""Authentication and authorization are two operations: 401 is said by the first alone, 403 by the second (S2.38)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.table.combinations import CHUNKS
from watchword.core.cells import CELLS
from watchword.core.decision import Refused
from watchword.core.rows import STAGE_1, STAGE_2, STAGE_3, STAGE_4, Row

SOURCE = Path(__file__).resolve().parents[2] / "src" / "watchword"
AUTHENTICATES = ("crypto", "http", "mechanisms", "stores", "tokens")
"""The rooms that find out who asks."""

ALLOWED = frozenset(("roles", "permissions", "authorizers", "owner", "self_service", "mechanisms", "second_factor_for"))
"""What a requirement says of who may pass. Scopes, acr and max_age stand in challenges, and so are known there."""


def statuses(rows: tuple[Row, ...]) -> set[int | None]:
    return {CELLS[row.cell].status for row in rows}


def test_the_stages_keep_them_apart__S2_38() -> None:
    assert HTTPStatus.UNAUTHORIZED not in statuses(STAGE_1)
    # C15 alone asks, once somebody is proven, for another proof: a stronger one, or a newer.
    assert {row.cell for row in STAGE_2 if CELLS[row.cell].status == HTTPStatus.UNAUTHORIZED} == {"C15"}
    assert HTTPStatus.FORBIDDEN in statuses(STAGE_2)
    # On a public target nobody need be proven, and an authorizer may veto all the same.
    assert {row.cell for row in STAGE_3 if CELLS[row.cell].status == HTTPStatus.FORBIDDEN} == {"C12"}
    assert HTTPStatus.FORBIDDEN not in statuses(STAGE_4)
    assert HTTPStatus.UNAUTHORIZED in statuses(STAGE_4)


def test_whoever_is_not_proven_gets_401_and_whoever_is_403__S2_38() -> None:
    seen = {HTTPStatus.UNAUTHORIZED: 0, HTTPStatus.FORBIDDEN: 0}
    for chunk in CHUNKS.values():
        needs = chunk.requirement
        if needs.apikey_status is not None or needs.session_expired_status is not None:
            continue  # statuses of old, kept for a while (S0.17)
        for decision in chunk.decisions:
            if isinstance(decision, Refused) and decision.status in seen:
                seen[HTTPStatus(decision.status)] += 1
                if decision.status == HTTPStatus.UNAUTHORIZED:
                    assert decision.principal is None or decision.cell == "C15", (chunk.id, decision)
                else:
                    vetoed = needs.public and decision.cell == "C12" and bool(needs.authorizers)
                    assert decision.principal is not None or decision.cell == "C14" or vetoed, (chunk.id, decision)
    assert min(seen.values()) > 100


FILES = [file for room in AUTHENTICATES for file in sorted((SOURCE / room).rglob("*.py"))]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(SOURCE).as_posix())
def test_who_finds_out_who_asks_does_not_know_who_may__S2_38(file: Path) -> None:
    """No code that authenticates looks at what a requirement allows to whom."""
    assert [name for name in looked_at(file) if name in ALLOWED] == []


def test_the_rows_of_authentication_do_not_look_at_what_is_allowed__S2_38() -> None:
    functions = {
        node.name: node
        for node in ast.walk(ast.parse((SOURCE / "core" / "rows.py").read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    for row in STAGE_3 + STAGE_4:
        name = row.when.__name__
        looked = {node.attr for node in ast.walk(functions[name]) if isinstance(node, ast.Attribute)}
        assert looked.isdisjoint({"roles", "permissions", "scopes", "owner", "self_service", "acr"}), name


def looked_at(file: Path) -> Iterator[str]:
    """The attributes of requirements that the file reads."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "requirement":
            yield node.attr
