"""What may block is waited for, but no longer than was said (F6)."""

from __future__ import annotations

import threading

import pytest

from tests.quickness import answered_in_time
from watchword.core.ask import AnswerFailed
from watchword.stores.asking.in_time import InTime


def test_what_is_in_time_gives_its_answer_or_its_error() -> None:
    def fails() -> None:
        raise TimeoutError("its own")

    in_time = InTime(5.0)
    assert in_time.run(lambda: 42) == 42
    with pytest.raises(TimeoutError, match="its own"):
        in_time.run(fails)


def test_what_hangs_is_given_up_and_holds_nobody_else_up__F6() -> None:
    ends = threading.Event()
    in_time = InTime(0.1, threads=2)
    try:
        with pytest.raises(AnswerFailed):
            in_time.run(ends.wait)
        assert answered_in_time(lambda: in_time.run(lambda: 42)) == 42
    finally:
        ends.set()


def test_what_found_no_thread_in_time_never_runs__F6() -> None:
    """Nobody waits for it any more, and a database that is back is not asked for those who have left."""
    ends, ran = threading.Event(), threading.Event()
    in_time = InTime(0.1, threads=1)
    try:
        for attempt in (ends.wait, ran.set):
            with pytest.raises(AnswerFailed):
                in_time.run(attempt)
    finally:
        ends.set()
    assert InTime(5.0, threads=1).run(lambda: 42) == 42
    assert not ran.is_set()


def test_no_thread_is_made_before_the_first_question() -> None:
    before = set(threading.enumerate())
    in_time = InTime(10.0)
    assert set(threading.enumerate()) <= before
    in_time.run(lambda: None)
