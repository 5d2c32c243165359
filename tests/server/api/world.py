"""A whole server in this process: composed as `serve` composes it, over the reference storage, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import httpx

from watchword.config.build import build
from watchword.config.hooks import NO_HOOKS, Hooks
from watchword.config.serving import feed_source
from watchword.config.settings import Settings
from watchword.core.ask import AnswerFailed, NotYet, Question
from watchword.core.decision import Granted, Refused
from watchword.core.events import Event
from watchword.core.records import Account
from watchword.crypto.password import Hashing, hash_password
from watchword.crypto.secret import Secret
from watchword.edge.drive import Answers
from watchword.http.message import Request
from watchword.server.api import create_api, knows
from watchword.server.app import create_app
from watchword.server.feed import feed
from watchword.server.metrics import Metrics
from watchword.storage import Storage
from watchword.storage.memory import MemoryStorage

T = TypeVar("T")

NOW = 1_790_000_000.0
CHEAP = Hashing(t=1, m=8, p=1)

EVERY_BACKEND = ("stored", "signed", "encrypted")
"""Who may keep sessions: the server, or the client in two ways."""

ACCOUNTS: Mapping[str, tuple[tuple[str, ...], bool]] = {
    "ann": (("clerk", "reader"), False),
    "bob": (("clerk",), False),
    "root": (("admin",), False),
    "gone": (("clerk",), True),
}
"""Each with its roles, and whether it is disabled."""


def password_of(name: str) -> str:
    return f"the password of {name}"


def basic(name: str) -> tuple[str, str]:
    return name, password_of(name)


def account(name: str) -> Account:
    roles, disabled = ACCOUNTS[name]
    return Account(
        name=name,
        stamp=f"stamp of {name}",
        password_hash=hash_password(Secret(password_of(name)), CHEAP, b"sixteen bytes so"),
        roles=frozenset(roles),
        permissions=frozenset(("read",)),
        disabled=disabled,
        created_at=NOW,
    )


class Fragile(Answers):
    """The real answers, until some kinds of questions, or the n-th question, cannot be answered.

    `before` is told of every question first: what somebody else does at that very moment.
    """

    def __init__(self, real: Answers) -> None:
        super().__init__()
        self.real = real
        self.down: tuple[type[Question[Any]], ...] = ()
        self.before: Callable[[Question[Any]], None] = lambda question: None
        self.fails_at: int | None = None
        self.asked = 0

    def now(self, question: Question[T]) -> T | NotYet:
        self.asked += 1
        self.before(question)
        if isinstance(question, self.down) or self.asked == self.fails_at:
            raise AnswerFailed("the storage is down")
        return self.real.now(question)

    def wait(self, question: Question[T]) -> T:
        return self.real.wait(question)


@dataclass
class Seen:
    """A witness that remembers."""

    cells: list[str] = field(default_factory=list)
    refusals: list[tuple[Refused, Request]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def granted(self, granted: Granted) -> None:
        self.cells.append(granted.cell)

    def refused(self, refused: Refused, request: Request, request_id: str) -> None:
        self.cells.append(refused.cell)
        self.refusals.append((refused, request))

    def noted(self, event: Event) -> None:
        self.events.append(event)


class World:
    """The server, and a client that keeps nothing between its requests.

    Over the reference storage with all of ACCOUNTS, where no other `storage` is given.
    """

    def __init__(self, data: Path, *, hooks: Hooks = NO_HOOKS, storage: Storage | None = None, **settings: Any) -> None:
        passwords = {"hashing": {"t": 1, "m": 8, "p": 1}, **settings.pop("passwords", {})}
        space = {
            "mechanisms": ["session", "auth-token", "basic", "bearer", "api-key"],
            "no_auth_challenge": "no-popup",
            **settings.pop("space", {}),
        }
        realm = settings.pop("realm", {"personas": ["restheart"]})
        configured = Settings.model_validate({"passwords": passwords, "realm": realm, "space": [space], **settings})
        self.configured = configured
        self.now = NOW
        self.seen = Seen()
        self.storage: Storage = MemoryStorage() if storage is None else storage
        if storage is None:
            self.storage.put_accounts(account(name) for name in ACCOUNTS)
        self._parts = build(configured, data, self.seen, storage=self.storage, hooks=hooks, clock=lambda: self.now)
        self.answers = Fragile(self._parts.service.engine.answers)
        engine = replace(self._parts.service.engine, answers=self.answers, clock=lambda: self.now)
        self.service = replace(self._parts.service, engine=engine)
        self.api = create_api(self.service)
        counters = Metrics()
        source = feed_source(configured, self.service, self.storage, counters, "epoch")
        told = feed(self.service, source)
        self.application = create_app(self.service, self.api, knows(self.api), counters, lambda: 0.0, told)
        self._runner = asyncio.Runner()

    def close(self) -> None:
        self._runner.close()
        self._parts.close()

    def run(self, work: Awaitable[T]) -> T:
        async def wait() -> T:
            return await work

        return self._runner.run(wait())

    def __call__(self, method: str, target: str, **options: Any) -> httpx.Response:
        """Send one request; see `send`."""
        return self.run(self.send(method, target, **options))

    async def send(
        self,
        method: str,
        target: str,
        *,
        cookie: str | None = None,
        bearer: str | None = None,
        headers: Mapping[str, str | bytes] | None = None,
        secure: bool = False,
        address: str = "127.0.0.1",
        **options: Any,
    ) -> httpx.Response:
        """`cookie` and `bearer` are a session's token; `options` are those of httpx (`json`, `data`, `auth`, …)."""
        fields: dict[str, str | bytes] = dict(headers or {})
        if cookie is not None:
            fields["cookie"] = f"{'__Host-watchword' if secure else 'watchword'}={cookie}"
        if bearer is not None:
            fields["authorization"] = f"Bearer {bearer}"
        transport = httpx.ASGITransport(self.application, client=(address, 40_000))
        base = "https://localhost" if secure else "http://localhost"
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            lines = [
                (name.encode(), value if isinstance(value, bytes) else value.encode()) for name, value in fields.items()
            ]
            return await client.request(method, target, headers=lines, **options)

    def log_in(self, name: str) -> str:
        """The token of a new session."""
        answer = self("POST", "/login", json={"username": name, "password": password_of(name), "delivery": "body"})
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["session_token"]
        return token


def scope(method: str, path: str, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    """A request as ASGI tells it, for what no client sends or shows."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 40_000),
        "server": ("localhost", 80),
    }


def set_cookies(answer: httpx.Response) -> list[str]:
    return answer.headers.get_list("set-cookie")


def new_token(answer: httpx.Response) -> str:
    """The token in the one Set-Cookie line of an answer."""
    (line,) = set_cookies(answer)
    return line.partition("=")[2].partition(";")[0]


def is_problem(answer: httpx.Response, code: str) -> dict[str, Any]:
    """The problem that an answer tells, which must have this code, and our fields."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    problem: dict[str, Any] = answer.json()
    assert problem["code"] == code, problem
    assert problem["status"] == answer.status_code
    assert problem["type"] == f"urn:watchword:problem:{code}"
    return problem


def refused_by(answer: httpx.Response, cell: str) -> dict[str, Any]:
    """The problem of an answer that the table gave, which must be of this cell."""
    problem: dict[str, Any] = answer.json()
    assert problem["cell"] == cell, problem
    assert answer.headers["auth-decision"].startswith(f"{cell};id=")
    assert answer.headers.get_list("cache-control") == ["no-store"]
    return problem
