"""JSON Web Keys: what is read, what is refused and why, and what is written comes back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from tests.crypto.hostile import COOKBOOK, NAMES, key
from watchword.crypto.jose import base64url, edwards
from watchword.crypto.jose.jwk import read_private, read_public
from watchword.crypto.jose.jwk_set import LONGEST_SET, MOST_KEYS, Skipped, read_jwk_set
from watchword.crypto.jose.jwk_written import private_jwk, public_jwk, thumbprint
from watchword.crypto.jose.key import Key, generate
from watchword.crypto.jose.refused import JoseRefused

RFC_7638 = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3o"
    "knjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQv"
    "RL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKg"
    "w",
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}


def vector(name: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((COOKBOOK / "jwk" / name).read_text())
    return found


EC_PUBLIC = vector("3_1.ec_public_key.json")
EC_PRIVATE = vector("3_2.ec_private_key.json")
RSA_PUBLIC = vector("3_3.rsa_public_key.json") | {"alg": "RS256"}
RSA_PRIVATE = vector("3_4.rsa_private_key.json") | {"alg": "RS256"}
SYMMETRIC = vector("3_5.symmetric_key_mac_computation.json")
OKP_PRIVATE = json.loads((COOKBOOK / "curve25519" / "jws.json").read_text())["input"]["key"]
OKP_PUBLIC = {name: value for name, value in OKP_PRIVATE.items() if name != "d"}
ED448_PUBLIC = public_jwk(key("Ed448").key)


def refusal(read: Callable[..., object], jwk: object, **more: str) -> str:
    with pytest.raises(JoseRefused) as refused:
        read(jwk, **more)
    return refused.value.code


# --- reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "public", [EC_PUBLIC, RSA_PUBLIC, OKP_PUBLIC, ED448_PUBLIC, RFC_7638], ids=lambda jwk: jwk["kty"]
)
def test_a_public_key_is_read_from_text_bytes_and_objects(public: dict[str, str]) -> None:
    text = json.dumps(public)
    read = read_public(text)
    assert read == read_public(text.encode()) == read_public(public)
    assert read.kid == public.get("kid")


@pytest.mark.parametrize("private", [EC_PRIVATE, RSA_PRIVATE, OKP_PRIVATE, SYMMETRIC], ids=lambda jwk: jwk["kty"])
def test_a_private_key_signs_what_its_public_half_verifies(private: dict[str, str]) -> None:
    signing = read_private(json.dumps(private))
    signing.key.verify(b"message", signing.sign(b"message"))
    if private["kty"] != "oct":
        public = {name: value for name, value in private.items() if name not in "d p q dp dq qi".split()}
        read_public(public).verify(b"message", signing.sign(b"message"))


P_384 = public_jwk(key("ES384").key)
P_256 = public_jwk(key("ES256").key)


def without(jwk: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in jwk.items() if name not in names}


def number(value: int) -> str:
    return base64url.encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


N = int.from_bytes(base64url.decode(RSA_PUBLIC["n"]), "big")
P = 2**255 - 19


def ed25519_y(y: int) -> dict[str, str]:
    return OKP_PUBLIC | {"x": base64url.encode(y.to_bytes(32, "little"))}


# What is wrong, the JWK, the code. The other members are those of a good key.
NOT_PUBLIC: list[tuple[str, object, str]] = [
    # size
    ("1024 bits", RSA_PUBLIC | {"n": number(2**1023 + 1)}, "weak"),
    ("2047 bits", RSA_PUBLIC | {"n": number(2**2046 + 1)}, "weak"),
    ("8193 bits", RSA_PUBLIC | {"n": number(2**8192 + 1)}, "oversize"),
    ("16384 bits F12", RSA_PUBLIC | {"n": number(2**16383 + 1)}, "oversize"),
    ("a modulus of a megabit F12", RSA_PUBLIC | {"n": "_" * 12_000}, "oversize"),
    ("an exponent of 33 bits", RSA_PUBLIC | {"e": number(2**32 + 1)}, "oversize"),
    ("an exponent as long as n", RSA_PUBLIC | {"e": RSA_PUBLIC["n"]}, "oversize"),
    ("e = 1", RSA_PUBLIC | {"e": "AQ"}, "weak"),
    ("e = 2", RSA_PUBLIC | {"e": "Ag"}, "weak"),
    ("e = 4", RSA_PUBLIC | {"e": "BA"}, "inconsistent"),
    ("e = 0", RSA_PUBLIC | {"e": "AA"}, "malformed"),
    ("e empty", RSA_PUBLIC | {"e": ""}, "malformed"),
    ("e with a leading zero", RSA_PUBLIC | {"e": "AAEAAQ"}, "malformed"),
    ("n even", RSA_PUBLIC | {"n": number(N + 1)}, "inconsistent"),
    ("n with a leading zero", RSA_PUBLIC | {"n": base64url.encode(b"\0" + N.to_bytes(256, "big"))}, "malformed"),
    ("n padded", RSA_PUBLIC | {"n": RSA_PUBLIC["n"] + "=="}, "malformed"),
    ("n a number", RSA_PUBLIC | {"n": 65537}, "malformed"),
    ("no n", without(RSA_PUBLIC, "n"), "malformed"),
    ("no e", without(RSA_PUBLIC, "e"), "malformed"),
    # curves
    ("a point off the curve", P_256 | {"y": P_256["x"]}, "inconsistent"),
    ("the point at zero", P_256 | {"x": "A" * 43, "y": "A" * 43}, "inconsistent"),
    ("a coordinate beyond the field", P_256 | {"x": "_" * 42 + "8"}, "inconsistent"),
    ("a coordinate too short", P_256 | {"x": P_256["x"][:-2]}, "malformed"),
    ("a coordinate too long", P_256 | {"x": "AA" + P_256["x"]}, "oversize"),
    ("no y", without(P_256, "y"), "malformed"),
    ("a P-384 point on P-256", P_384 | {"crv": "P-256", "alg": "ES256"}, "oversize"),
    ("a P-256 point on P-384", P_256 | {"crv": "P-384", "alg": "ES384"}, "malformed"),
    ("ES256 with a P-384 key", P_384 | {"alg": "ES256"}, "algorithm"),
    ("ES512 with a P-256 key", P_256 | {"alg": "ES512"}, "algorithm"),
    ("secp256k1", P_256 | {"crv": "secp256k1"}, "unsupported"),
    ("P-192", P_256 | {"crv": "P-192"}, "unsupported"),
    ("p-256", P_256 | {"crv": "p-256"}, "unsupported"),
    ("no curve", without(P_256, "crv"), "malformed"),
    ("a curve in a list", P_256 | {"crv": ["P-256"]}, "malformed"),
    ("an OKP curve for EC", P_256 | {"crv": "Ed25519"}, "unsupported"),
    ("X25519", OKP_PUBLIC | {"crv": "X25519"}, "unsupported"),
    ("X448", ED448_PUBLIC | {"crv": "X448"}, "unsupported"),
    ("P-256 for OKP", OKP_PUBLIC | {"crv": "P-256"}, "unsupported"),
    ("an Ed25519 point of 31 bytes", OKP_PUBLIC | {"x": base64url.encode(bytes(31))}, "malformed"),
    ("an Ed25519 point for Ed448", OKP_PUBLIC | {"crv": "Ed448"}, "malformed"),
    ("the neutral element", ed25519_y(1), "weak"),
    ("the neutral element with a sign", ed25519_y(1 | 1 << 255), "weak"),
    ("the point of order 2", ed25519_y(P - 1), "weak"),
    ("a point of order 4", ed25519_y(0), "weak"),
    ("1, spelt beyond p", ed25519_y(P + 1), "weak"),
    ("no point: y = 2", ed25519_y(2), "weak"),
    ("Ed448's neutral element", ED448_PUBLIC | {"x": base64url.encode(b"\1" + bytes(56))}, "weak"),
    ("Ed448 beyond p", ED448_PUBLIC | {"x": base64url.encode(b"\xff" * 56 + b"\0")}, "weak"),
    # secrets
    ("a private EC key", EC_PRIVATE, "private"),
    ("a private RSA key", RSA_PRIVATE, "private"),
    ("a private OKP key", OKP_PRIVATE, "private"),
    ("a symmetric key", SYMMETRIC, "private"),
    ("a symmetric key without its secret", without(SYMMETRIC, "k"), "private"),
    ("one private member", RSA_PUBLIC | {"qi": ""}, "private"),
    ("a symmetric member", P_256 | {"k": "AAAA"}, "private"),
    # what it is for
    ("use enc", P_256 | {"use": "enc"}, "use"),
    ("use null", P_256 | {"use": None}, "use"),
    ("use in a list", P_256 | {"use": ["sig"]}, "use"),
    ("key_ops without verify", P_256 | {"key_ops": ["sign"]}, "use"),
    ("key_ops empty", P_256 | {"key_ops": []}, "use"),
    ("key_ops twice", P_256 | {"key_ops": ["verify", "verify"]}, "use"),
    ("key_ops a text", P_256 | {"key_ops": "verify"}, "malformed"),
    ("key_ops of numbers", P_256 | {"key_ops": ["verify", 1]}, "malformed"),
    # algorithm
    ("no alg", without(RSA_PUBLIC, "alg"), "algorithm"),
    ("alg none", RSA_PUBLIC | {"alg": "none"}, "algorithm"),
    ("alg RSA-OAEP", RSA_PUBLIC | {"alg": "RSA-OAEP"}, "algorithm"),
    ("alg RSA1_5", RSA_PUBLIC | {"alg": "RSA1_5"}, "algorithm"),
    ("alg HS256 for RSA", RSA_PUBLIC | {"alg": "HS256"}, "algorithm"),
    ("alg HS256 for EC", P_256 | {"alg": "HS256"}, "algorithm"),
    ("alg ECDH-ES", P_256 | {"alg": "ECDH-ES"}, "algorithm"),
    ("alg null", RSA_PUBLIC | {"alg": None}, "malformed"),
    ("alg in a list", RSA_PUBLIC | {"alg": ["RS256"]}, "malformed"),
    # kty and kid
    ("no kty", without(P_256, "kty"), "malformed"),
    ("kty ec", P_256 | {"kty": "ec"}, "unsupported"),
    ("kty AKP", P_256 | {"kty": "AKP"}, "unsupported"),
    ("kty in a list", P_256 | {"kty": ["EC"]}, "malformed"),
    ("kid empty", P_256 | {"kid": ""}, "malformed"),
    ("kid a number", P_256 | {"kid": 1}, "malformed"),
    ("kid null", P_256 | {"kid": None}, "malformed"),
    ("kid with a line end F18", P_256 | {"kid": "a\nb"}, "malformed"),
    ("kid too long", P_256 | {"kid": "k" * 257}, "malformed"),
    ("kid of half a character", P_256 | {"kid": "\ud800"}, "malformed"),
    # text
    ("nothing", "", "malformed"),
    ("a list", "[]", "malformed"),
    ("an empty object", "{}", "malformed"),
    ("PEM", "-----BEGIN PUBLIC KEY-----\nMFkw", "malformed"),
    ("kty twice", json.dumps(P_256)[:-1] + ', "kty": "EC"}', "malformed"),
    ("x twice", json.dumps(P_256)[:-1] + f', "x": "{P_256["x"]}"}}', "malformed"),
    ("too much text F12", json.dumps(P_256 | {"x5c": ["A" * 20_000]}), "oversize"),
    ("nested deep F12", json.dumps(P_256)[:-1] + ', "x5c": ' + "[" * 1000 + "]" * 1000 + "}", "malformed"),
]


@pytest.mark.parametrize(("jwk", "code"), [row[1:] for row in NOT_PUBLIC], ids=[row[0] for row in NOT_PUBLIC])
def test_what_is_no_good_public_key_is_refused__C09(jwk: object, code: str) -> None:
    assert refusal(read_public, jwk) == code


NOT_PRIVATE: list[tuple[str, object, str]] = [
    ("a public EC key", EC_PUBLIC, "private"),
    ("a public RSA key", RSA_PUBLIC, "private"),
    ("a public OKP key", OKP_PUBLIC, "private"),
    ("a symmetric key without its secret", without(SYMMETRIC, "k"), "private"),
    ("a secret of 31 bytes", SYMMETRIC | {"k": base64url.encode(bytes(31))}, "weak"),
    ("a secret of 63 bytes for HS512", SYMMETRIC | {"alg": "HS512", "k": base64url.encode(bytes(63))}, "weak"),
    ("an empty secret", SYMMETRIC | {"k": ""}, "weak"),
    ("a secret of 1025 bytes", SYMMETRIC | {"k": base64url.encode(bytes(1025))}, "oversize"),
    ("a secret for encryption", vector("3_6.symmetric_key_encryption.json"), "algorithm"),
    ("a secret without alg", without(SYMMETRIC, "alg"), "algorithm"),
    ("use enc", SYMMETRIC | {"use": "enc"}, "use"),
    ("key_ops without sign", EC_PRIVATE | {"key_ops": ["verify"]}, "use"),
    ("another d", P_256 | {"d": base64url.encode(b"\1" * 32)}, "inconsistent"),
    ("d = 0", P_256 | {"d": base64url.encode(bytes(32))}, "inconsistent"),
    (
        "d = n",
        P_256 | {"d": number(0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551)},
        "inconsistent",
    ),
    ("d too short", P_256 | {"d": base64url.encode(bytes(31))}, "malformed"),
    ("d too long", P_256 | {"d": base64url.encode(bytes(33))}, "oversize"),
    ("another Ed25519 d", OKP_PRIVATE | {"d": base64url.encode(bytes(32))}, "inconsistent"),
    ("RSA with d alone", without(RSA_PRIVATE, "p", "q", "dp", "dq", "qi"), "malformed"),
    ("RSA of three primes", RSA_PRIVATE | {"oth": []}, "unsupported"),
    ("RSA with another p", RSA_PRIVATE | {"p": RSA_PRIVATE["q"]}, "inconsistent"),
    ("RSA with 1 as a prime", RSA_PRIVATE | {"p": "AQ", "q": RSA_PRIVATE["n"]}, "inconsistent"),
    ("RSA with another d", RSA_PRIVATE | {"d": RSA_PRIVATE["dp"]}, "inconsistent"),
    ("RSA with another dp", RSA_PRIVATE | {"dp": RSA_PRIVATE["dq"]}, "inconsistent"),
    ("RSA with another qi", RSA_PRIVATE | {"qi": RSA_PRIVATE["dq"]}, "inconsistent"),
    ("RSA of 16384 bits F12", RSA_PRIVATE | {"n": number(2**16383 + 1)}, "oversize"),
]


@pytest.mark.parametrize(("jwk", "code"), [row[1:] for row in NOT_PRIVATE], ids=[row[0] for row in NOT_PRIVATE])
def test_what_is_no_good_private_key_is_refused__C09(jwk: object, code: str) -> None:
    assert refusal(read_private, jwk) == code


GOOD = [
    ("8192 bits", RSA_PUBLIC | {"n": number(2**8191 + 1)}),
    ("e = 3", RSA_PUBLIC | {"e": "Aw"}),
    ("an exponent of 32 bits", RSA_PUBLIC | {"e": number(2**32 - 1)}),
    ("key_ops", P_256 | {"key_ops": ["verify", "sign"]}),
    ("no alg on a curve", without(P_256, "alg")),
    ("no kid", without(P_256, "kid")),
    (
        "addresses that nobody follows",
        P_256 | {"x5u": "http://169.254.169.254/", "x5c": ["MIIB"], "jku": "x", "ext": True},
    ),
]


@pytest.mark.parametrize("jwk", [row[1] for row in GOOD], ids=[row[0] for row in GOOD])
def test_the_good_form_of_a_key_is_read(jwk: dict[str, object]) -> None:
    assert isinstance(read_public(jwk), Key)  # type: ignore[arg-type]  # a plain dict, as callers have it


def test_the_demanded_algorithm_binds_a_key_that_names_none__C09() -> None:
    for alg in ("RS256", "PS512"):
        assert read_public(without(RSA_PUBLIC, "alg"), alg=alg).alg == alg
    assert refusal(read_public, RSA_PUBLIC, alg="PS256") == "algorithm"
    assert refusal(read_public, P_256, alg="ES384") == "algorithm"
    assert refusal(read_public, without(RSA_PUBLIC, "alg"), alg="HS256") == "algorithm"
    assert refusal(read_public, without(RSA_PUBLIC, "alg"), alg="none") == "algorithm"
    assert refusal(read_private, SYMMETRIC, alg="HS512") == "algorithm"


# --- writing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_key_that_is_written_comes_back(name: str) -> None:
    signing = key(name)
    written = private_jwk(signing)
    assert "d" not in repr(written).replace("Secret('****')", "")
    again = read_private(written.reveal())
    assert (again.alg, again.kid) == (signing.alg, name)
    signing.key.verify(b"x", again.sign(b"x"))
    if name.startswith("HS"):
        assert refusal(public_jwk, signing.key) == "private"
    else:
        published = public_jwk(signing.key)
        assert {"d", "p", "q", "dp", "dq", "qi", "k"}.isdisjoint(published)
        assert (published["alg"], published["kid"], published["use"]) == (signing.alg, name, "sig")
        assert read_public(json.dumps(published)) == signing.key


def test_the_thumbprint_of_rfc_7638() -> None:
    assert thumbprint(read_public(RFC_7638)) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_thumbprints_have_the_required_members_alone() -> None:
    point = P_256["crv"], P_256["x"], P_256["y"]
    plain = '{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}'.format(*point)
    assert thumbprint(read_public(P_256)) == base64url.encode(hashlib.sha256(plain.encode()).digest())
    assert thumbprint(read_public(P_256 | {"kid": "other"})) == thumbprint(read_public(P_256))
    plain = '{{"k":"{}","kty":"oct"}}'.format(SYMMETRIC["k"])
    assert thumbprint(read_private(SYMMETRIC).key) == base64url.encode(hashlib.sha256(plain.encode()).digest())


# --- points of Edwards curves ----------------------------------------------------------------------------------------

# The y of the points whose order is 8, from libsodium's blocklist (crypto_core/ed25519/ref10/ed25519_ref10.c).
ORDER_8 = (
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
)


@pytest.mark.parametrize("sign", [0, 0x80])
@pytest.mark.parametrize("encoded", ORDER_8)
def test_points_of_order_8_are_no_keys(encoded: str, sign: int) -> None:
    data = bytearray.fromhex(encoded)
    data[-1] |= sign
    assert not edwards.is_sound("Ed25519", bytes(data))


def test_every_key_that_is_made_is_sound() -> None:
    for _ in range(40):
        assert edwards.is_sound("Ed25519", ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw())
        assert edwards.is_sound("Ed448", ed448.Ed448PrivateKey.generate().public_key().public_bytes_raw())
    # and half of what is merely of the right length is no point at all
    tried = [edwards.is_sound("Ed25519", hashlib.sha256(bytes((n,))).digest()) for n in range(200)]
    assert 60 < sum(tried) < 140
    assert not edwards.is_sound("Ed25519", bytes(33))


# --- sets ------------------------------------------------------------------------------------------------------------


def a_set(*keys: object, **more: object) -> str:
    return json.dumps({"keys": list(keys)} | more)


def test_a_set_leaves_out_what_it_cannot_use_and_says_why() -> None:
    found = read_jwk_set(
        a_set(
            P_256, {"kty": "AKP", "kid": "pq"}, SYMMETRIC, RSA_PUBLIC | {"use": "enc"}, EC_PRIVATE, [], P_384, other=1
        )
    )
    assert [usable.kid for usable in found.keys] == ["ES256", "ES384"]
    assert found.skipped == (
        Skipped(1, "unsupported"),
        Skipped(2, "private"),
        Skipped(3, "use"),
        Skipped(4, "private"),
        Skipped(5, "malformed"),
    )
    assert found.find("ES384") == read_public(P_384)
    assert found.find("pq") is None
    assert found.find(None) is None


def test_a_token_without_kid_means_the_only_key() -> None:
    assert read_jwk_set(a_set(P_256)).find(None) == read_public(P_256)
    assert read_jwk_set(a_set()).find(None) is None


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (a_set(P_256, P_384 | {"kid": "ES256"}), "duplicate-kid"),
        (a_set(P_256, P_256), "duplicate-kid"),
        ("[]", "malformed"),
        ("{}", "malformed"),
        ('{"keys": {}}', "malformed"),
        ('{"keys": null}', "malformed"),
        ('{"keys": [], "keys": []}', "malformed"),
        ("", "malformed"),
    ],
)
def test_a_bad_set_is_refused(document: str, code: str) -> None:
    for form in (document, document.encode()):
        with pytest.raises(JoseRefused) as refused:
            read_jwk_set(form)
        assert refused.value.code == code


def test_a_name_that_only_an_unusable_key_shares_is_no_duplicate() -> None:
    assert len(read_jwk_set(a_set(P_256, P_384 | {"kid": "ES256", "use": "enc"})).keys) == 1


def test_a_set_has_a_hundred_keys_at_most__F12() -> None:
    many = [P_256 | {"kid": str(n)} for n in range(MOST_KEYS + 1)]
    assert len(read_jwk_set(a_set(*many[:-1])).keys) == MOST_KEYS
    with pytest.raises(JoseRefused, match="oversize"):
        read_jwk_set(a_set(*many))
    assert len(a_set(*many)) < LONGEST_SET


def test_a_set_may_be_read_for_one_algorithm() -> None:
    found = read_jwk_set(a_set(without(RSA_PUBLIC, "alg"), P_256), read=lambda jwk: read_public(jwk, alg="PS256"))
    assert [usable.alg for usable in found.keys] == ["PS256"]
    assert found.skipped == (Skipped(1, "algorithm"),)


def test_materials_are_what_they_say() -> None:
    kinds = {
        "RS256": rsa.RSAPublicKey,
        "ES256": ec.EllipticCurvePublicKey,
        "EdDSA": ed25519.Ed25519PublicKey,
        "Ed448": ed448.Ed448PublicKey,
    }
    for name, kind in kinds.items():
        assert isinstance(key(name).key.material, kind)
    assert isinstance(generate("EdDSA").material, ed25519.Ed25519PrivateKey)
