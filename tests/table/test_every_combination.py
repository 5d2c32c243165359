"""The decision table, as the code has it and as the oracle reads it: the same answer to every combination."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.table.combinations import CHUNKS, REQUIREMENTS, STAGE_1, Chunk, presented, told
from tests.table.scripted import NOW, SIX, after_a_wait, at_once, marked, space
from watchword.core.circumstances import Circumstances
from watchword.core.decision import Decision, Granted
from watchword.core.guard import guard
from watchword.core.requirement import Requirement
from watchword.edge.drive import Answers, arun, run


def _differences(chunk: Chunk, decisions: Iterable[Decision]) -> list[str]:
    found: list[str] = []
    for way, decision in zip(chunk.presented, decisions, strict=True):
        answer, expected = told(decision), way.expected(chunk.circumstances, chunk.requirement)
        if answer != expected:
            found.append(f"{way}\n  is answered {answer}\n  and not     {expected}")
    return found


@pytest.mark.parametrize("chunk", CHUNKS.values(), ids=CHUNKS.keys())
def test_the_code_answers_as_the_table_says(chunk: Chunk) -> None:
    differences = _differences(chunk, chunk.decisions)
    assert not differences, f"{len(differences)} of {len(chunk.presented)}, such as {differences[0]}"


async def _under_asyncio(chunk: Chunk, answers: Answers) -> tuple[Decision, ...]:
    with ThreadPoolExecutor(1) as pool:
        return tuple(
            [
                await arun(way.decide(chunk.circumstances, chunk.requirement), answers, pool, patience=60)
                for way in chunk.presented
            ]
        )


# The steps are the same under both drivers. What could differ is how answers and failures come back to them, and that
# is the same for whatever requirement.
_DRIVEN_TWICE = [chunk for name, chunk in CHUNKS.items() if name.startswith(("protected", "strict__C28"))]


@pytest.mark.parametrize("chunk", _DRIVEN_TWICE, ids=lambda chunk: chunk.id)
def test_the_same_under_asyncio(chunk: Chunk) -> None:
    assert asyncio.run(_under_asyncio(chunk, at_once())) == chunk.decisions


def test_the_same_where_every_answer_comes_from_a_thread() -> None:
    chunk = CHUNKS["protected__C03_C05_C07_C08_C09-browser"]
    assert asyncio.run(_under_asyncio(chunk, after_a_wait())) == chunk.decisions


@pytest.mark.parametrize("needs", REQUIREMENTS.values(), ids=REQUIREMENTS.keys())
def test_what_the_request_alone_decides_is_refused_before_anything_is_judged__C10__C14__C18__C22__S2_9(
    needs: Requirement,
) -> None:
    for here, circumstances in STAGE_1.items():
        for way in presented("six", at_most=1, marks=("accepted", "unanswered")):
            asks = sum(1 for _ in way.decide(circumstances, needs))
            judged = needs.public and here == "cleartext__C14"  # of a public target nothing is a secret
            assert asks == (len(way.outcomes) if judged else 0), (here, way)


def test_an_application_may_answer_preflights_itself__C22() -> None:
    own = space(*SIX)
    passing = type(own)(
        realm=own.realm, mechanisms=own.mechanisms, cookie_challenge=own.cookie_challenge, pass_preflights=True
    )
    steps = guard(marked({"session": "accepted"}), passing, Requirement(), Circumstances(preflight=True), NOW)
    assert run(steps, at_once()) == Granted(cell="C22")
