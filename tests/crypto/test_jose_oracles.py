"""joserfc and PyJWT as oracles: what they sign verifies here, what is signed here verifies there, and nothing passes
here that both refuse.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import joserfc.jwk
import joserfc.jws
import jwt
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.crypto.hostile import CLAIMS, NAMES, corpus, forge, good, header, key
from watchword.crypto.jose import jws
from watchword.crypto.jose.algorithms import ALGORITHMS
from watchword.crypto.jose.jwk import read_private
from watchword.crypto.jose.jwk_written import private_jwk, public_jwk, thumbprint
from watchword.crypto.jose.refused import JoseRefused

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Machines that do other things besides are slow now and then."""

# joserfc warns of EdDSA as a name (RFC 9864), and of keys that it thinks short.
pytestmark = [pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")]

KEYS = {name: json.loads(private_jwk(key(name)).reveal()) for name in NAMES}
THEIRS = {name: joserfc.jwk.import_key(jwk) for name, jwk in KEYS.items()}
PYJWT = {name: jwt.PyJWK(jwk) for name, jwk in KEYS.items()}
PYJWT_PUBLIC = {name: PYJWT[name] if name.startswith("HS") else jwt.PyJWK(public_jwk(key(name).key)) for name in NAMES}
ALL = list(ALGORITHMS)


def ours(token: str, name: str) -> bytes | None:
    try:
        return jws.verify(token, key(name).key)
    except JoseRefused:
        return None


def joserfc_reads(token: str, name: str) -> bytes | None:
    try:
        return joserfc.jws.deserialize_compact(token, THEIRS[name], algorithms=ALL).payload
    except Exception:  # whatever it raises, it refuses
        return None


def pyjwt_reads(token: str, name: str) -> bytes | None:
    try:
        found: bytes = jwt.PyJWS().decode(token, PYJWT_PUBLIC[name], algorithms=ALL)
    except Exception:
        return None
    return found


ORACLES = [joserfc_reads, pyjwt_reads]
NAMED = st.sampled_from(NAMES)


@pytest.mark.parametrize("oracle", ORACLES)
@UNHURRIED
@given(name=NAMED, payload=st.binary())
def test_what_we_sign_verifies_there(oracle: Callable[[str, str], bytes | None], name: str, payload: bytes) -> None:
    token = jws.sign(payload, key(name), typ="JWT")
    assert oracle(token, name) == ours(token, name) == payload


@UNHURRIED
@given(name=NAMED, payload=st.binary())
def test_what_they_sign_verifies_here(name: str, payload: bytes) -> None:
    head = {"alg": key(name).alg, "kid": name}
    token = joserfc.jws.serialize_compact(head, payload, THEIRS[name], algorithms=ALL)
    assert ours(token, name) == payload
    token = jwt.PyJWS().encode(payload, PYJWT[name].key, algorithm=key(name).alg, headers={"kid": name})
    assert ours(token, name) == payload


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, str]:
    """A good token of some key, edited here and there."""
    name = draw(NAMED)
    token = good(name)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(token)))
        end = min(len(token), start + draw(st.integers(0, 3)))
        token = token[:start] + draw(st.text("AQgwZz019-_.=+/ \n", max_size=3)) + token[end:]
    return token, name


@UNHURRIED
@given(edited())
def test_no_edited_token_passes_here_that_both_refuse__C09(case: tuple[str, str]) -> None:
    agree(*case)


VALUES: tuple[Any, ...] = (None, True, 0, [], ["b64"], ["exp"], {}, "", "none", "JWT", "DEF", *ALGORITHMS, *NAMES)
MEMBERS = st.dictionaries(
    st.sampled_from("alg kid typ cty crit b64 jwk jku x5u x5c zip enc x5t foo".split()), st.sampled_from(VALUES)
)


@UNHURRIED
@given(NAMED, MEMBERS, st.sampled_from([CLAIMS, b"", b"x", b"\xff\0", b"{}"]))
def test_no_signed_header_passes_here_that_both_refuse__C09(name: str, members: dict, payload: dict | bytes) -> None:
    agree(forge(name, header(name) | members, payload), name)


def test_no_hostile_token_passes_here_that_both_refuse__C09() -> None:
    """Some of these are refused by their claims alone: there the signature is good, and all read one payload."""
    for hostile in corpus():
        if isinstance(hostile.token, str) and len(hostile.token) < 20_000:
            agree(hostile.token, hostile.key)


def agree(token: str, name: str) -> None:
    payload = ours(token, name)
    if payload is not None:
        read = [oracle(token, name) for oracle in ORACLES]
        assert any(there is not None for there in read)
        assert all(there in (None, payload) for there in read)


@UNHURRIED
@given(NAMED, NAMED)
def test_no_key_verifies_what_another_signed(name: str, other: str) -> None:
    assume(name != other)
    assert ours(good(other), name) is None


@pytest.mark.parametrize("name", NAMES)
def test_keys_mean_the_same_there(name: str) -> None:
    assert thumbprint(key(name).key) == THEIRS[name].thumbprint()
    theirs: dict[str, Any] = dict(THEIRS[name].as_dict(private=True))
    assert read_private(theirs, alg=key(name).alg).key.material == key(name).key.material


@pytest.mark.parametrize(
    ("made", "alg"),
    [
        (joserfc.jwk.generate_key("EC", "P-256"), "ES256"),
        (joserfc.jwk.generate_key("EC", "P-521"), "ES512"),
        (joserfc.jwk.generate_key("OKP", "Ed448"), "EdDSA"),
        (joserfc.jwk.generate_key("oct", 512), "HS512"),
        (joserfc.jwk.generate_key("RSA", 2048), "PS384"),
    ],
)
def test_keys_that_they_make_are_read(made: joserfc.jwk.Key, alg: str) -> None:
    read = read_private(json.dumps(made.as_dict(private=True)), alg=alg)
    assert thumbprint(read.key) == made.thumbprint()
    token = joserfc.jws.serialize_compact({"alg": alg}, b"x", made, algorithms=[alg])
    assert jws.verify(token, read.key) == b"x"
