"""Secrets of clients that we make: random, shown once, kept as a digest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from watchword.crypto.secret import Secret, fingerprint
from watchword.tokens.client_secret import has_digest, is_digest, new_client_secret
from watchword.tokens.format import CLIENT_SECRET, is_well_formed


@given(st.binary(min_size=32, max_size=32))
def test_secret_has_all_the_entropy_and_what_is_kept_has_none_of_it__S2_7(entropy: bytes) -> None:
    text, kept = new_client_secret(entropy)
    assert is_well_formed(text, CLIENT_SECRET)
    assert kept == "sha256:" + fingerprint(text.encode()).hex()
    assert is_digest(kept)
    assert has_digest(Secret(text), kept)


@given(st.text())
def test_no_other_text_is_the_secret__F31(text: str) -> None:
    secret, kept = new_client_secret(bytes(32))
    assert has_digest(Secret(text), kept) == (text == secret)
    assert not has_digest(Secret(kept), kept)
    assert not has_digest(Secret(kept.removeprefix("sha256:")), kept)


def test_password_hash_is_no_digest() -> None:
    assert not is_digest("$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbg$AAAA")
    assert not has_digest(Secret("x"), "$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbg$AAAA")
