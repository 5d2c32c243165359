"""Refresh tokens, and their successors under seal."""

from __future__ import annotations

import os
import re
import string
from itertools import pairwise
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.crypto.secret import Secret, fingerprint
from watchword.tokens.format import KINDS, PATTERN, encode, payload_of
from watchword.tokens.refresh import (
    RefreshToken,
    client_digest,
    family_id,
    live_token,
    new_refresh_token,
    read_refresh_token,
    sealed,
)

DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase


def with_checksum(body: str) -> str:
    """The body as a token, by another algorithm than the one under test."""
    number, digits = crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = DIGITS[digit] + digits
    return f"{body}_{digits}"


def new(handle: bytes | None = None) -> RefreshToken:
    return new_refresh_token(os.urandom, handle)


@given(st.sampled_from(sorted(KINDS)), st.binary(min_size=32, max_size=32))
def test_payload_comes_back_from_its_token_and_from_no_other_kind(kind: str, payload: bytes) -> None:
    token = encode(kind, payload)
    assert payload_of(token, kind) == payload
    assert all(payload_of(token, other) is None for other in KINDS - {kind})


def test_more_than_fits_into_the_payload_is_no_token() -> None:
    largest = encode("r", b"\xff" * 32)
    token = with_checksum("ww_r_" + "z" * 43)
    assert with_checksum(largest[:-7]) == largest
    assert payload_of(token, "r") is None
    assert read_refresh_token(token) is None


@given(st.text())
def test_any_text_is_a_refresh_token_or_none(text: str) -> None:
    read = read_refresh_token(text)
    assert read is None or read.text == text


def test_token_is_read_back_with_its_handle_and_fingerprint__S2_19() -> None:
    token = new()
    assert read_refresh_token(token.text) == token
    assert token.fingerprint == fingerprint(token.text.encode())
    assert (len(token.handle), len(token.secret)) == (12, 20)  # 160 random bits
    assert re.fullmatch(PATTERN, token.text)


def test_family_is_named_without_telling_its_handle() -> None:
    token = new()
    assert family_id(token.handle) == family_id(new(token.handle).handle)
    assert token.handle.hex() not in family_id(token.handle)


def test_repr_shows_nothing__F33() -> None:
    token = new()
    assert repr(token) == "RefreshToken()"


def test_chain_leads_from_any_spent_token_to_the_live_one__S2_20() -> None:
    tokens = [new()]
    tokens += [new(tokens[0].handle) for _ in range(5)]
    chain = [sealed(after, before, os.urandom) for before, after in pairwise(tokens)]
    for index, presented in enumerate(tokens):
        assert live_token(presented, chain[index:]) == tokens[-1]


def test_nobody_opens_a_link_without_the_spent_token__S2_20() -> None:
    spent = new()
    link = sealed(new(spent.handle), spent, os.urandom)
    assert live_token(new(spent.handle), [link]) is None
    assert live_token(new(), [link]) is None


def test_link_shows_neither_token() -> None:
    spent, live = new(), new()
    link = sealed(live, spent, os.urandom)
    for part in (spent.handle, spent.secret, live.handle, live.secret):
        assert part not in link
    assert sealed(live, spent, os.urandom) != link


@given(st.data())
def test_damaged_link_opens_to_nothing(data: st.DataObject) -> None:
    spent = new()
    link = bytearray(sealed(new(spent.handle), spent, os.urandom))
    link[data.draw(st.integers(0, len(link) - 1))] ^= data.draw(st.integers(1, 255))
    assert live_token(spent, [bytes(link)]) is None
    assert live_token(spent, [bytes(link[: data.draw(st.integers(0, len(link) - 1))])]) is None


def digest(
    key: bytes = b"k" * 32, client_id: str = "web", user_agent: str = "app/1", address: str = "2001:db8:1:2::3"
) -> bytes:
    return client_digest(Secret(key), client_id=client_id, user_agent=user_agent, address=address)


@pytest.mark.parametrize(
    "other",
    [
        {"client_id": "app"},
        {"user_agent": "app/2"},
        {"address": "2001:db8:1:3::3"},
        {"address": "192.0.2.1"},
        {"client_id": "weba", "user_agent": "pp/1"},
    ],
)
def test_another_client_has_another_digest__S2_20(other: dict[str, Any]) -> None:
    assert digest(**other) != digest()


def test_client_that_moves_within_its_own_network_is_the_same() -> None:
    assert digest(address="2001:db8:1:2:ffff::1") == digest()


def test_digest_depends_on_the_servers_key() -> None:
    assert digest(b"l" * 32) != digest()
    assert digest(user_agent="\ud800") != digest(user_agent="?")
