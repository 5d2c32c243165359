"""Whoever does not answer is left alone for a while."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from watchword.outgoing.breaker import Admitted, Breaker, Ending, Paused


@dataclass
class World:
    """A breaker that opens after three failures within 10 s, for 5 s, and its clock."""

    now: float = 100.0
    breaker: Breaker = field(init=False)

    def __post_init__(self) -> None:
        self.breaker = Breaker(failures=3, within=10, pause=5, clock=lambda: self.now)

    def ask(self, ending: Ending) -> Admitted | Paused:
        """A question that ends so, where it may be asked."""
        admitted = self.breaker.admit()
        if isinstance(admitted, Admitted):
            self.breaker.settle(admitted, ending)
        return admitted

    def ask_all(self, story: str) -> str:
        """Questions one after the other: `.` is answered, `x` unanswered, `-` not asked, a digit waits so many seconds.
        What became of each: `+` was asked, `?` alone, to find out, and `o` not at all."""
        became = ""
        for sign in story:
            if sign.isdigit():
                self.now += int(sign)
                continue
            admitted = self.ask({".": "answered", "x": "unanswered", "-": "not-asked"}[sign])  # type: ignore[arg-type]  # one of them
            became += "o" if isinstance(admitted, Paused) else "?" if admitted.probe else "+"
        return became


@pytest.mark.parametrize(
    ("story", "became"),
    [
        ("......", "++++++"),
        ("xx.xx.xx", "++++++++"),
        ("xxxx", "+++o"),
        ("xxx4.", "+++o"),
        ("xxx5..", "+++?+"),
        ("xxx5x.4.1.", "+++?oo?"),
        ("xxx5-..", "+++??+"),
        ("xxx5.xx.", "+++?+++"),
        ("xxx5.xxx.", "+++?+++o"),
        ("x9x9x9x9.", "+++++"),
        ("x4x4x.", "+++o"),
        ("xx9x.", "+++o"),
        ("xx91x.", "++++"),
        ("xx-x.", "++++o"),
    ],
)
def test_a_story_of_questions__F6__C21(story: str, became: str) -> None:
    assert World().ask_all(story) == became


def test_it_says_when_it_may_be_worth_while_again__F6__C21() -> None:
    world = World()
    world.ask_all("xxx")
    assert world.ask("answered") == Paused(5)
    world.now += 4.5
    assert world.ask("answered") == Paused(1)


def test_one_alone_is_let_through_to_find_out__F6__C21() -> None:
    world = World()
    world.ask_all("xxx5")
    probe = world.breaker.admit()
    assert isinstance(probe, Admitted)
    assert probe.probe
    assert world.ask("answered") == Paused(1)
    world.breaker.settle(probe, "answered")
    assert world.ask("answered") == Admitted(probe=False)


def test_what_was_asked_before_it_opened_neither_closes_nor_prolongs_it__F6__C21() -> None:
    world = World()
    early = [world.breaker.admit() for _ in range(5)]
    for admitted in early[:3]:
        assert isinstance(admitted, Admitted)
        world.breaker.settle(admitted, "unanswered")
    world.now += 4
    for admitted, ending in zip(early[3:], ("answered", "unanswered"), strict=True):
        assert isinstance(admitted, Admitted)
        world.breaker.settle(admitted, ending)  # type: ignore[arg-type]  # a str from a table
    assert world.ask("answered") == Paused(1)
    world.now += 1
    assert world.ask("answered") == Admitted(probe=True, alone=True)


def test_who_may_well_stay_without_an_answer_holds_nobody_up__F6__C21() -> None:
    world = World()
    world.ask_all("xxx")
    assert world.breaker.admit(alone=False) == Paused(5)  # the pause is for everybody
    world.now += 5
    waiting = [world.breaker.admit(alone=False) for _ in range(3)]
    assert waiting == [Admitted(probe=True)] * 3
    probe = world.breaker.admit()
    assert probe == Admitted(probe=True, alone=True)
    assert world.breaker.admit() == Paused(1)
    one, other, last = (admitted for admitted in waiting if isinstance(admitted, Admitted))
    world.breaker.settle(one, "not-asked")  # which says nothing
    assert world.breaker.admit() == Paused(1)
    world.breaker.settle(other, "answered")
    assert world.ask("answered") == Admitted(probe=False)
    world.breaker.settle(last, "unanswered")  # one failure more, of a circuit that is closed by now
    assert world.ask("answered") == Admitted(probe=False)


def test_of_many_threads_one_finds_out__F6__C21() -> None:
    world = World()
    world.ask_all("xxx5")
    barrier = threading.Barrier(8)
    admitted: list[Admitted | Paused] = []

    def ask() -> None:
        barrier.wait(30)
        admitted.append(world.breaker.admit())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(isinstance(one, Admitted) for one in admitted) == [False] * 7 + [True]
