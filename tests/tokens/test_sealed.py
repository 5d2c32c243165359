"""Sessions in a token: what comes back is what was sealed, and not one bit of it can be changed (S2.10, S2.11)."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.names import LONGEST_NAME
from watchword.core.questions import SessionKey
from watchword.core.records import Session
from watchword.crypto.secret import Secret
from watchword.tokens.sealed import (
    LONGEST,
    Form,
    is_session_id,
    key_id,
    looks_sealed,
    new_session_id,
    seal,
    unseal,
)

FORMS: tuple[Form, ...] = get_args(Form)
KEY = SessionKey("one", Secret(b"k" * 32))
OTHER = SessionKey("two", Secret(b"o" * 32))
SESSION = Session(
    id="an id",
    fingerprint=b"f" * 32,
    subject="änn",
    stamp="what it hangs on",
    created_at=1000.25,
    auth_time=999.5,
    last_seen=1060.125,
    expires_at=5000.0,
    idle_timeout=1800.0,
    amr=frozenset(("pwd", "otp")),
    acr="mfa",
    binding="1:user-agent:k:m",
)
WITH_DATA = replace(SESSION, data={"cart": [1, {"é\n": None}], "seen": True})


def nonce(length: int) -> bytes:
    return bytes(length)


def sealed(form: Form, session: Session = SESSION, key: SessionKey = KEY) -> bytes:
    return seal(form, session, key, nonce).encode("ascii")


@pytest.mark.parametrize("form", FORMS)
def test_what_was_sealed_comes_back__S2_10__S2_11(form: Form) -> None:
    token = sealed(form)
    assert looks_sealed(token)
    assert key_id(token) == "one"
    assert unseal(token, KEY) == SESSION


def test_only_an_encrypted_one_holds_data__S2_10__S2_42() -> None:
    assert unseal(sealed("encrypted", WITH_DATA), KEY) == WITH_DATA
    assert unseal(sealed("signed", WITH_DATA), KEY) == SESSION


@given(
    session=st.builds(
        Session,
        id=st.text(st.characters(codec="utf-8"), max_size=30),
        fingerprint=st.binary(min_size=32, max_size=32),
        subject=st.text(st.characters(codec="utf-8"), max_size=60),
        stamp=st.text(st.characters(codec="utf-8"), max_size=30),
        created_at=st.floats(0, 1e11),
        auth_time=st.floats(0, 1e11),
        last_seen=st.floats(0, 1e11),
        expires_at=st.floats(0, 1e11),
        idle_timeout=st.floats(0, 1e9),
        amr=st.frozensets(st.sampled_from(["pwd", "otp", "mfa", "hwk"])),
        acr=st.none() | st.text(st.characters(codec="utf-8"), max_size=20),
        data=st.dictionaries(
            st.text(st.characters(codec="utf-8")),
            st.integers(-9, 9) | st.text(st.characters(codec="utf-8")),
            max_size=5,
        ),
    )
)
def test_any_session_comes_back(session: Session) -> None:
    assert unseal(sealed("encrypted", session), KEY) == session
    assert unseal(sealed("signed", session), KEY) == replace(session, data={})


@pytest.mark.parametrize("form", FORMS)
def test_no_bit_can_be_changed__S2_10__S2_11(form: Form) -> None:
    token = sealed(form, WITH_DATA)
    for place in range(len(token)):
        for bit in range(8):
            changed = bytearray(token)
            changed[place] ^= 1 << bit
            assert unseal(bytes(changed), KEY) is None, (place, bit)


@pytest.mark.parametrize("form", FORMS)
def test_nothing_can_be_added_cut_or_spelled_otherwise(form: Form) -> None:
    token = sealed(form)
    for other in (token + b"=", token + b"A", token[:-1], token + b".", b" " + token, token.upper(), token + token):
        assert unseal(other, KEY) is None
    head, _, tail = token.rpartition(b".")
    for last in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
        # The last letter of base64url may have bits to spare: in one spelling only they are none.
        spelled = head + b"." + tail[:-1] + bytes((last,))
        assert spelled == token or unseal(spelled, KEY) is None


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda rest: b"wws1.one." + rest))
def test_whatever_comes_is_judged__total(token: bytes) -> None:
    assert unseal(token, KEY) is None
    assert unseal(b"wwe1." + token, KEY) is None
    key_id(token)
    key_id(b"wwe1." + token)


def test_no_other_key_opens_it_even_under_its_name__F25() -> None:
    for form in FORMS:
        assert unseal(sealed(form), OTHER) is None
        assert unseal(sealed(form), SessionKey("one", OTHER.secret)) is None
    signed = sealed("signed")
    assert unseal(signed.replace(b".one.", b".two."), SessionKey("two", KEY.secret)) is None


def test_a_signed_one_can_be_read_by_anybody_and_says_nothing_else__S2_10__D18() -> None:
    claims = sealed("signed", WITH_DATA).split(b".")[2]
    told = json.loads(urlsafe_b64decode(claims + b"=" * (-len(claims) % 4)))
    assert told["sub"] == "änn"
    assert set(told) == {
        "sub", "sid", "of", "name", "iat", "auth_time", "seen", "idle", "exp", "amr", "acr", "bound",
    }  # fmt: skip


def test_an_encrypted_one_shows_nothing__S2_11__F33__D18() -> None:
    canary = replace(SESSION, subject="CANARY", id="CANARY", stamp="CANARY", acr="CANARY", data={"CANARY": "CANARY"})
    box = sealed("encrypted", canary).partition(b".")[2]
    shown = box + urlsafe_b64decode(box + b"=" * (-len(box) % 4))
    assert b"CANARY" not in shown
    assert b"CANARY".hex().encode() not in shown
    assert sealed("encrypted", canary) != seal("encrypted", canary, KEY, lambda length: b"n" * length).encode()


def test_one_form_never_passes_for_the_other() -> None:
    signed, encrypted = sealed("signed"), sealed("encrypted")
    assert unseal(b"wwe1." + signed.partition(b".")[2], KEY) is None
    assert unseal(b"wws1.one." + encrypted.partition(b".")[2] + b"." + b"A" * 43, KEY) is None


def test_the_longest_name_fits_into_a_cookie__ASVS_3_3_5() -> None:
    # Signs that JSON escapes take twice the room.
    session = replace(SESSION, subject='"' * LONGEST_NAME)
    for form in FORMS:
        assert len(sealed(form, session)) < LONGEST - 2000


def test_an_oversize_token_is_none_before_anything_is_computed__F12() -> None:
    for prefix in (b"wws1.one.", b"wwe1."):
        assert key_id(prefix + b"A" * 10**6 + b"." + b"A" * 43) is None


def test_tokens_of_other_kinds_do_not_look_so() -> None:
    for other in (b"ww_s_abc", b"ww1s.", b"eyJhbGciOiJFUzI1NiJ9.e30.AA", b"", b"wws1"):
        assert not looks_sealed(other)
        assert unseal(other, KEY) is None


# --- public ids ------------------------------------------------------------------------------------------------------


def test_an_id_tells_us_whose_session_it_is_and_nobody_else() -> None:
    id = new_session_id("ann", KEY, b"8 bytes!")
    assert len(id) == 22
    assert id.isalnum()
    assert is_session_id(id, "ann", KEY)
    assert not is_session_id(id, "bob", KEY)
    assert not is_session_id(id, "ann", OTHER)
    assert not is_session_id(id[:-1] + ("0" if id[-1] != "0" else "1"), "ann", KEY)


@given(st.text(max_size=60))
def test_any_text_may_be_asked_about_as_an_id__total(text: str) -> None:
    assert not is_session_id(text, "ann", KEY)
    assert not is_session_id(text, text, KEY)
