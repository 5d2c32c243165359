"""FastAPI: dependencies of ours, of PyJWT behind FastAPI's own `HTTPBearer`, and of fastapi-users."""

# Without `from __future__ import annotations`: FastAPI reads annotations of functions inside of functions.

import asyncio
import uuid
import warnings
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, cast

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Boolean, Column, MetaData, String, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import registry

with warnings.catch_warnings():
    # The newest release of the adapter that takes SQLAlchemy 2.1 was written for an older one.
    warnings.simplefilter("ignore", DeprecationWarning)
    from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin
    from fastapi_users.authentication import AuthenticationBackend, BearerTransport, JWTStrategy
    from fastapi_users_db_sqlalchemy import SQLAlchemyUserDatabase
    from fastapi_users_db_sqlalchemy.generics import GUID

from bench.hosts.calls import PATH, Asgi, Variant
from bench.hosts.ours import Ours
from bench.hosts.people import PEOPLE, SECRET, SENDING, by_bearer
from watchword import Principal
from watchword.edge.asgi import Application
from watchword.edge.fastapi import Authenticated

_WRONG = by_bearer(["no.such.token"])[0]


def variants(ours: Ours, folder: Path, stack: ExitStack, runner: asyncio.Runner) -> dict[str, Asgi | Variant]:
    """The application without authentication, and with each kind."""
    return {
        "open": Asgi(_open(), runner),
        "watchword-jwt": Variant(Asgi(_ours(ours), runner), ours.jwts, _WRONG, remembers=True),
        "pyjwt": Variant(Asgi(_pyjwt(), runner), _tokens(), _WRONG),
        "users": _fastapi_users(folder, stack, runner),
    }


def _open() -> Application:
    app = FastAPI()

    @app.get(PATH)
    async def hello() -> dict[str, str]:
        return {"hello": "whoever you are"}

    return cast("Application", app)


def _ours(ours: Ours) -> Application:
    app = FastAPI()

    @app.get(PATH)
    async def hello(who: Annotated[Principal, Authenticated(ours.auth)]) -> dict[str, str]:
        return {"hello": who.subject}

    return cast("Application", app)


def _pyjwt() -> Application:
    """As FastAPI's tutorial has it, but that nobody is looked up: whoever has a token is believed until it expires."""
    app = FastAPI()

    async def subject(credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> str:
        try:
            claims = jwt.decode(credentials.credentials, SECRET, algorithms=["HS256"])
        except jwt.InvalidTokenError:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"}) from None
        return str(claims["sub"])

    @app.get(PATH)
    async def hello(who: Annotated[str, Depends(subject)]) -> dict[str, str]:
        return {"hello": who}

    return cast("Application", app)


def _tokens() -> list[Any]:
    expires = datetime.now(UTC) + timedelta(days=1)
    return by_bearer([jwt.encode({"sub": name, "exp": expires}, SECRET, algorithm="HS256") for name in SENDING])


class _User:
    id: uuid.UUID
    email: str
    hashed_password: str
    is_active: bool
    is_superuser: bool
    is_verified: bool


# The columns of the adapter's own base class, which is written as SQLAlchemy 2.1 takes it no more.
_TABLE = Table(
    "user",
    MetaData(),
    Column("id", GUID, primary_key=True),
    Column("email", String(320), unique=True, index=True, nullable=False),
    Column("hashed_password", String(1024), nullable=False),
    Column("is_active", Boolean, default=True, nullable=False),
    Column("is_superuser", Boolean, default=False, nullable=False),
    Column("is_verified", Boolean, default=False, nullable=False),
)
registry().map_imperatively(_User, _TABLE)


class _Users(UUIDIDMixin, BaseUserManager[_User, uuid.UUID]):
    reset_password_token_secret = SECRET
    verification_token_secret = SECRET


def _fastapi_users(folder: Path, stack: ExitStack, runner: asyncio.Runner) -> Variant:
    """As its documentation has it: JWT by Bearer, its users by SQLAlchemy and aiosqlite."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{folder}/fastapi-users.db")
    stack.callback(lambda: runner.run(engine.dispose()))
    make_session = async_sessionmaker(engine, expire_on_commit=False)

    async def sessions() -> AsyncIterator[AsyncSession]:
        async with make_session() as session:
            yield session

    async def database(
        session: Annotated[AsyncSession, Depends(sessions)],
    ) -> AsyncIterator[SQLAlchemyUserDatabase[_User, uuid.UUID]]:
        yield SQLAlchemyUserDatabase(session, _User)

    async def users(
        database: Annotated[SQLAlchemyUserDatabase[_User, uuid.UUID], Depends(database)],
    ) -> AsyncIterator[_Users]:
        yield _Users(database)

    def strategy() -> JWTStrategy[_User, uuid.UUID]:
        return JWTStrategy(secret=SECRET, lifetime_seconds=86_400)

    backend = AuthenticationBackend("jwt", BearerTransport(tokenUrl="auth/jwt/login"), strategy)
    active = FastAPIUsers[_User, uuid.UUID](users, [backend]).current_user(active=True)
    app = FastAPI()

    @app.get(PATH)
    async def hello(who: Annotated[_User, Depends(active)]) -> dict[str, str]:
        return {"hello": who.email}

    async def tokens() -> list[str]:
        async with engine.begin() as connection:
            await connection.run_sync(_TABLE.metadata.create_all)
            rows = [{"id": uuid.uuid4(), "email": f"{name}@example.org", "hashed_password": "-"} for name in PEOPLE]
            await connection.execute(insert(_TABLE), rows)
        async with make_session() as session:
            people = (await session.scalars(select(_User).limit(len(SENDING)))).all()
        return [await strategy().write_token(person) for person in people]

    return Variant(Asgi(cast("Application", app), runner), by_bearer(runner.run(tokens())), _WRONG)
