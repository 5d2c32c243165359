"""CouchDB's cookie: bit for bit, judged in constant time, and read from any bytes."""

from __future__ import annotations

import json
import os
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.outcome import Rejected, Stale
from watchword.core.records import Account
from watchword.crypto.secret import Secret
from watchword.http.couchdb_cookie import auth_session
from watchword.tokens.couchdb_cookie import (
    AHEAD,
    CouchdbCookies,
    Hash,
    make_couchdb_cookie,
    read_couchdb_cookie,
    salt_of,
    without_salt,
)

NOW = 1_790_000_000.0
SECRET = Secret("92de07df7e7a3fe14808cef90a7cc0d91")
SALT = "0123456789abcdef"
ANN = Account(name="ann", stamp="one", attributes={"couchdb_salt": SALT})
VECTORS: dict[Hash, str] = {
    "sha1": "YWxpY2U6NTBCQkZGMDI6Pb2iB_bz5G16BCC67VRPdDVzLBg",
    "sha256": "YWxpY2U6NTBCQkZGMDI6QMIi_Zd1puh_P1JxE_SvW43tmlDaWPv44sezStOaq2o",
}

NAMES = st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"]), min_size=1, max_size=40)
HASHES = st.sampled_from(["sha1", "sha256"])


def cookies(*secrets: Secret, hashes: tuple[Hash, ...] = ("sha256", "sha1"), timeout: float = 600.0) -> CouchdbCookies:
    return CouchdbCookies(secrets=secrets or (SECRET,), hashes=hashes, timeout=timeout)


def why_not(made: str, account: Account | None = ANN, now: float = NOW, by: CouchdbCookies | None = None) -> str | None:
    cookie = read_couchdb_cookie(made.encode())
    assert cookie is not None
    refused = (by or cookies()).why_not(cookie, account, now)
    return None if refused is None else refused.reason


@pytest.mark.parametrize("hash", VECTORS)
def test_vectors_are_reproduced__S2_26(hash: Hash) -> None:
    made = make_couchdb_cookie("alice", 0x50BBFF02, secret=SECRET, salt=SALT, hash=hash)
    assert made == VECTORS[hash]
    cookie = read_couchdb_cookie(made.encode())
    assert cookie is not None
    assert (cookie.name, cookie.issued_at, cookie.signed) == ("alice", 0x50BBFF02, b"alice:50BBFF02")


def test_another_s_code_makes_the_same_cookies__S2_26(require_program: Callable[[str], str]) -> None:
    wanted = [
        [name, salt, secret, number]
        for name in ("ann", "Zoë 🦉", "x" * 255)
        for salt in (SALT, "")
        for secret in (SECRET.reveal_text(), "another secret of our site, thirty-two")
        for number in (0x50BBFF02, 0, 1_790_000_000)
    ]
    code = """
        const make = require('couchdb-calculate-session-id');
        const wanted = JSON.parse(require('fs').readFileSync(0, 'utf8'));
        process.stdout.write(JSON.stringify(wanted.map((each) => make(...each))));
    """
    ran = subprocess.run(
        [require_program("node"), "-e", code],
        input=json.dumps(wanted),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        env={**os.environ, "NODE_PATH": require_program("npm-packages")},
    )
    assert ran.returncode == 0, ran.stderr
    ours = [
        make_couchdb_cookie(name, at, secret=Secret(secret), salt=salt, hash="sha1")
        for name, salt, secret, at in wanted
        if isinstance(name, str) and isinstance(salt, str) and isinstance(secret, str) and isinstance(at, int)
    ]
    assert json.loads(ran.stdout) == ours


@given(name=NAMES, at=st.integers(0, 2**40), salt=st.text(max_size=20), hash=HASHES)
def test_what_is_made_is_read_again__S2_26__F17(name: str, at: int, salt: str, hash: Hash) -> None:
    salt = salt.encode("utf-8", "replace").decode()
    made = make_couchdb_cookie(name, at, secret=SECRET, salt=salt, hash=hash)
    account = Account(name=name, stamp="one", attributes={"couchdb_salt": salt})
    cookie = read_couchdb_cookie(made.encode())
    assert cookie is not None
    assert (cookie.name, cookie.issued_at) == (name, at)
    if salt:
        assert cookies().why_not(cookie, account, at) is None


@given(st.binary(max_size=200) | st.from_regex(rb"\A[A-Za-z0-9_-]{0,100}\Z"))
def test_any_bytes_are_read__F11(value: bytes) -> None:
    cookie = read_couchdb_cookie(value)
    if cookie is not None:
        assert cookie.signed.startswith(cookie.name.encode() + b":")
        assert len(cookie.mac) in (20, 32)
        assert cookies().why_not(cookie, ANN, NOW) is not None


@given(st.binary(max_size=12), st.binary(max_size=12), st.binary(max_size=40))
def test_only_the_first_two_colons_divide__S2_26(name: bytes, time: bytes, mac: bytes) -> None:
    content = name + b":" + time + b":" + mac
    cookie = read_couchdb_cookie(urlsafe_b64encode(content).rstrip(b"="))
    if cookie is not None:
        assert cookie.mac == content.split(b":", 2)[2]


