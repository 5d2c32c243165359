"""Authentication for clients of httpx2: `httpx2.Client(auth=WatchwordAuth(SessionAuth(url, user, password)))`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping
from typing import Any

import httpx2

from watchword.edge.clients.api_key import ApiKeyAuth
from watchword.edge.clients.auth_token import AuthTokenAuth
from watchword.edge.clients.failures import (
    CannotAuthenticateNow,
    LogInNeeded,
    LogInRefused,
    NotAuthenticated,
    NotRepeatable,
    SecondFactorNeeded,
)
from watchword.edge.clients.httpx_driver import OnceOnly, arun, run
from watchword.edge.clients.jwt import JwtAuth, Tokens
from watchword.edge.clients.session import SessionAuth
from watchword.edge.clients.signed_request import SignedRequestAuth
from watchword.edge.clients.steps import Ask, Kind

__all__ = [
    "ApiKeyAuth",
    "AuthTokenAuth",
    "CannotAuthenticateNow",
    "JwtAuth",
    "LogInNeeded",
    "LogInRefused",
    "NotAuthenticated",
    "NotRepeatable",
    "SecondFactorNeeded",
    "SessionAuth",
    "SignedRequestAuth",
    "Tokens",
    "WatchwordAuth",
]


class WatchwordAuth(httpx2.Auth):
    """Authenticates requests in one of the ways above, and does what refusals tell: see
    docs/reference/client-actions.md. For clients in threads and in asyncio alike, also at once."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def __repr__(self) -> str:
        return f"WatchwordAuth({self.kind!r})"

    def sync_auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        return run(self.kind, request, _own)

    def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        return arun(self.kind, request, _own)


class _Content(OnceOnly, httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """As the library wants it."""


def _own(asking: Ask, extensions: Mapping[str, Any], /) -> httpx2.Request:
    url = httpx2.URL(asking.url)
    fields = {"host": url.netloc.decode("ascii"), **asking.fields, "content-length": str(len(asking.content))}
    return httpx2.Request(
        asking.method, url, headers=fields, stream=_Content(asking.content), extensions=dict(extensions)
    )
