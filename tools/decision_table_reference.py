"""Writes docs/reference/decision-table.md from the rows that the server runs by; `--check`: is it up to date?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from watchword.core import cells
from watchword.core.rows import STAGE_1, STAGE_2, STAGE_3, STAGE_4

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "decision-table.md"

_STAGES = (
    ("Stage 1: the request alone", STAGE_1),
    ("Stage 2: somebody was accepted", STAGE_2),
    ("Stage 3: nobody was accepted, the target is public", STAGE_3),
    ("Stage 4: nobody was accepted", STAGE_4),
)


def page() -> str:
    """The page, whole."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# The decision table"
    yield ""
    yield "Made from `core/cells.py` and `core/rows.py` by `tools/decision_table_reference.py`: these rows are the"
    yield "program."
    yield ""
    yield "A request walks the stages from top to bottom, and the first cell that fits answers it. The cell's id is in"
    yield "the member `cell` of every refusal and in its field `Auth-Decision`."
    for title, rows in _STAGES:
        yield ""
        yield f"## {title}"
        yield ""
        yield "| cell | answer | challenges | rule |"
        yield "|---|---|---|---|"
        for row in rows:
            yield _row(cells.CELLS[row.cell])
        if rows is STAGE_2:
            yield _row(cells.CELLS["C00"])
            yield _row(cells.CELLS["C06"])
    yield ""
    yield "## Authorizers"
    yield ""
    yield "[Authorizers](../how-to/extending.md#authorizers) are asked about what the stages above grant, and about"
    yield "what they refuse for want of a role or permission alone (the code `forbidden` of C12); about nothing else."
    yield "Stages 2 and 3 are then walked once more with what they said:"
    yield ""
    yield "| one of them says | changes |"
    yield "|---|---|"
    yield "| ALLOW | the first C12 of stage 2 asks for no roles and permissions |"
    yield "| VETO | the second C12 of stage 2 and the C12 of stage 3 fit: 403 `forbidden` |"
    yield "| nothing that can be heard: it failed, or was too slow | the C17 of stages 2 and 3 fit |"
    yield ""
    yield "## Stage 5: changes to an answer"
    yield ""
    yield "| cell | what changes |"
    yield "|---|---|"
    for cell, change in cells.CHANGES.items():
        yield f"| {cell} | {change} |"
    yield ""
    yield "## Beside the stages"
    yield ""
    yield "| cell | answer | challenges | rule |"
    yield "|---|---|---|---|"
    for name in ("C19", "C20", "C21", "C25"):
        yield _row(cells.CELLS[name])
    yield ""
    yield "The codes of refusals, and the reasons that operators are told, have [a page of their own](codes.md)."


def _row(cell: cells.Cell) -> str:
    statuses = [cell.status, *(status for status in cell.options if status != cell.status)]
    answer = "pass" if cell.status is None else " or ".join(str(status) for status in statuses)
    return f"| {cell.id} | {answer}: {cell.title} | {cell.challenges.value} | {cell.rule} |"


if __name__ == "__main__":
    if "--check" in sys.argv:
        if not PAGE.exists() or PAGE.read_text("utf-8") != page():
            sys.exit(f"{PAGE.name} is out of date: run python {Path(__file__).name}")
    else:
        PAGE.write_text(page(), "utf-8")
