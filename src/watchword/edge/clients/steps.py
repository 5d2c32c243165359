"""What a client does next, as values: a flow yields steps, and a driver for one library of HTTP carries them out.

Flows never wait, send or look at a clock by themselves, so that one text serves threads and asyncio.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, TypeVar

from watchword.http.message import Fields

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The request that somebody wants to send, as far as clients look at it.

    `target` is what stands on the request line, `host` what Host says. `content` is None where it is not at hand;
    `repeatable` says that it can be sent again.
    """

    method: str
    url: str
    target: bytes
    host: bytes
    cookie: str = field(default="", repr=False)
    content: bytes | None = field(default=None, repr=False)
    repeatable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer. `url` is the one that gave it, after redirects; `content` is there where clients read it."""

    status: int
    url: str
    fields: Fields = field(default=(), repr=False)
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Send the request, with these fields in the place of its own. The answer to the last one is the caller's."""

    fields: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Send a request of the client's own, which no redirect is followed for."""

    url: str
    fields: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class InTurn:
    """Wait until it is this one's turn."""

    turn: Future[None]


Step: TypeAlias = Attempt | Ask | Wait | InTurn
Flow: TypeAlias = Generator[Step, Answer | None, T]
"""Answers are sent in for `Attempt` and `Ask`, None for the others."""


class Kind(Protocol):
    """A way to authenticate, with what it holds. One of them may be used by many threads and tasks at once."""

    def flow(self, asked: Asked) -> Flow[None]: ...


def attempt(fields: Mapping[str, str]) -> Flow[Answer]:
    """The answer to the request with these fields."""
    return (yield from _answered(Attempt(fields)))


def answer_to(asking: Ask) -> Flow[Answer]:
    """The answer to a request of the client's own."""
    return (yield from _answered(asking))


def _answered(step: Step) -> Flow[Answer]:
    answer = yield step
    assert answer is not None, "the driver answers what is sent"
    return answer
