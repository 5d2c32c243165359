"""Retry-After as other servers send it (RFC 9110 section 10.2.3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.http.retry_after import read_retry_after

NOW = 1_790_000_000.0  # Mon, 21 Sep 2026 14:13:20 GMT


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"120", 120),
        (b" 120\t", 120),
        (b"0", 0),
        (b"Mon, 21 Sep 2026 14:14:20 GMT", 60),
        (b"Monday, 21-Sep-26 14:14:20 GMT", 60),
        (b"Mon Sep 21 14:14:20 2026", 60),
        (b"Mon, 21 Sep 2026 14:13:00 GMT", 0),
        (b"1.5", None),
        (b"+5", None),
        (b"five", None),
        (b"Mon, 99 Sep 2026 14:14:20 GMT", None),
        (b"Mon, 21 Sep 99999 14:14:20 GMT", None),
        (b"\xff", None),
        (b"9" * 20, None),
    ],
)
def test_seconds_and_dates_are_read(value: bytes, seconds: int | None) -> None:
    assert read_retry_after(((b"Retry-After", value),), NOW) == seconds


def test_of_several_lines_none_is_believed() -> None:
    assert read_retry_after(((b"retry-after", b"1"), (b"Retry-After", b"2")), NOW) is None
    assert read_retry_after((), NOW) is None


@given(st.binary(max_size=80))
def test_any_bytes_are_read(value: bytes) -> None:
    found = read_retry_after(((b"retry-after", value),), NOW)
    assert found is None or found >= 0
