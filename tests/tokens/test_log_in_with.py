"""Log-ins that are under way at an identity provider, as their browser keeps them."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from watchword.crypto.sealing import Sealing
from watchword.crypto.secret import Secret
from watchword.http.cookies import set_cookie
from watchword.http.return_path import LONGEST_RETURN_PATH
from watchword.tokens.log_in_with import (
    LIFETIME,
    PendingLogIn,
    belongs_to,
    label_of,
    new_pending_log_in,
    read_log_in,
    sealed_log_in,
)

NOW = 1_790_000_000.0
SEALING = Sealing([("k1", Secret(b"k" * 32))])


class Bytes:
    """Another sequence of bytes at each call."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, length: int) -> bytes:
        self.calls += 1
        return sha256(self.calls.to_bytes(8, "big")).digest()[:length]


def begun() -> PendingLogIn:
    return new_pending_log_in("corp", "/docs?a=b", NOW, Bytes(), max_age=None)


def test_it_is_read_as_it_was_kept__S2_40() -> None:
    for max_age in (None, 0, 60):
        pending = new_pending_log_in("corp", "/docs?a=b", NOW, Bytes(), max_age=max_age)
        value = sealed_log_in(pending, SEALING, Bytes())
        assert read_log_in(value.encode(), pending.label, SEALING) == pending
        assert pending.expires_at == NOW + LIFETIME
        assert len({pending.state, pending.nonce, pending.verifier.reveal_text()}) == 3


def test_nothing_of_it_can_be_read_or_moved__S2_40__F27__F33() -> None:
    pending = begun()
    value = sealed_log_in(pending, SEALING, Bytes())
    for secret in (pending.state, pending.nonce, pending.verifier.reveal_text()):
        assert secret not in value
        assert secret not in repr(pending)
        assert secret not in pending.label
    assert read_log_in(value.encode(), label_of("another state"), SEALING) is None
    assert read_log_in(value.encode(), pending.label, Sealing([("k1", Secret(b"x" * 32))])) is None
    assert read_log_in(value.encode()[:-2] + b"AA", pending.label, SEALING) is None


def test_state_is_that_of_one_log_in__S2_40__F27() -> None:
    pending = begun()
    assert belongs_to(pending, pending.state)
    assert not belongs_to(pending, pending.state[:-1])
    assert not belongs_to(pending, "\ud800")


def test_challenge_is_that_of_rfc_7636__S2_40() -> None:
    """Appendix B of RFC 7636."""
    verifier = Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    pending = PendingLogIn(
        provider="corp", state="s", nonce="n", verifier=verifier, return_to="/", expires_at=NOW + LIFETIME
    )
    assert pending.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_longest_one_fits_into_a_cookie__S2_40() -> None:
    pending = new_pending_log_in("p" * 63, "/" + "a" * (LONGEST_RETURN_PATH - 1), NOW, Bytes(), max_age=31_536_000)
    value = sealed_log_in(pending, SEALING, Bytes())
    assert len(value) < 1400
    assert set_cookie(f"__Host-watchword-login-{pending.label}", value, max_age=600)


@given(st.binary(max_size=200), st.lists(st.one_of(st.text(), st.integers(), st.floats(), st.none()), max_size=8))
def test_anything_else_is_no_log_in__S2_40(raw: bytes, told: list[object]) -> None:
    assert read_log_in(raw, "label", SEALING) is None
    sealed = SEALING.seal(json.dumps(told).encode(), b"log-in with v1 label", Bytes())
    value = urlsafe_b64encode(sealed).rstrip(b"=")
    assert read_log_in(value, "label", SEALING) is None or len(told) == 7