@pytest.mark.parametrize("hash", ["sha1", "sha256"])
def test_mac_with_colons_in_it_is_good__S2_26(hash: Hash) -> None:
    at = next(
        at
        for at in range(2000)
        if (found := read_couchdb_cookie(make_couchdb_cookie("ann", at, secret=SECRET, salt=SALT, hash=hash).encode()))
        and found.mac.startswith(b":")
    )
    assert why_not(make_couchdb_cookie("ann", at, secret=SECRET, salt=SALT, hash=hash), now=at) is None


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"=",
        b"YW5u",
        b"A" * 5,
        b"YWxpY2U6NTBCQkZGMDI6Pb2iB_bz5G16BCC67VRPdDVzLBg=",
        b"YWxpY2U6NTBCQkZGMDI6Pb2iB/bz5G16BCC67VRPdDVzLBg",
        b" YWxpY2U6NTBCQkZGMDI6Pb2iB_bz5G16BCC67VRPdDVzLBg",
        b"YWxpY2U6NTBCQkZGMDI6Pb2iB_bz5G16BCC67VRPdDVzLBh",  # another spelling of the same bytes
        urlsafe_b64encode(b":50BBFF02:" + b"m" * 20).rstrip(b"="),
        urlsafe_b64encode(b"ann::" + b"m" * 20).rstrip(b"="),
        urlsafe_b64encode(b"ann:-1:" + b"m" * 20).rstrip(b"="),
        urlsafe_b64encode(b"ann:0x50:" + b"m" * 20).rstrip(b"="),
        urlsafe_b64encode(b"ann:" + b"F" * 13 + b":" + b"m" * 20).rstrip(b"="),
        urlsafe_b64encode(b"ann:50:" + b"m" * 21).rstrip(b"="),
        urlsafe_b64encode(b"\xff:50:" + b"m" * 20).rstrip(b"="),
        b"A" * 5000,
    ],
)
def test_what_couchdb_never_writes_is_no_cookie__F11(value: bytes) -> None:
    assert read_couchdb_cookie(value) is None


@given(st.integers(0, 8 * 47 - 1), HASHES)
def test_no_bit_can_be_flipped__F33(bit: int, hash: Hash) -> None:
    made = bytearray(make_couchdb_cookie("ann", NOW, secret=SECRET, salt=SALT, hash=hash).encode())
    made[bit // 8 % len(made)] ^= 1 << bit % 8
    cookie = read_couchdb_cookie(bytes(made))
    assert cookie is None or cookies().why_not(cookie, ANN, NOW) is not None


def test_every_secret_checks_and_the_last_makes() -> None:
    old, new = Secret(b"o" * 32), Secret(b"n" * 32)
    made_before = cookies(old).of(ANN, NOW)
    made = cookies(old, new).of(ANN, NOW)
    assert why_not(made_before, by=cookies(old, new)) is None
    assert why_not(made, by=cookies(new)) is None
    assert why_not(made_before, by=cookies(new)) == "wrong-cookie"


def test_a_hash_that_was_not_allowed_is_not_taken() -> None:
    made = cookies(hashes=("sha1",)).of(ANN, NOW)
    assert why_not(made) is None
    assert why_not(made, by=cookies(hashes=("sha256",))) == "wrong-cookie"


def test_cookie_is_the_one_account_s_as_it_is_now__S2_25() -> None:
    bare = replace(ANN, attributes={})
    made = cookies().of(bare, NOW)
    assert why_not(made, bare) is None
    assert why_not(made, None) == "unknown-user"
    assert why_not(made, replace(bare, disabled=True)) == "account-disabled"
    assert why_not(made, replace(bare, stamp="two")) == "wrong-cookie"
    assert why_not(made, replace(bare, attributes={"couchdb_salt": SALT})) == "wrong-cookie"
    assert why_not(made, replace(bare, name="bob")) == "wrong-cookie"


def test_salt_follows_from_the_stamp_where_couchdb_told_none() -> None:
    bare = replace(ANN, attributes={"couchdb_salt": ""})
    assert salt_of(ANN) == SALT
    assert len({salt_of(bare), salt_of(replace(bare, stamp="two")), salt_of(replace(bare, name="bob")), SALT}) == 4
    assert without_salt({"couchdb_salt": SALT, "desk": "3"}) == {"desk": "3"}
    assert without_salt({"desk": "3"}) is None


def test_on_the_second_it_has_expired__S2_27() -> None:
    cookie = read_couchdb_cookie(cookies().of(ANN, NOW).encode())
    assert cookie is not None
    assert cookies().why_not(cookie, ANN, NOW + 599.9) is None
    assert cookies().why_not(cookie, ANN, NOW + 600) == Stale("expired")
    assert cookies().why_not(cookie, ANN, NOW - AHEAD) is None
    assert cookies().why_not(cookie, ANN, NOW - AHEAD - 1) == Rejected("not-yet-valid")
    assert [cookies().is_due(cookie, NOW + after) for after in (0, 60, 60.1, 599)] == [False, False, True, True]


@pytest.mark.parametrize("name", ["", "a:b", ":"])
def test_no_cookie_for_a_name_that_couchdb_could_not_carry__F17(name: str) -> None:
    with pytest.raises(ValueError, match="colon"):
        make_couchdb_cookie(name, NOW, secret=SECRET, salt=SALT, hash="sha256")


def test_cookie_is_written_as_couchdb_writes_it__S2_25() -> None:
    assert auth_session("value", max_age=600, expires=NOW, secure=False) == (
        b"AuthSession=value; Version=1; Expires=Mon, 21 Sep 2026 14:13:20 GMT; Max-Age=600; Path=/; HttpOnly; "
        b"SameSite=Lax"
    )
    assert b"; Domain=example.com; Secure; " in auth_session("value", max_age=1, expires=NOW, domain="example.com")
