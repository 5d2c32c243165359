"""What proves somebody is compared by `crypto.secret.equal`, in constant time, and by nothing beside it (F31)."""

from __future__ import annotations

import pytest

from tests.mechanisms.node import Node, answered, challenge_of, request
from tests.mechanisms.test_signed_request import Client
from watchword.core.outcome import Accepted, Rejected, Stale
from watchword.stores.admission import digests
from watchword.tokens import digest_nonce, signed_request


@pytest.fixture
def node() -> Node:
    made = Node()
    made.add()
    return made


@pytest.mark.parametrize("says", [True, False])
@pytest.mark.parametrize("password", ["correct horse", "wrong"])
def test_a_response_is_right_where_that_says_so__F31(
    node: Node, says: bool, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "equal", lambda a, b: says)
    outcome = node.outcome(node.digest(), request(answered(challenge_of(node), password=password)))
    assert isinstance(outcome, Accepted) if says else outcome == Rejected("wrong-response")


def test_a_nonce_is_ours_where_that_says_so__F31(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    challenge = challenge_of(node)
    monkeypatch.setattr(digest_nonce, "equal", lambda a, b: False)
    assert node.outcome(node.digest(), request(answered(challenge))) == Stale("unknown-nonce")


@pytest.mark.parametrize("says", [True, False])
@pytest.mark.parametrize("secret", ["", "wrong"])
def test_a_signature_is_right_where_that_says_so__F31(
    node: Node, says: bool, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    id, own = node.access_key()
    monkeypatch.setattr(signed_request, "equal", lambda a, b: says)
    outcome = node.outcome(node.signed_requests(), Client((id, secret or own)).signed(body=b""))
    assert isinstance(outcome, Accepted) if says else outcome == Rejected("wrong-signature")
