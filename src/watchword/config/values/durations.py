"""Lengths of time as people write them: "30m", "12h", "90d", "2s", or a number of seconds."""

from __future__ import annotations

import re

FORMS = 'a length of time: "30m", "12h", "90d", "2s" or a number of seconds'

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
# duration = 1*9DIGIT ( "s" / "m" / "h" / "d" )
_DURATION = re.compile(r"([0-9]{1,9})([smhd])")
_TEN_YEARS = 3650 * 86400.0


def seconds(value: object) -> float:
    """The length in seconds.

    Raises:
        ValueError: with a sentence, where it is no length of time, not longer than nothing, or longer than ten years.
    """
    length: float
    if isinstance(value, str) and (match := _DURATION.fullmatch(value)) is not None:
        length = int(match[1]) * _UNITS[match[2]]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        length = value
    else:
        raise ValueError(f"must be {FORMS}")
    if not 0 < length <= _TEN_YEARS:
        raise ValueError(
            'must be longer than nothing and at most ten years; write "30m", "12h", "90d", "2s" or seconds'
        )
    return float(length)
