"""Authentication for clients of niquests: `niquests.get(url, auth=WatchwordAuth(SessionAuth(url, user, password)))`,
and `AsyncWatchwordAuth` for its sessions in asyncio. One kind may serve both at once."""

from __future__ import annotations

import asyncio
from asyncio import wrap_future
from functools import partial
from typing import Any

import niquests
import niquests.auth

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
from watchword.edge.clients.jwt import JwtAuth, Tokens
from watchword.edge.clients.requests_driver import (
    DEFAULT_TIMEOUT,
    Sending,
    answer_of,
    begin,
    followed,
    go_on,
    is_read,
    write,
)
from watchword.edge.clients.session import SessionAuth
from watchword.edge.clients.signed_request import SignedRequestAuth
from watchword.edge.clients.steps import Answer, Ask, Attempt, InTurn, Kind, Wait

__all__ = [
    "ApiKeyAuth",
    "AsyncWatchwordAuth",
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


class WatchwordAuth(niquests.auth.AuthBase):
    """Authenticates requests in one of the ways above, and does what refusals tell: see
    docs/reference/client-actions.md. For any number of threads and sessions at once.

    Log-ins and refreshes go over `session`, with its certificates and proxies, or over one of their own; each waits for
    at most `timeout` seconds.
    """

    def __init__(
        self, kind: Kind, *, session: niquests.Session | None = None, timeout: float = DEFAULT_TIMEOUT
    ) -> None:
        self.kind = kind
        self._session = session
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"WatchwordAuth({self.kind!r})"

    def __call__(self, r: niquests.PreparedRequest) -> niquests.PreparedRequest:
        sending = begin(self.kind, r, self._ask)
        r.register_hook("response", partial(self._answered, sending))
        return r

    def _answered(self, sending: Sending, response: niquests.Response, **options: Any) -> niquests.Response:
        return go_on(sending, response, self._ask, partial(_sent_again, options))

    def _ask(self, asking: Ask) -> Answer:
        if self._session is not None:
            return _asked(self._session, asking, self._timeout)
        with niquests.Session() as session:
            return _asked(session, asking, self._timeout)


class AsyncWatchwordAuth(niquests.auth.AsyncAuthBase):
    """The same for sessions in asyncio. Whatever the client asks by itself goes over a session that lives as long."""

    def __init__(self, kind: Kind, *, timeout: float = DEFAULT_TIMEOUT) -> None:
        self.kind = kind
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"AsyncWatchwordAuth({self.kind!r})"

    async def __call__(self, r: niquests.PreparedRequest) -> niquests.PreparedRequest:
        sending = Sending(self.kind, r)
        try:
            step = sending.next(None)
            while step is not None and not isinstance(step, Attempt):
                step = sending.next(await self._carried_out(step))
            assert step is not None, "a flow sends the request at least once"
        except BaseException:
            sending.close()
            raise
        write(r, step)
        r.register_hook("response", partial(self._answered, sending))
        return r

    async def _answered(
        self, sending: Sending, response: niquests.AsyncResponse, **options: Any
    ) -> niquests.AsyncResponse:
        if sending.over:
            return response
        try:
            step = sending.next(await _read(response))
            while step is not None:
                if isinstance(step, Attempt):
                    request = sending.repeated(response, step)
                    await response.content
                    await response.close()
                    again: niquests.AsyncResponse = await response.connection.send(request, **options)
                    again.request = request
                    response = followed(again, response)
                    step = sending.next(await _read(response))
                else:
                    step = sending.next(await self._carried_out(step))
        finally:
            sending.close()
        return response

    async def _carried_out(self, step: Ask | Wait | InTurn) -> Answer | None:
        if isinstance(step, Ask):
            return await self._ask(step)
        if isinstance(step, Wait):
            await asyncio.sleep(step.seconds)
        else:
            await wrap_future(step.turn)
        return None

    async def _ask(self, asking: Ask) -> Answer:
        async with niquests.AsyncSession() as session:
            options: dict[str, Any] = dict(session.merge_environment_settings(asking.url, {}, None, None, None))
            response = await session.send(_prepared(asking), timeout=self._timeout, allow_redirects=False, **options)
            return answer_of(response, response.content or b"")


async def _read(response: niquests.AsyncResponse) -> Answer:
    return answer_of(response, (await response.content or b"") if is_read(response) else b"")


def _sent_again(
    options: dict[str, Any], request: niquests.PreparedRequest, before: niquests.Response
) -> niquests.Response:
    before.content  # noqa: B018 - read, so that the connection can be used again
    before.close()
    response: niquests.Response = before.connection.send(request, **options)
    response.request = request
    return response


def _asked(session: niquests.Session, asking: Ask, timeout: float) -> Answer:
    options: dict[str, Any] = dict(session.merge_environment_settings(asking.url, {}, None, None, None))
    response = session.send(_prepared(asking), timeout=timeout, allow_redirects=False, **options)
    return answer_of(response, response.content or b"")


def _prepared(asking: Ask) -> niquests.PreparedRequest:
    """Apart from a session: its own authentication, and what netrc says, are for its own requests."""
    return niquests.Request(asking.method, asking.url, headers=dict(asking.fields), data=asking.content).prepare()
