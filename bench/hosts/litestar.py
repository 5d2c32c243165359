"""Litestar: a guard of ours, and the `JWTAuth` that it brings."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

from litestar import Litestar, Request, get
from litestar.connection import ASGIConnection
from litestar.security.jwt import JWTAuth, Token

from bench.hosts.calls import PATH, Asgi, Variant
from bench.hosts.ours import Ours
from bench.hosts.people import SECRET, SENDING, Table, by_bearer
from watchword.edge.asgi import Application
from watchword.edge.litestar import Authenticated, principal

_WRONG = by_bearer(["no.such.token"])[0]


def variants(ours: Ours, folder: Path, stack: ExitStack, runner: asyncio.Runner) -> dict[str, Asgi | Variant]:
    """The application without authentication, and with each kind."""
    table = Table(folder / "litestar.db")
    stack.callback(table.close)
    theirs, tokens = _jwt(table)
    return {
        "open": Asgi(_open(), runner),
        "watchword-jwt": Variant(Asgi(_ours(ours), runner), ours.jwts, _WRONG, remembers=True),
        "jwt": Variant(Asgi(theirs, runner), by_bearer(tokens), _WRONG),
    }


def _open() -> Application:
    @get(PATH)
    async def hello(request: Request[Any, Any, Any]) -> dict[str, str]:
        return {"hello": "whoever you are"}

    return cast("Application", Litestar([hello]))


def _ours(ours: Ours) -> Application:
    @get(PATH, guards=[Authenticated(ours.auth)])
    async def hello(request: Request[Any, Any, Any]) -> dict[str, str]:
        who = principal(request)
        assert who is not None
        return {"hello": who.subject}

    return cast("Application", Litestar([hello]))


def _jwt(table: Table) -> tuple[Application, list[str]]:
    """As its documentation has it, but that people are in a database instead of a dictionary."""

    async def person(token: Token, connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
        return None if table.password_hash(token.sub) is None else token.sub

    auth = JWTAuth[str](retrieve_user_handler=person, token_secret=SECRET)

    @get(PATH)
    async def hello(request: Request[str, Token, Any]) -> dict[str, str]:
        return {"hello": request.user}

    app = Litestar([hello], on_app_init=[auth.on_app_init])
    return cast("Application", app), [auth.create_token(identifier=name) for name in SENDING]
