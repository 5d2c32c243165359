"""How credentials for third parties are kept: bound to their place, under keys that change (F34)."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from watchword.crypto.secret import Secret
from watchword.tokens.keys import Key, KeyRing
from watchword.tokens.third_party_seal import (
    PURPOSE,
    SETTLES,
    droppable_keys,
    opened,
    replaced_keys,
    sealed_for,
    sealing_at,
    shown_end,
    with_new_third_party_key,
    without_keys,
)

NOW = 1_790_000_000.0
FIRST = Key(id="first", purpose=PURPOSE, secret=Secret(b"1" * 32), created_at=NOW)
RING = KeyRing((FIRST,))
CREDENTIAL = Secret("sk-0123456789abcdef")


def rotated(ring: KeyRing, key_id: str, now: float, lead: float) -> KeyRing:
    return with_new_third_party_key(
        ring, key_id=key_id, secret=Secret(key_id.encode().ljust(32, b".")), now=now, lead=lead
    )


def sealed(ring: KeyRing, now: float) -> bytes:
    return sealed_for(CREDENTIAL, "ann", "acme", sealing=sealing_at(ring.all(PURPOSE), now), entropy=os.urandom)


NAMES = st.sampled_from(("ann", "bob", "acme", "ann|acme", "acme|ann", "Ann", ""))


@given(NAMES, NAMES)
def test_a_credential_opens_in_its_own_place_alone__F34(subject: str, provider: str) -> None:
    found = opened(sealed(RING, NOW), subject, provider, sealing=sealing_at(RING.all(PURPOSE), NOW))
    assert found == (CREDENTIAL if (subject, provider) == ("ann", "acme") else None)


@given(st.data())
def test_a_changed_byte_opens_nothing__F34(data: st.DataObject) -> None:
    value = bytearray(sealed(RING, NOW))
    value[data.draw(st.integers(0, len(value) - 1))] ^= data.draw(st.integers(1, 255))
    assert opened(bytes(value), "ann", "acme", sealing=sealing_at(RING.all(PURPOSE), NOW)) is None


def test_a_new_key_seals_from_its_second_on_and_the_old_one_opens__F34() -> None:
    ring = rotated(RING, "next", NOW, lead=60)
    before, after = sealed(ring, NOW + 59), sealed(ring, NOW + 60)
    sealing = sealing_at(ring.all(PURPOSE), NOW + 60)
    assert (sealing.is_current(before), sealing.is_current(after)) == (False, True)
    for value in (before, after):
        for now in (NOW, NOW + 60):
            assert opened(value, "ann", "acme", sealing=sealing_at(ring.all(PURPOSE), now)) == CREDENTIAL


def test_a_clock_behind_every_key_seals_with_the_oldest() -> None:
    ring = rotated(RING, "next", NOW, lead=0)
    assert sealing_at(ring.all(PURPOSE), NOW - 9).keys[-1][0] == "first"


def test_a_key_may_go_a_stated_while_after_another_took_over__F34() -> None:
    ring = rotated(RING, "next", NOW, lead=60)
    assert [replaced_keys(ring, NOW + after) for after in (59, 60)] == [frozenset(), {"first"}]
    assert [droppable_keys(ring, NOW + 60 + SETTLES + after) for after in (-1, 0)] == [frozenset(), {"first"}]
    assert without_keys(ring, {"first"}).all(PURPOSE) == (ring.newest(PURPOSE),)


def test_a_key_that_never_had_its_turn_may_go_with_the_others() -> None:
    ring = rotated(rotated(RING, "late", NOW, lead=3600), "now", NOW, lead=0)
    assert sealing_at(ring.all(PURPOSE), NOW).keys[-1][0] == "now"
    assert sealing_at(ring.all(PURPOSE), NOW + 3600).keys[-1][0] == "now"
    assert droppable_keys(ring, NOW + SETTLES) == {"first", "late"}


def test_no_more_than_four_characters_are_shown__S4_8() -> None:
    shown = {length: shown_end(Secret("0123456789abcdefghij"[:length])) for length in (1, 9, 10, 15, 16, 20)}
    assert shown == {1: "****", 9: "****", 10: "****89", 15: "****de", 16: "****cdef", 20: "****ghij"}
