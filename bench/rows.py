"""What a row of the table is: its name, what its rounds gave, what it is compared with, and what it is to reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.measure import Measured, Spread, spread

Rounds = list[Measured]
Compare = Callable[[Measured, Measured], float]


def cpu_ratio(one: Measured, other: Measured) -> float:
    """How many times the other's CPU time."""
    assert one.cpu is not None and other.cpu is not None
    return one.cpu / other.cpu


def cpu_above(one: Measured, other: Measured) -> float:
    """How many CPU microseconds more than the other's."""
    assert one.cpu is not None and other.cpu is not None
    return one.cpu - other.cpu


def rate_ratio(one: Measured, other: Measured) -> float:
    """How many times the other's operations a second."""
    assert one.rate is not None and other.rate is not None
    return one.rate / other.rate


def slowest_ratio(one: Measured, other: Measured) -> float:
    """How many times the other's p99."""
    assert one.p99 is not None and other.p99 is not None
    return one.p99 / other.p99


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a row is to reach: at most `limit`, or at least, where `at_least` is said.

    `compare` gives the figure from a round of the row and the same round of the row named `to`. Where there is nothing
    to compare with, it is the row's `value`, or its CPU time.
    """

    limit: float
    unit: str
    at_least: bool = False
    compare: Compare | None = None
    to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A target with what was measured. It counts as reached by the median, not by the best round."""

    target: Target
    value: float

    @property
    def reached(self) -> bool:
        limit = self.target.limit
        return self.value >= limit if self.target.at_least else self.value <= limit

    def __str__(self) -> str:
        beside = f" {self.target.to}" if self.target.to else ""
        bound = "at least" if self.target.at_least else "at most"
        verdict = "reached" if self.reached else "not yet"
        return f"{figure(self.value)}{self.target.unit}{beside}, {bound} {self.target.limit:g}: {verdict}"


@dataclass(slots=True, kw_only=True)
class Row:
    """One line of the table. `reference` names the row that its ratio is taken to, `value` is a figure of its own."""

    name: str
    what: str
    reference: str | None = None
    targets: tuple[Target, ...] = ()
    rounds: Rounds = field(default_factory=list[Measured])
    value: float | None = None

    def spread(self, part: str) -> Spread | None:
        """Median, least and most of one part of the measurements; None where it was not measured."""
        values = [value for measured in self.rounds if (value := getattr(measured, part)) is not None]
        return spread(values) if values else None

    def ratio(self, rows: Mapping[str, Row]) -> Spread | None:
        """CPU time over the reference's, round by round; None where there is no such comparison."""
        if self.reference is None or self.reference not in rows or not self.rounds:
            return None
        return spread(self._compared(rows[self.reference], cpu_ratio))

    def judged(self, rows: Mapping[str, Row]) -> tuple[Judged, ...]:
        """The targets with their figures, without those whose other row was not measured."""
        return tuple(
            Judged(target=target, value=value)
            for target in self.targets
            if (value := self._figure(target, rows)) is not None
        )

    def _figure(self, target: Target, rows: Mapping[str, Row]) -> float | None:
        if target.compare is None:
            cpu = self.spread("cpu")
            return self.value if self.value is not None else None if cpu is None else cpu.median
        if target.to not in rows or not self.rounds:
            return None
        return spread(self._compared(rows[target.to], target.compare)).median

    def _compared(self, other: Row, compare: Compare) -> list[float]:
        return [compare(one, beside) for one, beside in zip(self.rounds, other.rounds, strict=True)]


def figure(value: float) -> str:
    """A number with three digits that count, and no more."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
