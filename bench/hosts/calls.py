"""Requests as servers hand them to applications, by ASGI and by WSGI, and what they cost: no sockets, no server."""

from __future__ import annotations

import asyncio
import gc
import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from bench.hosts.people import Credentials
from bench.in_process import scope
from bench.measure import BenchFailed
from watchword.edge.asgi import Application, Message, Scope

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

PATH = "/hello"
_AT_ONCE = 4
"""Requests in one turn. On an event loop they are under way together, and few enough for the peers' connections."""
_A_GO = 5_000_000
"""Nanoseconds that an application has in one go: enough for its code to be at hand, as in a server of its own."""
_JSON = {"Accept": "application/json"}


class Served(Protocol):
    """An application, and how requests come to it."""

    def turn(self, sent: Sequence[Credentials]) -> tuple[int, list[int]]:
        """The nanoseconds of CPU time that these requests take, and their statuses."""
        ...


class Asgi:
    """Requests in tasks of an event loop, as uvicorn has them."""

    def __init__(self, application: Application, runner: asyncio.Runner) -> None:
        self._application = application
        self._runner = runner

    def turn(self, sent: Sequence[Credentials]) -> tuple[int, list[int]]:
        return self._runner.run(self._together([_scope(credentials) for credentials in sent]))

    async def _together(self, scopes: Sequence[Scope]) -> tuple[int, list[int]]:
        before = time.process_time_ns()
        statuses = await asyncio.gather(*map(self._status, scopes))
        return time.process_time_ns() - before, statuses

    async def _status(self, scope: Scope) -> int:
        status = 0

        async def send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]

        await self._application(scope, _no_content, send)
        return status


class Wsgi:
    """Requests one after the other in one thread, as a worker of gunicorn has them."""

    def __init__(self, application: WSGIApplication, path: str = PATH) -> None:
        self._application = application
        self._path = path

    def turn(self, sent: Sequence[Credentials]) -> tuple[int, list[int]]:
        environs = [_environ(credentials, self._path) for credentials in sent]
        before = time.process_time_ns()
        statuses = [self._answer(environ)[0] for environ in environs]
        return time.process_time_ns() - before, statuses

    def fields(self, sent: Credentials) -> list[tuple[str, str]]:
        """Those of the answer to one request."""
        return self._answer(_environ(sent, self._path))[1]

    def _answer(self, environ: WSGIEnvironment) -> tuple[int, list[tuple[str, str]]]:
        told: list[tuple[int, list[tuple[str, str]]]] = []

        def start_response(status: str, fields: list[tuple[str, str]], exc_info: object = None) -> partial[None]:
            told.append((int(status[:3]), fields))
            return partial(lambda content: None)

        content = self._application(environ, start_response)
        try:
            for _ in content:
                pass
        finally:
            if (close := getattr(content, "close", None)) is not None:
                close()
        return told[-1]


@dataclass(frozen=True, slots=True)
class Variant:
    """One application with one kind of authentication, and credentials that it takes: of each person another's.

    `bad` are credentials of the kind that it must refuse.
    """

    served: Served
    good: Sequence[Credentials]
    bad: Credentials
    remembers: bool = False
    """Whether somebody's second request costs less than the first."""

    def checked(self, what: str) -> None:
        """Make sure that it lets in whose credentials are good, and nobody else.

        Raises:
            BenchFailed: where it answers otherwise: what costs nothing would be measured.
        """
        good = self.good if self.remembers else self.good[:1]
        for credentials, wanted in ((self.bad, 401), ({}, 401), *((sent, 200) for sent in good)):
            _, (status,) = self.served.turn([credentials])
            if status != wanted:
                sent = "good" if wanted == 200 else "bad" if credentials else "no"
                raise BenchFailed(f"{what} answered {status} instead of {wanted} to {sent} credentials.")


def together(asked: Mapping[str, tuple[Served, Sequence[Credentials]]], seconds: float) -> dict[str, float]:
    """The microseconds of CPU time that a request takes each of these.

    Whoever had the least of it so far has the next few milliseconds, until all have had so many seconds: so whatever
    else the machine does meets all alike. Credentials are sent in turn.
    """
    spent = dict.fromkeys(asked, 0)
    answered = dict.fromkeys(asked, 0)
    gc.collect()
    while min(spent.values()) < seconds * 1e9:
        name = min(asked, key=lambda name: spent[name])
        served, sent = asked[name]
        until = spent[name] + _A_GO
        while spent[name] < until:
            cost, statuses = served.turn([sent[(answered[name] + at) % len(sent)] for at in range(_AT_ONCE)])
            if set(statuses) != {200}:
                raise BenchFailed(f"A host of the bench answered {statuses}: {name}.")
            spent[name] += cost
            answered[name] += _AT_ONCE
    return {name: spent[name] / answered[name] / 1e3 for name in asked}


async def _no_content() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def _scope(credentials: Credentials) -> Scope:
    return {
        **scope({**_JSON, **credentials}),
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "root_path": "",
        "path": PATH,
        "raw_path": PATH.encode(),
        "state": {},
    }


def _environ(credentials: Credentials, path: str) -> WSGIEnvironment:
    """The same request as gunicorn tells it."""
    told = scope({**_JSON, **credentials})
    host, port = told["server"]
    return {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "SERVER_SOFTWARE": "gunicorn",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "REMOTE_ADDR": told["client"][0],
        "REMOTE_PORT": str(told["client"][1]),
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "RAW_URI": path,
        "QUERY_STRING": "",
        **{"HTTP_" + name.decode().upper().replace("-", "_"): value.decode() for name, value in told["headers"]},
    }
