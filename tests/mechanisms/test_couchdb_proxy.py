"""The identity that a trusted proxy tells in CouchDB's fields (S2.28): from named peers only, and proven besides."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mechanisms.told import CLIENT, NOW, PROXY, Node
from watchword.core.ask import AnswerFailed
from watchword.core.mechanism import Ambient
from watchword.core.outcome import ABSENT, Accepted, Malformed, Outcome, Rejected
from watchword.core.questions import RecordAlarm
from watchword.core.requirement import Requirement
from watchword.crypto.couchdb_proxy import ProxySecrets
from watchword.crypto.secret import Secret
from watchword.http.couchdb_proxy import ProxyFields
from watchword.http.forwarded import UNIX, trusted_proxies
from watchword.http.message import Fields, Peer, Request
from watchword.mechanisms.couchdb_proxy import CouchDbProxy, Told
from watchword.tokens.couchdb_identity import CouchDbIdentities

SECRET = Secret("the secret of CouchDB, canary-4711-0123456789")
NEXT = Secret("the next secret of CouchDB, 0123456789abcdef")
PEERS = trusted_proxies([PROXY, "10.1.0.0/16", UNIX])
IDENTITIES = CouchDbIdentities((SECRET, NEXT), "orders")
BY_COUCHDB_S_TOKEN = CouchDbProxy("Clinic", ProxySecrets((SECRET, NEXT), ("sha256", "sha1")), PEERS)
BY_SAFE_TOKEN = CouchDbProxy("Clinic", IDENTITIES, PEERS)
MECHANISMS = (BY_COUCHDB_S_TOKEN, BY_SAFE_TOKEN)
SPOKEN_FOR = Peer(CLIENT, True, proxy=PROXY)

USER, ROLES, TOKEN = b"x-auth-couchdb-username", b"x-auth-couchdb-roles", b"x-auth-couchdb-token"


def plain(name: str = "ann", *, key: Secret = SECRET, hash: str = "sha256") -> Fields:
    """Name and token as CouchDB's documentation has them, made by hand."""
    sent = name.encode()
    return (USER, sent), (TOKEN, hmac.new(key.reveal(), sent, hash).hexdigest().encode())


def safe(name: str = "ann", roles: str = "clerk", *, at: float = NOW, audience: str = "orders") -> Fields:
    """The three fields with a token that expires, made by hand as any program would make it."""
    expiry = str(int(at) + 60)
    lines = "\n".join(("watchword couchdb identity v1", expiry, audience, name, roles))
    mac = hmac.new(NEXT.reveal(), lines.encode(), hashlib.sha256).hexdigest()
    return (USER, name.encode()), (ROLES, roles.encode()), (TOKEN, f"v1.{expiry}.{mac}".encode())


def request(*fields: tuple[bytes, bytes], peer: Peer = SPOKEN_FOR) -> Request:
    return Request("GET", b"/patients?x=1", fields, peer)


def judged(mechanism: CouchDbProxy, asking: Request, node: Node | None = None, *, now: float = NOW) -> Outcome | None:
    read = mechanism.read(asking)
    if read is None or isinstance(read, Malformed):
        return read
    return (node or Node()).outcome(mechanism.verify(read, asking, now))


def accepted(outcome: Outcome | None) -> tuple[str, frozenset[str]]:
    assert isinstance(outcome, Accepted), outcome
    return outcome.principal.subject, outcome.principal.roles


OF_ANN = ("ann", frozenset(("role of ann",)))

# --- who is listened to ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("peer", [SPOKEN_FOR, Peer(PROXY), Peer("::ffff:10.1.2.3"), Peer(""), Peer(CLIENT, proxy=UNIX)])
def test_named_peers_tell_who_the_client_is__S2_28(peer: Peer) -> None:
    assert accepted(judged(BY_COUCHDB_S_TOKEN, request(*plain(), peer=peer))) == OF_ANN
    assert accepted(judged(BY_SAFE_TOKEN, request(*safe(), peer=peer))) == OF_ANN


