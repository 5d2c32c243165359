"""Progress: how many, how fast, how much longer. What it looks like on a terminal is in test_terminal.py."""

from __future__ import annotations

import pytest

from watchword.cli.progress import EVERY, Count, progress


class Work:
    """Items that each take so many seconds, and what is said meanwhile."""

    def __init__(self, items: int, seconds: float, total: int | None) -> None:
        self.now = 1000.0
        self.said: list[str] = []
        advance = Count("users imported", total, lambda done, words: self.said.append(words), lambda: self.now, EVERY)
        for _ in range(items):
            self.now += seconds
            advance()


def test_every_few_seconds_it_says_how_long_it_still_takes() -> None:
    said = Work(items=300, seconds=0.5, total=1000).said
    assert len(said) == 150 / EVERY
    assert said[0] == "10 of 1000 users imported, 2 a second, 8 min 15 s left"
    assert said[-1] == "300 of 1000 users imported, 2 a second, 5 min 50 s left"


def test_without_a_total_it_says_how_many_and_how_fast() -> None:
    assert Work(items=60, seconds=0.1, total=None).said == ["50 users imported, 10 a second"]


def test_what_is_quick_says_nothing() -> None:
    assert Work(items=1000, seconds=0.001, total=1000).said == []


def test_where_nobody_watches_there_is_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("users imported", 2) as advance:
        advance()
        advance()
    assert capsys.readouterr() == ("", "")
