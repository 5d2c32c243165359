"""The libraries of HTTP that our clients are made for, each called in the same way: alone, and many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import httpx
import httpx2
import niquests
import requests

import watchword.edge.httpx
import watchword.edge.httpx2
import watchword.edge.niquests
import watchword.edge.requests
from watchword.edge.clients.steps import Kind


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request to be sent. `content` may be an iterator, which can be sent once."""

    url: str
    method: str = "GET"
    content: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


Outcome: TypeAlias = "int | Exception"
"""The status of the answer, or why there is none."""

Library: TypeAlias = Callable[[Kind, Sequence[Wanted]], list[Outcome]]
"""Sends requests at the same time, over one client that authenticates so and follows redirects."""


def _in_threads(send: Callable[[Wanted], int], wanted: Sequence[Wanted]) -> list[Outcome]:
    def one(each: Wanted) -> Outcome:
        try:
            return send(each)
        except Exception as problem:
            return problem

    with ThreadPoolExecutor(len(wanted)) as pool:
        return list(pool.map(one, wanted))


def _httpx(kind: Kind, wanted: Sequence[Wanted]) -> list[Outcome]:
    auth = watchword.edge.httpx.WatchwordAuth(kind)
    with httpx.Client(auth=auth, follow_redirects=True) as client:
        return _in_threads(
            lambda it: client.request(it.method, it.url, content=it.content, headers=it.headers).status_code, wanted
        )


def _httpx2(kind: Kind, wanted: Sequence[Wanted]) -> list[Outcome]:
    auth = watchword.edge.httpx2.WatchwordAuth(kind)
    with httpx2.Client(auth=auth, follow_redirects=True) as client:
        return _in_threads(
            lambda it: client.request(it.method, it.url, content=it.content, headers=it.headers).status_code, wanted
        )


def _requests(kind: Kind, wanted: Sequence[Wanted]) -> list[Outcome]:
    with requests.Session() as session:
        session.auth = watchword.edge.requests.WatchwordAuth(kind)
        return _in_threads(
            lambda it: session.request(it.method, it.url, data=it.content, headers=dict(it.headers)).status_code, wanted
        )


def _niquests(kind: Kind, wanted: Sequence[Wanted]) -> list[Outcome]:
    with niquests.Session() as session:
        session.auth = watchword.edge.niquests.WatchwordAuth(kind)
        return _in_threads(
            lambda it: session.request(it.method, it.url, data=it.content, headers=dict(it.headers)).status_code or 0,
            wanted,
        )


def _checked(outcomes: Sequence[int | BaseException]) -> list[Outcome]:
    for each in outcomes:
        if isinstance(each, BaseException) and not isinstance(each, Exception):
            raise each
    return [each for each in outcomes if isinstance(each, int | Exception)]


def _async_httpx(kind: Kind, wanted: Sequence[Wanted]) -> list[Outcome]:
    async def run() -> list[Outcome]:
        auth = watchword.edge.httpx.WatchwordAuth(kind)
        async with httpx.AsyncClient(auth=auth, follow_redirects=True) as client:

            async def one(it: Wanted) -> int:
                content = _as_asynchronous(it.content)
                answer = await client.request(it.method, it.url, content=content, headers=it.headers)
                return answer.status_code

            return _checked(await asyncio.gather(*map(one, wanted), return_exceptions=True))

    return asyncio.run(run())


def _async_httpx2(kind: Kind, wanted: Sequence[Wanted]) -> list[Outcome]:
    async def run() -> list[Outcome]:
        auth = watchword.edge.httpx2.WatchwordAuth(kind)
        async with httpx2.AsyncClient(auth=auth, follow_redirects=True) as client:

            async def one(it: Wanted) -> int:
                content = _as_asynchronous(it.content)
                answer = await client.request(it.method, it.url, content=content, headers=it.headers)
                return answer.status_code

            return _checked(await asyncio.gather(*map(one, wanted), return_exceptions=True))

    return asyncio.run(run())


def _async_niquests(kind: Kind, wanted: Sequence[Wanted]) -> list[Outcome]:
    async def run() -> list[Outcome]:
        async with niquests.AsyncSession() as session:
            auth = watchword.edge.niquests.AsyncWatchwordAuth(kind)

            async def one(it: Wanted) -> int:
                answer = await session.request(it.method, it.url, data=it.content, headers=dict(it.headers), auth=auth)
                return answer.status_code or 0

            return _checked(await asyncio.gather(*map(one, wanted), return_exceptions=True))

    return asyncio.run(run())


def _as_asynchronous(content: Any) -> Any:
    if content is None or isinstance(content, bytes | str):
        return content

    async def pieces() -> Any:
        for piece in content:
            yield piece

    return pieces()


LIBRARIES: Mapping[str, Library] = {
    "httpx": _httpx,
    "httpx-asyncio": _async_httpx,
    "httpx2": _httpx2,
    "httpx2-asyncio": _async_httpx2,
    "requests": _requests,
    "niquests": _niquests,
    "niquests-asyncio": _async_niquests,
}
