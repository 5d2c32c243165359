"""Passwords are hashed with Argon2id and checked exactly as received."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.quickness import costs_less_than
from watchword.crypto.password import (
    Hashing,
    check_password,
    dummy_hash,
    hash_password,
    is_known_format,
    needs_rehash,
    normalise,
)
from watchword.crypto.secret import Secret

QUICK = Hashing(t=1, m=64, p=1)
SALT = bytes(range(16))

# The Argon2 authors' own tests (phc-winner-argon2, src/test.c): version 0x13, Argon2id, salt "somesalt".
REFERENCE = [
    ("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password"),
    ("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "password"),
    ("$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc", "password"),
    ("$argon2id$v=19$m=65536,t=1,p=1$c29tZXNhbHQ$9qWtwbpyPd3vm1rB1GThgPzZ3/ydHL92zKL+15XZypg", "password"),
]


@pytest.mark.parametrize(("stored", "password"), REFERENCE)
def test_the_reference_implementations_hashes_check(stored: str, password: str) -> None:
    assert check_password(Secret(password), stored)
    assert not check_password(Secret("differentpassword"), stored)


def test_the_default_is_what_owasp_recommends() -> None:
    stored = hash_password(Secret("correct horse"), Hashing(), SALT)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$")
    assert check_password(Secret("correct horse"), stored)
    assert not needs_rehash(stored, Hashing())


# Every pair differs in nothing but what a careless system would drop.
DISTINCT = [
    pytest.param("secret\0one", "secret\0two", id="F18-after-a-NUL"),
    pytest.param("secret", "secret\0", id="F18-NUL-at-the-end"),
    pytest.param("secret", "secret\r\n", id="F18-CR-LF-at-the-end"),
    pytest.param("secret", " secret", id="leading-space"),
    pytest.param("Secret", "secret", id="case"),
    pytest.param("a" * 72 + "b", "a" * 72 + "c", id="after-72-bytes"),
    pytest.param("a" * 5000 + "b", "a" * 5000 + "c", id="after-5000-bytes"),
    pytest.param("ﬁsh", "fish", id="NFKC-would-fold-it"),
    pytest.param("\ud800", "\ud801", id="F17-lone-surrogates"),
    pytest.param("", " ", id="empty"),
]


@pytest.mark.parametrize(("password", "other"), DISTINCT)
def test_a_password_is_checked_exactly_as_received__6_2_8(password: str, other: str) -> None:
    stored = hash_password(Secret(normalise(password)), QUICK, SALT)
    assert check_password(Secret(normalise(password)), stored)
    assert not check_password(Secret(normalise(other)), stored)


def test_composed_and_decomposed_passwords_are_one__F17() -> None:
    stored = hash_password(Secret(normalise("Zoe\u0308")), QUICK, SALT)
    assert check_password(Secret(normalise("Zo\u00eb")), stored)


def test_colons_stay_in_the_password__S3_1__F19() -> None:
    stored = hash_password(Secret("a:b:c"), QUICK, SALT)
    assert check_password(Secret("a:b:c"), stored)
    assert not check_password(Secret("a"), stored)


@given(st.text(st.characters(exclude_categories=()), max_size=1024))
def test_normalising_is_nfc_and_nothing_else(password: str) -> None:
    assert normalise(password) == unicodedata.normalize("NFC", password)


def test_normalising_takes_no_long_time_over_a_hostile_text__F16() -> None:
    costs_less_than(0.05, lambda: normalise("a" + "\u0301\u0316" * 50_000))


def test_a_hash_needs_a_whole_salt() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        hash_password(Secret("x"), QUICK, b"short")


def test_a_hash_does_not_show_the_password() -> None:
    assert "canary" not in hash_password(Secret("canary"), QUICK, SALT)


@pytest.mark.parametrize(
    ("t", "m", "p"),
    [(0, 19456, 1), (101, 19456, 1), (1, 7, 1), (1, 15, 2), (1, 1024 * 1024 + 1, 1), (1, 19456, 0), (1, 19456, 65)],
)
def test_parameters_that_could_not_be_checked_again_are_refused(t: int, m: int, p: int) -> None:
    with pytest.raises(ValueError, match="t is 1 to"):
        Hashing(t=t, m=m, p=p)


DIGEST = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
BROKEN = [
    "",
    "secret",
    "!",
    "{noop}secret",
    "{CLEARTEXT}secret",
    "$argon2id$",
    f"$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ${DIGEST}",
    f"$argon2id$m=64,t=1,p=1$c29tZXNhbHQ${DIGEST}",
    f"$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ${DIGEST}",
    f"$argon2id$v=19$m=1048577,t=1,p=1$c29tZXNhbHQ${DIGEST}",
    f"$argon2id$v=19$m=99999999999,t=1,p=1$c29tZXNhbHQ${DIGEST}",
    f"$argon2id$v=19$m=64,t=101,p=1$c29tZXNhbHQ${DIGEST}",
    f"$argon2id$v=19$m=64,t=0,p=1$c29tZXNhbHQ${DIGEST}",
    f"$argon2id$v=19$m=64,t=1,p=9$c29tZXNhbHQ${DIGEST}",
    f"$argon2id$v=19$m=6\u0664,t=1,p=1$c29tZXNhbHQ${DIGEST}",  # an Arabic-Indic digit
    f"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ${DIGEST}\n",
    "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAA",
    f"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhb${DIGEST[:-3]}==",
    f"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQxx${DIGEST}",  # 13 characters are no base64
]


@pytest.mark.parametrize("stored", BROKEN)
def test_a_broken_unknown_or_unaffordable_hash_belongs_to_no_password__F12(stored: str) -> None:
    assert not is_known_format(stored)
    assert not check_password(Secret("secret"), stored)
    assert not check_password(Secret(""), stored)


@given(st.text(max_size=200), st.text(max_size=20))
def test_any_text_can_be_checked_against__totality(stored: str, password: str) -> None:
    assert check_password(Secret(password), stored) is False


VALID = hash_password(Secret("secret"), QUICK, SALT)


@given(st.integers(0, len(VALID) - 1), st.characters(exclude_categories=()))
@example(len(VALID) - 1, "\n")
@settings(max_examples=300)
def test_a_hash_with_one_character_changed_still_raises_nothing__totality(position: int, character: str) -> None:
    changed = VALID[:position] + character + VALID[position + 1 :]
    assert check_password(Secret("secret"), changed) == (changed == VALID)


@pytest.mark.parametrize("hashing", [QUICK, Hashing(t=3, m=128, p=2)])
def test_the_dummy_costs_what_a_real_hash_costs_and_nobody_has_it__F30(hashing: Hashing) -> None:
    dummy = dummy_hash(hashing)
    real = hash_password(Secret("secret"), hashing, SALT)
    assert dummy == dummy_hash(hashing)
    assert len(dummy) == len(real)
    assert dummy.split("$")[:4] == real.split("$")[:4]
    assert is_known_format(dummy)
    assert not needs_rehash(dummy, hashing)
    for password in ("", "\0", "secret", "dummy"):
        assert not check_password(Secret(password), dummy)


def test_a_hash_is_made_anew_under_other_parameters_or_in_another_format() -> None:
    assert not needs_rehash(VALID, QUICK)
    assert needs_rehash(VALID, Hashing(t=2, m=64, p=1))
    assert needs_rehash(VALID, Hashing(t=1, m=65, p=1))
    assert needs_rehash(VALID, Hashing(t=1, m=64, p=2))
    assert needs_rehash(f"argon2{VALID}", QUICK)
    assert needs_rehash("{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=", QUICK)


@pytest.mark.parametrize("wrapper", ["argon2", "{argon2}", "{argon2@SpringSecurity_v5_8}"])
def test_django_and_spring_wrap_the_same_hash(wrapper: str) -> None:
    assert check_password(Secret("secret"), wrapper + VALID)
    assert not check_password(Secret("wrong"), wrapper + VALID)
