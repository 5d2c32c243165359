"""One account holds half of what is scarce, at most (F38)."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from watchword.stores.providers.shares import Shares


@pytest.mark.parametrize(("places", "most"), [(1, 1), (2, 1), (3, 2), (8, 4), (64, 32)])
def test_one_account_gets_half_and_others_the_rest__F38(places: int, most: int) -> None:
    shares = Shares()
    with ExitStack() as held:
        for _ in range(most):
            assert held.enter_context(shares.held(("ann", "acme", places)))
        assert not held.enter_context(shares.held(("ann", "acme", places)))
        assert held.enter_context(shares.held(("bob", "acme", places)))
        assert held.enter_context(shares.held(("ann", "other", places)))
    with shares.held(("ann", "acme", places)) as free:
        assert free


def test_what_is_held_of_several_is_held_of_all_or_of_none__F38() -> None:
    shares = Shares()
    with shares.held(("ann", "acme", 8), ("ann", "", 2)) as one, shares.held(("ann", "acme", 1), ("ann", "", 8)) as two:
        assert (one, two) == (True, False)  # acme's one place is hers, and the other claim was not counted
        with shares.held(("ann", "", 6)) as free:
            assert free


def test_nobody_is_remembered_who_holds_nothing__F38() -> None:
    shares = Shares()
    for number in range(100):
        with shares.held((f"user-{number}", "acme", 8)):
            pass
    assert not shares._held  # pyright: ignore[reportPrivateUsage]  # it would grow for ever, and nobody would see


def test_a_place_comes_back_where_something_went_wrong__F38() -> None:
    shares = Shares()
    with pytest.raises(OSError, match="gone"), shares.held(("ann", "acme", 1)):
        raise OSError("gone")
    with shares.held(("ann", "acme", 1)) as free:
        assert free
