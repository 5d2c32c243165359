"""Access tokens: claims go in and come back, and are judged each time by where and when they are shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.crypto.hostile import AUDIENCE, CLAIMS, ISSUER, NOW, forge, header, key
from watchword.crypto.jose import base64url, jws
from watchword.crypto.jose.jwk import read_private
from watchword.crypto.jose.key import SigningKey, generate
from watchword.crypto.jose.refused import JoseRefused
from watchword.tokens.access_token import LAST_INSTANT, AccessClaims, encode, fits, kid_of, verified

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Machines that do other things besides are slow now and then."""

KEY = key("ES256")
BARE = AccessClaims(
    issuer=ISSUER,
    subject="alice",
    audience=(AUDIENCE,),
    client="shop",
    jti="a1b2c3",
    issued_at=NOW,
    expires_at=NOW + 300,
)
FULL = BARE._replace(
    audience=(AUDIENCE, "https://files.acme.example"),
    not_before=NOW - 1.0,
    auth_time=NOW - 3600.0,
    scopes=frozenset(("read", "write:own")),
    roles=frozenset(("admin", "staff")),
    groups=frozenset(("g",)),
    entitlements=frozenset(("e",)),
    permissions=frozenset(("users/delete", "a permission")),
    family="f1",
    state="0123456789abcdef",
    acr="urn:acme:mfa",
    amr=frozenset(("pwd", "otp")),
)


def wire(token: str) -> tuple[dict, dict]:
    head, body, _ = token.split(".")
    return json.loads(base64url.decode(head)), json.loads(base64url.decode(body))


def refusal(token: str | bytes, signing: SigningKey = KEY) -> str:
    with pytest.raises(JoseRefused) as refused:
        verified(token, signing.key)
    return refused.value.code


@pytest.mark.parametrize("claims", [BARE, FULL, BARE._replace(scopes=frozenset())], ids=["bare", "full", "no scope"])
def test_claims_come_back__S2_17(claims: AccessClaims) -> None:
    token = encode(claims, KEY)
    assert kid_of(token) == kid_of(token.encode()) == KEY.kid
    assert verified(token, KEY.key) == verified(token.encode(), KEY.key) == claims


def test_the_token_is_what_rfc_9068_says__S2_17() -> None:
    head, body = wire(encode(FULL, KEY))
    assert head == {"alg": "ES256", "typ": "at+jwt", "kid": "ES256"}
    assert body == {
        "iss": ISSUER,
        "sub": "alice",
        "aud": [AUDIENCE, "https://files.acme.example"],
        "client_id": "shop",
        "jti": "a1b2c3",
        "iat": NOW,
        "exp": NOW + 300,
        "nbf": NOW - 1,
        "auth_time": NOW - 3600,
        "scope": "read write:own",
        "roles": ["admin", "staff"],
        "groups": ["g"],
        "entitlements": ["e"],
        "permissions": ["a permission", "users/delete"],
        "sid": "f1",
        "ww_state": "0123456789abcdef",
        "acr": "urn:acme:mfa",
        "amr": ["otp", "pwd"],
    }
    _, body = wire(encode(BARE, KEY))
    assert set(body) == {"iss", "sub", "aud", "client_id", "jti", "iat", "exp"}
    assert body["aud"] == AUDIENCE


def test_the_example_of_rfc_9068_is_read() -> None:
    """Section 3, under a key of ours: its own is not published."""
    signing = read_private(json.loads(rsa_text()), alg="RS256").named("RjEwOwOA")
    example = {
        "iss": "https://authorization-server.example.com/",
        "sub": "5ba552d67",
        "aud": "https://rs.example.com/",
        "exp": 1639528912,
        "iat": 1618354090,
        "jti": "dbe39bf3a3ba4238a513f51d6e1691c4",
        "client_id": "s6BhdRkqt3",
        "scope": "openid profile reademail",
    }
    token = jws.sign(json.dumps(example).encode(), signing, typ="at+JWT")
    claims = verified(token, signing.key)
    assert claims.scopes == frozenset(("openid", "profile", "reademail"))
    assert (
        fits(
            claims,
            expected_issuer="https://authorization-server.example.com/",
            expected_audience="https://rs.example.com/",
            now=1618354090,
        )
        is None
    )


