"""Auth tokens follow from a key and an account's record, on every node alike."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.records import Account, AuthTokenInputs
from watchword.crypto.secret import Secret
from watchword.tokens.derived import derive_auth_token, matches
from watchword.tokens.format import encode, is_well_formed, new_token

OLD, NEW, OTHER = Secret(b"o" * 32), Secret(b"n" * 32), Secret(b"x" * 32)
INPUTS = AuthTokenInputs(generation=7, issued_at=1_429_190_890.749, valid_until=1_429_191_790.749)
ANN = Account(name="ann", stamp="stamp-1", auth_token=INPUTS)


def derived(key: Secret, account: Account) -> str:
    token = derive_auth_token(key, account)
    assert token is not None
    return token


def test_a_token_is_an_hmac_over_what_identifies_one_issue__S3_2() -> None:
    message = b"\0\0\0\x17watchword auth token v1\0\0\0\x03ann\0\0\0\x07stamp-1\0\0\0\x017\0\0\0\x0d1429190890749"
    assert derived(OLD, ANN) == encode("t", hmac.new(b"o" * 32, message, hashlib.sha256).digest())


def test_the_derivation_does_not_change_between_versions() -> None:
    assert derived(OLD, ANN) == "ww_t_dcpvbZEisSkKf0pyJYn04HwDvnJUXNWZTFcW47xP4z5_1fwAnz"


def test_a_token_has_the_form_of_its_kind() -> None:
    assert is_well_formed(derived(OLD, ANN), "t")


def test_every_node_that_has_the_keys_takes_it__S3_6() -> None:
    for key in (OLD, NEW):
        assert matches(derived(key, ANN), [OLD, NEW], ANN)
    assert not matches(derived(OTHER, ANN), [OLD, NEW], ANN)
    assert not matches(derived(OLD, ANN), [NEW], ANN)
    assert not matches(derived(OLD, ANN), [], ANN)


OTHERS = [
    pytest.param(replace(ANN, name="bob"), id="S3_3-another-user"),
    pytest.param(replace(ANN, stamp="stamp-2"), id="F36-new-password"),
    pytest.param(replace(ANN, auth_token=replace(INPUTS, generation=8)), id="S3_4-revoked-and-issued-anew"),
    pytest.param(replace(ANN, auth_token=replace(INPUTS, issued_at=INPUTS.issued_at + 0.001)), id="issued-later"),
    pytest.param(replace(ANN, auth_token=None), id="S3_4-revoked"),
    pytest.param(replace(ANN, name="anns", stamp="tamp-1"), id="the-same-text-cut-elsewhere"),
]


@pytest.mark.parametrize("other", OTHERS)
def test_a_token_belongs_to_one_issue_alone(other: Account) -> None:
    assert not matches(derived(OLD, ANN), [OLD], other)


def test_a_sliding_validity_keeps_the_token__S3_5() -> None:
    later = replace(ANN, auth_token=replace(INPUTS, valid_until=INPUTS.valid_until + 900))
    assert matches(derived(OLD, ANN), [OLD], later)


def test_nothing_is_derived_where_no_token_is_alive() -> None:
    assert derive_auth_token(OLD, replace(ANN, auth_token=None)) is None


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_may_be_presented__totality(text: str) -> None:
    assert not matches(text, [OLD, NEW], ANN)


def test_a_well_formed_token_that_nobody_derived_is_refused() -> None:
    assert not matches(new_token("t", bytes(32)), [OLD, NEW], ANN)


def test_every_key_is_tried_whichever_fits__F31(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    def note(a: bytes, b: bytes) -> bool:
        compared.append(b)
        return a == b

    monkeypatch.setattr("hmac.compare_digest", note)
    for token in (derived(OLD, ANN), derived(NEW, ANN), derived(OTHER, ANN)):
        compared.clear()
        matches(token, [OLD, NEW], ANN)
        assert len(compared) == 2


PARTS = st.text(st.characters(exclude_categories=()), max_size=6)
ACCOUNTS = st.builds(
    Account,
    name=PARTS,
    stamp=PARTS,
    auth_token=st.builds(
        AuthTokenInputs, generation=st.integers(0, 30), issued_at=st.integers(0, 300), valid_until=st.just(0)
    ),
)


@given(ACCOUNTS, ACCOUNTS)
def test_two_issues_never_share_a_token(one: Account, other: Account) -> None:
    assert (derived(OLD, one) == derived(OLD, other)) == (one == other)
