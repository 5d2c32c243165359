"""Lengths of time."""

from __future__ import annotations

import pytest

from watchword.config.values.durations import seconds


@pytest.mark.parametrize(
    ("written", "length"),
    [("2s", 2), ("30m", 1800), ("12h", 43_200), ("90d", 7_776_000), (45, 45), (0.5, 0.5), ("3650d", 315_360_000)],
)
def test_a_length_of_time_is_read_in_seconds(written: object, length: float) -> None:
    assert seconds(written) == length


@pytest.mark.parametrize(
    "written", ["", "30", "30 m", "m", "1.5h", "30M", "٣٠m", "1h30m", "0s", 0, -1, True, None, [], 10**400]
)
def test_anything_else_is_refused_with_the_forms(written: object) -> None:
    with pytest.raises(ValueError, match='"30m", "12h", "90d", "2s"'):
        seconds(written)