def rsa_text() -> str:
    from tests.crypto.hostile import COOKBOOK

    return (COOKBOOK / "jwk" / "3_4.rsa_private_key.json").read_text()


def test_times_are_whole_seconds_and_none_lives_longer_than_meant() -> None:
    claims = BARE._replace(issued_at=NOW + 0.9, expires_at=NOW + 300.9, auth_time=NOW - 0.1)
    _, body = wire(encode(claims, KEY))
    assert (body["iat"], body["exp"], body["auth_time"]) == (NOW, NOW + 300, NOW - 1)
    assert all(type(body[name]) is int for name in ("iat", "exp", "auth_time"))


CANNOT: list[tuple[str, dict[str, object]]] = [
    ("expires with its birth", {"expires_at": NOW}),
    ("expires within the second", {"expires_at": NOW + 0.9}),
    ("expires before its birth", {"expires_at": NOW - 1}),
    ("never expires", {"expires_at": float("inf")}),
    ("expires at no time", {"expires_at": float("nan")}),
    ("expires after the year 9999", {"expires_at": LAST_INSTANT + 1}),
    ("issued before 1970", {"issued_at": -1.0}),
    ("no issuer", {"issuer": ""}),
    ("no subject", {"subject": ""}),
    ("no client", {"client": ""}),
    ("no jti", {"jti": ""}),
    ("no audience", {"audience": ()}),
    ("an empty audience", {"audience": ("",)}),
    ("a line end in the subject F18", {"subject": "a\nb"}),
    ("a NUL in the subject F18", {"subject": "a\0"}),
    ("half a character in the subject F17", {"subject": "\ud800"}),
    ("a space in a scope", {"scopes": frozenset(("a b",))}),
    ("an empty scope", {"scopes": frozenset(("",))}),
    ("a quote in a scope", {"scopes": frozenset(('"',))}),
    ("an empty role", {"roles": frozenset(("",))}),
    ("an empty family", {"family": ""}),
    ("more than a token holds", {"roles": frozenset(f"role-{n}" for n in range(2000))}),
]


@pytest.mark.parametrize("change", [row[1] for row in CANNOT], ids=[row[0] for row in CANNOT])
def test_what_could_not_be_read_again_is_not_issued(change: dict) -> None:
    with pytest.raises(ValueError, match=r"token|surrogates"):
        encode(BARE._replace(**change), KEY)


def test_a_token_without_exp_can_neither_be_issued_nor_used() -> None:
    with pytest.raises(TypeError, match="expires_at"):
        # Without `expires_at`, as a forgetful caller would.
        AccessClaims(issuer="i", subject="s", audience=("a",), client="c", jti="j", issued_at=0.0)  # type: ignore[call-arg]  # that is tried
    assert refusal(forge("ES256", body={name: value for name, value in CLAIMS.items() if name != "exp"})) == "claims"


def test_a_key_without_a_name_signs_no_access_token() -> None:
    with pytest.raises(ValueError, match="name"):
        encode(BARE, generate("ES256"))


def test_a_token_may_name_no_key() -> None:
    assert kid_of(forge("ES256", {"alg": "ES256", "typ": "at+jwt"})) is None


def test_kid_of_vouches_for_nothing_but_refuses_what_no_key_could_make_good__C09() -> None:
    assert kid_of(forge("ES256", header("ES256", kid="anything"), sign=lambda message: b"")) == "anything"
    for token in (
        "",
        "a.b.c",
        forge("ES256", header("ES256", alg="none")),
        forge("ES256", header("ES256", crit=["x"])),
    ):
        with pytest.raises(JoseRefused):
            kid_of(token)


def test_only_an_access_token_is_one__C09() -> None:
    for typ in ("JWT", "id+jwt", None):
        assert refusal(jws.sign(json.dumps(CLAIMS).encode(), KEY, typ=typ)) == "type"


