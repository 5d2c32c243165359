"""Instants as text (RFC 3339)."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


def milliseconds(instant: float) -> str:
    """As `2015-04-16T13:28:10.749Z`, rounded down."""
    whole, thousandths = divmod(int(instant * 1000), 1000)
    return f"{_second(whole)}.{thousandths:03d}Z"


def seconds(instant: float) -> str:
    """As `2015-04-16T13:28:10Z`, rounded down."""
    return f"{_second(int(instant))}Z"


@lru_cache(maxsize=256)
def _second(instant: int) -> str:
    """Remembered, because log lines of one second and answers about one log-in share it."""
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%S")
