"""Digest: the response proves who, the nonce when, and its count that it was not here before (RFC 7616, S2.39)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.mechanisms.node import (
    HERE,
    KEY,
    NOW,
    OTHER_KEY,
    PASSWORD,
    REALM,
    Node,
    answered,
    challenge_of,
    request,
)
from watchword.core.outcome import (
    ABSENT,
    Accepted,
    Insufficient,
    Malformed,
    Rejected,
    Stale,
    Throttled,
    Unavailable,
)
from watchword.core.policy import GrowingDelay, Limits, account_key, address_key
from watchword.core.questions import ChangeAccount, CheckDigest, CleanUp, NoteProven, SpendOnce
from watchword.core.requirement import Requirement
from watchword.http.authentication import Challenge, parse_challenges
from watchword.http.message import Peer

ELSEWHERE = Peer("203.0.113.9", secure=True)


@pytest.fixture
def node() -> Node:
    made = Node()
    made.add()
    return made


def failures(node: Node, name: str = "ann") -> int:
    tally = node.storage.failures(account_key(name, "", known_place=False))
    return 0 if tally is None else tally.count


def nonce(challenge: Challenge) -> str:
    return challenge.param("nonce") or ""


# --- the challenge ---------------------------------------------------------------------------------------------------


def test_the_challenge_has_quotes_where_they_must_be_and_none_where_they_must_not__S2_39(node: Node) -> None:
    challenge = challenge_of(node)
    line = f'Digest realm="Clinic", qop="auth", algorithm=SHA-256, nonce="{nonce(challenge)}", charset=UTF-8'
    assert challenge.line() == line.encode()
    assert parse_challenges([challenge.line()]) == (challenge,)
    assert nonce(challenge) != nonce(challenge_of(node))


@pytest.mark.parametrize("outcome", [ABSENT, Rejected("x"), Malformed("x"), Throttled(1), Insufficient.SCOPE])
def test_only_what_was_good_once_is_told_to_be_stale__S2_39(node: Node, outcome: Any) -> None:
    assert node.digest().challenge(outcome, Requirement()).param("stale") is None
    assert node.digest().challenge(Stale("x"), Requirement()).line().endswith(b", charset=UTF-8, stale=true")


# --- the response ----------------------------------------------------------------------------------------------------


def test_the_right_response_proves_its_user__S2_39(node: Node) -> None:
    outcome = node.outcome(node.digest(), request(answered(challenge_of(node))))
    assert isinstance(outcome, Accepted)
    who = outcome.principal
    assert (who.subject, who.realm, set(who.roles), who.scopes) == ("ann", REALM, {"clerk"}, None)
    assert (set(who.authentication.amr), who.authentication.auth_time) == ({"pwd"}, NOW)
    assert not who.authentication.second_factor_due


@pytest.mark.parametrize(
    ("client", "sent", "outcome"),
    [
        ({"password": "wrong"}, {}, Rejected("wrong-response")),
        ({"name": "nobody"}, {}, Rejected("unknown-user")),
        ({"name": "out"}, {}, Rejected("no-digest-secret")),
        ({"name": "keyless"}, {}, Rejected("no-digest-secret")),
        ({"name": "Ann"}, {}, Rejected("unknown-user")),
        ({}, {"method": "POST"}, Rejected("wrong-response")),
        ({}, {"target": "/records?x=2"}, Rejected("wrong-uri")),
        ({}, {"target": "/records"}, Rejected("wrong-uri")),
        ({"uri": "/records"}, {}, Rejected("wrong-uri")),
        ({"uri": "https://api.example/records?x=1"}, {}, Rejected("wrong-uri")),
        ({"realm": "Other"}, {}, Rejected("wrong-realm")),
        ({"opaque": "x"}, {}, Rejected("wrong-opaque")),
        ({"cnonce": "c", "response": "0" * 64}, {}, Rejected("wrong-response")),
        ({"response": "0" * 63}, {}, Malformed("bad-response")),
    ],
    ids=str,
)
def test_any_other_proves_nobody__S2_39__C07(
    node: Node, client: dict[str, str], sent: dict[str, str], outcome: Rejected | Malformed
) -> None:
    node.add("out", disabled=True)
    node.add("keyless", None)
    claim = answered(challenge_of(node), **client)  # type: ignore[arg-type]  # parameters by name
    assert node.outcome(node.digest(), request(claim, **sent)) == outcome  # type: ignore[arg-type]  # likewise
    assert not any(isinstance(question, SpendOnce) for question in node.asked)


def test_the_mark_of_an_empty_query_is_nothing(node: Node) -> None:
    """ASGI and WSGI do not tell whether it was there."""
    marked = answered(challenge_of(node), target="/records?")
    assert isinstance(node.outcome(node.digest(), request(marked, target="/records")), Accepted)
    unmarked = answered(challenge_of(node), target="/records")
    assert node.outcome(node.digest(), request(unmarked, target="/records?")) == Rejected("wrong-uri")


def test_a_disabled_account_proves_nobody_and_is_told_from_no_other__C07(node: Node) -> None:
    node.storage.change_account(ChangeAccount("ann", disabled=True))
    assert node.outcome(node.digest(), request(answered(challenge_of(node)))) == Rejected("account-disabled")
    assert node.outcome(node.digest(), request(answered(challenge_of(node), password="x"))) == Rejected(
        "wrong-response"
    )


def test_names_and_passwords_are_utf_8__S2_39(node: Node) -> None:
    node.add("Zoë", "pässwörd ☃")
    claim = answered(challenge_of(node), "Zoë", "pässwörd ☃")
    assert isinstance(node.outcome(node.digest(), request(claim)), Accepted)


@pytest.mark.parametrize("password", ["", "a:b:c", "x" * 1000])
def test_any_password_will_do(node: Node, password: str) -> None:
    node.add("bob", password)
    assert isinstance(node.outcome(node.digest(), request(answered(challenge_of(node), "bob", password))), Accepted)


def test_each_algorithm_is_a_mechanism_of_its_own__S2_39(node: Node) -> None:
    strong, weak = node.digest(), replace(node.digest("MD5"), name="digest-md5")
    by_md5 = request(answered(challenge_of(node, "MD5")))
    assert strong.read(by_md5) is None
    assert isinstance(node.outcome(weak, by_md5), Accepted)
    assert weak.read(request(answered(challenge_of(node)))) is None
    unnamed = answered(challenge_of(node, "MD5"), number=2).removesuffix(", algorithm=MD5")
    assert isinstance(node.outcome(weak, request(unnamed)), Accepted)  # RFC 7616 section 3.4


@pytest.mark.parametrize("algorithm", ["SHA-256-sess", "SHA-512-256", "MD5-sess", "token"])
def test_what_is_not_offered_is_nobody_s__C04(node: Node, algorithm: str) -> None:
    claim = answered(challenge_of(node)).replace("algorithm=SHA-256", f"algorithm={algorithm}")
    assert node.outcome(node.digest(), request(claim)) == ABSENT


@pytest.mark.parametrize("line", ["Digest", "Digest !!!", "Digest a b", "Digest abc==", "digest  username="])
def test_what_is_no_list_of_parameters_is_malformed__C08(node: Node, line: str) -> None:
    assert node.outcome(node.digest(), request(line)) == Malformed("bad-parameters")


def test_a_second_factor_is_due_after_a_response_too__C15__F28(node: Node) -> None:
    node.add("eve", second_factor=True)
    outcome = node.outcome(node.digest(), request(answered(challenge_of(node), "eve")))
    assert isinstance(outcome, Accepted)
    assert outcome.principal.authentication.second_factor_due


# --- the nonce -------------------------------------------------------------------------------------------------------


def test_a_nonce_ends_on_the_second__S2_39(node: Node) -> None:
    challenge = challenge_of(node)
    node.now = NOW + 299.999
    assert isinstance(node.outcome(node.digest(), request(answered(challenge))), Accepted)
    node.now = NOW + 300
    assert node.outcome(node.digest(), request(answered(challenge, number=2))) == Stale("expired-nonce")


def test_who_does_not_know_the_password_is_told_nothing_of_the_nonce__C07(node: Node) -> None:
    challenge = challenge_of(node)
    node.now = NOW + 300
    assert node.outcome(node.digest(), request(answered(challenge, password="x"))) == Rejected("wrong-response")
    foreign = Challenge("Digest", (("realm", REALM), ("nonce", "abc"), ("algorithm", "SHA-256")))
    assert node.outcome(node.digest(), request(answered(foreign, password="x"))) == Rejected("wrong-response")
    assert node.outcome(node.digest(), request(answered(foreign))) == Stale("unknown-nonce")


def test_a_stale_nonce_is_no_failure_and_a_wrong_response_is_one__F14(node: Node) -> None:
    challenge = challenge_of(node)
    node.now = NOW + 300
    node.outcome(node.digest(), request(answered(challenge)))
    assert failures(node) == 0
    node.outcome(node.digest(), request(answered(challenge, password="x")))
    assert failures(node) == 1
    node.outcome(node.digest(), request(answered(challenge, "nobody")))
    assert failures(node, "nobody") == 1


def test_a_nonce_is_good_at_every_node_that_has_the_key__S2_39(node: Node) -> None:
    challenge = challenge_of(node)
    rotated = node.another(keys=(KEY, OTHER_KEY))
    assert isinstance(rotated.outcome(rotated.digest(), request(answered(challenge))), Accepted)
    assert isinstance(rotated.outcome(rotated.digest(), request(answered(challenge_of(rotated)))), Accepted)
    retired = node.another(keys=(OTHER_KEY,))
    assert retired.outcome(retired.digest(), request(answered(challenge, number=2))) == Stale("unknown-nonce")


def test_a_nonce_of_another_realm_is_not_ours(node: Node) -> None:
    elsewhere = replace(node.digest(), realm="Other").challenge(ABSENT, Requirement())
    here = Challenge("Digest", (("realm", REALM), ("nonce", nonce(elsewhere)), ("algorithm", "SHA-256")))
    assert node.outcome(node.digest(), request(answered(here))) == Stale("unknown-nonce")


def test_every_other_spelling_of_a_nonce_is_no_nonce__F3(node: Node) -> None:
    good = challenge_of(node)
    for spelling in (nonce(good) + "=", nonce(good)[:-1], " " + nonce(good), nonce(good)[:-1] + "-", "A" * 43):
        other = Challenge("Digest", (("realm", REALM), ("nonce", spelling), ("algorithm", "SHA-256")))
        assert node.outcome(node.digest(), request(answered(other))) == Stale("unknown-nonce")


# --- its count -------------------------------------------------------------------------------------------------------


def test_a_captured_request_is_refused__S2_39__F3(node: Node) -> None:
    challenge = challenge_of(node)
    captured = answered(challenge)
    assert isinstance(node.outcome(node.digest(), request(captured)), Accepted)
    for place in (HERE, ELSEWHERE):
        assert node.outcome(node.digest(), request(captured, peer=place)) == Stale("replayed-nonce-count")
    assert failures(node) == 0
    assert isinstance(node.outcome(node.digest(), request(answered(challenge, number=2))), Accepted)
    assert isinstance(node.outcome(node.digest(), request(answered(challenge, number=2, cnonce="d"))), Accepted)


def test_a_captured_request_makes_no_place_a_known_one__F13(node: Node) -> None:
    captured = answered(challenge_of(node))
    node.outcome(node.digest(), request(captured))
    assert node.storage.is_known_place("ann", HERE.address)
    node.outcome(node.digest(), request(captured, peer=ELSEWHERE))
    node.now = NOW + 300
    node.outcome(node.digest(), request(captured, peer=ELSEWHERE))
    assert not node.storage.is_known_place("ann", ELSEWHERE.address)


def test_one_request_may_be_judged_as_often_as_it_takes__S2_39(node: Node) -> None:
    asked = request(answered(challenge_of(node)))
    first = node.outcome(node.digest(), asked)
    assert isinstance(first, Accepted)
    assert node.outcome(node.digest(), asked) is first
    wrong = request(answered(challenge_of(node), password="x"))
    assert node.outcome(node.digest(), wrong) == node.outcome(node.digest(), wrong)
    tally = node.storage.failures(address_key(HERE.address))
    assert tally is not None
    assert tally.count == 1


def test_a_clock_that_is_set_back_revives_no_count__F8(node: Node) -> None:
    challenge = challenge_of(node)
    captured = answered(challenge)
    assert isinstance(node.outcome(node.digest(), request(captured)), Accepted)
    node.now = NOW + 3600 + 299
    assert node.storage.clean_up(CleanUp(node.now)) == 0
    node.now = NOW + 299
    assert node.outcome(node.digest(), request(captured)) == Stale("replayed-nonce-count")


def test_a_clock_that_is_set_back_revives_no_nonce__F8(node: Node) -> None:
    challenge = challenge_of(node)
    node.now = NOW - 119
    assert isinstance(node.outcome(node.digest(), request(answered(challenge))), Accepted)  # another node's clock
    node.now = NOW - 3600
    assert node.outcome(node.digest(), request(answered(challenge, number=2))) == Stale("expired-nonce")


# --- the limits ------------------------------------------------------------------------------------------------------


def test_failures_hold_a_name_as_those_of_passwords_do__S0_14__F14(node: Node) -> None:
    challenge = challenge_of(node)
    for _ in range(10):
        assert node.outcome(node.digest(), request(answered(challenge, password="x"))) == Rejected("wrong-response")
    asked = len(node.asked)
    assert node.outcome(node.digest(), request(answered(challenge))) == Throttled(1)
    assert node.outcome(node.digest(), request(answered(challenge, password="x"))) == Throttled(1)
    assert [type(question) for question in node.asked[asked:]] == [CheckDigest, CheckDigest]
    assert failures(node) == 10  # what is not looked at is not counted
    tally = node.storage.failures(address_key(HERE.address))
    assert tally is not None
    assert tally.count == 10
    node.now += 1
    assert isinstance(node.outcome(node.digest(), request(answered(challenge))), Accepted)


def test_unknown_names_are_held_alike__F30(node: Node) -> None:
    strict = node.another(limits=Limits(account=GrowingDelay(limit=1)))
    for name in ("ann", "nobody"):
        claim = answered(challenge_of(strict), name, "x")
        assert isinstance(strict.outcome(strict.digest(), request(claim)), Rejected)
        assert strict.outcome(strict.digest(), request(claim)) == Throttled(1)


def test_who_is_at_home_is_not_held_by_strangers__F13(node: Node) -> None:
    challenge = challenge_of(node)
    assert isinstance(node.outcome(node.digest(), request(answered(challenge))), Accepted)
    for _ in range(10):
        node.outcome(node.digest(), request(answered(challenge, password="x"), peer=ELSEWHERE))
    assert node.outcome(node.digest(), request(answered(challenge, number=2), peer=ELSEWHERE)) == Throttled(1)
    assert isinstance(node.outcome(node.digest(), request(answered(challenge, number=3))), Accepted)


def test_a_success_begins_the_count_of_its_place_anew(node: Node) -> None:
    challenge = challenge_of(node)
    node.outcome(node.digest(), request(answered(challenge)))
    node.outcome(node.digest(), request(answered(challenge, password="x")))
    node.outcome(node.digest(), request(answered(challenge, number=2)))
    assert node.storage.failures(account_key("ann", HERE.address, known_place=True)) is None
    assert node.storage.failures(address_key(HERE.address)) is not None


def test_every_check_reads_and_compares_alike__F30(node: Node) -> None:
    """Known or not, with a secret or without: the same records are read, and one sealed secret is opened."""
    node.add("keyless", None)
    asked = []
    for name, password in (("ann", "x"), ("nobody", "x"), ("keyless", "x")):
        before = len(node.asked)
        node.outcome(node.digest(), request(answered(challenge_of(node), name, password)))
        asked.append([type(question) for question in node.asked[before:]])
    assert asked == [[CheckDigest]] * 3


# --- outages ---------------------------------------------------------------------------------------------------------


def test_an_outage_proves_nobody_and_accuses_nobody__C17__F39() -> None:
    for n in (1, 2, 3):
        node = Node(fails_at=n)
        node.add()
        outcome = node.outcome(node.digest(), request(answered(challenge_of(node))))
        if isinstance(node.asked[n - 1], NoteProven):
            assert isinstance(outcome, Accepted)  # a note that could not be written refuses nobody
        else:
            assert outcome == Unavailable("the storage is away")
    assert [type(question) for question in node.asked] == [CheckDigest, SpendOnce, NoteProven]


# --- the next nonce --------------------------------------------------------------------------------------------------


def test_a_client_is_handed_the_next_nonce_in_the_second_half_of_the_first__S2_39(node: Node) -> None:
    challenge, digest = challenge_of(node), node.digest()
    fields: list[tuple[bytes, bytes]] = []
    for number, (age, handed) in enumerate([(0, False), (150, False), (150.1, True), (299, True)], start=1):
        node.now = NOW + age
        asked = request(answered(challenge, number=number))
        assert isinstance(node.outcome(digest, asked), Accepted)
        fields = list(digest.marks(asked))
        assert bool(fields) is handed
    ((name, value),) = fields
    assert name == b"authentication-info"
    following = value.decode().removeprefix('nextnonce="').removesuffix('"')
    node.now = NOW + 400
    renewed = Challenge("Digest", (("realm", REALM), ("nonce", following), ("algorithm", "SHA-256")))
    assert isinstance(node.outcome(digest, request(answered(renewed))), Accepted)


@pytest.mark.parametrize("password", [PASSWORD, "x"])
def test_nobody_else_is_handed_one(node: Node, password: str) -> None:
    challenge, digest = challenge_of(node), node.digest()
    node.now = NOW + (300 if password == PASSWORD else 200)
    refused = request(answered(challenge, password=password))
    assert not isinstance(node.outcome(digest, refused), Accepted)
    assert digest.marks(refused) == ()
    assert digest.marks(request("Basic eDp5")) == ()


def test_a_change_of_the_password_ends_what_was_kept_of_it__F36(node: Node) -> None:
    node.storage.change_account(ChangeAccount("ann", disabled=True))
    node.storage.change_account(ChangeAccount("ann", disabled=False))
    assert isinstance(node.outcome(node.digest(), request(answered(challenge_of(node)))), Accepted)
    node.storage.change_account(ChangeAccount("ann", password_hash="another", stamp="another"))
    assert node.outcome(node.digest(), request(answered(challenge_of(node)))) == Rejected("no-digest-secret")
