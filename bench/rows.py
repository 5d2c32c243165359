"""What a row of the table is: its name, what it is compared with, and what it is to reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bench.measure import Measured, Spread, spread

Compare: TypeAlias = Callable[[Measured, Measured], float]


def cpu_ratio(one: Measured, other: Measured) -> float:
    """How many times the other's CPU time."""
    return _known(one.cpu) / _known(other.cpu)


def cpu_above(one: Measured, other: Measured) -> float:
    """How many CPU microseconds more than the other."""
    return _known(one.cpu) - _known(other.cpu)


def rate_ratio(one: Measured, other: Measured) -> float:
    """How many times the other's operations a second."""
    return _known(one.rate) / _known(other.rate)


def slowest_ratio(one: Measured, other: Measured) -> float:
    """How many times the other's p99."""
    return _known(one.p99) / _known(other.p99)


def _known(value: float | None) -> float:
    assert value is not None, "rows are compared by what both of them measure"
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a row is to reach: at most `limit`, or at least, where `at_least` is said.

    `compare` takes a round of the row and the same round of the row named `to`. Where there is nothing to compare
    with, the figure is the row's own value, or its CPU time where it has none.
    """

    limit: float
    unit: str
    at_least: bool = False
    compare: Compare | None = None
    to: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """A target with the figure that was measured: the median counts, not the best round."""

    target: Target
    figure: float

    @property
    def reached(self) -> bool:
        limit = self.target.limit
        return self.figure >= limit if self.target.at_least else self.figure <= limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. `reference` names the row that its ratio is taken to.

    `once`: one round says all there is to say.
    """

    name: str
    what: str
    reference: str | None = None
    targets: tuple[Target, ...] = ()
    once: bool = False


class Results:
    """All rounds of all rows. Rows are compared round by round, because they were measured in turn."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self._rounds: dict[str, list[Measured]] = {row.name: [] for row in rows}

    def add(self, name: str, measured: Measured) -> None:
        """One more round of a row."""
        self._rounds[name].append(measured)

    def spread(self, row: Row, part: str) -> Spread | None:
        """Median, least and most of one part of the measurements; None where it does not apply."""
        values = [value for measured in self._rounds[row.name] if (value := getattr(measured, part)) is not None]
        return spread(values) if values else None

    def ratio(self, row: Row) -> Spread | None:
        """CPU time over the reference's; None where there is no reference in this run."""
        return None if row.reference is None else self._compared(row, row.reference, cpu_ratio)

    def judged(self, row: Row) -> tuple[Judged, ...]:
        """The row's targets, without those whose other row is not in this run."""
        figures = ((target, self._figure(row, target)) for target in row.targets)
        return tuple(Judged(target, figure.median) for target, figure in figures if figure is not None)

    def _figure(self, row: Row, target: Target) -> Spread | None:
        if target.compare is not None:
            return self._compared(row, target.to, target.compare)
        return self.spread(row, "value") or self.spread(row, "cpu")

    def _compared(self, row: Row, other: str, compare: Compare) -> Spread | None:
        pairs = list(zip(self._rounds[row.name], self._rounds.get(other, []), strict=False))
        return spread([compare(one, beside) for one, beside in pairs]) if pairs else None


def chosen(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """The rows of these names, or of these groups: `verify` stands for every `verify-…`.

    Raises:
        ValueError: where a name stands for no row.
    """
    for name in names:
        if not any(_stands_for(name, row) for row in rows):
            raise ValueError(f"there is no row {name!r}: choose from {', '.join(row.name for row in rows)}")
    picked = [row for row in rows if not names or any(_stands_for(name, row) for name in names)]
    needed = {row.reference for row in picked} | {target.to for row in picked for target in row.targets}
    return [row for row in rows if row in picked or row.name in needed]


def _stands_for(name: str, row: Row) -> bool:
    return row.name == name or row.name.startswith(name + "-")
