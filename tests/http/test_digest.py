"""Digest credentials as they are read and computed (RFC 7616), by the RFC's own example and by other clients."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from requests.auth import HTTPDigestAuth

from watchword.http.authentication import Authorization, Challenge, Unreadable, read_authorization
from watchword.http.digest import ALGORITHMS, Algorithm, DigestResponse, digest_secret, read_digest

VECTORS = tomllib.loads((Path(__file__).parents[1] / "vectors/rfc7616.toml").read_text(encoding="utf-8"))

GOOD = {
    "username": '"ann"',
    "realm": '"Clinic"',
    "nonce": '"n1"',
    "uri": '"/records?x=1"',
    "qop": "auth",
    "nc": "00000001",
    "cnonce": '"c1"',
    "response": '"' + "0" * 64 + '"',
    "algorithm": "SHA-256",
}


def line(**changes: str | None) -> Authorization:
    """Good credentials, but for these parameters; None leaves one out."""
    params = {**GOOD, **{name.replace("_star", "*"): value for name, value in changes.items()}}
    text = ", ".join(f"{name}={value}" for name, value in params.items() if value is not None)
    found = read_authorization(f"Digest {text}".encode())
    assert isinstance(found, Authorization)
    return found


def read(**changes: str | None) -> DigestResponse | Unreadable:
    return read_digest(line(**changes), "SHA-256")


@pytest.mark.parametrize("vector", VECTORS["response"], ids=lambda vector: f"RFC7616_3_9_1_{vector['algorithm']}")
def test_the_responses_that_the_rfc_prints_are_computed__S2_39(vector: dict[str, Any]) -> None:
    found = read_authorization(vector["line"].encode())
    assert isinstance(found, Authorization)
    algorithm = cast("Algorithm", vector["algorithm"])
    claim = read_digest(found, algorithm)
    assert isinstance(claim, DigestResponse)
    secret = digest_secret(algorithm, claim.username, claim.realm.decode(), vector["password"].encode())
    assert claim.expected(secret, vector["method"]) == claim.response
    assert claim.expected(secret, "POST") != claim.response


@given(
    username=st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=20),
    password=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    method=st.sampled_from(["GET", "POST", "DELETE"]),
    target=st.sampled_from(["/", "/records?a=1&b=2", "/a%20b?x=%2C,%22"]),
    algorithm=st.sampled_from(["MD5", "SHA-256"]),
)
def test_requests_computes_what_we_do__S2_39(
    username: str, password: str, method: str, target: str, algorithm: Algorithm
) -> None:
    if any(character in username for character in '"\\'):
        return  # requests does not escape them
    client = HTTPDigestAuth(username, password)
    client.init_per_thread_state()
    client._thread_local.chal = {"realm": "Clinic", "nonce": "n1", "qop": "auth", "algorithm": algorithm}
    header = client.build_digest_header(method, f"https://api.example{target}")
    assert header is not None
    found = read_authorization(header.encode())
    assert isinstance(found, Authorization)
    claim = read_digest(found, algorithm)
    assert isinstance(claim, DigestResponse)
    assert (claim.username, claim.uri.decode()) == (username, target)
    assert claim.expected(digest_secret(algorithm, username, "Clinic", password.encode()), method) == claim.response


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"qop": None}, "no-qop"),
        ({"qop": "auth-int"}, "wrong-qop"),
        ({"nc": None}, "bad-nonce-count"),
        ({"nc": "1"}, "bad-nonce-count"),
        ({"nc": "0000000G"}, "bad-nonce-count"),
        ({"nc": "0000000A"}, "bad-nonce-count"),
        ({"nc": "000000001"}, "bad-nonce-count"),
        ({"response": None}, "bad-response"),
        ({"response": '"' + "0" * 32 + '"'}, "bad-response"),
        ({"response": '"' + "A" * 64 + '"'}, "bad-response"),
        ({"realm": None}, "missing-parameter"),
        ({"nonce": None}, "missing-parameter"),
        ({"nonce": '""'}, "missing-parameter"),
        ({"uri": None}, "missing-parameter"),
        ({"cnonce": None}, "missing-parameter"),
        ({"username": None}, "bad-username"),
        ({"username_star": "UTF-8''ann"}, "bad-username"),
        ({"username": None, "username_star": "ISO-8859-1''Zo%EB"}, "bad-username"),
        ({"username": None, "username_star": "UTF-8''Zo%EB"}, "bad-username"),
        ({"username": None, "username_star": "UTF-8''%"}, "bad-username"),
        ({"userhash": "true"}, "hashed-username"),
        ({"username": '"a\x7fnn"'}, "bad-parameters"),
        ({"username": None, "username_star": "UTF-8''a%00nn"}, "control-character"),
    ],
    ids=str,
)
def test_what_is_not_in_the_grammar_is_told_why__C08(changes: dict[str, str | None], reason: str) -> None:
    assert read(**changes) == Unreadable(reason)


@pytest.mark.parametrize(
    ("changes", "username"),
    [
        ({"username": '"a\\"b\\\\"'}, 'a"b\\'),
        ({"username": '""'}, ""),
        ({"username": '"Zo\u00c3\u00ab"'}, "Zoë"),  # UTF-8, written here as the octets that it has
        ({"username": None, "username_star": "UTF-8''Zo%C3%AB"}, "Zoë"),
        ({"username": None, "username_star": "utf-8'en'J%20D"}, "J D"),
        ({"userhash": "false"}, "ann"),
        ({"qop": '"auth"'}, "ann"),
    ],
    ids=str,
)
def test_user_names_come_in_three_spellings(changes: dict[str, str | None], username: str) -> None:
    params = {**GOOD, **{name.replace("_star", "*"): value for name, value in changes.items()}}
    text = ", ".join(f"{name}={value}" for name, value in params.items() if value is not None)
    found = read_authorization(f"Digest {text}".encode("latin-1"))
    assert isinstance(found, Authorization)
    claim = read_digest(found, "SHA-256")
    assert isinstance(claim, DigestResponse)
    assert claim.username == username


def test_a_name_in_latin_1_is_read_though_it_is_hashed_in_utf_8() -> None:
    """So requests sends it: the response alone proves whose it is."""
    prepared = requests.Request("GET", "https://api.example/").prepare()
    client = HTTPDigestAuth("Zoë", "pässword")
    client.init_per_thread_state()
    client._thread_local.chal = {"realm": "Clinic", "nonce": "n1", "qop": "auth", "algorithm": "SHA-256"}
    header = client.build_digest_header("GET", prepared.url or "")
    assert header is not None
    found = read_authorization(header.encode("latin-1"))
    assert isinstance(found, Authorization)
    claim = read_digest(found, "SHA-256")
    assert isinstance(claim, DigestResponse)
    assert claim.username == "Zoë"
    secret = digest_secret("SHA-256", "Zoë", "Clinic", "pässword".encode())
    assert claim.expected(secret, "GET") == claim.response
    assert urlsplit(prepared.url or "").path.encode() == claim.uri


def test_a_parameter_may_go_without_quotes__S2_39() -> None:
    """RFC 7616 section 3.3: for historical reasons, algorithm and stale must."""
    challenge = Challenge("Digest", (("realm", "a"), ("algorithm", "MD5")), bare=frozenset(("algorithm",)))
    assert str(challenge) == 'Digest realm="a", algorithm=MD5'
    assert str(challenge.with_params(stale="true")) == 'Digest realm="a", algorithm=MD5, stale="true"'
    with pytest.raises(ValueError, match="token"):
        Challenge("Digest", (("algorithm", "a b"),), bare=frozenset(("algorithm",)))


@given(st.text(st.characters(max_codepoint=255), max_size=200), st.sampled_from(sorted(ALGORITHMS)))
def test_whatever_comes_is_read_or_told_why(text: str, algorithm: Algorithm) -> None:
    found = read_authorization(b"Digest " + text.encode("latin-1"))
    if isinstance(found, Authorization):
        claim = read_digest(found, algorithm)
        assert isinstance(claim, Unreadable | DigestResponse)
