"""Work that nobody waits for: in its order, tried again, bounded, and told to the log where it came to nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from watchword.core.events import Event
from watchword.outgoing.errands import Errand, Errands, GivenUp, TryAgain

SOON = 5.0
Making = Callable[..., "Line"]


class Line(Errands):
    """A line whose log can be read, and waited for."""

    def __init__(self, **options: object) -> None:
        self.events: list[Event] = []
        self.told = threading.Semaphore(0)
        super().__init__("test", self._hear, **{"pauses": (0.01, 0.01), **options})  # type: ignore[arg-type]  # of several types

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        self.told.release()

    def wait_for(self, name: str) -> Event:
        while self.told.acquire(timeout=SOON):
            if self.events[-1].name == name:
                return self.events[-1]
        raise AssertionError(f"{name} was never told: {self.events}")


@pytest.fixture
def make() -> Iterator[Making]:
    made: list[Line] = []

    def line(**options: object) -> Line:
        made.append(Line(**options))
        return made[-1]

    yield line
    for each in made:
        each.close(0.1)


def waits_for(go: threading.Event, begun: threading.Event | None = None) -> Callable[[], None]:
    """Work that holds the thread until it may go on."""

    def work() -> None:
        if begun is not None:
            begun.set()
        assert go.wait(SOON)

    return work


def fails(times: int, done: threading.Event, error: Exception | None = None) -> Callable[[], None]:
    left = iter(range(times))

    def work() -> None:
        if next(left, None) is None:
            done.set()
        else:
            raise error or TryAgain("not-now")

    return work


def test_errands_are_done_one_after_the_other_and_nobody_waits(make: Making) -> None:
    line, go, done = make(), threading.Event(), threading.Event()
    order: list[int] = []
    assert line.begin(Errand(waits_for(go)))
    for number in range(5):
        assert line.begin(Errand(partial(order.append, number)))
    assert line.begin(Errand(done.set))
    assert order == []
    go.set()
    assert done.wait(SOON)
    assert order == [0, 1, 2, 3, 4]


def test_what_fails_is_tried_again_and_does_not_hold_up_the_rest__F6(make: Making) -> None:
    line, first, second = make(), threading.Event(), threading.Event()
    line.begin(Errand(fails(2, first), {"mail": "x"}))
    line.begin(Errand(second.set))
    assert second.wait(SOON)
    assert first.wait(SOON)
    put_off = [event.fields for event in line.events]
    assert put_off == [{"line": "test", "mail": "x", "tries": n, "reason": "not-now"} for n in (1, 2)]


@pytest.mark.parametrize(
    ("error", "tries", "reason"),
    [
        (TryAgain("not-now"), 3, "not-now"),
        (GivenUp("never"), 1, "never"),
        (RuntimeError("CANARY-in-a-message"), 1, "RuntimeError"),
    ],
)
def test_what_cannot_be_done_is_given_up_and_told__F6__F33(
    make: Making, error: Exception, tries: int, reason: str
) -> None:
    line, done = make(), threading.Event()
    line.begin(Errand(fails(99, done, error), {"mail": "x"}))
    told = line.wait_for("errand_given_up")
    assert told.fields == {"line": "test", "mail": "x", "tries": tries, "reason": reason}
    assert "CANARY" not in repr(line.events)
    line.begin(Errand(done.set))
    assert done.wait(SOON), "the thread goes on"


def test_full_line_takes_nothing_more_and_says_so_once__F38(make: Making) -> None:
    line, go = make(most=3), threading.Event()
    begun = threading.Event()
    line.begin(Errand(waits_for(go, begun)))
    assert begun.wait(SOON)
    assert [line.begin(Errand(lambda: None)) for _ in range(6)] == [True] * 3 + [False] * 3
    assert [event.name for event in line.events] == ["errands_refused"]
    go.set()


def test_closing_does_what_was_never_tried_and_tells_what_is_lost(make: Making) -> None:
    line, first, last = make(pauses=(1000.0,)), threading.Event(), threading.Event()
    line.begin(Errand(fails(1, first)))
    line.wait_for("errand_put_off")
    line.begin(Errand(last.set))
    line.close(SOON)
    assert last.is_set()
    assert not first.is_set()
    assert line.events[-1] == Event("errands_lost", "error", {"line": "test", "errands": 1})
    assert not line.begin(Errand(last.set))


def test_closing_waits_no_longer_than_it_is_told(make: Making) -> None:
    line, go = make(), threading.Event()
    line.begin(Errand(waits_for(go)))
    line.close(0.05)
    assert line.events[-1].name == "errands_lost"
    go.set()


def test_line_that_was_never_used_has_no_thread(make: Making) -> None:
    before = {*threading.enumerate()}
    line = make()
    line.close()
    assert {*threading.enumerate()} <= before
    assert line.events == []
