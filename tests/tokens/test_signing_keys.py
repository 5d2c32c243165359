"""Which key signs, which verify, which are published."""

from __future__ import annotations

import json

import pytest

from watchword.crypto.secret import Secret
from watchword.tokens.keys import Key, KeyRing, KeyRingRefused
from watchword.tokens.signing_keys import (
    LEAD,
    OVERLAP,
    PUBLISHED_FOR,
    PURPOSE,
    SigningKeys,
    rotated,
    signing_keys,
    with_algorithm,
    without_retired,
)

LIFETIME = 900.0
FIRST = with_algorithm(KeyRing(), "ES256", key_id="first", now=0)
TWO = rotated(FIRST, "ES256", key_id="second", now=1000)
TAKEN_OVER = 1000 + LEAD
RETIRED = TAKEN_OVER + LIFETIME + OVERLAP


def keys(ring: KeyRing) -> SigningKeys:
    return signing_keys(ring, lifetime=LIFETIME)


def signer(ring: KeyRing, now: float) -> str | None:
    key = keys(ring).signing(now)
    return None if key is None else key.kid


def published(ring: KeyRing, now: float) -> list[str]:
    return [key["kid"] for key in keys(ring).published(now)]


def test_first_key_signs_at_once__F34() -> None:
    assert signer(FIRST, 0) == "first"
    assert published(FIRST, 0) == ["first"]


def test_new_key_is_published_before_it_signs__F34() -> None:
    assert LEAD > PUBLISHED_FOR  # by then everybody has fetched the keys again
    assert published(TWO, 1000) == ["first", "second"]
    assert signer(TWO, TAKEN_OVER - 1) == "first"
    assert signer(TWO, TAKEN_OVER) == "second"


def test_old_key_verifies_until_its_last_token_has_died_and_is_dropped_then__F34() -> None:
    last_token_dies = TAKEN_OVER + LIFETIME
    assert keys(TWO).verifying("first", last_token_dies) is not None
    assert published(TWO, last_token_dies) == ["first", "second"]
    assert keys(TWO).verifying("first", RETIRED) is None
    assert published(TWO, RETIRED) == ["second"]
    assert without_retired(TWO, now=RETIRED - 1, lifetime=LIFETIME) == TWO
    assert [key.id for key in without_retired(TWO, now=RETIRED, lifetime=LIFETIME).keys] == ["second"]


def test_rotation_in_a_hurry_signs_with_the_newest__F34() -> None:
    three = rotated(TWO, "ES256", key_id="third", now=1001, lead=0)
    assert signer(three, 1001) == "third"
    assert signer(three, TAKEN_OVER) == "third"
    assert keys(three).held[0].verifies_until == 1001 + LIFETIME + OVERLAP


def test_another_algorithm_comes_with_a_key_of_its_own_and_in_turn__F34__S2_17() -> None:
    changed = with_algorithm(FIRST, "EdDSA", key_id="edwards", now=1000)
    assert with_algorithm(changed, "EdDSA", key_id="more", now=1001) == changed
    assert signer(changed, 1000) == "first"
    found = keys(changed).signing(TAKEN_OVER)
    assert found is not None
    assert (found.kid, found.alg) == ("edwards", "EdDSA")


def test_clock_behind_every_key_leaves_the_oldest_signing__F8() -> None:
    assert signer(TWO, -10_000) == "first"
    assert signer(KeyRing(), 0) is None


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "RS256", "PS256", "HS256"])
def test_key_of_each_algorithm_comes_back_from_the_file_and_signs__S2_17(alg: str) -> None:
    ring = KeyRing.from_json(with_algorithm(KeyRing(), alg, key_id="one", now=0).to_json())
    key = keys(ring).signing(0)
    assert key is not None
    assert (key.alg, key.kid) == (alg, "one")
    verifying = keys(ring).verifying("one", 0)
    assert verifying is not None
    verifying.verify(b"message", key.sign(b"message"))
    assert len(keys(ring).published(0)) == (alg != "HS256")


def test_shared_secret_has_256_bits_and_is_not_published__S2_17() -> None:
    ring = with_algorithm(KeyRing(), "HS256", key_id="shared", now=0)
    key = keys(ring).signing(0)
    assert key is not None
    assert isinstance(key.material, Secret)
    assert len(key.material.reveal()) == 32
    assert published(ring, 0) == []


def test_keys_for_other_purposes_sign_no_tokens() -> None:
    other = Key(id="other", purpose="auth-token", secret=Secret(b"x" * 32), created_at=0)
    assert published(FIRST.with_key(other), 0) == ["first"]
    assert keys(FIRST.with_key(other)).verifying("other", 0) is None


def test_what_is_no_key_is_refused_without_showing_it__F34__F33() -> None:
    broken = Key(id="x", purpose=PURPOSE, secret=Secret(b'{"kty":"oct","k":"c2VjcmV0"}     '), created_at=0)
    with pytest.raises(KeyRingRefused) as refused:
        keys(KeyRing((broken,)))
    assert "c2VjcmV0" not in str(refused.value)


def test_when_a_key_signs_from_is_in_the_file() -> None:
    written = json.loads(TWO.to_json())["keys"][1]
    assert (written["created_at"], written["use_from"]) == (1000, TAKEN_OVER)
    assert KeyRing.from_json(TWO.to_json()) == TWO
