"""Every cell and every row of the table is held by a test: whatever is changed in them, some combination tells.

The table is data, so it is changed as data, in every way that a slip could change it; then a representative part of
the combinations is compared with the oracle. A change that goes unnoticed is a hole in the tests, unless it stands
below among those that change no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

import pytest

from tests.table.combinations import CHUNKS, Chunk, Presented, told
from tests.table.oracle import ANSWERS, TITLES, Answer
from tests.table.scripted import at_once
from watchword.core import beside
from watchword.core import decide as table
from watchword.core.beside import third_party
from watchword.core.cells import CELLS, Cell, Challenges
from watchword.core.decision import Refused
from watchword.core.rows import STAGE_1, STAGE_2, STAGE_3, STAGE_4, Case, Row
from watchword.edge.drive import run

STAGES: Mapping[str, tuple[Row, ...]] = {
    "STAGE_1": STAGE_1,
    "STAGE_2": STAGE_2,
    "STAGE_3": STAGE_3,
    "STAGE_4": STAGE_4,
}

NOTHING_CHANGES = {
    # Who passes is shown no status, title or challenge of ours: of these cells `decide` uses the id alone. What they
    # say is for the documentation, and the first test below holds it.
    *(f"{cell}: {what}" for cell in ("C00", "C01", "C02", "C06") for what in ("status", "title", "challenges")),
    # A third party's refusal is told without any challenge, whatever stands in the table.
    *(f"{cell}: challenges" for cell in ("C19", "C20", "C21")),
    # "But the one just refused" leaves nothing out where no password was refused, and none was: C08 and C07 come
    # before C09, C05, C04 and C03.
    *(f"{cell}: challenges: {Challenges.OTHERS.name}" for cell in ("C03", "C04", "C05", "C09")),
    # Forward-proxy mode sends the challenges of the cell that it stands for.
    "C25: challenges",
    # These rows are the last of their stage, and fit always as they are.
    "STAGE_3: C01: always fits",
    "STAGE_4: C03: always fits",
    # Authorizers are heard on public targets only once C02 did not fit.
    "STAGE_3: C02: after C12",
    # Stage 3 says only whether anybody passes: its codes are sent to nobody.
    "STAGE_3: C02: another code",
    "STAGE_3: C01: another code",
}


# --- what is run against every change ------------------------------------------------------------------------------

Case_ = tuple[Chunk, Presented, Answer]


@cache
def _representative() -> tuple[Case_, ...]:
    """First one combination for every answer in every space, which tells most changes soon, then many others."""
    everything = [(chunk, way) for chunk in CHUNKS.values() for way in chunk.presented]
    expected = [(chunk, way, way.expected(chunk.circumstances, chunk.requirement)) for chunk, way in everything[::7]]
    first = {(answer, way.names): (chunk, way, answer) for chunk, way, answer in expected}
    return (*first.values(), *expected[::8])


def _is_noticed() -> bool:
    """Whether some combination, or some third party's refusal, is answered otherwise than the oracle says."""
    answers = at_once()
    try:
        if any(_third_party_differs(cell) for cell in ("C19", "C20", "C21")):
            return True
        for chunk, way, expected in _representative():
            decision = run(way.decide(chunk.circumstances, chunk.requirement), answers)
            if told(decision) != expected:
                return True
            if isinstance(decision, Refused) and decision.title != TITLES[decision.cell]:
                return True
    except (AssertionError, KeyError, ValueError):
        return True
    return False


def _third_party_differs(cell: str) -> bool:
    default, options = ANSWERS[cell]
    for status in (None, default, *options):
        refused = third_party(cell, "third-party-credential", status=status)
        if (refused.status, refused.title, refused.challenges) != (status or default, TITLES[cell], ()):
            return True
    return False


# --- the table as it is ---------------------------------------------------------------------------------------------


