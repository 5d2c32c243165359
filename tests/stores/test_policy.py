"""How many failures hold up whom, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.names import looked_up_name
from watchword.core.policy import (
    Ceiling,
    Counter,
    GrowingDelay,
    Limits,
    account_key,
    address_key,
    place_of,
)
from watchword.core.principal import Instant

NOW = 1_800_000_000.0


@dataclass(frozen=True)
class Failures:
    count: int
    first_at: Instant = NOW
    last_at: Instant = NOW


@pytest.mark.parametrize(
    ("count", "wait"),
    [(1, 0), (9, 0), (10, 1), (11, 2), (12, 4), (13, 8), (17, 128), (18, 256), (19, 300), (20, 300), (10**9, 300)],
)
def test_delays_grow_from_the_tenth_failure_on_up_to_five_minutes__F13(count: int, wait: int) -> None:
    assert GrowingDelay().wait(Failures(count), NOW) == wait


@pytest.mark.parametrize(
    ("later", "wait"),
    [(0.0, 8), (0.5, 8), (1.0, 7), (7.0, 1), (7.999, 1), (8.0, 0), (9.0, 0)],
)
def test_a_delay_is_over_on_its_last_second(later: float, wait: int) -> None:
    assert GrowingDelay().wait(Failures(13), NOW + later) == wait


def test_a_count_is_over_when_its_window_is() -> None:
    rule = GrowingDelay(window=3600.0)
    old = Failures(50, first_at=NOW - 3599.0, last_at=NOW)
    assert rule.wait(old, NOW) == 300
    assert rule.wait(old, NOW + 1.0) == 0
    assert not Counter("k", rule).is_over(old, NOW)
    assert Counter("k", rule).is_over(old, NOW + 1.0)


def test_a_patient_guesser_gets_89_guesses_in_six_hours__F13() -> None:
    rule, guesses, at = GrowingDelay(), 0, NOW
    while at < NOW + rule.window:
        guesses += 1
        at += rule.wait(Failures(guesses, NOW, at), at)
    assert guesses == 89


@given(
    count=st.integers(1, 10**12),
    first_at=st.floats(-1e12, 1e12),
    last_at=st.floats(-1e12, 1e12),
    now=st.floats(-1e12, 1e12),
)
def test_nobody_is_ever_held_for_longer_than_the_longest_delay__F13_F8(
    count: int, first_at: float, last_at: float, now: float
) -> None:
    tally = Failures(count, first_at, last_at)
    assert 0 <= GrowingDelay().wait(tally, now) <= 300
    assert 0 <= Ceiling(limit=100).wait(tally, now) <= 60


@pytest.mark.parametrize(
    ("count", "later", "wait"),
    [(99, 0.0, 0), (100, 0.0, 60), (100, 30.5, 30), (100, 59.9, 1), (100, 60.0, 0), (5000, 10.0, 50)],
)
def test_a_ceiling_holds_until_its_minute_is_over(count: int, later: float, wait: int) -> None:
    assert Ceiling(limit=100).wait(Failures(count, last_at=NOW + later), NOW + later) == wait


@pytest.mark.parametrize(("ahead", "wait"), [(1.0, 300), (300.0, 300), (300.5, 0), (3600.0, 0)])
def test_a_clock_that_was_set_back_does_not_freeze_a_delay__F8(ahead: float, wait: int) -> None:
    noted = Failures(30, first_at=NOW, last_at=NOW + ahead)
    assert GrowingDelay().wait(noted, NOW) == wait


@pytest.mark.parametrize(("ahead", "wait"), [(1.0, 60), (60.0, 60), (61.0, 0), (86_400.0, 0)])
def test_a_clock_that_was_set_back_does_not_freeze_a_ceiling__F8(ahead: float, wait: int) -> None:
    assert Ceiling(limit=100).wait(Failures(100, first_at=NOW + ahead), NOW) == wait


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("a", "a"),
        ("x" * 10_000, "x" * 64),
    ],
)
def test_an_address_is_counted_as_its_place__F15(address: str, place: str) -> None:
    assert place_of(address) == place


@given(st.text(), st.text())
def test_any_text_has_a_place_and_keys_of_bounded_length__F15(name: str, address: str) -> None:
    for known in (True, False):
        for counter in Limits().counters(name, address, known_place=known):
            assert len(counter.key) < 120


def test_strangers_count_together_and_each_known_place_alone__F13() -> None:
    limits = Limits()
    there = [c.key for c in limits.counters("ann", "192.0.2.1", known_place=False)]
    elsewhere = [c.key for c in limits.counters("ann", "192.0.2.2", known_place=False)]
    home = [c.key for c in limits.counters("ann", "192.0.2.1", known_place=True)]
    office = [c.key for c in limits.counters("ann", "192.0.2.2", known_place=True)]
    assert there[0] == elsewhere[0]
    assert len({there[0], home[0], office[0]}) == 3
    assert home[1] == there[1] == address_key("192.0.2.1")
    assert "overall" in there
    assert "overall" not in home


def test_every_spelling_of_a_name_counts_as_one__F14__F17() -> None:
    """Those too that only some store takes for the same: directories ignore case, databases accents as well."""
    spellings = ("Zo\u00eb", "Zoe\u0308", "zo\u00eb", "ZOE", " zoe ", "\uff3aoe")
    keys = {account_key(looked_up_name(name), "", known_place=False) for name in spellings}
    assert len(keys) == 1
    assert account_key("zoo", "", known_place=False) not in keys


def test_what_was_typed_for_a_name_is_not_kept() -> None:
    for known in (True, False):
        assert "hunter2" not in account_key("hunter2", "192.0.2.1", known_place=known)


@pytest.mark.parametrize(
    "wrong", [{"limit": 0}, {"limit": -1}, {"max_delay": 0.0}, {"window": 0.0}, {"window": float("nan")}]
)
def test_a_limit_that_would_hold_everybody_or_nobody_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        GrowingDelay(**wrong)  # type: ignore[arg-type]  # of a wrong type
    with pytest.raises(ValueError, match="at least 1"):
        Ceiling(limit=0)
