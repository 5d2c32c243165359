"""What a token looks like."""

from __future__ import annotations

import re
import string
from binascii import crc32
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.quickness import costs_less_than
from watchword.tokens.format import KINDS, PATTERN, base62, encode, is_well_formed, kind_of, new_token

DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
ENTROPY = bytes(range(32))
TOKEN = "ww_s_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf_3hBB8r"
KIND = st.sampled_from(sorted(KINDS))
PAYLOAD = st.binary(min_size=32, max_size=32)


def number(text: str) -> int:
    """Base 62, read by another algorithm than the one that wrote it."""
    return sum(DIGITS.index(digit) * 62**place for place, digit in enumerate(reversed(text)))


@given(KIND, PAYLOAD)
@example("s", bytes(32))
@example("s", b"\xff" * 32)
def test_a_token_carries_its_random_bytes_and_its_checksum(kind: str, payload: bytes) -> None:
    token = new_token(kind, payload)
    prefix, written_kind, random, checksum = token.split("_")
    assert (prefix, written_kind, len(random), len(checksum)) == ("ww", kind, 43, 6)
    assert number(random) == int.from_bytes(payload, "big")
    assert number(checksum) == crc32(token[:-7].encode())
    assert re.fullmatch(PATTERN, token)
    assert is_well_formed(token)
    assert is_well_formed(token, kind)
    assert kind_of(token) == kind


def test_the_format_does_not_change() -> None:
    assert new_token("s", ENTROPY) == TOKEN


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_token_of_one_kind_is_none_of_another(kind: str) -> None:
    token = new_token(kind, ENTROPY)
    assert [other for other in sorted(KINDS) if is_well_formed(token, other)] == [kind]


@given(st.integers(0, len(TOKEN) - 1), st.characters(exclude_categories=()))
def test_one_wrong_character_is_noticed(position: int, character: str) -> None:
    changed = TOKEN[:position] + character + TOKEN[position + 1 :]
    assert is_well_formed(changed) == (changed == TOKEN)


@given(st.integers(0, len(TOKEN) - 2))
def test_two_exchanged_characters_are_noticed(position: int) -> None:
    changed = TOKEN[:position] + TOKEN[position + 1] + TOKEN[position] + TOKEN[position + 2 :]
    assert is_well_formed(changed) == (changed == TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ww_s_",
        TOKEN[:-1],
        TOKEN + "\n",
        " " + TOKEN,
        TOKEN + "0",
        TOKEN.upper(),
        "ww_x" + TOKEN[4:],
        TOKEN.replace("_", "-"),
        TOKEN.replace("0", "\u0660"),
        "\ud800" * 56,
        "ww_s_" + "0" * 43 + "_zzzzzz",  # a checksum above 32 bits
    ],
)
def test_what_is_no_token_is_said_to_be_none__F18(text: str) -> None:
    assert not is_well_formed(text)
    assert kind_of(text) is None


@given(st.text(st.characters(exclude_categories=())) | st.from_regex(PATTERN, fullmatch=True))
def test_any_text_can_be_asked_about__totality(text: str) -> None:
    assert (kind_of(text) is not None) == is_well_formed(text)


@pytest.mark.parametrize("text", ["ww_s_" * 200_000, "ww_s_" + "a" * 1_000_000, TOKEN * 20_000])
def test_a_hostile_text_takes_no_long_time__F16(text: str) -> None:
    assert not is_well_formed(text)
    costs_less_than(0.05, lambda: is_well_formed(text))


def test_the_pattern_finds_a_leaked_token_in_a_file() -> None:
    leaked = f'curl -H "Authorization: Bearer {TOKEN}" https://example.com/?k={TOKEN}&x=1'
    assert re.findall(PATTERN, leaked) == [TOKEN, TOKEN]


@pytest.mark.parametrize(
    ("kind", "payload"), [("s", b""), ("s", bytes(31)), ("s", bytes(33)), ("x", ENTROPY), ("", ENTROPY)]
)
def test_no_token_is_made_of_too_little_or_of_an_unknown_kind(kind: str, payload: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        encode(kind, payload)


def test_a_token_passes_through_urls_cookies_and_header_fields_unharmed() -> None:
    assert quote(TOKEN, safe="") == TOKEN
    # RFC 6265 section 4.1.1 cookie-octet, RFC 9110 section 11.2 token68, RFC 6750 section 2.1 b64token
    assert re.fullmatch(r"[!#-+\--:<-\[\]-~]+", TOKEN)
    assert re.fullmatch(r"[A-Za-z0-9\-._~+/]+=*", TOKEN)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_base_62_has_one_width_and_one_spelling(one: bytes, other: bytes) -> None:
    if len(one) == len(other):
        assert len(base62(one)) == len(base62(other))
        assert (base62(one) == base62(other)) == (one == other)