@pytest.mark.parametrize(
    "peer", [Peer(CLIENT), Peer("127.0.0.1"), Peer("::1"), Peer(PROXY, proxy="10.9.9.9"), Peer("not an address")]
)
def test_nobody_else_is_even_read__S2_28__F23(peer: Peer) -> None:
    for mechanism in MECHANISMS:
        for fields in (plain(), safe(), ((USER, b"\xff"),), ((USER, b"ann"), (USER, b"root"))):
            assert mechanism.read(request(*fields, peer=peer)) is None


@pytest.mark.parametrize(
    "name", [b"x_auth_couchdb_username", b"x.auth.couchdb.username", b"xauthcouchdbusername", b"remote-user"]
)
def test_other_spellings_of_the_field_tell_nothing__F21(name: bytes) -> None:
    assert BY_SAFE_TOKEN.read(request((name, b"root"), *safe("root")[1:])) is None
    assert accepted(judged(BY_SAFE_TOKEN, request((name, b"root"), *safe()))) == OF_ANN


def test_the_fields_can_have_other_names_as_in_couchdb__S2_28() -> None:
    renamed = replace(BY_COUCHDB_S_TOKEN, names=ProxyFields(b"x-who", b"x-what", b"x-proof"))
    (_, name), (_, token) = plain()
    assert accepted(judged(renamed, request((b"x-who", name), (b"x-proof", token)))) == OF_ANN
    assert renamed.read(request(*plain())) is None
    assert renamed.fields == ("x-who",)


# --- what proves it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [SECRET, NEXT])
@pytest.mark.parametrize("hash", ["sha256", "sha1"])
def test_either_secret_and_every_hash_that_is_allowed_will_do__S2_28__F34(key: Secret, hash: str) -> None:
    assert accepted(judged(BY_COUCHDB_S_TOKEN, request(*plain(key=key, hash=hash)))) == OF_ANN
    narrow = replace(BY_COUCHDB_S_TOKEN, proof=ProxySecrets((SECRET,)))
    good = key is SECRET and hash == "sha256"
    assert isinstance(judged(narrow, request(*plain(key=key, hash=hash))), Accepted) is good


BAD: list[Fields] = [
    plain()[:1],
    (*plain()[:1], plain("root")[1]),
    (*plain()[:1], (TOKEN, b"")),
    (*plain()[:1], (TOKEN, plain()[1][1].upper())),
    (*plain()[:1], (TOKEN, plain()[1][1][:-1])),
    plain(key=Secret("another secret, 0123456789abcdefghijklmn")),
    plain(hash="sha512"),
    safe(),
]


@pytest.mark.parametrize("fields", BAD, ids=range(len(BAD)))
def test_a_named_peer_without_the_secret_is_refused_and_an_alarm__S2_28__C09(fields: Fields) -> None:
    node = Node()
    assert judged(BY_COUCHDB_S_TOKEN, request(*fields), node) == Rejected("bad-proxy-signature")
    assert node.asked == node.alarms == [RecordAlarm("bad-proxy-signature", "couchdb-proxy", PROXY)]


OTHERS: list[Fields] = [
    safe()[:2],
    plain(),
    (safe("root")[0], *safe()[1:]),
    (safe()[0], (ROLES, b"clerk,admin"), safe()[2]),
    (safe()[0], safe()[2]),
    safe(audience="invoices"),
    (*safe()[:2], (TOKEN, safe()[2][1].replace(b"v1", b"v2"))),
    (*safe()[:2], (TOKEN, safe(at=NOW + 1)[2][1][:14] + safe()[2][1][14:])),
]


@pytest.mark.parametrize("fields", OTHERS, ids=range(len(OTHERS)))
def test_a_safe_token_for_something_else_proves_nothing__S2_28__C09(fields: Fields) -> None:
    node = Node()
    assert judged(BY_SAFE_TOKEN, request(*fields), node) == Rejected("bad-proxy-signature")
    assert [alarm.reason for alarm in node.alarms] == ["bad-proxy-signature"]


@pytest.mark.parametrize(("age", "good"), [(0, True), (64, True), (65, False), (-5, True), (-6, False), (9e8, False)])
def test_a_safe_token_is_good_for_a_minute_and_five_seconds_of_skew__S2_28__F8(age: float, good: bool) -> None:
    outcome = judged(BY_SAFE_TOKEN, request(*safe(at=NOW - age)))
    assert (outcome == Rejected("outdated-proxy-signature")) is not good


