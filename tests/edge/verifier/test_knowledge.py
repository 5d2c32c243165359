"""What a verifier knows, and when it says that it cannot tell."""

from __future__ import annotations

from typing import Any

import pytest

from tests.edge.verifier.statements import ISSUER, NOW, Ticks, ended, hello, message, token
from watchword.core.ask import AnswerFailed
from watchword.core.questions import FindStanding, FindVerifyingKey
from watchword.core.revocations import Revocation, Revoked, Standing
from watchword.crypto.jose.jwk_set import JwkSet
from watchword.crypto.jose.key import generate
from watchword.edge.verifier.hearing import Hearing
from watchword.edge.verifier.knowledge import Known
from watchword.tokens.feed_message import FeedMessage

KEY = generate("ES256", "k1").key
OTHER = generate("ES256", "k2").key


class Told:
    """A verifier's knowledge, and somebody who tells it things."""

    def __init__(self, offline_ttl: float | None = None) -> None:
        self.ticks = Ticks()
        self.known = Known(offline_ttl=offline_ttl, ticks=self.ticks)
        self.known.learn(JwkSet((KEY,)))
        self._began = self.ticks()
        self._hearing = Hearing(nonce="nonce", sent_at=self.ticks(), expected_issuer=ISSUER)

    def tell(self, said: FeedMessage) -> bool:
        heard = self._hearing.hear(said)
        return heard is not None and self.known.hear(heard)

    def clock(self) -> float:
        return 50.0 + self.ticks() - self._began

    def standing(self, **of_token: Any) -> Standing:
        return self.known.find_standing(FindStanding(token(**of_token)))


@pytest.mark.parametrize("offline_ttl", [None, 1000.0])
def test_nothing_is_answered_before_the_first_contact(offline_ttl: float | None) -> None:
    told = Told(offline_ttl)
    with pytest.raises(AnswerFailed):
        told.standing()
    with pytest.raises(AnswerFailed):
        told.known.find_verifying_key(FindVerifyingKey("k1"))
    assert told.known.report().age_seconds is None
    assert not told.known.report().connected


@pytest.mark.parametrize(
    ("own", "seconds", "answers", "connected"),
    [
        (None, 0.0, True, True),
        (None, 2.0, True, True),
        (None, 2.1, True, False),
        (None, 30.0, True, False),
        (None, 30.1, False, False),
        (300.0, 299.0, True, False),
        (300.0, 301.0, False, False),
        (5.0, 5.1, False, False),
    ],
)
def test_knowledge_serves_for_offline_ttl_and_no_longer__C17(
    own: float | None, seconds: float, answers: bool, connected: bool
) -> None:
    told = Told(own)
    told.tell(hello())
    told.ticks.at += seconds
    assert told.known.report().connected is connected
    assert told.known.is_young() is answers
    if answers:
        assert told.standing() is Standing.GOOD
        assert told.known.find_verifying_key(FindVerifyingKey("k1")) == KEY
    else:
        with pytest.raises(AnswerFailed):
            told.standing()
        with pytest.raises(AnswerFailed):
            told.known.find_verifying_key(FindVerifyingKey("k1"))


@pytest.mark.parametrize(
    ("entry", "standing"),
    [
        (Revocation(at=NOW, what=Revoked.ACCOUNT, key="ann", state="s1"), Standing.GOOD),
        (Revocation(at=NOW, what=Revoked.ACCOUNT, key="ann", state="s2"), Standing.OUTDATED),
        (Revocation(at=NOW, what=Revoked.ACCOUNT, key="ann"), Standing.REVOKED),
        (Revocation(at=NOW, what=Revoked.ACCOUNT, key="bob"), Standing.GOOD),
        (Revocation(at=NOW, what=Revoked.FAMILY, key="f"), Standing.REVOKED),
        (Revocation(at=NOW, what=Revoked.TOKEN, key="t"), Standing.REVOKED),
        (Revocation(at=NOW, what=Revoked.CLIENT, key="watchword"), Standing.REVOKED),
        (Revocation(at=NOW, what=Revoked.ALL), Standing.REVOKED),
        (Revocation(at=NOW - 61, what=Revoked.ALL), Standing.GOOD),
    ],
    ids=str,
)
def test_every_kind_of_revocation_counts_once_it_is_heard__F36(entry: Revocation, standing: Standing) -> None:
    told = Told()
    told.tell(hello(until=5))
    assert told.standing() is Standing.GOOD
    assert told.tell(message(since=5, until=6, clock=50.1, entries=(entry,)))
    assert told.standing() is standing


