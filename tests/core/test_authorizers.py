"""Authorizers: what they may change, and what nobody can change by them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.quickness import answered_in_time
from tests.table.combinations import CALM, REQUIREMENTS, STAGE_1, Presented, presented
from tests.table.scripted import REALM, ScriptedAuthorizer, at_once
from watchword.core.ask import AnswerFailed, Steps
from watchword.core.authorizer import Authorizer, Word
from watchword.core.authorizer_function import by_function
from watchword.core.authorizers import Effect, HasPermission, HasRole, IsOwner
from watchword.core.decision import Decision, Granted, Refused
from watchword.core.demand import demand
from watchword.core.events import Event
from watchword.core.principal import Authentication, Principal
from watchword.core.requirement import Requirement
from watchword.core.space import Rule, Target
from watchword.edge.drive import Answers, run
from watchword.edge.foreign_calls import AT_HAND, ForeignCalls
from watchword.http.message import Peer, Request

ANN = Principal(
    subject="ann",
    realm=REALM,
    authentication=Authentication(mechanism="session"),
    roles=frozenset(("clerk",)),
    permissions=frozenset(("read",)),
)
REQUEST = Request(method="GET", target=b"/posts/ann", fields=(), peer=Peer("127.0.0.1"))

ANYTHING = st.sampled_from(
    [
        ScriptedAuthorizer(Word.ALLOW),
        ScriptedAuthorizer(Word.VETO),
        ScriptedAuthorizer("nothing"),
        ScriptedAuthorizer("failed"),
    ]
)
WAYS: tuple[Presented, ...] = (
    *presented("six", at_most=2),
    *presented(
        "six", at_least=1, at_most=1, marks=("unanswered", "accepted-bob", "accepted-stranger", "accepted-half")
    ),
)


# --- what authorizers can never do --------------------------------------------------------------------------------


@settings(max_examples=1500, deadline=None)
@given(
    st.lists(ANYTHING, min_size=1, max_size=3),
    st.sampled_from(sorted(REQUIREMENTS)),
    st.sampled_from(sorted({**CALM, **STAGE_1})),
    st.sampled_from(WAYS),
)
def test_no_authorizer_turns_any_other_refusal_into_a_grant__C12(
    said: list[Authorizer], needs: str, here: str, way: Presented
) -> None:
    circumstances, requirement = {**CALM, **STAGE_1}[here], REQUIREMENTS[needs]
    without = run(way.decide(circumstances, requirement), at_once())
    decision = run(way.decide(circumstances, replace(requirement, authorizers=tuple(said))), at_once())
    words = {authorizer.says for authorizer in cast("list[ScriptedAuthorizer]", said)}
    match decision, without:
        case Granted(), Granted():
            assert decision == without
            assert words <= {Word.ALLOW, "nothing"}
        case Granted(), Refused():
            assert (without.cell, without.code) == ("C12", "forbidden")
            assert Word.ALLOW in words
            assert words <= {Word.ALLOW, "nothing"}
            # What is left is what would be granted to somebody who has the role and the permission.
            spared = replace(requirement, roles=frozenset(), permissions=frozenset())
            assert decision == run(way.decide(circumstances, spared), at_once())
        case Refused(), Granted():
            assert without.cell != "C22"
            assert (decision.cell, decision.code) in (("C12", "forbidden"), ("C17", "unavailable"))
        case Refused(), Refused():
            if (without.cell, without.code) != ("C12", "forbidden"):
                assert _shown(decision) == _shown(without)
        case _:
            raise AssertionError(decision)


def _shown(decision: Decision) -> object:
    return replace(decision, reasons=()) if isinstance(decision, Refused) else decision


def test_a_veto_is_told_to_operators_and_not_to_clients__C12() -> None:
    (way,) = (way for way in presented("six", at_most=1) if "session: Accepted" in str(way))
    refused = run(way.decide(CALM["plain"], Requirement(authorizers=(ScriptedAuthorizer(Word.VETO),))), at_once())
    assert isinstance(refused, Refused)
    assert refused.reasons == ("scripted-authorizer: vetoed",)
    assert "scripted" not in refused.detail


@pytest.mark.parametrize(
    "said", [True, False, 1, "allow", Word, object()], ids=["true", "false", "one", "text", "type", "object"]
)
def test_what_is_no_word_is_no_grant__C17(said: object) -> None:
    class Odd:
        name = "odd"

        def authorize(self, principal: Principal | None, request: Request) -> Steps[Word | None]:
            yield from ()
            return cast("Word", said)

    class Broken(Odd):
        def authorize(self, principal: Principal | None, request: Request) -> Steps[Word | None]:
            raise ZeroDivisionError("whatever")

    (way,) = (way for way in presented("six", at_most=1) if "session: Accepted" in str(way))
    for authorizer in (Odd(), Broken()):
        refused = run(way.decide(CALM["plain"], Requirement(authorizers=(authorizer,))), at_once())
        assert isinstance(refused, Refused)
        assert (refused.cell, refused.status, refused.retry_after) == ("C17", 503, 5)
        assert refused.reasons[0].startswith("odd: unheard-authorizer (")


# --- those that there always are ----------------------------------------------------------------------------------

MEANT: dict[str, tuple[Callable[[Effect], Authorizer], Principal | None, bool]] = {
    "role_held": (lambda effect: HasRole("a", effect, frozenset(("clerk", "admin"))), ANN, True),
    "role_missing": (lambda effect: HasRole("a", effect, frozenset(("admin",))), ANN, False),
    "role_of_nobody": (lambda effect: HasRole("a", effect, frozenset(("admin",))), None, False),
    "permission_held": (lambda effect: HasPermission("a", effect, frozenset(("read",))), ANN, True),
    "permission_missing": (lambda effect: HasPermission("a", effect, frozenset(("write",))), ANN, False),
    "owner": (lambda effect: IsOwner("a", effect, "who").at({"who": "ann"}), ANN, True),
    "owner_of_another": (lambda effect: IsOwner("a", effect, "who").at({"who": "bob"}), ANN, False),
    "owner_in_other_case": (lambda effect: IsOwner("a", effect, "who").at({"who": "ANN"}), ANN, False),
    "owner_without_segment": (lambda effect: IsOwner("a", effect, "who").at({}), ANN, False),
    "owner_where_no_rule_names_the_path": (lambda effect: IsOwner("a", effect, "who"), ANN, False),
    "owner_nobody": (lambda effect: IsOwner("a", effect, "who").at({"who": "ann"}), None, False),
}


@pytest.mark.parametrize("case", MEANT.values(), ids=MEANT.keys())
def test_whom_the_built_in_ones_mean(case: tuple[Callable[[Effect], Authorizer], Principal | None, bool]) -> None:
    made, principal, meant = case
    said = {effect: run(made(effect).authorize(principal, REQUEST), Answers()) for effect in Effect}
    assert said == {
        Effect.ALLOW: Word.ALLOW if meant else None,
        Effect.VETO: Word.VETO if meant else None,
        Effect.VETO_OTHERS: None if meant else Word.VETO,
    }


def test_an_owner_is_read_from_the_segment_that_the_rule_names__C13() -> None:
    owner = IsOwner("author", Effect.ALLOW, "author")
    rule = Rule(path="/posts/{author}/*", requirement=Requirement(authorizers=(owner,)))
    (bound,) = rule.bound(["posts", "ann", "1"]).authorizers
    assert bound == replace(owner, owner="ann")
    literal = Rule(path="/xauthorx/*", requirement=Requirement(authorizers=(owner,)))
    assert literal.bound(["xauthorx", "1"]).authorizers == (owner,)


# --- plain functions ------------------------------------------------------------------------------------------------


def test_a_route_s_function_is_asked_besides_what_the_rule_says() -> None:
    def office_hours(principal: Principal | None, request: Request) -> Word | None:
        return None

    of_rule = ScriptedAuthorizer(Word.VETO)
    target = Target(cast("Any", None), Requirement(authorizers=(of_rule,)))
    first, second = demand(authorize=office_hours).on(target).authorizers
    assert first is of_rule
    assert second.name.endswith("office_hours")
    assert demand(authorize=of_rule).authorizers == (of_rule,)


def test_a_function_that_has_to_be_awaited_is_refused_at_once() -> None:
    async def later(principal: Principal | None, request: Request) -> Word | None:
        return Word.ALLOW

    with pytest.raises(TypeError, match="plain function"):
        demand(authorize=cast("Any", later))


@pytest.fixture
def noted() -> list[Event]:
    return []


@pytest.fixture
def answers(noted: list[Event]) -> Answers:
    register = Answers()
    ForeignCalls(noted.append, patience=30).register(register)
    return register


@pytest.mark.parametrize("quick", [True, False], ids=["in_place", "in_a_thread"])
def test_a_function_says_its_word(answers: Answers, quick: bool) -> None:
    threads: list[int] = []

    def allow(principal: Principal | None, request: Request) -> Word:
        threads.append(threading.get_ident())
        return Word.ALLOW if principal is ANN and request is REQUEST else Word.VETO

    assert run(by_function(allow, quick=quick).authorize(ANN, REQUEST), answers) is Word.ALLOW
    assert (threads == [threading.get_ident()]) == quick


@pytest.mark.parametrize("quick", [True, False], ids=["in_place", "in_a_thread"])
def test_a_function_that_fails_says_so_to_operators_and_nothing_of_what_it_raised__C17_F33(
    answers: Answers, noted: list[Event], quick: bool
) -> None:
    def fails(principal: Principal | None, request: Request) -> Word:
        raise RuntimeError("hunter2")

    with pytest.raises(AnswerFailed) as failure:
        run(by_function(fails, name="fails", quick=quick).authorize(ANN, REQUEST), answers)
    (event,) = noted
    assert event.fields["plug_in"] == "fails"
    assert str(event.fields["error"]).startswith("RuntimeError in test_authorizers.py:")
    assert "hunter2" not in f"{event.fields} {failure.value}"


def test_a_function_that_hangs_keeps_nobody_waiting_for_long__C17(noted: list[Event]) -> None:
    answers, ends = Answers(), threading.Event()
    ForeignCalls(noted.append, patience=0.2).register(answers)

    def hangs(principal: Principal | None, request: Request) -> Word:
        ends.wait(60)
        return Word.ALLOW

    authorizer = by_function(hangs, name="hangs")
    failures: list[str] = []

    def ask() -> None:
        try:
            run(authorizer.authorize(ANN, REQUEST), answers)
        except AnswerFailed as failure:
            failures.append(str(failure))

    began = time.monotonic()
    asking = [threading.Thread(target=ask) for _ in range(AT_HAND + 8)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert time.monotonic() - began < 20
    assert len(failures) == len(asking)
    assert failures.count("too many calls are under way") == 8
    # Others are asked all the while.
    other = by_function(lambda who, request: Word.VETO, name="other")
    assert answered_in_time(lambda: run(other.authorize(ANN, REQUEST), answers)) is Word.VETO
    ends.set()
