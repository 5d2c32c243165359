"""The bench's table: what it says of its measurements. How fast anything is, no test asserts."""

from __future__ import annotations

import pytest

from bench import report
from bench.measure import Measured, percentile, spread
from bench.rows import Results, Row, Target, chosen, cpu_above, cpu_ratio, rate_ratio

BARE = Row(name="bare", what="nothing", reference="bare")
CHECKED = Row(
    name="checked-session",
    what="with a check",
    reference="bare",
    targets=(
        Target(limit=1.5, unit="x", compare=cpu_ratio, to="bare"),
        Target(limit=4, unit=" us above", compare=cpu_above, to="bare"),
        Target(limit=0.5, unit="x the rate of", at_least=True, compare=rate_ratio, to="bare"),
    ),
)
START = Row(name="start", what="a start", targets=(Target(limit=100, unit=" ms"),))


def results() -> Results:
    found = Results([BARE, CHECKED, START])
    for bare, checked in ((10.0, 14.0), (20.0, 31.0), (10.0, 15.0)):
        found.add("bare", Measured(cpu=bare, rate=1e6 / bare, p50=1.0, p99=2.0))
        found.add("checked-session", Measured(cpu=checked, rate=1e6 / checked, p50=3.0, p99=4567.0))
        found.add("start", Measured(value=99.0))
    return found


def test_table_shows_medians_with_their_spread_and_ratios_round_by_round() -> None:
    assert report.table(results()).splitlines() == [
        "row              CPU us (least-most)  a second  p50 us  p99 us  ratio (least-most)  target",
        "",
        "bare                10.0 (10.0-20.0)   100,000    1.00    2.00    1.00 (1.00-1.00)",
        "",
        "checked-session     15.0 (14.0-31.0)    66,667    3.00   4,567    1.50 (1.40-1.55)  "
        "1.50x bare, at most 1.5: reached; 5.00 us above bare, at most 4: not yet; "
        "0.67x the rate of bare, at least 0.5: reached",
        "",
        "start                              -         -       -       -                   -  "
        "99.0 ms, at most 100: reached",
    ]


def test_json_has_every_figure_of_the_table() -> None:
    document = report.as_json(results(), {"cores": 2})
    assert isinstance(document, dict)
    assert document["machine"] == {"cores": 2}
    rows = document["rows"]
    assert isinstance(rows, list)
    checked = rows[1]
    assert isinstance(checked, dict)
    assert checked["cpu"] == {"median": 15.0, "least": 14.0, "most": 31.0}
    assert checked["ratio"] == {"median": 1.5, "least": 1.4, "most": 1.55}
    assert checked["targets"] == [
        {"figure": 1.5, "unit": "x", "to": "bare", "at_most": 1.5, "reached": True},
        {"figure": 5.0, "unit": "us above", "to": "bare", "at_most": 4, "reached": False},
        {"figure": pytest.approx(0.667, abs=0.001), "unit": "x the rate of", "to": "bare", "at_least": 0.5}
        | {"reached": True},
    ]


def test_row_without_its_reference_has_no_ratio_and_no_verdict() -> None:
    alone = Results([CHECKED])
    alone.add("checked-session", Measured(cpu=1.0))
    assert alone.ratio(CHECKED) is None
    assert alone.judged(CHECKED) == ()


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ([], ["bare", "checked-session", "start"]),
        (["start"], ["start"]),
        (["checked"], ["bare", "checked-session"]),
        (["checked-session", "start"], ["bare", "checked-session", "start"]),
    ],
)
def test_rows_bring_what_they_are_compared_with(asked: list[str], names: list[str]) -> None:
    assert [row.name for row in chosen([BARE, CHECKED, START], asked)] == names


def test_unknown_row_is_told_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="there is no row 'check': choose from bare, checked-session, start"):
        chosen([BARE, CHECKED, START], ["check"])


def test_median_counts_and_not_the_best_round() -> None:
    assert spread([9.0, 1.0, 2.0]).median == 2.0
    assert [percentile([1.0, 2.0, 3.0, 4.0], percent) for percent in (0, 50, 51, 99, 100)] == [1.0, 2.0, 3.0, 4.0, 4.0]
