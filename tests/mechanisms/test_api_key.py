"""API keys as they are read from a request: total, without a merge, and ours by their checksum."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.outcome import ABSENT, Insufficient, Malformed, Outcome, Rejected, Stale, Throttled
from watchword.core.requirement import Requirement
from watchword.crypto.secret import Secret
from watchword.http.message import Request
from watchword.mechanisms.api_key import ApiKeys
from watchword.tokens.api_key import is_key, is_scope
from watchword.tokens.format import API_KEY, SESSION, encode

KEY = encode(API_KEY, b"1" * 32)
KEYS = ApiKeys("Records")


def read(*fields: tuple[bytes, bytes], keys: ApiKeys = KEYS) -> Secret | Malformed | None:
    return keys.read(Request("GET", b"/", fields))


def by_scheme(value: str, scheme: str = "APIKEY") -> tuple[bytes, bytes]:
    return b"authorization", f"{scheme} {value}".encode("latin-1")


def by_field(value: str) -> tuple[bytes, bytes]:
    return b"x-api-key", value.encode("latin-1")


@pytest.mark.parametrize(
    "fields",
    [
        (by_field(KEY),),
        (by_scheme(KEY),),
        (by_scheme(KEY, "ApiKey"),),
        (by_scheme(KEY, "apikey"),),
        (by_scheme(f"  {KEY}"),),
        (by_field(KEY), by_scheme(KEY)),
        (by_field(KEY), by_scheme("eDp5", "Basic")),
        (by_field(KEY), (b"authorization", b'"unreadable"')),
    ],
)
def test_a_key_is_read_from_either_field__S2_16__S4_1(fields: tuple[tuple[bytes, bytes], ...]) -> None:
    assert read(*fields) == Secret(KEY)


@pytest.mark.parametrize(
    "fields",
    [
        (by_field(KEY), by_scheme(encode(API_KEY, b"2" * 32))),
        (by_field(KEY), by_field(KEY)),
        (by_field(KEY), by_field("another-key-altogether")),
        (by_field(KEY), by_scheme("")),
        (by_field(KEY), by_scheme(f"{KEY}, Bearer x")),
        (by_field(""),),
        (by_scheme(""),),
        (by_scheme('key="x"'),),
    ],
)
def test_two_keys_never_merge__F20(fields: tuple[tuple[bytes, bytes], ...]) -> None:
    assert isinstance(read(*fields), Malformed)


@pytest.mark.parametrize(
    "fields", [(), (by_scheme(KEY, "Bearer"),), (by_scheme("eDp5", "Basic"),), ((b"x-apikey", KEY.encode()),)]
)
def test_what_is_no_key_s_field_is_left_to_others(fields: tuple[tuple[bytes, bytes], ...]) -> None:
    assert read(*fields) is None


@pytest.mark.parametrize("text", ["k" * 16, "k" * 512, "!\"#$%&'()*+,-./0", "w" * 16, "xww_k_0123456789"])
def test_imported_keys_have_any_form(text: str) -> None:
    assert read(by_field(text)) == Secret(text)


@pytest.mark.parametrize(
    "text",
    ["k" * 15, "k" * 513, "kkkkkkkkk kkkkkkkkk", "kkkkkkkkkkkkkkkk\x7f", "kkkkkkkkkkkkkkkk\xe9", "ww_k_0123456789a"],
)
def test_what_cannot_be_a_key_is_malformed(text: str) -> None:
    assert isinstance(read(by_field(text)), Malformed)


def test_our_own_keys_are_known_by_their_checksum__S2_7() -> None:
    for position in range(len(KEY)):
        for other in "0z_":
            mistyped = KEY[:position] + other + KEY[position + 1 :]
            assert is_key(mistyped) == (mistyped == KEY or not mistyped.startswith("ww_"))
    assert not is_key(encode(SESSION, b"1" * 32))


@given(
    st.lists(
        st.tuples(st.sampled_from((b"x-api-key", b"authorization", b"x-other")), st.binary(max_size=600)), max_size=4
    )
)
def test_any_bytes_give_a_key_or_malformed_or_nothing(fields: list[tuple[bytes, bytes]]) -> None:
    found = read(*fields)
    if isinstance(found, Secret):
        assert is_key(found.reveal().decode("latin-1"))
    else:
        assert found is None or isinstance(found, Malformed)


def test_another_scheme_is_read_and_told_in_its_place__S4_1() -> None:
    keys = ApiKeys("Kallithea", "Token")
    assert read(by_scheme(KEY, "token"), keys=keys) == Secret(KEY)
    assert read(by_scheme(KEY, "APIKEY"), keys=keys) is None
    assert str(keys.challenge(ABSENT, Requirement())) == 'Token realm="Kallithea"'


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (ABSENT, 'APIKEY realm="Records"'),
        (Throttled(1), 'APIKEY realm="Records"'),
        (Malformed(""), 'APIKEY realm="Records", error="invalid_key"'),
        (Rejected(""), 'APIKEY realm="Records", error="invalid_key"'),
        (Stale(""), 'APIKEY realm="Records", error="invalid_key"'),
        (Insufficient.SCOPE, 'APIKEY realm="Records", error="insufficient_scope", scope="a b"'),
        (Insufficient.AUTHENTICATION, 'APIKEY realm="Records"'),
    ],
)
def test_the_challenge_says_what_was_wrong__S4_1(outcome: Outcome | Insufficient, says: str) -> None:
    assert str(KEYS.challenge(outcome, Requirement(scopes=frozenset(("b", "a"))))) == says


@pytest.mark.parametrize("text", ["a", "patients:read", "!", "https://example.com/scope", "*.read"])
def test_scopes_are_those_of_oauth(text: str) -> None:
    assert is_scope(text)


@pytest.mark.parametrize("text", ["", " ", "a b", '"', "\\", "\x7f", "é", "*", "a" * 101])
def test_what_is_no_scope(text: str) -> None:
    assert not is_scope(text)
