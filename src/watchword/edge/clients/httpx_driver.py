"""Carries out steps as an authentication flow of httpx, or of its successor httpx2, whose interface is the same."""

from __future__ import annotations

import asyncio
import time
from asyncio import wrap_future
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, Protocol, TypeVar

from watchword.edge.clients.failures import LogInRefused
from watchword.edge.clients.steps import Answer, Ask, Asked, Attempt, InTurn, Kind, Step, Wait
from watchword.edge.clients.told import is_problem


class _Url(Protocol):
    @property
    def raw_path(self) -> bytes: ...


class _Headers(Protocol):
    @property
    def raw(self) -> Sequence[tuple[bytes, bytes]]: ...
    def get(self, key: str, /) -> str | None: ...


class _SentHeaders(_Headers, Protocol):
    def __setitem__(self, key: str, value: str) -> None: ...


class SentRequest(Protocol):
    """What is used of the library's requests."""

    @property
    def method(self) -> str: ...
    @property
    def url(self) -> _Url: ...
    @property
    def headers(self) -> _SentHeaders: ...
    @property
    def content(self) -> bytes: ...
    @property
    def extensions(self) -> MutableMapping[str, Any]: ...


class GotResponse(Protocol):
    """What is used of the library's responses."""

    @property
    def status_code(self) -> int: ...
    @property
    def url(self) -> _Url: ...
    @property
    def headers(self) -> _Headers: ...
    def read(self) -> bytes: ...
    async def aread(self) -> bytes: ...


Q = TypeVar("Q", bound=SentRequest)
Made = TypeVar("Made", covariant=True)


class Own(Protocol[Made]):
    """Makes the library's request of one of the client's own."""

    def __call__(self, asking: Ask, extensions: Mapping[str, Any], /) -> Made: ...


class OnceOnly:
    """Content that a redirect cannot carry elsewhere: it is given once, and then refused."""

    def __init__(self, content: bytes) -> None:
        self._content: bytes | None = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._taken()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._taken()

    def _taken(self) -> bytes:
        content, self._content = self._content, None
        if content is None:
            raise LogInRefused("The server redirects log-ins, which credentials do not follow.")
        return content


def run(kind: Kind, request: Q, own: Own[Q]) -> Generator[Q, GotResponse, None]:
    """The flow for a client that waits in its thread."""
    flow = kind.flow(_asked(request))
    answer: Answer | None = None
    try:
        while (step := _next(flow, answer)) is not None:
            answer = None
            if isinstance(step, Wait):
                time.sleep(step.seconds)
            elif isinstance(step, InTurn):
                step.turn.result()
            else:
                response = yield _to_send(step, request, own)
                content = response.read() if _is_read(step, response) else b""
                answer = _answer(response, content)
    finally:
        flow.close()


async def arun(kind: Kind, request: Q, own: Own[Q]) -> AsyncGenerator[Q, GotResponse]:
    """The flow for a client of asyncio."""
    flow = kind.flow(_asked(request))
    answer: Answer | None = None
    try:
        while (step := _next(flow, answer)) is not None:
            answer = None
            if isinstance(step, Wait):
                await asyncio.sleep(step.seconds)
            elif isinstance(step, InTurn):
                await wrap_future(step.turn)
            else:
                response = yield _to_send(step, request, own)
                content = await response.aread() if _is_read(step, response) else b""
                answer = _answer(response, content)
    finally:
        flow.close()


def _next(flow: Generator[Step, Answer | None, None], answer: Answer | None) -> Step | None:
    try:
        return flow.send(answer)
    except StopIteration:
        return None


def _asked(request: SentRequest) -> Asked:
    try:
        content = request.content
    except RuntimeError:  # it is a stream, which nobody has read
        content = None
    return Asked(
        method=request.method,
        url=str(request.url),
        target=request.url.raw_path,
        host=(request.headers.get("host") or "").encode("ascii"),
        cookie=request.headers.get("cookie") or "",
        content=content,
        repeatable=content is not None,
    )


def _to_send(step: Attempt | Ask, request: Q, own: Own[Q]) -> Q:
    if isinstance(step, Ask):
        # Its time-outs are the call's.
        return own(step, request.extensions)
    for name, value in step.fields.items():
        request.headers[name] = value
    return request


def _is_read(step: Attempt | Ask, response: GotResponse) -> bool:
    return isinstance(step, Ask) or is_problem(response.headers.get("content-type"))


def _answer(response: GotResponse, content: bytes) -> Answer:
    return Answer(
        status=response.status_code, url=str(response.url), fields=tuple(response.headers.raw), content=content
    )
