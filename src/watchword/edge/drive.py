"""Two drivers for the same steps, blocking and asyncio, and the register of who answers which question."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar, cast

from watchword.core.ask import NOT_YET, AnswerFailed, NotYet, Question, Steps

__all__ = ["NOT_YET", "Answers", "NotYet", "Waiting", "arun", "begin", "finish", "run"]

T = TypeVar("T")


class Answers:
    """Who answers which question.

    An *inline* answer takes microseconds and is called in place, on the event loop; it says `NOT_YET` where it
    would have to wait. A *threaded* answer may block: the blocking driver calls it in place, the asyncio driver
    in a pool. Both raise `AnswerFailed` where the answer cannot be had.
    """

    def __init__(self) -> None:
        self._inline: dict[type[Question[Any]], Callable[[Any], Any]] = {}
        self._threaded: dict[type[Question[Any]], Callable[[Any], Any]] = {}

    def add(
        self,
        kind: type[Question[T]],
        *,
        inline: Callable[[Any], T | NotYet] | None = None,
        threaded: Callable[[Any], T] | None = None,
    ) -> None:
        """Register the answers to one kind of question.

        Raises:
            ValueError: where the kind has an answer already, or no answer is given.
        """
        if kind in self._inline or kind in self._threaded:
            raise ValueError(f"{kind.__name__} already has an answer")
        if inline is None and threaded is None:
            raise ValueError(f"{kind.__name__} is given no answer")
        if inline is not None:
            self._inline[kind] = inline
        if threaded is not None:
            self._threaded[kind] = threaded

    def kinds(self) -> Iterator[type[Question[Any]]]:
        """Every kind of question that has an answer."""
        yield from {**self._inline, **self._threaded}

    def now(self, question: Question[T]) -> T | NotYet:
        """The answer where it can be had without waiting."""
        answer = self._inline.get(type(question))
        found: T | NotYet = NOT_YET if answer is None else answer(question)
        return found

    def wait(self, question: Question[T]) -> T:
        """The answer, however long it takes."""
        answer = self._threaded.get(type(question))
        if answer is None:
            raise AnswerFailed(f"nobody can answer {type(question).__name__} here")
        return cast("T", answer(question))


def run(steps: Steps[T], answers: Answers) -> T:
    """Drive the steps to their end, waiting in place."""
    try:
        question = next(steps)
        while True:
            try:
                answer = answers.now(question)
                if answer is NOT_YET:
                    answer = answers.wait(question)
            except AnswerFailed as failure:
                question = steps.throw(failure)
            else:
                question = steps.send(answer)
    except StopIteration as stop:
        return cast("T", stop.value)


@dataclass(frozen=True, slots=True)
class Waiting(Generic[T]):
    """Steps that have come to a question whose answer has to be waited for."""

    steps: Steps[T]
    question: Question[Any]


def begin(steps: Steps[T], answers: Answers, resume: Callable[[], Question[Any]] | None = None) -> T | Waiting[T]:
    """Drive the steps as far as they go without waiting: most go all the way.

    `resume` takes them on from a question that was answered, or whose answer failed.
    """
    try:
        question = next(steps) if resume is None else resume()
        while True:
            try:
                answer = answers.now(question)
            except AnswerFailed as failure:
                question = steps.throw(failure)
            else:
                if answer is NOT_YET:
                    return Waiting(steps, question)
                question = steps.send(answer)
    except StopIteration as stop:
        return cast("T", stop.value)


async def finish(waiting: Waiting[T], answers: Answers, pool: Executor, patience: float) -> T:
    """Drive what was begun to its end; what has to wait, waits in the pool.

    An answer that takes longer than `patience` seconds counts as failed.
    """
    steps = waiting.steps
    begun: T | Waiting[T] = waiting
    while isinstance(begun, Waiting):
        try:
            answer = await _in_pool(begun.question, answers, pool, patience)
        except AnswerFailed as failure:
            begun = begin(steps, answers, partial(steps.throw, failure))
        else:
            begun = begin(steps, answers, partial(steps.send, answer))
    return begun


async def arun(steps: Steps[T], answers: Answers, pool: Executor, patience: float) -> T:
    """Drive the steps to their end on the event loop: `begin`, and `finish` where that is needed."""
    begun = begin(steps, answers)
    return await finish(begun, answers, pool, patience) if isinstance(begun, Waiting) else begun


async def _in_pool(question: Question[T], answers: Answers, pool: Executor, patience: float) -> T:
    waiting = asyncio.get_running_loop().run_in_executor(pool, answers.wait, question)
    try:
        return await asyncio.wait_for(waiting, patience)
    except TimeoutError:
        raise AnswerFailed(f"no answer to {type(question).__name__} within {patience:g} s") from None
