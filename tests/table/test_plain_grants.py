"""The short cut to a plain grant says what the rows say, or nothing: it changes only the time that an answer takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import product

import pytest

from tests.table.combinations import CALM, CHUNKS, REQUIREMENTS, STAGE_1, Chunk, presented
from tests.table.scripted import NOW, SIX, at_once, outcome_of, space
from watchword.core import decide as table
from watchword.core import guard as guarding
from watchword.core.authorizer import Heard
from watchword.core.circumstances import Circumstances
from watchword.core.decision import Decision
from watchword.core.principal import Instant
from watchword.core.requirement import Precedence, Requirement
from watchword.core.space import Attempt, ProtectionSpace
from watchword.edge.drive import run

# What is nearly nothing: no condition may be passed over because it looks empty.
EMPTY = {
    "no_mechanism_will_do__C12": Requirement(mechanisms=frozenset()),
    "nobody_is_the_owner__C13": Requirement(owner=""),
    "no_proof_is_fresh_enough__C15": Requirement(max_age=0.0),
    "strict_and_nothing_else__C28": Requirement(precedence=Precedence.STRICT),
    "nobody_serves_themselves__C12": Requirement(self_service="", roles=frozenset(("admin",))),
}
EMPTILY_BROKEN = Circumstances(broken="")


class BothWays:
    """In place of `decide`, where `guard` calls it: decides by the short cut and by the rows, and compares."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def __call__(
        self,
        circumstances: Circumstances,
        attempts: Sequence[Attempt],
        requirement: Requirement,
        *,
        space: ProtectionSpace,
        now: Instant,
        heard: Sequence[Heard] = (),
    ) -> Decision:
        by_the_rows = table._by_the_rows(circumstances, attempts, requirement, space, now, heard)
        if heard:
            return by_the_rows  # there is no short cut any more
        quickly = table._plainly_granted(circumstances, attempts, requirement)
        assert quickly in (None, by_the_rows), (circumstances, attempts, requirement)
        self.seen["quickly" if quickly is not None else "by the rows"] += 1
        return by_the_rows


@pytest.fixture
def both_ways(monkeypatch: pytest.MonkeyPatch) -> BothWays:
    both = BothWays()
    monkeypatch.setattr(guarding, "decide", both)
    return both


@pytest.mark.parametrize("chunk", CHUNKS.values(), ids=CHUNKS.keys())
def test_the_short_cut_grants_what_the_rows_grant__C00(chunk: Chunk, both_ways: BothWays) -> None:
    answers = at_once()
    for way in chunk.presented:
        run(way.decide(chunk.circumstances, chunk.requirement), answers)
    assert both_ways.seen.total() == len(chunk.presented)


@pytest.mark.parametrize("requirement", EMPTY.values(), ids=EMPTY.keys())
def test_a_condition_that_looks_empty_is_one_too(requirement: Requirement, both_ways: BothWays) -> None:
    answers = at_once()
    for here in (*CALM.values(), *STAGE_1.values()):
        for way in presented("six", at_most=2):
            run(way.decide(here, requirement), answers)
    assert both_ways.seen["quickly"] == 0


@pytest.mark.parametrize("requirement", [*REQUIREMENTS.values(), *EMPTY.values()], ids=[*REQUIREMENTS, *EMPTY])
def test_what_was_accepted_though_nothing_should_be_verified_is_refused__C14_C18_C10(requirement: Requirement) -> None:
    """`guard` attempts nothing where the request alone is refused, but the table does not rely on that."""
    own = space(*SIX)
    for here, mechanism in product((*CALM.values(), *STAGE_1.values(), EMPTILY_BROKEN), SIX):
        attempts = [Attempt(mechanism, outcome_of(mechanism, "accepted"))]
        by_the_rows = table._by_the_rows(here, attempts, requirement, own, NOW)
        assert table._plainly_granted(here, attempts, requirement) in (None, by_the_rows), here


@pytest.mark.parametrize("name", ["protected__C03_C05_C07_C08_C09", "role_held__C00_C06", "hidden", "login_page__C23"])
def test_the_usual_request_takes_the_short_cut__C00(name: str, both_ways: BothWays) -> None:
    for here in ("plain", "unsafe", "browser"):
        for way in presented("six", at_most=1, marks=("accepted",)):
            run(way.decide(CALM[here], REQUIREMENTS[name]), at_once())
    assert both_ways.seen["quickly"] >= 3
