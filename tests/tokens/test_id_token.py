"""ID tokens (OpenID Connect Core 1.0): signed by other libraries, and wrong in one thing at a time."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from hashlib import sha384, sha512, shake_256
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt as other_jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from watchword.core.identity_providers import IdToken
from watchword.crypto.jose import base64url
from watchword.crypto.jose.jws import sign
from watchword.crypto.jose.key import Key, SigningKey, generate, signing_key
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.secret import Secret
from watchword.tokens.id_token import LEEWAY, LONGEST_AGE, id_token_header, verify_id_token

NOW = 1_790_000_000.0
ISSUER = "https://login.example.com"
LEFT_OUT = ...
KEY = generate("ES256", "one")
GOOD: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "ann-1",
    "aud": "watchword",
    "exp": NOW + 300,
    "iat": NOW - 5,
    "auth_time": NOW - 60,
    "nonce": "n-0S6_WzA2Mj",
    "acr": "gold",
    "amr": ["pwd", "mfa"],
    "sid": "08a5019c",
    "email": "ann@example.com",
}


def token(changes: dict[str, Any] | None = None, key: SigningKey = KEY, typ: str | None = None) -> str:
    claims = {name: value for name, value in {**GOOD, **(changes or {})}.items() if value is not LEFT_OUT}
    return sign(json.dumps(claims).encode(), key, typ=typ)


def judged(text: str, key: Key = KEY.key, **options: Any) -> IdToken:
    id_token_header(text, frozenset((key.alg,)))
    expected = {"expected_issuer": ISSUER, "expected_client": "watchword", "expected_nonce": "n-0S6_WzA2Mj"}
    return verify_id_token(text, key, **{**expected, "now": NOW, **options})


def refused(text: str, key: Key = KEY.key, **options: Any) -> str:
    with pytest.raises(JoseRefused) as error:
        judged(text, key, **options)
    return error.value.code


def test_what_a_good_one_says__S2_40() -> None:
    told = judged(token(), max_age=60)
    assert (told.issuer, told.subject, told.issued_at, told.auth_time) == (ISSUER, "ann-1", NOW - 5, NOW - 60)
    assert (told.acr, told.amr, told.sid) == ("gold", frozenset(("pwd", "mfa")), "08a5019c")
    assert told.claims["email"] == "ann@example.com"
    assert "ann@example.com" not in repr(told)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["watchword"]},
        {"aud": ["watchword", "other"], "azp": "watchword"},
        {"azp": "watchword"},
        {"exp": NOW - LEEWAY + 1},
        {"iat": NOW + LEEWAY},
        {"iat": NOW - LONGEST_AGE - LEEWAY + 1},
        {"nbf": NOW + LEEWAY},
        {"auth_time": NOW + LEEWAY},
        {"acr": LEFT_OUT, "amr": LEFT_OUT, "sid": LEFT_OUT, "auth_time": LEFT_OUT},
        {"sub": "x" * 255},
    ],
    ids=str,
)
def test_what_may_be_otherwise__S2_40(changes: dict[str, Any]) -> None:
    assert judged(token(changes)).issuer == ISSUER


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": ISSUER + "/"}, "issuer"),
        ({"iss": "HTTPS://login.example.com"}, "issuer"),
        ({"iss": [ISSUER]}, "issuer"),
        ({"iss": LEFT_OUT}, "issuer"),
        ({"aud": "other"}, "audience"),
        ({"aud": []}, "audience"),
        ({"aud": "watchword "}, "audience"),
        ({"aud": {"watchword": 1}}, "audience"),
        ({"aud": LEFT_OUT}, "audience"),
        ({"aud": ["watchword", 7]}, "audience"),
        ({"aud": ["watchword", "other"]}, "audience"),
        ({"aud": ["watchword", "other"], "azp": "other"}, "audience"),
        ({"azp": "other"}, "audience"),
        ({"azp": None}, "claims"),
        ({"exp": LEFT_OUT}, "claims"),
        ({"exp": str(NOW)}, "claims"),
        ({"exp": True}, "claims"),
        ({"exp": -1}, "claims"),
        ({"exp": 10**15}, "claims"),
        ({"exp": NOW - LEEWAY}, "expired"),
        ({"iat": LEFT_OUT}, "claims"),
        ({"iat": None}, "claims"),
        ({"iat": NOW + LEEWAY + 1}, "not-yet-valid"),
        ({"iat": NOW - LONGEST_AGE - LEEWAY}, "expired"),
        ({"nbf": NOW + LEEWAY + 1}, "not-yet-valid"),
        ({"nbf": "soon"}, "claims"),
        ({"nonce": LEFT_OUT}, "nonce"),
        ({"nonce": ""}, "nonce"),
        ({"nonce": "n-0S6_WzA2MJ"}, "nonce"),
        ({"nonce": 7}, "claims"),
        ({"sub": LEFT_OUT}, "claims"),
        ({"sub": ""}, "claims"),
        ({"sub": "x" * 256}, "claims"),
        ({"sub": "\u00e4nn"}, "claims"),
        ({"sub": "a\nb"}, "claims"),
        ({"sub": 7}, "claims"),
        ({"acr": 1}, "claims"),
        ({"amr": "pwd"}, "claims"),
        ({"amr": ["pwd", 1]}, "claims"),
        ({"sid": ""}, "claims"),
        ({"sid": "x" * 256}, "claims"),
        ({"sid": 1}, "claims"),
        ({"auth_time": "now"}, "claims"),
        ({"auth_time": NOW + LEEWAY + 1}, "not-yet-valid"),
        ({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}, "token-hash"),
        ({"at_hash": None}, "claims"),
    ],
    ids=str,
)
def test_every_claim_that_is_wrong__S2_40__F27(changes: dict[str, Any], code: str) -> None:
    assert refused(token(changes)) == code


def test_proof_that_is_too_old_for_what_was_asked__S2_40__C15() -> None:
    assert judged(token({"auth_time": NOW - 60}), max_age=31).auth_time == NOW - 60
    assert refused(token({"auth_time": NOW - 60 - LEEWAY}), max_age=60) == "too-old"
    assert refused(token({"auth_time": LEFT_OUT}), max_age=60) == "too-old"
    assert judged(token({"auth_time": NOW + 5})).auth_time == NOW, "nobody's proof is newer than now"


def test_hash_of_the_access_token__S2_40() -> None:
    """The example of section A.3 of OpenID Connect Core 1.0."""
    key = generate("RS256", "rsa")
    access = Secret("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y")
    text = token({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}, key)
    assert judged(text, key.key, access_token=access).subject == "ann-1"
    assert refused(text, key.key, access_token=Secret("another")) == "token-hash"
    assert refused(text, key.key) == "token-hash"
    assert judged(token(key=key), key.key, access_token=access).subject == "ann-1"


@pytest.mark.parametrize(
    ("alg", "material", "length"),
    [
        ("EdDSA", ed25519.Ed25519PrivateKey.generate(), 32),
        ("EdDSA", ed448.Ed448PrivateKey.generate(), 57),
        ("ES384", ec.generate_private_key(ec.SECP384R1()), 24),
        ("ES512", ec.generate_private_key(ec.SECP521R1()), 32),
    ],
)
def test_hash_goes_by_the_algorithm__S2_40(alg: str, material: Any, length: int) -> None:
    access = b"an access token"
    digest = {24: sha384(access).digest(), 57: shake_256(access).digest(114)}.get(length, sha512(access).digest())
    key = signing_key(alg, material, "one")
    text = token({"at_hash": base64url.encode(digest[:length])}, key)
    assert judged(text, key.key, access_token=Secret(access)).subject == "ann-1"


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "application/secevent+jwt", "JOSE", ""])
def test_token_of_another_type_is_none__S2_40__F7(typ: str) -> None:
    assert refused(token(typ=typ)) in ("type", "malformed")


def test_type_may_say_that_it_is_a_jwt__S2_40() -> None:
    assert judged(token(typ="JWT")).subject == judged(token(typ="application/jwt")).subject == "ann-1"


RSA = rsa.generate_private_key(65537, 2048)


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # RFC 9864 names it by its curve, providers do not yet
@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
@pytest.mark.parametrize("library", ["pyjwt", "joserfc"])
def test_what_other_libraries_sign_is_taken__S2_40(alg: str, library: str) -> None:
    material: Any = {
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    }.get(alg, RSA)
    header = {"alg": alg, "kid": "theirs"}
    if library == "pyjwt":
        text = jwt.encode(GOOD, material, alg, {"kid": "theirs"})
    else:
        pem = material.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        read: dict[str, Callable[[bytes], OKPKey | ECKey | RSAKey]]
        read = {"EdDSA": OKPKey.import_key, "ES256": ECKey.import_key}
        imported = read.get(alg, RSAKey.import_key)(pem)
        text = other_jwt.encode(header, GOOD, imported, algorithms=[alg])
    key = Key(alg, material.public_key(), "theirs")
    assert judged(text, key).subject == "ann-1"
    assert refused(text, Key(alg, generate(alg).key.material, "theirs")) == "signature"


def _hs256_by_the_public_key() -> str:
    secret = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    parts = ({"alg": "HS256", "kid": "one"}, GOOD)
    message = ".".join(base64url.encode(json.dumps(part).encode()) for part in parts)
    return f"{message}.{base64url.encode(hmac.digest(secret, message.encode(), 'sha256'))}"


def _with_header(**header: object) -> str:
    _, payload, signature = token().split(".")
    return f"{base64url.encode(json.dumps({'alg': 'ES256', 'kid': 'one', **header}).encode())}.{payload}.{signature}"


TRICKS: dict[str, tuple[Callable[[], str], str]] = {
    "none": (lambda: _with_header(alg="none"), "algorithm"),
    "None": (lambda: _with_header(alg="None"), "algorithm"),
    "none without a signature": (lambda: _with_header(alg="none").rpartition(".")[0] + ".", "algorithm"),
    "HS256 by the public key": (_hs256_by_the_public_key, "algorithm"),
    "another algorithm that is known": (lambda: token(key=generate("ES384", "one")), "algorithm"),
    "another key": (lambda: token(key=generate("ES256", "two")), "unknown-key"),
    "a stranger's key under the name": (lambda: token(key=generate("ES256", "one")), "signature"),
    "a key in the header": (lambda: _with_header(jwk={"kty": "EC"}), "header"),
    "a place of keys in the header": (lambda: _with_header(jku="https://mallory.example/"), "header"),
    "an extension": (lambda: _with_header(crit=["exp"]), "critical"),
    "an empty signature": (lambda: token().rpartition(".")[0] + ".", "signature"),
    "encrypted": (lambda: "a.b.c.d.e", "malformed"),
    "no object": (lambda: sign(b"[]", KEY), "malformed"),
    "a claim twice": (lambda: sign(b'{"iss": "a", "iss": "b"}', KEY), "malformed"),
    "a huge one": (lambda: "a" * 20_000, "oversize"),
    "text": (lambda: "\u00e4.b.c", "malformed"),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_tricks_with_keys_and_algorithms__S2_40__F7(trick: str) -> None:
    make, code = TRICKS[trick]
    assert refused(make()) == code


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_content_is_judged_or_refused__S2_40__F10(payload: bytes, raw: bytes) -> None:
    for text in (sign(payload, KEY), raw.decode("latin-1")):
        with pytest.raises(JoseRefused):
            judged(text)
