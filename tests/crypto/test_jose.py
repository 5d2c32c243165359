"""Signed tokens: the vectors of the RFCs verify, a spoiled one does not, and the good form of every bad one passes."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.crypto.hostile import (
    BY_FAMILY,
    CLAIMS,
    COOKBOOK,
    NAMES,
    NOW,
    RULES,
    Hostile,
    corpus,
    forge,
    good,
    header,
    judge,
    key,
)
from watchword.crypto.jose import base64url, jws
from watchword.crypto.jose.algorithms import ALGORITHMS, CURVES
from watchword.crypto.jose.jwk import read_private, read_public
from watchword.crypto.jose.jwk_written import thumbprint
from watchword.crypto.jose.key import Key, SigningKey, generate
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.jose.strict_json import read_object
from watchword.crypto.secret import Secret

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Machines that do other things besides are slow now and then."""

# --- RFC 7515, appendix A --------------------------------------------------------------------------------------------

JOE = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
A_1_KEY = {
    "kty": "oct",
    "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
}
A_2_KEY = {
    "kty": "RSA",
    "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS"
    "-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg66"
    "5xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpo"
    "Q",
    "e": "AQAB",
}
A_3_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
A_4_KEY = {
    "kty": "EC",
    "crv": "P-521",
    "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
    "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
}
A_1 = f"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{JOE}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
A_2 = (
    f"eyJhbGciOiJSUzI1NiJ9.{JOE}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O"
    "8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_e"
    "SN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtV"
    "rBp0igcN_IoypGlUPQGe77Rw"
)
A_3 = (
    f"eyJhbGciOiJFUzI1NiJ9.{JOE}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)
A_4 = (
    "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7"
    "XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"
)
A_5 = f"eyJhbGciOiJub25lIn0.{JOE}."

APPENDIX_A: list[tuple[str, Key]] = [
    (A_1, read_private(A_1_KEY, alg="HS256").key),
    (A_2, read_public(A_2_KEY, alg="RS256")),
    (A_3, read_public(A_3_KEY)),
    (A_4, read_public(A_4_KEY)),
]


@pytest.mark.parametrize(("token", "verifying"), APPENDIX_A, ids=["A.1", "A.2", "A.3", "A.4"])
def test_the_examples_of_rfc_7515_verify(token: str, verifying: Key) -> None:
    payload = (
        b"Payload" if token is A_4 else b'{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}'
    )
    assert jws.verify(token, verifying) == payload
    assert jws.verify(token.encode(), verifying) == payload


@pytest.mark.parametrize("verifying", [verifying for _, verifying in APPENDIX_A], ids=lambda found: found.alg)
def test_the_unsecured_example_of_rfc_7515_is_refused__C09(verifying: Key) -> None:
    assert refusal(A_5, verifying) == "algorithm"
    assert refusal(A_5 + "AA", verifying) == "algorithm"


@pytest.mark.parametrize(("token", "verifying"), APPENDIX_A, ids=["A.1", "A.2", "A.3", "A.4"])
def test_one_other_character_anywhere_spoils_a_token(token: str, verifying: Key) -> None:
    for place in range(0, len(token), 7):
        other = "A" if token[place] != "A" else "Q"
        with pytest.raises(JoseRefused):
            jws.verify(token[:place] + other + token[place + 1 :], verifying)


# --- RFC 7520, RFC 8037, RFC 7797 ------------------------------------------------------------------------------------


def cookbook(path: str) -> dict:
    found: dict = json.loads((COOKBOOK / path).read_text(encoding="utf-8"))
    return found


def cookbook_key(example: dict) -> SigningKey:
    return read_private(example["input"]["key"], alg=example["input"]["alg"])


COMPACT = [
    "jws/4_1.rsa_v15_signature.json",
    "jws/4_2.rsa-pss_signature.json",
    "jws/4_3.ecdsa_signature.json",
    "jws/4_4.hmac-sha2_integrity_protection.json",
    "curve25519/jws.json",
]


@pytest.mark.parametrize("path", COMPACT)
def test_the_cookbook_verifies(path: str) -> None:
    example = cookbook(path)
    signing = cookbook_key(example)
    token, payload = example["output"]["compact"], example["input"]["payload"].encode()
    assert jws.verify(token, signing.key) == payload
    if example.get("reproducible") and "typ" not in example["signing"]["protected"]:
        assert jws.sign(payload, signing) == token
    assert jws.verify(jws.sign(payload, signing), signing.key) == payload


def test_every_example_of_the_cookbook_is_played() -> None:
    played = {*COMPACT, *REFUSED}
    files = {
        str(path.relative_to(COOKBOOK)) for folder in ("jws", "curve25519", "rfc7797") for path in files_in(folder)
    }
    assert files == played


REFUSED = {
    "jws/4_5.signature_with_detached_content.json": "signature",
    "jws/4_6.protecting_specific_header_fields.json": "malformed",
    "jws/4_7.protecting_content_only.json": "malformed",
    "jws/4_8.multiple_signatures.json": "malformed",
    "rfc7797/4.2.hmac-sha2_b64_false.json": "malformed",  # its payload has a full stop in it
    "rfc7797/hmac-sha2_b64_false.json": "critical",
}


@pytest.mark.parametrize("path", REFUSED)
def test_what_the_cookbook_has_beyond_compact_tokens_is_refused(path: str) -> None:
    example = cookbook(path)
    keys = example["input"]["key"]
    signing = read_private(keys if isinstance(keys, dict) else keys[2], alg="HS256")
    texts = [text if isinstance(text, str) else json.dumps(text) for text in example["output"].values()]
    codes = {refusal(text, signing.key) for text in texts}
    assert codes <= {REFUSED[path], "malformed"}
    assert REFUSED[path] in codes


def files_in(folder: str) -> list[Path]:
    return sorted((COOKBOOK / folder).glob("*.json"))


def test_the_thumbprint_of_rfc_8037() -> None:
    signing = cookbook_key(cookbook("curve25519/jws.json"))
    assert thumbprint(signing.key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


# --- the hostile corpus ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_hostile_tokens_are_refused_with_their_code__C09(rule: Callable[[], Iterator[Hostile]]) -> None:
    wrong = [(hostile.name, hostile.code, judge(hostile.token, hostile.key)) for hostile in rule()]
    assert [(name, code, got) for name, code, got in wrong if got != code] == []
    assert wrong


def test_there_are_many_hostile_tokens_and_each_is_another() -> None:
    everything = corpus()
    assert len(everything) > 2500
    assert len({hostile.name for hostile in everything}) == len(everything)
    assert {hostile.code for hostile in everything} == {
        "malformed", "oversize", "algorithm", "critical", "header", "unknown-key", "type", "signature",
        "claims", "confirmation", "issuer", "audience", "expired", "not-yet-valid",
    }  # fmt: skip


def test_the_corpus_is_not_vacuous() -> None:
    """What each rule spoils is fine where it is not spoiled."""
    for name in NAMES:
        assert judge(good(name), name) == "good"
        assert judge(good(name).encode(), name) == "good"


GOOD_FORMS = {
    "no kid": forge("HS256", {"alg": "HS256", "typ": "at+jwt"}),
    "unknown header members": forge("HS256", header("HS256", x5t="x", cty="json", x={"y": [1.5, None]})),
    "white space in the header": forge("HS256", b' {"alg" : "HS256",\r\n\t"typ":"at+jwt" } '),
    "an escaped member": forge("HS256", b'{"\\u0061lg":"HS256","typ":"at+jwt"}'),
    "a surrogate pair": forge("HS256", header("HS256", x="\U0001f600")),
    "a header nested 8 deep": forge("HS256", b'{"alg":"HS256","typ":"at+jwt","x":[[[[[[[]]]]]]]}'),
    "brackets in a string": forge("HS256", header("HS256", x="[{" * 20)),
    "typ in capitals": forge("HS256", header("HS256", typ="AT+JWT")),
    "typ as a whole media type": forge("HS256", header("HS256", typ="application/at+jwt")),
    "typ as a whole media type in capitals": forge("HS256", header("HS256", typ="Application/AT+JWT")),
    "a fraction in exp": forge("HS256", body=CLAIMS | {"exp": NOW + 0.5}),
    "an exponent in exp": forge("HS256", body=json.dumps(CLAIMS).replace(str(CLAIMS["exp"]), "17e8").encode()),
    "exp within the leeway": forge("HS256", body=CLAIMS | {"exp": NOW - 4}),
    "iat and nbf within the leeway": forge("HS256", body=CLAIMS | {"iat": NOW + 5, "nbf": NOW + 5}),
    "the last second of all": forge("HS256", body=CLAIMS | {"exp": 253402300799}),
    "several audiences": forge("HS256", body=CLAIMS | {"aud": ["x", CLAIMS["aud"]]}),
    "no scope at all": forge("HS256", body=CLAIMS | {"scope": ""}),
    "a scope": forge("HS256", body=CLAIMS | {"scope": "read write:x"}),
    "roles as SCIM has them": forge("HS256", body=CLAIMS | {"roles": [{"value": "admin", "type": "x"}, "staff"]}),
    "unknown claims": forge("HS256", body=CLAIMS | {"x": {"y": [1, 2.5, True, None]}, "nonce": "z"}),
    "a name outside ASCII": forge("HS256", body=CLAIMS | {"sub": "Zoë"}),
    "the longest header": forge("HS256", json.dumps(header("HS256", x="a" * 1477)).encode()[:-1] + b" }"),
}


@pytest.mark.parametrize("token", GOOD_FORMS.values(), ids=GOOD_FORMS.keys())
def test_the_good_form_passes(token: str) -> None:
    assert judge(token, "HS256") == "good"


def test_the_longest_token_passes_and_one_character_more_does_not() -> None:
    padding = next(
        size
        for size in range(11_000, 12_500)
        if len(forge("HS256", body=CLAIMS | {"x": "a" * size})) in range(jws.LONGEST_TOKEN - 1, jws.LONGEST_TOKEN + 1)
    )
    assert judge(forge("HS256", body=CLAIMS | {"x": "a" * padding}), "HS256") == "good"
    assert judge(forge("HS256", body=CLAIMS | {"x": "a" * (padding + 2)}), "HS256") == "oversize"


# --- total, whatever comes -------------------------------------------------------------------------------------------


def refusal(token: str | bytes, verifying: Key, expected_type: str | None = None) -> str:
    with pytest.raises(JoseRefused) as refused:
        jws.verify(token, verifying, expected_type=expected_type)
    return refused.value.code


def outcome(read: Callable[[], object]) -> object:
    """What was read, or the code of the refusal."""
    try:
        return read()
    except JoseRefused as refused:
        return refused


ANYTHING = st.one_of(
    st.binary(), st.text(st.characters(exclude_categories=())), st.text('eyJ.-_="{}[]:1aA', max_size=60)
)


@UNHURRIED
@given(ANYTHING)
@example("\ud800.\ud800.\ud800")
def test_whatever_comes_is_refused_with_a_code(text: str | bytes) -> None:
    for name in BY_FAMILY:
        assert judge(text, name) != "good"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = st.dictionaries(
    st.sampled_from("alg typ kid crit iss aud sub exp iat nbf scope roles amr cnf jti".split()), JSON
)


@UNHURRIED
@given(MEMBERS, MEMBERS)
def test_whatever_is_signed_gives_claims_or_a_code(head: dict, body: dict) -> None:
    assert judge(forge("HS256", header("HS256") | head), "HS256")
    assert judge(forge("HS256", body=CLAIMS | body), "HS256")


@UNHURRIED
@given(JSON)
def test_whatever_is_a_key_gives_a_key_or_a_code(jwk: Any) -> None:
    for read in (read_public, read_private):
        for document in (jwk if isinstance(jwk, dict) else {"kty": jwk}, json.dumps(jwk)):
            with pytest.raises(JoseRefused):
                read(document)


@UNHURRIED
@given(
    st.dictionaries(
        st.sampled_from("kty crv x y n e d p q dp dq qi k alg use key_ops kid".split()), JSON | st.text("AQB-_")
    )
)
def test_whatever_replaces_a_keys_members_gives_a_key_or_a_code(members: dict) -> None:
    for whole in (
        A_1_KEY | {"alg": "HS256"},
        A_2_KEY | {"alg": "RS256"},
        A_3_KEY,
        cookbook("curve25519/jws.json")["input"]["key"],
    ):
        for read in (read_public, read_private):
            found = outcome(partial(read, whole | members))
            assert isinstance(found, Key | SigningKey | JoseRefused)


# --- smaller rules ---------------------------------------------------------------------------------------------------


@UNHURRIED
@given(st.binary())
def test_base64url_comes_back_in_one_spelling(data: bytes) -> None:
    text = base64url.encode(data)
    assert base64url.decode(text) == data
    assert not set(text) & set("+/=")


@UNHURRIED
@given(st.text("ABab01-_+/= \n\té", max_size=9))
def test_base64url_has_no_second_spelling(text: str) -> None:
    data = outcome(partial(base64url.decode, text))
    if isinstance(data, bytes):
        assert base64url.encode(data) == text
    else:
        assert str(data) == "malformed"


def test_base64url_of_rfc_7515_appendix_c() -> None:
    assert base64url.encode(bytes((3, 236, 255, 224, 193))) == "A-z_4ME"


@UNHURRIED
@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_strict_json_reads_what_json_reads_or_refuses(members: dict) -> None:
    text = json.dumps(members)
    read = outcome(partial(read_object, text, most=100_000))
    if isinstance(read, JoseRefused):
        assert read.code == "malformed"
        assert any(odd in text for odd in ("NaN", "Infinity", "\\ud")) or text.count("[") + text.count("{") > 8
    else:
        assert read == members


@pytest.mark.parametrize("size", [-1, 0, 1])
def test_json_is_measured_in_bytes(size: int) -> None:
    document = '{"é": 1}'
    most = len(document.encode()) + size
    if size < 0:
        with pytest.raises(JoseRefused, match="oversize"):
            read_object(document, most=most)
    else:
        assert read_object(document, most=most) == {"é": 1}


def test_the_kelvin_sign_is_no_k() -> None:
    """Its lower case is one."""
    signing = generate("HS256")
    assert jws.verify(jws.sign(b"", signing, typ="KB+JWT"), signing.key, expected_type="kb+jwt") == b""
    assert refusal(jws.sign(b"", signing, typ="\u212ab+jwt"), signing.key, "kb+jwt") == "malformed"


def test_a_type_that_is_not_asked_for_does_not_matter() -> None:
    signing = generate("HS256")
    for typ in (None, "JWT", "x/y"):
        assert jws.verify(jws.sign(b"x", signing, typ=typ), signing.key) == b"x"
    assert jws.verify(jws.sign(b"x", signing, typ="x/y"), signing.key, expected_type="X/Y") == b"x"
    assert refusal(jws.sign(b"x", signing, typ="x/y"), signing.key, "y") == "type"


def test_a_token_that_could_not_be_verified_is_not_signed() -> None:
    with pytest.raises(ValueError, match="at most"):
        jws.sign(bytes(jws.LONGEST_TOKEN), generate("HS256"))


@pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES.keys())
def test_the_orders_of_the_curves_are_right(curve) -> None:  # type: ignore[no-untyped-def]  # any row of the table
    """n - 1 times the base point is its negative: the same x, another y."""
    from cryptography.hazmat.primitives.asymmetric import ec

    base, negative = (ec.derive_private_key(d, curve.curve).public_key().public_numbers() for d in (1, curve.order - 1))
    assert base.x == negative.x
    assert base.y != negative.y
    assert curve.length == (curve.curve.key_size + 7) // 8


# --- keys as values --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_key_shows_no_secret_and_does_not_travel__F33(name: str) -> None:
    signing = key(name)
    assert "material" not in repr(signing)
    assert "material" not in repr(signing.key)
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps(signing)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("alg", ["none", "HS1", "", *ALGORITHMS])
def test_a_key_is_bound_to_an_algorithm_of_its_kind__C09(name: str, alg: str) -> None:
    signing = key(name)
    fits = alg in ALGORITHMS and ALGORITHMS[alg].kty == ALGORITHMS[signing.alg].kty
    if fits and (ALGORITHMS[alg].kty != "EC" or alg == signing.alg):
        assert SigningKey(Key(alg, signing.key.material), signing.material).sign(b"x")
    else:
        with pytest.raises(ValueError, match="kind"):
            Key(alg, signing.key.material)
        if alg not in ALGORITHMS:
            return
        with pytest.raises(ValueError, match="kind"):
            SigningKey(key(alg).key, signing.material)


@pytest.mark.parametrize("alg", ["HS256", "ES256", "ES384", "ES512", "EdDSA"])
def test_new_keys_differ_and_fit(alg: str) -> None:
    one, other = generate(alg, "a"), generate(alg)
    assert (one.alg, one.kid, other.kid) == (alg, "a", None)
    assert thumbprint(one.key) != thumbprint(other.key)
    assert jws.verify(jws.sign(b"x", one), one.key) == b"x"
    assert refusal(jws.sign(b"x", other), one.key) == "signature"
    assert one.named("b").kid == one.named("b").key.kid == "b"


def test_a_new_rsa_key_is_long_enough() -> None:
    assert key_size(generate("PS256")) == 3072


def key_size(signing: SigningKey) -> int:
    material = signing.key.material
    assert not isinstance(material, Secret)
    return getattr(material, "key_size", 0)


def test_no_key_is_made_for_an_unknown_algorithm() -> None:
    with pytest.raises(JoseRefused, match="algorithm"):
        generate("none")


def test_a_refusal_says_a_code_and_nothing_else__F33() -> None:
    hostile = Hostile(name="", token="canary-4f1d9c.canary-4f1d9c.x", key="HS256", code="malformed")
    with pytest.raises(JoseRefused) as refused:
        jws.verify(hostile.token, key("HS256").key)
    assert str(refused.value) == refused.value.code == "malformed"
