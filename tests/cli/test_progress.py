"""Progress: lines where nobody watches, a bar on a terminal."""

from __future__ import annotations

import io

import pytest

from watchword.cli.progress import EVERY, Lines, progress


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_line_every_few_seconds_says_how_long_it_still_takes() -> None:
    clock, out = Clock(), io.StringIO()
    advance = Lines("users imported", 1000, out, clock)
    for _ in range(300):
        clock.now += 0.5
        advance()
    lines = out.getvalue().splitlines()
    assert len(lines) == 150 / EVERY
    assert lines[0] == "10 of 1000 users imported, 2 a second, 8 min 15 s left"
    assert lines[-1] == "300 of 1000 users imported, 2 a second, 5 min 50 s left"


def test_without_a_total_it_says_how_many_and_how_fast() -> None:
    clock, out = Clock(), io.StringIO()
    advance = Lines("entries judged", None, out, clock)
    for _ in range(60):
        clock.now += 0.1
        advance()
    assert out.getvalue() == "50 entries judged, 10 a second\n"


def test_what_is_quick_says_nothing() -> None:
    clock, out = Clock(), io.StringIO()
    advance = Lines("users imported", 3, out, clock)
    for _ in range(3):
        advance()
    assert out.getvalue() == ""


def test_where_nobody_watches_there_is_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("users imported", 2) as advance:
        assert isinstance(advance, Lines)
        advance()
    assert capsys.readouterr() == ("", "")