def test_a_whole_list_takes_the_place_of_what_was_known() -> None:
    told = Told()
    told.tell(hello(until=5, entries=(ended("t"),)))
    assert told.standing() is Standing.REVOKED
    told.tell(hello(until=7, clock=51.0, entries=(ended("u"),)))
    assert told.standing() is Standing.GOOD
    assert told.standing(token_id="u") is Standing.REVOKED


def test_what_was_known_stays_in_force_until_everything_is_told_anew() -> None:
    told = Told()
    told.tell(hello(until=5, entries=(ended("t"),)))
    told.known.lose_place()
    assert told.known.place is None
    assert told.standing() is Standing.REVOKED


def test_numbers_of_another_epoch_are_not_continued() -> None:
    told = Told()
    told.tell(hello(until=5, entries=(ended("t"),)))
    again = Hearing(nonce="nonce", sent_at=told.ticks(), expected_issuer=ISSUER)
    heard = again.hear(message(epoch="another", nonce="nonce", since=5, until=5))
    assert heard is not None
    assert not told.known.hear(heard)


def test_a_token_older_than_revocations_are_kept_is_not_believed() -> None:
    """It may have been revoked, and forgotten since."""
    told = Told()
    told.tell(hello())
    assert told.standing(issued_at=NOW - 3599) is Standing.GOOD
    assert told.standing(issued_at=NOW - 3600) is Standing.OUTDATED


def test_a_key_that_is_withdrawn_verifies_nothing_from_then_on__F34() -> None:
    told = Told()
    told.known.learn(JwkSet((KEY, OTHER)))
    told.tell(hello(kids=("k1", "k2")))
    assert told.known.find_verifying_key(FindVerifyingKey("k2")) == OTHER
    told.tell(message(clock=51.0, kids=("k1",)))
    assert told.known.find_verifying_key(FindVerifyingKey("k2")) is None
    assert told.known.find_verifying_key(FindVerifyingKey("k1")) == KEY
    assert not told.known.lacks_keys()


def test_a_key_that_is_published_is_known_to_be_lacking__F34() -> None:
    told = Told()
    told.tell(hello(kids=("k1", "k2")))
    assert told.known.lacks_keys()
    told.known.learn(JwkSet((KEY, OTHER)))
    assert not told.known.lacks_keys()


def test_a_key_that_is_published_but_not_fetched_is_no_reason_to_refuse__C17() -> None:
    told = Told()
    told.tell(hello(kids=("k1", "k2")))
    with pytest.raises(AnswerFailed):
        told.known.find_verifying_key(FindVerifyingKey("k2"))
    assert told.known.find_verifying_key(FindVerifyingKey("k3")) is None
    told.tell(message(clock=51.0, kids=("k2",)))
    with pytest.raises(AnswerFailed):
        told.known.find_verifying_key(FindVerifyingKey("k1"))


def test_the_wall_clock_is_never_asked__F8(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    told.tell(hello())

    def jumped() -> float:
        raise AssertionError("somebody asked for the time of day")

    monkeypatch.setattr("time.time", jumped)
    told.ticks.at += 29.0
    assert told.standing() is Standing.GOOD
    assert told.known.now() == NOW + 29.0
    told.ticks.at += 2.0
    with pytest.raises(AnswerFailed):
        told.standing()
