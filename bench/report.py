"""The table as text, and as JSON for whoever draws it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TypeAlias

from bench.measure import Spread
from bench.rows import Judged, Results, Row

Json: TypeAlias = "bool | float | str | list[Json] | dict[str, Json] | None"

COLUMNS = ("row", "CPU us (least-most)", "a second", "p50 us", "p99 us", "ratio (least-most)", "target")
_NOTHING = "-"


def table(results: Results) -> str:
    """One line for each row, in columns; a blank line between the groups."""
    lines = {row.name: cells(row, results) for row in results.rows}
    widths = [max(map(len, column)) for column in zip(COLUMNS, *lines.values(), strict=True)]
    text = [_aligned(COLUMNS, widths)]
    group = ""
    for name, line in lines.items():
        if name.partition("-")[0] != group:
            group = name.partition("-")[0]
            text.append("")
        text.append(_aligned(line, widths))
    return "\n".join(text)


def cells(row: Row, results: Results) -> tuple[str, ...]:
    """The columns of one row."""
    rate = results.spread(row, "rate")
    return (
        row.name,
        _spread(results.spread(row, "cpu")),
        _NOTHING if rate is None else f"{rate.median:,.0f}",
        _median(results.spread(row, "p50")),
        _median(results.spread(row, "p99")),
        _spread(results.ratio(row)),
        "; ".join(map(told, results.judged(row))),
    )


def told(judged: Judged) -> str:
    """A target in words: what was measured, what was to be reached, and whether it was."""
    target = judged.target
    beside = f" {target.to}" if target.to else ""
    bound = "at least" if target.at_least else "at most"
    verdict = "reached" if judged.reached else "not yet"
    return f"{_figure(judged.figure)}{target.unit}{beside}, {bound} {target.limit:g}: {verdict}"


def as_json(results: Results, machine: dict[str, Json]) -> Json:
    """Everything in the table, and what a row means."""
    return {
        "machine": machine,
        "rows": [
            {
                "name": row.name,
                "what": row.what,
                **{part: _json(results.spread(row, part)) for part in ("cpu", "rate", "p50", "p99", "value")},
                "reference": row.reference,
                "ratio": _json(results.ratio(row)),
                "targets": [
                    {
                        "figure": judged.figure,
                        "unit": judged.target.unit.strip(),
                        "to": judged.target.to or None,
                        "at_least" if judged.target.at_least else "at_most": judged.target.limit,
                        "reached": judged.reached,
                    }
                    for judged in results.judged(row)
                ],
            }
            for row in results.rows
        ],
    }


def _json(found: Spread | None) -> Json:
    return None if found is None else dict(asdict(found))


def _spread(found: Spread | None) -> str:
    if found is None:
        return _NOTHING
    return f"{_figure(found.median)} ({_figure(found.least)}-{_figure(found.most)})"


def _median(found: Spread | None) -> str:
    return _NOTHING if found is None else _figure(found.median)


def _figure(value: float) -> str:
    """With three digits that count, or all those before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _aligned(line: tuple[str, ...], widths: list[int]) -> str:
    """Names and targets to the left, numbers to the right."""
    first, *numbers, last = line
    cells = [
        first.ljust(widths[0]),
        *(cell.rjust(width) for cell, width in zip(numbers, widths[1:], strict=False)),
        last,
    ]
    return "  ".join(cells).rstrip()
