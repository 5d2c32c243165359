"""Instants as an import may write them: RFC 3339, or seconds since 1970."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchword.core.principal import Instant

_LAST = 253_402_300_799.0
"""9999-12-31T23:59:59Z."""

# RFC 3339 section 5.6. A space in place of the T is allowed there; a missing offset is not, and means anything.
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def read_instant(value: object) -> Instant | None:
    """The instant; None where the value is none."""
    seconds: float
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        try:
            seconds = datetime.fromisoformat(value.upper()).timestamp()
        except (ValueError, OverflowError):
            return None
    elif isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    else:
        return None
    return seconds if 0 <= seconds <= _LAST else None
