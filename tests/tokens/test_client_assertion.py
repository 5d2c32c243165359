"""Assertions of clients (RFC 7523), judged on the second, and read totally."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server.api.oauth import ISSUER, KEY, assertion, key_set
from tests.server.api.world import NOW
from watchword.crypto.jose.jws import sign
from watchword.crypto.jose.key import generate
from watchword.crypto.jose.refused import JoseRefused
from watchword.tokens.client_assertion import (
    LEEWAY,
    LONGEST_LIFE,
    SIGNING_ALGORITHMS,
    SpendableAssertion,
    claimed_client,
    verify_assertion,
)

HERE = frozenset((ISSUER, f"{ISSUER}/oauth2/token"))

FIRST = b"\0\0\0\3svcfirst"
"""The assertion of `svc` that is called `first`, as it is spent."""


def judged(text: str, jwks: str | None = None, now: float = NOW) -> SpendableAssertion:
    return verify_assertion(
        text, key_set() if jwks is None else jwks, expected_client="svc", expected_audience=HERE, now=now
    )


def refused(text: str, jwks: str | None = None, now: float = NOW) -> str:
    with pytest.raises(JoseRefused) as error:
        judged(text, jwks, now)
    return error.value.code


def test_jti_is_remembered_for_longer_than_the_assertion_holds__F2() -> None:
    good = judged(assertion(exp=int(NOW) + 60))
    assert good == SpendableAssertion(FIRST, NOW + 60 + LEEWAY)
    assert refused(assertion(exp=int(NOW) + 60), now=good.remember_until) == "expired"


def test_it_expires_on_the_second__F8() -> None:
    text = assertion(exp=int(NOW), iat=int(NOW) - 60)
    assert judged(text, now=NOW + LEEWAY - 1).value == FIRST
    assert refused(text, now=NOW + LEEWAY) == "expired"


def test_it_lives_no_longer_than_an_hour__F8() -> None:
    longest = int(NOW + LONGEST_LIFE + LEEWAY)
    assert judged(assertion(exp=longest)).value == FIRST
    assert refused(assertion(exp=longest + 1)) == "not-yet-valid"
    assert refused(assertion(exp=253_402_300_800)) == "claims"


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_clock_of_the_client_may_be_a_little_ahead__F8(claim: str) -> None:
    latest: dict[str, Any] = {claim: NOW + LEEWAY}
    later: dict[str, Any] = {claim: NOW + LEEWAY + 1}
    assert judged(assertion(**latest)).value == FIRST
    assert refused(assertion(**later)) == "not-yet-valid"


def test_without_a_kid_the_only_key_is_meant__S2_17() -> None:
    unnamed = generate("ES256")
    assert judged(assertion(unnamed), key_set(unnamed)).value == FIRST
    assert refused(assertion(unnamed), key_set(unnamed, KEY)) == "unknown-key"


def test_algorithm_is_that_of_the_key__S2_17() -> None:
    assert refused(assertion(generate("ES384", "k1"))) == "algorithm"
    rsa = generate("RS256", "k1")
    assert judged(assertion(rsa), key_set(rsa)).value == FIRST
    other = sign(b"{}", type(rsa)(type(rsa.key)("PS256", rsa.key.material, "k1"), rsa.material))
    assert refused(other, key_set(rsa)) == "algorithm"


def test_shared_secrets_are_no_keys_of_clients() -> None:
    assert not {name for name in SIGNING_ALGORITHMS if name.startswith("HS")}
    assert len(SIGNING_ALGORITHMS) == 10


@given(st.text())
def test_naming_the_client_is_total(text: str) -> None:
    assert claimed_client(text) is None or isinstance(claimed_client(text), str)


@pytest.mark.parametrize("subject", [None, 1, "", "x" * 256, ["svc"], {"a": 1}])
def test_subject_that_is_no_clients_name_is_none(subject: Any) -> None:
    assert claimed_client(assertion(sub=subject)) is None
    assert claimed_client(assertion()) == "svc"


@pytest.mark.parametrize("value", [True, "1790000060", [1], -1])
@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
def test_time_that_is_no_time_is_refused(claim: str, value: Any) -> None:
    assert refused(assertion(**{claim: value})) == "claims"
