"""F12: what is built to be dear is refused before any cryptography, and for no more work than a good token takes.

Work is counted in calls, not in seconds: `work` runs a function under the interpreter's profiler and counts what it
calls, and which of that is cryptography.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import FrameType

import pytest

from tests.crypto.hostile import CLAIMS, NAMES, forge, good, header, judge, key
from watchword.crypto.jose import base64url, jws
from watchword.crypto.jose.jwk import read_private, read_public
from watchword.crypto.jose.jwk_set import LONGEST_SET, read_jwk_set
from watchword.crypto.jose.jwk_written import public_jwk
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.jose.strict_json import read_object

CRYPTOGRAPHY = {"verify", "hmac_digest", "public_key", "private_key", "derive_private_key", "from_public_bytes"}
"""The names of what OpenSSL does for us."""


@dataclass
class Work:
    result: str = ""
    calls: int = 0
    cryptography: int = 0


def work(run: Callable[[], object]) -> Work:
    """What `run` answered, or the code with which it refused, and what that took."""
    counted = Work()

    def count(frame: FrameType, event: str, called: object) -> None:
        if event in ("call", "c_call"):
            counted.calls += 1
        if event == "c_call" and getattr(called, "__name__", "") in CRYPTOGRAPHY:
            counted.cryptography += 1

    gc.disable()  # what is cleared up meanwhile would count, too
    sys.setprofile(count)
    try:
        counted.result = str(run())
    except JoseRefused as refused:
        counted.result = refused.code
    finally:
        sys.setprofile(None)
        gc.enable()
    return counted


def segment(members: dict[str, object]) -> str:
    return base64url.encode(json.dumps(members).encode())


MEGABYTE = 2**20
PBES2 = {"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2**31, "p2s": "AAAA"}
NESTED = good("ES256")
for _ in range(10):
    NESTED = forge("ES256", header("ES256", cty="JWT"), NESTED.encode()) if len(NESTED) < 8000 else NESTED

TOKENS: dict[str, tuple[str | bytes, str]] = {
    "a header of a megabyte": (segment(header("ES256", x="a" * MEGABYTE)) + ".e30.AAAA", "oversize"),
    "a header of 4 KiB": (segment(header("ES256", x="a" * 4096)) + ".e30.AAAA", "oversize"),
    "a payload of a megabyte": (forge("ES256", body=CLAIMS | {"x": "a" * MEGABYTE}), "oversize"),
    "a signature of a megabyte": (good("ES256") + "A" * MEGABYTE, "oversize"),
    "a megabyte of dots": ("." * MEGABYTE, "oversize"),
    "16 KiB of dots": (b"." * 16384, "malformed"),
    "a megabyte of bytes": (b"\xff" * MEGABYTE, "oversize"),
    "a header nested 700 deep": (
        base64url.encode(b'{"x":' + b"[" * 700 + b"]" * 700 + b"}") + ".e30.AAAA",
        "malformed",
    ),
    "a header of quotes that never end": (base64url.encode(b'{"x":"' + b'\\"' * 700) + ".e30.AAAA", "malformed"),
    "a header of brackets that never end": (base64url.encode(b"[" * 1500) + ".e30.AAAA", "malformed"),
    "a number of 1400 digits in the header": (segment(header("ES256", x=10**1400)) + ".e30.AAAA", "signature"),
    "2^31 rounds of PBES2": (segment(PBES2) + ".e30.AAAA", "header"),
    "2^31 rounds of PBES2, without enc": (segment(PBES2 | {"enc": 1, "alg": "ES256"}) + ".e30.AAAA", "header"),
    "2^31 rounds of PBES2 in a JWE": (segment(PBES2) + ".AAAA.AAAA.AAAA.AAAA", "malformed"),
    "a JWE with zip": (segment({"alg": "dir", "enc": "A128GCM", "zip": "DEF"}) + "..AAAA.AAAA.AAAA", "malformed"),
    "a JWS with zip": (forge("ES256", header("ES256", zip="DEF")), "header"),
    "an embedded key of 16384 bits": (
        forge("ES256", header("ES256", jwk={"kty": "RSA", "n": "_" * 1400, "e": "AQAB"})),
        "header",
    ),
    "100 critical extensions": (forge("ES256", header("ES256", crit=["x"] * 100)), "critical"),
}


@pytest.mark.parametrize(("token", "code"), TOKENS.values(), ids=TOKENS.keys())
def test_a_token_that_is_a_bomb_is_refused_before_cryptography__F12(token: str | bytes, code: str) -> None:
    found = work(lambda: jws.verify(token, key("ES256").key))
    assert (found.result, found.cryptography) == (code, 0)
    assert found.calls < 100


@pytest.mark.parametrize("name", NAMES)
def test_a_good_token_takes_one_verification__F12(name: str) -> None:
    """So that the counting above counts."""
    token, own = good(name), key(name).key
    found = work(lambda: jws.verify(token, own, expected_type="at+jwt"))
    assert found.result == str(json.dumps(CLAIMS).encode())
    assert found.cryptography == 1


def test_tokens_in_tokens_are_not_unpacked__F12() -> None:
    assert NESTED.count(".") == 2
    found = work(lambda: judge(NESTED, "ES256"))
    assert (found.result, found.cryptography) == ("malformed", 1)


KEYS: dict[str, tuple[object, str]] = {
    "RSA of 16384 bits": ({"kty": "RSA", "alg": "RS256", "n": "_" * 2731, "e": "AQAB"}, "oversize"),
    "RSA of 8200 bits": ({"kty": "RSA", "alg": "RS256", "n": "_" * 1367, "e": "AQAB"}, "oversize"),
    "an exponent of 8192 bits": ({"kty": "RSA", "alg": "RS256", "n": "_" * 1364, "e": "_" * 1364}, "oversize"),
    "an exponent of 40 bits": ({"kty": "RSA", "alg": "RS256", "n": "_" * 1364, "e": "_" * 7}, "oversize"),
    "a megabyte of JWK": (json.dumps({"kty": "RSA", "x": "a" * MEGABYTE}), "oversize"),
    "a coordinate of a megabyte": ({"kty": "EC", "crv": "P-256", "x": "A" * MEGABYTE, "y": "AA"}, "oversize"),
    "a secret of a megabyte": ({"kty": "oct", "alg": "HS256", "k": "A" * MEGABYTE}, "oversize"),
    "primes of 16384 bits": (
        {"kty": "RSA", "alg": "RS256", "n": "_" * 1364, "e": "AQAB", "d": "_" * 2731},
        "oversize",
    ),
}


@pytest.mark.parametrize(("jwk", "code"), KEYS.values(), ids=KEYS.keys())
def test_a_key_that_is_a_bomb_is_refused_before_cryptography__F12(jwk: object, code: str) -> None:
    assert isinstance(jwk, str | dict)
    read = read_private if isinstance(jwk, dict) and {"k", "d"} & set(jwk) else read_public
    found = work(lambda: read(jwk))
    assert (found.result, found.cryptography) == (code, 0)
    assert found.calls < 100


SETS: dict[str, tuple[str, str]] = {
    "100,000 keys": (json.dumps({"keys": [public_jwk(key("ES256").key)] * 100_000}), "oversize"),
    "100,000 empty keys": ('{"keys":[' + "{}," * 99_999 + "{}]}", "oversize"),
    "87,000 empty keys": ('{"keys":[' + "{}," * 87_000 + "{}]}", "oversize"),
    "100,000 nulls": ('{"keys":[' + "1," * 100_000 + "1]}", "oversize"),
    "a set nested 100,000 deep": ('{"keys":' + "[" * 100_000 + "]" * 100_000 + "}", "malformed"),
    "a set that never ends": ('{"keys":[' + '"\\"' * 60_000, "malformed"),
}


@pytest.mark.parametrize(("document", "code"), SETS.values(), ids=SETS.keys())
def test_a_set_that_is_a_bomb_is_refused_before_cryptography__F12(document: str, code: str) -> None:
    found = work(lambda: read_jwk_set(document))
    assert (found.result, found.cryptography) == (code, 0)
    assert found.calls < 100


def test_the_bombs_reach_the_rules_that_refuse_them__F12() -> None:
    """Half of the sets fit into the bound on bytes, so that it is another bound that refuses them."""
    assert sum(len(document) <= LONGEST_SET for document, _ in SETS.values()) >= 3


@pytest.mark.parametrize("unit", ['{"x":[', '"\\"', '\\"', "[[", '"a",', '"a":1,', "1e9", "\\ud800", "{}"])
def test_refused_json_takes_work_in_its_length_at_most__F12(unit: str) -> None:
    """Ten times the text never takes more than about ten times the calls."""
    few, many = (partial(read_object, '{"x":' + unit * times, most=10**7) for times in (1_000, 10_000))
    small, large = work(few), work(many)
    assert small.result == large.result == "malformed"
    assert large.calls <= 11 * small.calls


def test_headers_are_parsed_once_and_the_memo_is_bounded__F12() -> None:
    token = good("HS256")
    jws.verify(token, key("HS256").key)
    again = work(lambda: jws.verify(token, key("HS256").key))
    assert again.calls < 40
    for number in range(2 * jws.MOST_HEADERS_KEPT):
        jws.read_header(forge("HS256", header("HS256", x=number)))
    assert jws._header.cache_info().currsize <= jws.MOST_HEADERS_KEPT
