"""Keys are lists, oldest first, each with a purpose."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.crypto.secret import Secret
from watchword.tokens.keys import Key, KeyRing, KeyRingRefused


def key(key_id: str, purpose: str = "auth-token", created_at: float = 0.0) -> Key:
    return Key(id=key_id, purpose=purpose, secret=Secret(key_id.encode().ljust(32, b".")), created_at=created_at)


RING = KeyRing((key("a"), key("b", "cookie"), key("c", created_at=1.5)))


def test_the_newest_key_makes_and_all_of_them_check() -> None:
    assert RING.newest("auth-token") == key("c", created_at=1.5)
    assert [k.id for k in RING.all("auth-token")] == ["a", "c"]


def test_a_key_is_used_for_its_purpose_alone() -> None:
    assert [k.id for k in RING.all("cookie")] == ["b"]
    assert RING.all("other") == ()
    assert RING.newest("other") is None


def test_a_rotation_adds_the_newest_and_keeps_the_old__F34() -> None:
    rotated = RING.with_key(key("d"))
    assert rotated.newest("auth-token") == key("d")
    assert [k.id for k in rotated.all("auth-token")] == ["a", "c", "d"]
    assert [k.id for k in rotated.without("a").all("auth-token")] == ["c", "d"]


KEYS = st.builds(
    Key,
    id=st.text(st.characters(exclude_categories=()), min_size=1),
    purpose=st.text(min_size=1),
    secret=st.binary(min_size=32).map(Secret),
    created_at=st.floats(allow_nan=False),
)


@given(st.lists(KEYS, unique_by=lambda k: k.id))
def test_a_ring_comes_back_from_json(keys: list[Key]) -> None:
    ring = KeyRing(tuple(keys))
    assert KeyRing.from_json(ring.to_json()) == ring


def test_the_file_format_does_not_change() -> None:
    assert json.loads(KeyRing((key("a"),)).to_json()) == {
        "version": 1,
        "keys": [
            {
                "id": "a",
                "purpose": "auth-token",
                "secret": "YS4uLi4uLi4uLi4uLi4uLi4uLi4uLi4uLi4uLi4uLi4=",
                "created_at": 0.0,
            }
        ],
    }


def document(**changes: object) -> str:
    entry = {"id": "a", "purpose": "p", "secret": "YS4uLi4uLi4uLi4uLi4uLi4uLi4uLi4uLi4uLi4uLi4=", "created_at": 0}
    return json.dumps({"version": 1, "keys": [entry | changes]})


def test_the_document_that_the_refusals_change_is_good() -> None:
    assert len(KeyRing.from_json(document()).keys) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        (RING.to_json()[:-20], "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("null", "members"),
        ("[]", "members"),
        ("{}", "members"),
        ('{"version": 1}', "members"),
        ('{"version": 1, "keys": {}}', "members"),
        ('{"version": 1, "keys": [], "more": 1}', "members"),
        ('{"version": 2, "keys": []}', "version 2"),
        ('{"version": 1, "keys": [7]}', "members"),
        (document(more=1), "members"),
        (document(id=7), "members"),
        (document(created_at="today"), "members"),
        (document(created_at=10**400), "time is no number"),
        (document(id=""), "an id"),
        (document(purpose=""), "a purpose"),
        (document(secret="c2hvcnQ="), "32 bytes"),
        (document(secret="YS4uLi4uLi4uLi4uLi4uLi4uLi4uLi4uLi4uLi4uLi4"), "base64url"),
        (document(secret="YS4uLi4uLi4uLi4uLi4uLi4uLi4uLi4uLi4u Li4uLi4="), "base64url"),
        (document(secret="\ud800"), "base64url"),
        (json.dumps({"version": 1, "keys": json.loads(document())["keys"] * 2}), "same id"),
    ],
)
def test_a_broken_half_written_or_newer_ring_is_refused__F34(text: str, reason: str) -> None:
    with pytest.raises(KeyRingRefused, match=reason):
        KeyRing.from_json(text)


JSON = st.recursive(st.none() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s))


@given(st.text() | JSON.map(json.dumps))
def test_any_other_text_is_refused__totality(text: str) -> None:
    with pytest.raises(KeyRingRefused):
        KeyRing.from_json(text)


def test_neither_a_ring_nor_a_refusal_shows_a_secret__F33() -> None:
    canary = "canary!" * 8
    assert canary not in repr(KeyRing((Key(id="a", purpose="p", secret=Secret(canary), created_at=0),)))
    with pytest.raises(KeyRingRefused) as refused:
        KeyRing.from_json(document(secret=canary))
    assert "canary" not in str(refused.value)
    assert refused.value.__suppress_context__
