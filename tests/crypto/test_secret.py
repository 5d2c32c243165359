"""Secrets do not show, and are compared in constant time."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import pickle
import traceback
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.crypto.secret import Secret, equal, fingerprint, mask

CANARY = "canary-4f1d9c0b7a"
ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{:>40}".format, "{!r:.99}".format, "%s".__mod__, ascii])
def test_a_secret_never_shows__S4_8__F33(show: Callable[[Secret], str]) -> None:
    shown = show(Secret(CANARY))
    assert CANARY not in shown
    assert "Secret('****')" in shown


def test_a_record_that_holds_a_secret_does_not_show_it__F33() -> None:
    @dataclasses.dataclass(frozen=True, slots=True)
    class Holder:
        secret: Secret

    assert CANARY not in repr(Holder(Secret(CANARY)))
    assert Holder(Secret("a")) == Holder(Secret("a"))
    assert Holder(Secret("a")) != Holder(Secret("b"))


def test_a_traceback_does_not_show_a_secret__F33() -> None:
    secret = Secret(CANARY)
    with pytest.raises(KeyError) as raised:
        raise KeyError(secret)
    shown = traceback.TracebackException.from_exception(raised.value, capture_locals=True).format()
    assert CANARY not in "".join(shown)


@pytest.mark.parametrize("leak", [pickle.dumps, json.dumps, copy.copy, copy.deepcopy, hash, vars, bytes])
def test_a_secret_cannot_be_pickled_copied_hashed_or_written_as_json__F33(leak: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError):
        leak(Secret(CANARY))


@given(ANY_TEXT, ANY_TEXT)
def test_any_text_is_a_secret_and_comes_back__F18(one: str, other: str) -> None:
    assert Secret(one).reveal_text() == one
    assert (Secret(one) == Secret(other)) == (one == other)


@given(st.binary(), st.binary())
def test_bytes_come_back_and_compare(one: bytes, other: bytes) -> None:
    assert Secret(one).reveal() == one
    assert (Secret(one) == Secret(other)) == (one == other) == equal(one, other)


def test_text_and_its_utf_8_are_the_same_secret() -> None:
    assert Secret("né€") == Secret("né€".encode())


def test_a_secret_equals_nothing_but_a_secret() -> None:
    assert Secret("a") != "a"
    assert Secret("a") != b"a"


def test_only_digests_are_compared__F31(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def note(a: bytes, b: bytes) -> bool:
        compared.append((a, b))
        return a == b

    monkeypatch.setattr("hmac.compare_digest", note)
    assert not equal(b"short", b"very much longer")
    assert compared == [(hashlib.sha256(b"short").digest(), hashlib.sha256(b"very much longer").digest())]


def test_a_fingerprint_is_sha_256() -> None:
    # FIPS 180-2, appendix B.1
    assert fingerprint(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("", "****"), ("abcdefghijklmno", "****"), ("abcdefghijklmnop", "****mnop"), (CANARY, "****0b7a")],
)
def test_a_mask_shows_four_characters_at_most__S4_8(text: str, shown: str) -> None:
    assert mask(text) == shown
