"""Measurements as values: what one round of one row gave, and what all rounds together say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import TypeAlias


class BenchFailed(Exception):
    """The bench cannot go on. The message says what happened and, where there is something to do, what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One round of a row; None is what does not apply to it.

    CPU microseconds for one operation, operations a second, how long one took in microseconds (median and p99), and
    a figure of the row's own.
    """

    cpu: float | None = None
    rate: float | None = None
    p50: float | None = None
    p99: float | None = None
    value: float | None = None


Measure: TypeAlias = Callable[[float], Measured]
"""Measures one round, of about so many seconds."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of all rounds, with the least and the most."""

    median: float
    least: float
    most: float


def spread(values: Sequence[float]) -> Spread:
    """What the rounds say together."""
    return Spread(median(values), min(values), max(values))


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: the least value that so many percent of all do not exceed."""
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]
