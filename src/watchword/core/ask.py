"""Questions: how the core asks for facts without doing I/O."""

from __future__ import annotations

from collections.abc import Generator
from enum import Enum
from typing import Any, Final, Generic, TypeAlias, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Question(Generic[T_co]):
    """A fact the core needs, or a change it wants made; T types the answer."""

    __slots__ = ()


Steps: TypeAlias = Generator[Question[Any], Any, T]
"""A pure computation that may ask: whoever drives it answers each question it yields."""


class AnswerFailed(Exception):
    """An answer could not be had: a store is down or too slow. It never means "no"."""


class NotYet(Enum):
    """Said by an answer that may not wait where it would have to: ask again where waiting is allowed."""

    NOT_YET = "not yet"


NOT_YET: Final = NotYet.NOT_YET


def known(answer: T) -> Steps[T]:
    """Steps that need not ask."""
    yield from ()
    return answer


def ask(question: Question[T]) -> Steps[T]:
    """`answer = yield from ask(question)`.

    Raises:
        AnswerFailed: where the answer could not be had.
    """
    answer: T = yield question
    return answer
