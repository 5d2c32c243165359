"""The tokens of CouchDB's fields: CouchDB's own, and the one that expires and covers the roles (S2.28)."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.outcome import Rejected
from watchword.core.principal import Authentication, Principal
from watchword.crypto.couchdb_proxy import ProxySecrets, proxy_token
from watchword.crypto.secret import Secret
from watchword.http.couchdb_proxy import ProxyFields, read_roles, roles_value, user_value
from watchword.tokens.couchdb_identity import CouchDbIdentities
from watchword.tokens.couchdb_told import ToldToCouchDb

NOW = 1_790_000_000.0
OLD, NEW = Secret(b"o" * 32), Secret(b"n" * 32)
IDENTITIES = CouchDbIdentities((OLD, NEW), "orders")
TOKEN = IDENTITIES.mint(b"ann", b"clerk,auditor", NOW)

# --- CouchDB's own ---------------------------------------------------------------------------------------------------


def test_the_vectors_of_couchdb_s_documentation__S2_28() -> None:
    secret = Secret("the_secret")
    assert proxy_token(b"foo", secret) == b"3f0786e96b20b0102b77f1a49c041be6977cfb3bf78c41a12adc121cd9b4e68a"
    assert proxy_token(b"foo", secret, "sha1") == b"22047ebd7c4ec67dfbcbad7213a693249dbfbf86"


@pytest.mark.parametrize("hash", ["sha1", "sha256"])
def test_openssl_makes_the_same_token__S2_28(hash: str, require_program: Callable[[str], str]) -> None:
    command = [require_program("openssl"), "dgst", f"-{hash}", "-hmac", "the_secret"]
    told = subprocess.run(command, input="zoë".encode(), capture_output=True, check=True).stdout.split()[-1]
    assert told == proxy_token("zoë".encode(), Secret("the_secret"), "sha1" if hash == "sha1" else "sha256")


def test_the_last_secret_makes_and_every_one_is_good__S2_28__F34() -> None:
    both = ProxySecrets((OLD, NEW), ("sha1", "sha256"))
    assert both.mint(b"ann") == proxy_token(b"ann", NEW, "sha1")
    assert both.proves(proxy_token(b"ann", OLD, "sha256"), b"ann")
    assert not ProxySecrets((NEW,)).proves(both.mint(b"ann"), b"ann")


# --- the one that expires --------------------------------------------------------------------------------------------


def test_what_was_minted_is_good_until_it_expires__S2_28() -> None:
    assert TOKEN.startswith(b"v1.%d." % (NOW + 60))
    for later in (-4, 0, 59, 64):
        assert IDENTITIES.why_unproven(TOKEN, b"ann", b"clerk,auditor", NOW + later) is None
    for later in (-6, 65, 66, 1_000_000_000):
        refused = IDENTITIES.why_unproven(TOKEN, b"ann", b"clerk,auditor", NOW + later)
        assert refused == Rejected("outdated-proxy-signature")


@pytest.mark.parametrize(
    ("user", "roles"),
    [
        (b"ann", b"clerk"),
        (b"ann", b""),
        (b"ann", b"auditor,clerk"),
        (b"Ann", b"clerk,auditor"),
        (b"", b"clerk,auditor"),
    ],
)
def test_it_covers_the_user_and_the_roles_as_they_were_sent__S2_28(user: bytes, roles: bytes) -> None:
    assert IDENTITIES.why_unproven(TOKEN, user, roles, NOW) == Rejected("bad-proxy-signature")


def test_it_covers_the_audience_and_the_expiry__S2_28() -> None:
    bad = Rejected("bad-proxy-signature")
    assert replace(IDENTITIES, audience="invoices").why_unproven(TOKEN, b"ann", b"clerk,auditor", NOW) == bad
    version, expiry, mac = TOKEN.split(b".")
    for later in (1, -1, 3600):
        prolonged = b".".join((version, b"%d" % (int(expiry) + later), mac))
        assert IDENTITIES.why_unproven(prolonged, b"ann", b"clerk,auditor", NOW) == bad


def test_every_changed_byte_of_it_is_seen__S2_28__F31() -> None:
    for at in range(len(TOKEN)):
        changed = TOKEN[:at] + bytes((TOKEN[at] ^ 1,)) + TOKEN[at + 1 :]
        assert IDENTITIES.why_unproven(changed, b"ann", b"clerk,auditor", NOW) == Rejected("bad-proxy-signature")


def test_who_mints_for_longer_than_is_allowed_here_is_not_believed__S2_28() -> None:
    generous = replace(IDENTITIES, ttl=3600).mint(b"ann", b"", NOW)
    assert IDENTITIES.why_unproven(generous, b"ann", b"", NOW) == Rejected("outdated-proxy-signature")


def test_the_newest_key_mints_and_the_older_ones_are_good_until_they_are_dropped__S2_28__F34() -> None:
    before = replace(IDENTITIES, keys=(OLD,))
    assert IDENTITIES.why_unproven(before.mint(b"ann", b"", NOW), b"ann", b"", NOW) is None
    assert before.why_unproven(IDENTITIES.mint(b"ann", b"", NOW), b"ann", b"", NOW) is not None


@given(st.binary(max_size=24), st.binary(max_size=24), st.binary(max_size=24), st.binary(max_size=24))
def test_no_two_identities_have_one_token__S2_28__F16(user: bytes, roles: bytes, other: bytes, others: bytes) -> None:
    try:
        token = IDENTITIES.mint(user, roles, NOW)
    except ValueError:
        assert not user or any(byte < 32 or byte == 127 for byte in user + roles)
        return
    assert IDENTITIES.why_unproven(token, user, roles, NOW) is None
    refused = IDENTITIES.why_unproven(token, other, others, NOW)
    assert (refused is None) == ((user, roles) == (other, others))


@given(st.binary(max_size=140))
def test_any_bytes_are_judged__F16(token: bytes) -> None:
    assert IDENTITIES.why_unproven(token, b"ann", b"clerk", NOW) == Rejected("bad-proxy-signature")


# --- what CouchDB is told --------------------------------------------------------------------------------------------


def principal(name: str, *roles: str) -> Principal:
    return Principal(
        subject=name, realm="x", roles=frozenset(roles), authentication=Authentication(mechanism="basic", auth_time=0)
    )


def test_a_role_that_couchdb_would_read_as_others_or_as_its_own_is_not_told__S2_28__F22() -> None:
    told = ("clerk", "_admin", "a,_admin", " _admin", "x\r\nX-Auth-CouchDB-UserName: root", "", "zoë", "two words")
    assert roles_value(told) == "clerk,two words,zoë".encode()
    assert read_roles(roles_value(told)) == frozenset(("clerk", "two words", "zoë"))


@given(st.lists(st.text(max_size=8), max_size=5))
def test_roles_that_are_told_are_read_as_they_were__S2_28(roles: list[str]) -> None:
    read = read_roles(roles_value(roles))
    assert read is not None
    assert read <= set(roles)
    assert {role for role in roles if role.isalnum()} <= read


@pytest.mark.parametrize("name", ["", " ann", "ann ", "a\nb", "a\x00b", "x" * 3000, "\ud800"])
def test_a_name_that_couchdb_would_read_otherwise_is_not_told__S2_28(name: str) -> None:
    assert user_value(name) is None
    assert ToldToCouchDb(IDENTITIES).fields(principal(name), NOW) == ()


def test_either_kind_of_token_names_the_user_in_the_fields_that_were_asked_for__S2_28() -> None:
    names = ProxyFields(b"x-u", b"x-r", b"x-t")
    by_couchdb = ToldToCouchDb(ProxySecrets((NEW,)), names).fields(principal("zoë", "b", "a"), NOW)
    assert by_couchdb == ((b"x-u", "zoë".encode()), (b"x-r", b"a,b"), (b"x-t", proxy_token("zoë".encode(), NEW)))
    safe = ToldToCouchDb(IDENTITIES).fields(principal("ann", "clerk", "auditor"), NOW)
    assert safe[2] == (b"x-auth-couchdb-token", IDENTITIES.mint(b"ann", b"auditor,clerk", NOW))
    assert ToldToCouchDb(IDENTITIES).fields(None, NOW) == ()
