"""Sealed values open in their place, under their key, unchanged, and in no other case."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from watchword.crypto.sealing import Sealing
from watchword.crypto.secret import Secret

OLD, NEW, OTHER = (("old", Secret(b"o" * 32)), ("new", Secret(b"n" * 32)), ("new", Secret(b"x" * 32)))
PLACE = b"totp/1"


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_what_was_sealed_opens_in_its_place_and_in_no_other(plain: bytes, place: bytes) -> None:
    sealing = Sealing([OLD, NEW])
    sealed = sealing.seal(plain, place, os.urandom)
    assert sealing.open(sealed, place) == plain
    assert sealing.open(sealed, place + b"2") is None


def test_no_bit_can_be_flipped__F33() -> None:
    sealing = Sealing([NEW])
    sealed = sealing.seal(b"the seed", PLACE, os.urandom)
    assert b"seed" not in sealed
    for bit in range(8 * len(sealed)):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        assert sealing.open(bytes(changed), PLACE) is None


def test_values_from_before_a_rotation_open_until_their_key_is_gone() -> None:
    sealed = Sealing([OLD]).seal(b"the seed", PLACE, os.urandom)
    both = Sealing([OLD, NEW])
    assert both.open(sealed, PLACE) == b"the seed"
    assert not both.is_current(sealed)
    assert both.is_current(both.seal(b"the seed", PLACE, os.urandom))
    assert Sealing([NEW]).open(sealed, PLACE) is None


def test_a_key_of_the_same_name_opens_nothing() -> None:
    assert Sealing([OTHER]).open(Sealing([NEW]).seal(b"the seed", PLACE, os.urandom), PLACE) is None


@given(st.binary(max_size=80))
def test_opening_is_total(sealed: bytes) -> None:
    assert Sealing([OLD, NEW]).open(sealed, PLACE) is None
