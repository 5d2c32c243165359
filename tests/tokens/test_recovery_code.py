"""Recovery codes: enough of them, hard to guess, easy to type."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.credentials import RECOVERY_CODE
from watchword.tokens.recovery_code import (
    HOW_MANY,
    kept_secret,
    new_recovery_codes,
    read_recovery_code,
    recovery_credential,
)


def test_set_has_ten_different_codes_in_groups_of_four() -> None:
    codes = new_recovery_codes(os.urandom)
    assert len(set(codes)) == HOW_MANY == 10
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){5}", code) for code in codes)


def test_code_has_the_entropy_that_needs_no_password_hash__ASVS_6_5_2() -> None:
    asked: list[int] = []

    def entropy(length: int) -> bytes:
        asked.append(length)
        return bytes(length)

    new_recovery_codes(entropy)
    assert asked == [15] * HOW_MANY
    assert 15 * 8 >= 112


@given(st.binary(min_size=15, max_size=15))
def test_what_was_written_is_read(code: bytes) -> None:
    (text, *_) = new_recovery_codes(lambda length: code)
    assert read_recovery_code(text) == code


@pytest.mark.parametrize(
    "typed",
    [
        "0123-4567-89AB-CDEF-GHJK-MNPQ",
        "0123-4567-89ab-cdef-ghjk-mnpq",
        "0123456789ABCDEFGHJKMNPQ",
        "  0123 4567 89AB\tCDEF GHJK\nMNPQ ",
        "O123-4567-89AB-CDEF-GHJK-MNPQ",
        "oi23-4567-89AB-CDEF-GHJK-MNPQ",
        "0L23-4567-89AB-CDEF-GHJK-MNPQ",
        "0-1-2-3-4-5-6-7-8-9-A-B-C-D-E-F-G-H-J-K-M-N-P-Q",
    ],
)
def test_typing_is_forgiven(typed: str) -> None:
    assert read_recovery_code(typed) == read_recovery_code("0123-4567-89AB-CDEF-GHJK-MNPQ") is not None


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "123456",
        "0123-4567-89AB-CDEF-GHJK-MNP",
        "0123-4567-89AB-CDEF-GHJK-MNPQR",
        "U123-4567-89AB-CDEF-GHJK-MNPQ",
        "0123_4567_89AB_CDEF_GHJK_MNPQ",
        "０１２３-4567-89AB-CDEF-GHJK-MNPQ",
        "ß123-4567-89AB-CDEF-GHJK-MNP",  # in capitals it is one letter longer
    ],
)
def test_anything_else_is_none(typed: str) -> None:
    assert read_recovery_code(typed) is None


@given(st.text())
def test_reading_is_total(text: str) -> None:
    read = read_recovery_code(text)
    assert read is None or len(read) == 15


def test_record_holds_a_fingerprint_and_a_public_id_that_does_not_tell_it() -> None:
    codes = new_recovery_codes(os.urandom)
    records = [recovery_credential(code, "ann", 7.0) for code in codes]
    for code, record in zip(codes, records, strict=True):
        read = read_recovery_code(code)
        assert read is not None
        assert (record.kind, record.subject, record.created_at) == (RECOVERY_CODE, "ann", 7.0)
        assert record.secret == kept_secret(read)
        assert read not in record.secret
        assert code not in repr(record)
    assert len({record.id for record in records} | {record.secret for record in records}) == 2 * HOW_MANY
