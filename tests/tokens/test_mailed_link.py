"""The token of a mailed link: it says what it was made for, to whom has the key, and nothing to anybody else."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.crypto.sealing import Sealing
from watchword.crypto.secret import Secret
from watchword.tokens.mailed_link import MailedLink, Purpose, new_link, read_link, written_link

OLD, NEW = ("old", Secret(b"o" * 32)), ("new", Secret(b"n" * 32))
SEALING = Sealing([OLD, NEW])
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)


def link(purpose: Purpose = "password-reset", subject: str = "ann", **more: str) -> MailedLink:
    return new_link(purpose, subject, "stamp", address="ann@example.org", expires_at=1800.5, entropy=os.urandom, **more)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_token_tells_what_it_was_made_for_and_nobody_else__F28(purpose: Purpose) -> None:
    made = link(purpose, before="old@example.org")
    token = written_link(made, SEALING, os.urandom)
    assert read_link(token, purpose, SEALING) == made
    assert [read_link(token, other, SEALING) for other in PURPOSES if other != purpose] == [None] * 2


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=255))
def test_whatever_the_subject_is_called_the_token_can_stand_in_a_url__F17(subject: str) -> None:
    token = written_link(link(subject=subject), SEALING, os.urandom)
    assert token.replace("-", "").replace("_", "").isalnum()
    assert token.isascii()
    found = read_link(token, "password-reset", SEALING)
    assert found is not None
    assert found.subject == subject


def test_two_links_are_never_the_same() -> None:
    one, two = link(), link()
    assert one.id != two.id
    assert len(one.id) == 16
    assert written_link(one, SEALING, os.urandom) != written_link(one, SEALING, os.urandom)


def test_token_lives_as_long_as_its_key__F34() -> None:
    made = link()
    token = written_link(made, Sealing([OLD]), os.urandom)
    assert read_link(token, "password-reset", SEALING) == made
    assert read_link(token, "password-reset", Sealing([NEW])) is None


@given(st.text(max_size=600) | st.binary(max_size=400).map(lambda told: told.decode("latin-1")))
def test_anything_else_is_none__F12(text: str) -> None:
    assert read_link(text, "password-reset", SEALING) is None


def test_no_bit_of_it_can_be_changed() -> None:
    token = written_link(link(), SEALING, os.urandom)
    for number in range(len(token)):
        changed = token[:number] + ("A" if token[number] != "A" else "B") + token[number + 1 :]
        assert read_link(changed, "password-reset", SEALING) is None


def test_nothing_secret_is_shown__F33() -> None:
    made = replace(link(), before="old@example.org")
    for secret in ("stamp'", "example.org", repr(made.id)):
        assert secret not in repr(made)