def test_a_token_that_is_bound_to_a_key_is_no_bearer_token() -> None:
    assert (
        refusal(forge("ES256", body=CLAIMS | {"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}))
        == "confirmation"
    )


# What differs, the leeway, and what comes of it at NOW.
JUDGED: list[tuple[str, dict[str, object], float, str | None]] = [
    ("just issued", {}, 0, None),
    ("a second before it expires", {"expires_at": NOW + 1}, 0, None),
    ("on the second it is expired", {"expires_at": NOW}, 0, "expired"),
    ("expired", {"expires_at": NOW - 1}, 0, "expired"),
    ("expired within the leeway", {"expires_at": NOW - 4}, 5, None),
    ("on the leeway's second it is expired", {"expires_at": NOW - 5}, 5, "expired"),
    ("issued a moment from now", {"issued_at": NOW + 0.5}, 0, "not-yet-valid"),
    ("issued at the end of the leeway", {"issued_at": NOW + 5}, 5, None),
    ("issued after the leeway", {"issued_at": NOW + 5.1}, 5, "not-yet-valid"),
    ("not before now", {"not_before": NOW}, 0, None),
    ("not before later", {"not_before": NOW + 1}, 0, "not-yet-valid"),
    ("not before the leeway ends", {"not_before": NOW + 5}, 5, None),
    ("not before after the leeway", {"not_before": NOW + 6}, 5, "not-yet-valid"),
    ("another issuer", {"issuer": ISSUER + "/"}, 0, "issuer"),
    ("a part of the issuer", {"issuer": ISSUER[:-1]}, 0, "issuer"),
    ("another audience", {"audience": (AUDIENCE + "/",)}, 0, "audience"),
    ("a part of the audience", {"audience": (AUDIENCE[:-1],)}, 0, "audience"),
    ("one of several audiences", {"audience": ("x", AUDIENCE)}, 0, None),
    ("none of several audiences", {"audience": ("x", "y")}, 0, "audience"),
    ("nothing is right", {"issuer": "x", "audience": ("x",), "expires_at": 1}, 0, "issuer"),
]


@pytest.mark.parametrize(("change", "leeway", "expected"), [row[1:] for row in JUDGED], ids=[row[0] for row in JUDGED])
def test_claims_are_judged_here_and_now__F8(change: dict, leeway: float, expected: str | None) -> None:
    claims = BARE._replace(**change)
    found = fits(claims, expected_issuer=ISSUER, expected_audience=AUDIENCE, now=NOW, leeway=leeway)
    assert found == expected


def test_an_expected_list_fits_nothing() -> None:
    """CVE-2024-53861 was `in` where `==` belongs; a wrong type here is a refusal, never a match."""
    issuers: Any = [ISSUER]
    audiences: Any = [AUDIENCE]
    assert fits(BARE, expected_issuer=issuers, expected_audience=AUDIENCE, now=NOW) == "issuer"
    assert fits(BARE, expected_issuer=ISSUER, expected_audience=audiences, now=NOW) == "audience"


TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20)
SCOPES = st.frozensets(st.text("abc:/.!", min_size=1, max_size=8), max_size=3)
INSTANTS = st.integers(0, LAST_INSTANT - 1).map(float)


@UNHURRIED
@given(
    st.builds(
        AccessClaims,
        issuer=TEXTS,
        subject=TEXTS,
        audience=st.lists(TEXTS, min_size=1, max_size=3).map(tuple),
        client=TEXTS,
        jti=TEXTS,
        issued_at=st.just(0.0),
        expires_at=INSTANTS.map(lambda instant: instant + 1),
        not_before=st.none() | INSTANTS,
        auth_time=st.none() | INSTANTS,
        scopes=st.none() | SCOPES,
        roles=st.frozensets(TEXTS, max_size=3),
        groups=st.frozensets(TEXTS, max_size=3),
        entitlements=st.frozensets(TEXTS, max_size=3),
        permissions=st.frozensets(TEXTS, max_size=3),
        family=st.none() | TEXTS,
        state=st.none() | TEXTS,
        acr=st.none() | TEXTS,
        amr=st.frozensets(TEXTS, max_size=3),
    )
)
def test_whatever_claims_are_issued_come_back(claims: AccessClaims) -> None:
    signing = key("HS256")
    assert verified(encode(claims, signing), signing.key) == claims
