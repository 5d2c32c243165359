"""Retry-After of other servers' answers (RFC 9110 section 10.2.3): seconds, or a date."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime

from watchword.http.message import Fields

_SECONDS = re.compile(rb"[0-9]{1,19}", re.ASCII)
_LONGEST_DATE = 64


def read_retry_after(fields: Fields, now: float) -> int | None:
    """In how many seconds to come back, not below zero; None where the answer does not say so. Total.

    Of several lines none is believed. Dates are read in every form that RFC 9110 section 5.6.7 has recipients accept.
    """
    values = [value for name, value in fields if name.lower() == b"retry-after"]
    if len(values) != 1:
        return None
    value = values[0].strip(b" \t")
    if _SECONDS.fullmatch(value):
        return int(value)
    if len(value) > _LONGEST_DATE:
        return None
    try:
        date = parsedate_to_datetime(value.decode("ascii"))
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)
        return max(0, int(date.timestamp() - now))
    except (ValueError, OverflowError, TypeError, IndexError, OSError):
        return None
