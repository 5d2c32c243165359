"""The keys of sessions that clients keep: a new one is known before it seals, an old one opens what it sealed (F34)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.crypto.secret import Secret
from watchword.tokens.keys import Key, KeyRing, KeyRingRefused
from watchword.tokens.session_keys import (
    PURPOSE,
    SessionKeysOverTime,
    held_session_keys,
    keys_at,
    with_new_session_key,
    without_retired_session_keys,
)
from watchword.tokens.signing_keys import OVERLAP

LIFETIME = 1000.0
FIRST = Key(id="first", purpose=PURPOSE, secret=Secret(b"1" * 32), created_at=100.0)
OTHER = Key(id="other", purpose="something else", secret=Secret(b"2" * 32), created_at=100.0)
RING = KeyRing((OTHER, FIRST))
ROTATED = with_new_session_key(RING, key_id="second", secret=Secret(b"3" * 32), now=500.0, lead=60.0)
ENDS = 560.0 + LIFETIME + OVERLAP


def at(now: float, ring: KeyRing = ROTATED) -> tuple[str, list[str]]:
    keys = keys_at(held_session_keys(ring, lifetime=LIFETIME), now)
    return keys.seals.id, [key.id for key in keys.opens]


def test_the_first_key_seals_at_once_and_opens_until_another_takes_over() -> None:
    assert at(100.0, RING) == ("first", ["first"])
    assert at(1e12, RING) == ("first", ["first"])


@pytest.mark.parametrize(
    ("now", "seals", "opens"),
    [
        (500.0, "first", ["first", "second"]),
        (559.999, "first", ["first", "second"]),
        (560.0, "second", ["first", "second"]),
        (ENDS - 0.001, "second", ["first", "second"]),
        (ENDS, "second", ["second"]),
        (0.0, "first", ["first", "second"]),  # the clock went back behind all of them (F8)
    ],
)
def test_rotation_refuses_no_session_that_may_live__F34(now: float, seals: str, opens: list[str]) -> None:
    assert at(now) == (seals, opens)


def test_keys_for_other_things_are_left_alone__F34() -> None:
    later = without_retired_session_keys(ROTATED, now=ENDS, lifetime=LIFETIME)
    assert [key.id for key in later.keys] == ["other", "second"]
    assert without_retired_session_keys(ROTATED, now=ENDS - 1, lifetime=LIFETIME) == ROTATED


def test_without_any_key_nothing_is_sealed() -> None:
    with pytest.raises(KeyRingRefused):
        keys_at((), 0.0)


@given(st.lists(st.floats(0, 3000), max_size=20))
def test_asked_at_any_times_in_any_order_they_are_the_same(times: list[float]) -> None:
    held = held_session_keys(ROTATED, lifetime=LIFETIME)
    kept = SessionKeysOverTime(held)
    for now in times:
        assert kept.at(now) == keys_at(held, now)


def test_they_are_made_anew_only_where_the_time_has_come() -> None:
    kept = SessionKeysOverTime(held_session_keys(ROTATED, lifetime=LIFETIME))
    assert kept.at(500.0) is kept.at(559.0)
    assert kept.at(559.0) is not kept.at(560.0)
