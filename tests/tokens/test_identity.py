"""The search for whose an identity is: in order, exact, and never a guess (S1.9)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mechanisms.told import PROXY, Node
from watchword.core.ask import AnswerFailed
from watchword.core.outcome import Accepted, Outcome, Rejected
from watchword.core.principal import Authentication, Principal
from watchword.core.questions import DeleteAccount, RecordAlarm
from watchword.tokens.identity import ByAttribute, Exact, Mapped, Profile, Search, found_by

EMAIL = ByAttribute("email")
TABLE = Mapped({"A. Smith": "ann", "ghost": "nobody", "old": "gone"})
VISITOR = Profile("visitor")
ALL: Search = (Exact(), EMAIL, TABLE, VISITOR)
PROOF = Authentication(mechanism="proxy-header", auth_time=5.0)


def search(steps: Search, identity: str, node: Node | None = None) -> Outcome:
    told = found_by(steps, identity, realm="Clinic", authentication=PROOF, address=PROXY)
    return (node or Node()).outcome(told)


def found(steps: Search, identity: str, node: Node | None = None) -> Principal:
    outcome = search(steps, identity, node)
    assert isinstance(outcome, Accepted)
    return outcome.principal


@pytest.mark.parametrize(
    ("steps", "identity", "name"),
    [
        ((Exact(),), "ann", "ann"),
        ((Exact(),), "zoe\u0308", "zoë"),
        ((EMAIL,), "ann@clinic.example", "ann"),
        ((TABLE,), "A. Smith", "ann"),
        (ALL, "ann", "ann"),
        (ALL, "ann@clinic.example", "ann"),
        (ALL, "A. Smith", "ann"),
    ],
)
def test_each_step_finds_its_account__S1_9(steps: Search, identity: str, name: str) -> None:
    principal = found(steps, identity)
    assert (principal.subject, principal.roles) == (name, frozenset((f"role of {name}",)))
    assert (principal.registered, principal.realm, principal.stamp) == (True, "Clinic", f"stamp of {name}")
    assert principal.authentication == PROOF


@pytest.mark.parametrize(
    ("steps", "identity"),
    [
        ((Exact(),), "nobody"),
        ((Exact(),), "ann@clinic.example"),
        ((EMAIL,), "ann"),
        ((EMAIL,), "ANN@clinic.example"),
        ((TABLE,), "ann"),
        ((TABLE,), "a. smith"),
        (ALL, "ghost"),  # the table names somebody who is gone: not the visitor either
        ((Profile("closed"),), "anybody"),
        ((Profile("nobody"),), "anybody"),
        ((VISITOR,), "ann"),  # could be taken for an account
        ((VISITOR,), "zoe\u0308"),
        ((VISITOR,), "gone"),
        ((VISITOR,), "service:reporter"),
        ((VISITOR,), "client:web"),
        ((VISITOR,), "a\u200bnn"),
        ((VISITOR,), "ａｎｎ"),
        ((VISITOR,), ""),
        ((VISITOR,), "x" * 300),
        ((), "ann"),
    ],
)
def test_whom_nobody_finds_is_proven_and_unknown__S1_9__C12__F17(steps: Search, identity: str) -> None:
    principal = found(steps, identity)
    assert (principal.subject, principal.registered) == (identity, False)
    assert not principal.roles | principal.permissions


@pytest.mark.parametrize(("steps", "identity"), [((Exact(),), "gone"), ((EMAIL,), "gone@clinic.example"), (ALL, "old")])
def test_a_disabled_account_is_refused_and_nobody_else_is_tried__F36(steps: Search, identity: str) -> None:
    assert search(steps, identity) == Rejected("account-disabled")


def test_an_identity_of_two_accounts_is_nobody_s_and_an_alarm__S1_9() -> None:
    node = Node()
    assert not found(ALL, "twin@clinic.example", node).registered
    assert node.alarms == [RecordAlarm("ambiguous-identity", "proxy-header", PROXY, "email: twin@clinic.example")]
    node.storage.delete_account(DeleteAccount("twin-1"))
    assert found(ALL, "twin@clinic.example", node).subject == "twin-2"


def test_the_default_profile_lends_roles_and_no_name__S1_9() -> None:
    principal = found(ALL, "somebody else")
    assert (principal.subject, principal.roles) == ("somebody else", frozenset(("role of visitor",)))
    assert (principal.registered, principal.stamp) == (True, "")


def test_an_answer_that_cannot_be_had_proves_nobody__F39__C17() -> None:
    for identity in ("ann", "ann@clinic.example", "A. Smith", "twin@clinic.example", "somebody else"):
        well = Node()
        search(ALL, identity, well)
        for number in range(1, len(well.asked) + 1):
            node = Node()
            node.fails = lambda asked, number=number: asked == number  # type: ignore[misc]  # bound
            if isinstance(well.asked[number - 1], RecordAlarm):
                assert search(ALL, identity, node) == search(ALL, identity)
                continue
            with pytest.raises(AnswerFailed):
                search(ALL, identity, node)


@given(st.text(max_size=40))
def test_any_text_is_somebody_or_nobody__F17__F18(identity: str) -> None:
    outcome = search(ALL, identity)
    assert isinstance(outcome, Accepted | Rejected)
