"""Judging self-contained tokens: what is looked at once, and what every time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from watchword.core.ask import AnswerFailed
from watchword.core.outcome import Accepted, Outcome, Rejected, Stale
from watchword.core.questions import FindStanding, FindVerifyingKey
from watchword.core.revocations import Standing
from watchword.crypto.jose import jws
from watchword.crypto.jose.key import Key, SigningKey, generate
from watchword.edge.drive import Answers, run
from watchword.tokens.access_token import AccessClaims, encode
from watchword.tokens.self_contained import SKEW, SelfContainedTokens, looks_self_contained

NOW = 1_000_000.0
KEY = generate("ES256", "one")
CLAIMS = AccessClaims(
    issuer="https://auth.example",
    subject="ann",
    audience=("https://api.example",),
    client="watchword",
    jti="id-1",
    issued_at=NOW,
    expires_at=NOW + 900,
    auth_time=NOW - 5,
    roles=frozenset(("clerk",)),
    permissions=frozenset(("read",)),
    family="family-1",
    state="state-1",
    amr=frozenset(("pwd",)),
)


class Judge:
    """Judges, and counts what was asked."""

    def __init__(self, *keys: SigningKey, longest: float = 900, size: int = 100) -> None:
        self.keys: dict[str | None, Key] = {key.kid: key.key for key in keys or (KEY,)}
        self.standing: Standing | None = Standing.GOOD
        self.asked: list[object] = []
        self.tokens = SelfContainedTokens(
            issuer="https://auth.example", audience="https://api.example", longest=longest, size=size
        )
        self.answers = Answers()
        self.answers.add(FindVerifyingKey, inline=self._counted(lambda question: self.keys.get(question.kid)))
        self.answers.add(FindStanding, inline=self._counted(self._stands))

    def __call__(self, token: str, now: float = NOW) -> Outcome:
        return run(self.tokens.judge(token.encode(), now, mechanism="bearer", realm="Test"), self.answers)

    def _stands(self, question: FindStanding) -> Standing:
        if self.standing is None:
            raise AnswerFailed("too old to tell")
        return self.standing

    def _counted(self, answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def counting(question: object) -> Any:
            self.asked.append(question)
            return answer(question)

        return counting


def token(claims: AccessClaims = CLAIMS, key: SigningKey = KEY) -> str:
    return encode(claims, key)


def test_good_token_proves_what_it_says__S2_15__S2_17() -> None:
    outcome = Judge()(token())
    assert isinstance(outcome, Accepted)
    who = outcome.principal
    assert (who.subject, who.realm, who.roles, who.permissions) == ("ann", "Test", CLAIMS.roles, CLAIMS.permissions)
    assert (who.scopes, who.client_id) == (None, None)
    proof = who.authentication
    assert (proof.mechanism, proof.auth_time, proof.amr, proof.session) == ("bearer", NOW - 5, CLAIMS.amr, "family-1")


def test_clients_token_names_the_client_and_its_scopes() -> None:
    scopes = frozenset(("a",))
    outcome = Judge()(token(CLAIMS._replace(client="web", scopes=scopes)))
    assert isinstance(outcome, Accepted)
    assert (outcome.principal.client_id, outcome.principal.scopes) == ("web", scopes)


def test_signature_is_looked_at_once_and_everything_else_each_time() -> None:
    judge, one = Judge(), token()
    first, second = judge(one), judge(one)
    assert first is second  # nothing was computed anew
    assert len([question for question in judge.asked if isinstance(question, FindStanding)]) == 2
    judge.standing = Standing.REVOKED
    assert judge(one) == Rejected("revoked")


def test_no_token_is_remembered_in_clear__F33() -> None:
    judge, one = Judge(), token()
    judge(one)
    assert one.encode() not in judge.tokens._known  # pyright: ignore[reportPrivateUsage]  # what is kept
    assert one not in repr(judge.tokens._known)  # pyright: ignore[reportPrivateUsage]  # as above


def test_at_most_so_many_are_remembered__F6() -> None:
    judge = Judge(size=3)
    for number in range(10):
        assert isinstance(judge(token(CLAIMS._replace(jti=f"id-{number}"))), Accepted)
    assert len(judge.tokens) == 3


def test_remembered_token_dies_with_its_key__F34() -> None:
    judge, one = Judge(), token()
    assert isinstance(judge(one), Accepted)
    judge.keys.clear()
    assert judge(one) == Rejected("unknown-key")


def test_remembered_token_is_not_another_keys_of_the_same_name__F34() -> None:
    judge, one = Judge(), token()
    judge(one)
    judge.keys = {"one": generate("ES256", "one").key}
    assert judge(one) == Rejected("signature")


@pytest.mark.parametrize(
    ("standing", "outcome"),
    [(Standing.REVOKED, Rejected("revoked")), (Standing.OUTDATED, Stale("outdated"))],
)
def test_revoked_is_wrong_and_outdated_is_old__S2_20(standing: Standing, outcome: Outcome) -> None:
    judge = Judge()
    judge.standing = standing
    assert judge(token()) == outcome


def test_where_nobody_knows_what_was_revoked_nothing_is_decided__C17() -> None:
    judge = Judge()
    judge.standing = None
    with pytest.raises(AnswerFailed):
        judge(token())


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"issuer": "https://elsewhere.example"}, Rejected("issuer")),
        ({"audience": ("https://other.example",)}, Rejected("audience")),
        ({"issued_at": NOW + SKEW + 1, "expires_at": NOW + 900}, Rejected("not-yet-valid")),
        ({"not_before": NOW + SKEW + 1}, Rejected("not-yet-valid")),
        ({"issued_at": NOW - 900, "expires_at": NOW}, Stale("expired")),
    ],
)
def test_claims_must_fit_here_and_now__S2_17(change: dict[str, Any], outcome: Outcome) -> None:
    assert Judge()(token(CLAIMS._replace(**change))) == outcome


def test_other_nodes_clock_may_be_a_little_ahead__F8() -> None:
    ahead = CLAIMS._replace(issued_at=NOW + SKEW, expires_at=NOW + 900)
    assert isinstance(Judge()(token(ahead)), Accepted)


def test_expired_on_the_very_second_and_for_good__S2_13__F8() -> None:
    judge, one = Judge(), token()
    assert isinstance(judge(one, NOW + 899), Accepted)
    assert judge(one, NOW + 900) == Stale("expired")
    assert judge(one, NOW) == Stale("expired")  # the clock went back


def test_no_token_lives_longer_than_revocations_are_remembered__S2_20() -> None:
    long = token(CLAIMS._replace(expires_at=NOW + 86_400))
    assert isinstance(Judge()(long, NOW + 899), Accepted)
    assert Judge()(long, NOW + 900) == Stale("expired")


@pytest.mark.parametrize(
    "text",
    [
        "..",
        "a.b.c",
        "e30.e30.",
        "eyJhbGciOiJub25lIn0.e30.",
        "é.b.c",
        "a." * 2 + "b" * 20_000,
        "eyJhbGciOiJFUzI1NiJ9.e30.c",
    ],
)
def test_whatever_looks_so_is_refused_without_asking_what_became_of_it__S2_17(text: str) -> None:
    judge = Judge()
    assert looks_self_contained(text.encode())
    outcome = run(judge.tokens.judge(text.encode(), NOW, mechanism="bearer", realm="Test"), judge.answers)
    assert isinstance(outcome, Rejected)
    assert not any(isinstance(question, FindStanding) for question in judge.asked)


def test_id_token_of_the_same_issuer_is_no_access_token__S2_17() -> None:
    forged = jws.sign(jws.verify(token(), KEY.key), KEY, typ="JWT")
    assert Judge()(forged) == Rejected("type")
