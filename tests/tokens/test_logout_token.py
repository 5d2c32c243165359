"""Logout tokens (OpenID Connect Back-Channel Logout 1.0 section 2.6), judged on the second, and strictly."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.false_provider import LEFT_OUT, RSA_KEY, STRANGER, by_rs256, changed_by, compact, pem
from watchword.crypto.jose.key import Key
from watchword.crypto.jose.refused import JoseRefused
from watchword.tokens.id_token import LEEWAY
from watchword.tokens.logout_token import LONGEST_LIFE, LogoutToken, logout_token_header, verify_logout_token

NOW = 1_790_000_000.0
ISSUER = "https://id.example.org"
KEY = Key("RS256", RSA_KEY.public_key(), "k1")
EVENT = "http://schemas.openid.net/event/backchannel-logout"

HEADER = {"typ": "logout+jwt", "alg": "RS256", "kid": "k1"}
# Section 2.4's example, with times of ours.
CLAIMS = {
    "iss": ISSUER,
    "sub": "248289761001",
    "aud": "s6BhdRkqt3",
    "iat": int(NOW),
    "exp": int(NOW) + 120,
    "jti": "bWJq",
    "sid": "08a5019c-17e1-4977-8f42-65a12843ea02",
    "events": {EVENT: {}},
}


def made(header: dict[str, Any] | None = None, **claims: Any) -> str:
    """The example with these changes."""
    return compact(changed_by(header or {}, HEADER), changed_by(claims, CLAIMS), by_rs256(RSA_KEY))


def judged(token: str, now: float = NOW) -> LogoutToken:
    logout_token_header(token, frozenset(("RS256", "ES256")))
    return verify_logout_token(token, KEY, expected_issuer=ISSUER, expected_client="s6BhdRkqt3", now=now)


def refused(token: str, now: float = NOW) -> str:
    with pytest.raises(JoseRefused) as error:
        judged(token, now)
    return error.value.code


def test_the_example_of_the_specification_is_taken__S2_40() -> None:
    assert judged(made()) == LogoutToken(
        issuer=ISSUER,
        subject="248289761001",
        sid="08a5019c-17e1-4977-8f42-65a12843ea02",
        once=len(ISSUER).to_bytes(4, "big") + ISSUER.encode() + b"bWJq",
        remember_until=NOW + 120 + LEEWAY,
    )


def test_subject_or_session_is_enough__S2_40() -> None:
    assert judged(made(sid=LEFT_OUT)).sid is None
    assert judged(made(sub=LEFT_OUT)).subject is None
    assert judged(made(aud=["s6BhdRkqt3", "others"])).subject == "248289761001"


HEADERS = {
    "an ID token": ({"typ": LEFT_OUT}, "type"),
    "a JWT": ({"typ": "JWT"}, "type"),
    "an access token": ({"typ": "at+jwt"}, "type"),
    "unsigned": ({"alg": "none"}, "algorithm"),
    "an algorithm that the provider is not configured with": ({"alg": "PS256"}, "algorithm"),
    "a shared secret's algorithm": ({"alg": "HS256"}, "algorithm"),
    "another key's algorithm": ({"alg": "ES256"}, "algorithm"),
    "a key that it brings": ({"jwk": {"kty": "oct", "k": "AAAA"}}, "header"),
    "a key from elsewhere": ({"jku": "https://evil.example"}, "header"),
    "another key": ({"kid": "../k1"}, "unknown-key"),
    "extensions": ({"crit": ["exp"]}, "critical"),
}


@pytest.mark.parametrize(("header", "code"), HEADERS.values(), ids=[f"{name}__S2_40" for name in HEADERS])
def test_header_that_no_logout_token_has(header: dict[str, Any], code: str) -> None:
    assert refused(made(header)) == code


def test_type_is_a_media_type__S2_40() -> None:
    assert judged(made({"typ": "application/logout+JWT"})).sid


REFUSED = {
    "of another issuer": ({"iss": "https://id.example.org/"}, "issuer"),
    "of none": ({"iss": LEFT_OUT}, "issuer"),
    "of two": ({"iss": [ISSUER]}, "issuer"),
    "for another client": ({"aud": "s6BhdRkqt33"}, "audience"),
    "for nobody": ({"aud": LEFT_OUT}, "audience"),
    "for a client among objects": ({"aud": [{"s6BhdRkqt3": 1}]}, "audience"),
    "of a log-in": ({"nonce": "n-0S6_WzA2Mj"}, "claims"),
    "of a log-in without a nonce": ({"nonce": None}, "claims"),
    "without an event": ({"events": LEFT_OUT}, "claims"),
    "of another event": (
        {"events": {"http://schemas.openid.net/event/another": {}}},
        "claims",
    ),
    "of a list of events": ({"events": [EVENT]}, "claims"),
    "of an event that is no object": ({"events": {EVENT: True}}, "claims"),
    "of nobody": ({"sub": LEFT_OUT, "sid": LEFT_OUT}, "claims"),
    "of somebody empty": ({"sub": ""}, "claims"),
    "of a number": ({"sub": 248289761001}, "claims"),
    "of a session that is null": ({"sid": None}, "claims"),
    "without a name": ({"jti": LEFT_OUT}, "claims"),
    "with a long name": ({"jti": "j" * 256}, "claims"),
    "for good": ({"exp": LEFT_OUT}, "claims"),
    "of no time": ({"iat": LEFT_OUT}, "claims"),
    "of a time in words": ({"iat": "now"}, "claims"),
    "of the far future": ({"iat": int(NOW + LEEWAY) + 1}, "not-yet-valid"),
    "for later": ({"nbf": int(NOW + LEEWAY) + 1}, "not-yet-valid"),
}


@pytest.mark.parametrize(("claims", "code"), REFUSED.values(), ids=[f"{name}__S2_40" for name in REFUSED])
def test_claims_that_no_logout_token_for_us_has(claims: dict[str, Any], code: str) -> None:
    assert refused(made(None, **claims)) == code


def test_it_expires_on_the_second__F8() -> None:
    until = CLAIMS["exp"] + LEEWAY  # type: ignore[operator]  # a whole number
    assert judged(made(), until - 1).remember_until == until
    assert refused(made(), until) == "expired"


def test_it_holds_for_minutes_whatever_it_says__F8() -> None:
    token = made(exp=int(NOW) + 86_400 * 365)
    assert judged(token, NOW + LONGEST_LIFE + LEEWAY - 1).remember_until == NOW + LONGEST_LIFE + LEEWAY
    assert refused(token, NOW + LONGEST_LIFE + LEEWAY) == "expired"


def test_signature_is_the_key_s__S2_40() -> None:
    assert refused(compact(HEADER, CLAIMS, by_rs256(STRANGER))) == "signature"
    assert refused(compact(HEADER, CLAIMS, lambda message: b"")) == "signature"
    assert refused(compact(HEADER, CLAIMS, lambda message: pem(RSA_KEY))) == "signature"


@given(st.text() | st.binary().map(lambda value: value.decode("latin-1")))
def test_any_text_is_judged(token: str) -> None:
    with pytest.raises(JoseRefused):
        judged(token)