def test_the_cells_are_those_of_the_table_with_their_statuses() -> None:
    written = {id: (cell.status, frozenset(cell.options) - {cell.status}) for id, cell in CELLS.items()}
    assert written == {id: (status, frozenset(options)) for id, (status, options) in ANSWERS.items()}
    for id, cell in CELLS.items():
        assert cell.id == id
        assert (cell.challenges is Challenges.NONE) or cell.status in (400, 401, 403, 407)
        assert cell.retry == (id in ("C16", "C17", "C21"))
        assert cell.rule


def test_the_table_as_it_is_passes() -> None:
    assert not _is_noticed()


# --- flipped cells ---------------------------------------------------------------------------------------------------


def _flips(cell: Cell) -> Iterator[tuple[str, Cell]]:
    yield f"{cell.id}: status", replace(cell, status=401 if cell.status is None else cell.status + 1)
    yield f"{cell.id}: title", replace(cell, title=f"{cell.title}!")
    others = [other for other in Challenges if other is not cell.challenges]
    for other in others[:1] if f"{cell.id}: challenges" in NOTHING_CHANGES else others:
        yield f"{cell.id}: challenges: {other.name}", replace(cell, challenges=other)
    if cell.retry and cell.id != "C21":  # whoever calls for C21 says how long to wait
        yield f"{cell.id}: retry", replace(cell, retry=False)
    if cell.id in ("C19", "C20", "C21"):
        for option in cell.options:
            yield f"{cell.id}: option {option}", replace(cell, options=tuple({*cell.options} - {option}))


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS.keys())
def test_a_flipped_cell_is_noticed(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    unnoticed = set()
    for change, flipped in _flips(cell):
        for module in (table, beside):
            monkeypatch.setattr(module, "CELLS", {**CELLS, cell.id: flipped})
        if not _is_noticed():
            unnoticed.add(change)
    _assert_only_harmless(unnoticed, f"{cell.id}: ", {change for change, _ in _flips(cell)})


# --- changed rows ----------------------------------------------------------------------------------------------------


def _never(case: Case) -> str | None:
    return None


def _always(row: Row) -> Callable[[Case], str | None]:
    return lambda case: row.when(case) or "always"


def _with_another_code(row: Row) -> Callable[[Case], str | None]:
    def when(case: Case) -> str | None:
        code = row.when(case)
        return None if code is None else f"{code}-or-so"

    return when


def _changes(rows: Sequence[Row], at: int) -> Iterator[tuple[str, tuple[Row, ...]]]:
    before, row, after = tuple(rows[:at]), rows[at], tuple(rows[at + 1 :])
    yield "removed", (*before, *after)
    yield "never fits", (*before, Row(row.cell, _never), *after)
    yield "always fits", (*before, Row(row.cell, _always(row)), *after)
    yield "another code", (*before, Row(row.cell, _with_another_code(row)), *after)
    if after:
        yield f"after {after[0].cell}", (*before, after[0], row, *after[1:])


@pytest.mark.parametrize(
    ("stage", "at"),
    [
        pytest.param(stage, at, id=f"{stage}-{row.cell}")
        for stage, rows in STAGES.items()
        for at, row in enumerate(rows)
    ],
)
def test_a_changed_row_is_noticed(stage: str, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = f"{stage}: {STAGES[stage][at].cell}: "
    unnoticed = set()
    for change, rows in _changes(STAGES[stage], at):
        monkeypatch.setattr(table, stage, rows)
        if not _is_noticed():
            unnoticed.add(prefix + change)
    _assert_only_harmless(unnoticed, prefix, {prefix + change for change, _ in _changes(STAGES[stage], at)})


def _assert_only_harmless(unnoticed: set[str], prefix: str, tried: set[str]) -> None:
    harmless = {
        change for change in tried for known in NOTHING_CHANGES if change == known or change.startswith(f"{known}: ")
    }
    assert unnoticed == harmless, (
        f"no test notices: {sorted(unnoticed - harmless)}; noticed though said to change nothing: "
        f"{sorted(harmless - unnoticed)}"
    )
