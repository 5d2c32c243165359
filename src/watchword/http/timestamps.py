"""Instants as text (RFC 3339)."""

from __future__ import annotations

from datetime import UTC, datetime


def milliseconds(instant: float) -> str:
    """As `2015-04-16T13:28:10.749Z`, rounded down."""
    moment = datetime.fromtimestamp(int(instant * 1000) / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def seconds(instant: float) -> str:
    """As `2015-04-16T13:28:10Z`, rounded down."""
    return datetime.fromtimestamp(int(instant), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
