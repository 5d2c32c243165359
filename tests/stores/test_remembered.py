"""What is remembered of right passwords, and when it counts for nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.records import Account
from watchword.crypto.secret import Secret
from watchword.stores.asking.bounded import Bounded
from watchword.stores.asking.remembered import MOST_MISSES, Remembered

ANN = Account(name="ann", stamp="s1", password_hash="h1")
KEY = bytes(range(32))


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def remembered(clock: Clock) -> Remembered:
    return Remembered(KEY, clock=clock)


def keep(remembered: Remembered, account: Account = ANN, password: str = "secret") -> bytes:
    tag = remembered.tag(account.name, Secret(password))
    remembered.keep(account.name, tag, account)
    return tag


def test_nothing_is_known_at_first__S2_3(remembered: Remembered) -> None:
    assert remembered.find(remembered.tag("ann", Secret("secret"))) is None


@pytest.mark.parametrize(
    ("present", "holds"),
    [
        pytest.param(ANN, True, id="same"),
        pytest.param(replace(ANN, roles=frozenset({"admin"})), True, id="other-roles"),
        pytest.param(replace(ANN, stamp="s2"), False, id="another-stamp"),
        pytest.param(replace(ANN, password_hash="h2"), False, id="another-hash"),
        pytest.param(replace(ANN, password_hash=None), False, id="no-password-any-more"),
        pytest.param(replace(ANN, disabled=True), False, id="disabled"),
        pytest.param(None, False, id="deleted"),
    ],
)
def test_a_proof_holds_for_the_account_as_it_was__S2_3_F36(
    remembered: Remembered, present: Account | None, holds: bool
) -> None:
    proof = remembered.find(keep(remembered))
    assert proof is not None
    assert proof.holds(present) is holds


def test_a_proof_is_over_on_its_last_second__S2_3(remembered: Remembered, clock: Clock) -> None:
    tag = keep(remembered)
    clock.at = 599.9
    assert remembered.find(tag) is not None
    clock.at = 600.0
    assert remembered.find(tag) is None


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_different_pairs_have_different_tags__S2_3(one: tuple[str, str], other: tuple[str, str]) -> None:
    remembered = Remembered(KEY)
    same = remembered.tag(one[0], Secret(one[1])) == remembered.tag(other[0], Secret(other[1]))
    assert same == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ann", "\0x"), ("ann\0", "x")),
        (("a", "nn"), ("an", "n")),
        (("1:a", ""), ("1", ":a")),
        (("", "1:a"), ("a", "")),
    ],
)
def test_no_pair_runs_together_into_another__S2_3(one: tuple[str, str], other: tuple[str, str]) -> None:
    remembered = Remembered(KEY)
    assert remembered.tag(one[0], Secret(one[1])) != remembered.tag(other[0], Secret(other[1]))


def test_the_tag_depends_on_the_key_of_the_process_and_is_no_password__F31() -> None:
    one = Remembered(KEY).tag("ann", Secret("secret"))
    assert one != Remembered(bytes(32)).tag("ann", Secret("secret"))
    assert len(one) == 32
    assert b"secret" not in one


def test_a_short_key_is_refused__F31() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Remembered(b"short")


def test_no_more_than_a_bounded_number_is_remembered__S2_3() -> None:
    remembered = Remembered(KEY, most=3)
    tags = [keep(remembered, replace(ANN, name=f"n{n}")) for n in range(10)]
    assert [remembered.find(tag) is not None for tag in tags] == [False] * 7 + [True] * 3


def test_after_many_misses_nothing_is_recalled_for_a_minute__F13(remembered: Remembered, clock: Clock) -> None:
    tag = keep(remembered)
    for n in range(MOST_MISSES):
        assert remembered.recall("ann", tag) is not None
        assert remembered.recall("ann", remembered.tag("ann", Secret(f"guess {n}"))) is None
    assert remembered.recall("ann", tag) is None
    assert remembered.recall("bob", tag) is not None, "misses of one name are not another's"
    assert remembered.find(tag) is not None, "who counts failures may still look"
    clock.at = 60.0
    assert remembered.recall("ann", tag) is not None


def test_a_right_password_makes_up_for_its_own_misses__S2_3(remembered: Remembered) -> None:
    tag = remembered.tag("ann", Secret("secret"))
    for _ in range(2 * MOST_MISSES):
        assert remembered.recall("ann", tag) is None
    remembered.keep("ann", tag, ANN)
    assert remembered.recall("ann", tag) is not None


def test_a_bounded_dictionary_forgets_what_was_put_in_first() -> None:
    bounded: Bounded[int, str] = Bounded(2)
    for key in (1, 2, 1, 3):
        bounded.put(key, str(key))
    assert [bounded.get(key) for key in (1, 2, 3)] == ["1", None, "3"]
    bounded.drop(1)
    bounded.drop(7)
    assert bounded.get(1) is None
    assert len(bounded) == 1