def test_couchdb_s_own_token_never_expires_which_is_why_there_is_another__S2_28() -> None:
    assert accepted(judged(BY_COUCHDB_S_TOKEN, request(*plain()), now=NOW + 9e8)) == OF_ANN


# --- roles -----------------------------------------------------------------------------------------------------------


def test_roles_are_the_account_s_unless_the_field_is_trusted__S2_28() -> None:
    told = (*plain(), (ROLES, b"clerk, _admin ,auditor,"))
    assert accepted(judged(BY_COUCHDB_S_TOKEN, request(*told))) == OF_ANN
    trusting = replace(BY_COUCHDB_S_TOKEN, trust_roles=True)
    assert accepted(judged(trusting, request(*told))) == ("ann", frozenset(("clerk", "auditor")))
    assert accepted(judged(trusting, request(*plain()))) == ("ann", frozenset())
    signed = replace(BY_SAFE_TOKEN, trust_roles=True)
    assert accepted(judged(signed, request(*safe(roles="clerk,auditor")))) == ("ann", frozenset(("clerk", "auditor")))


def test_who_has_no_account_stays_a_stranger_whatever_the_roles__C12() -> None:
    outcome = judged(replace(BY_SAFE_TOKEN, trust_roles=True), request(*safe("nobody", "admin")))
    assert isinstance(outcome, Accepted)
    assert (outcome.principal.registered, outcome.principal.roles) == (False, frozenset())
    assert judged(BY_SAFE_TOKEN, request(*safe("gone"))) == Rejected("account-disabled")


# --- what cannot be read ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("twice", [USER, ROLES, TOKEN])
def test_a_field_that_came_twice_is_malformed__F20__F21(twice: bytes) -> None:
    assert BY_SAFE_TOKEN.read(request(*safe(), (twice, b"x"))) == Malformed("repeated-field")


@pytest.mark.parametrize(
    ("name", "why"),
    [(b"\xff", "not-utf-8"), (b"a\x00b", "no-identity"), (b"a\tb", "no-identity"), (b"a" * 3000, "no-identity")],
)
def test_what_is_no_name_is_malformed__F18(name: bytes, why: str) -> None:
    assert BY_SAFE_TOKEN.read(request((USER, name), *safe()[1:])) == Malformed(why)


@pytest.mark.parametrize("roles", [b"\xff", b"a\x00b", b"a\tb"])
def test_what_are_no_roles_is_malformed__F18(roles: bytes) -> None:
    assert BY_SAFE_TOKEN.read(request(safe()[0], (ROLES, roles), safe()[2])) == Malformed("no-roles")


@given(st.binary(max_size=120), st.binary(max_size=40), st.binary(max_size=40))
def test_any_fields_are_judged__F16(proof: bytes, name: bytes, roles: bytes) -> None:
    for mechanism in MECHANISMS:
        outcome = judged(mechanism, request((USER, name), (ROLES, roles), (TOKEN, proof)))
        assert outcome is None or isinstance(outcome, Malformed) or outcome == Rejected("bad-proxy-signature")


# --- what is said of it ----------------------------------------------------------------------------------------------


def test_neither_secret_nor_token_is_in_anything_that_could_be_shown__F33() -> None:
    for mechanism, fields in zip(MECHANISMS, (plain(), safe()), strict=True):
        told = mechanism.read(request(*fields))
        assert isinstance(told, Told)
        for shown in (repr(told), repr(mechanism)):
            assert "canary" not in shown
            assert fields[-1][1].decode() not in shown


def test_a_proxy_adds_the_identity_to_what_browsers_send_unasked__C14() -> None:
    assert BY_SAFE_TOKEN.ambient is Ambient.ALWAYS
    for outcome in (ABSENT, Rejected("x"), Malformed("x")):
        assert str(BY_SAFE_TOKEN.challenge(outcome, Requirement())) == 'Trusted-Proxy realm="Clinic"'


def test_an_answer_that_cannot_be_had_proves_nobody__F39() -> None:
    with pytest.raises(AnswerFailed):
        judged(BY_SAFE_TOKEN, request(*safe()), Node(fails=lambda asked: True))
    silent = Node(fails=lambda asked: True)
    assert judged(BY_SAFE_TOKEN, request(*plain()), silent) == Rejected("bad-proxy-signature")
