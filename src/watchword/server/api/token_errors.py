"""Errors of the token endpoints: what RFC 6749 section 5.2 says, never problem details."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import FastAPI
from starlette.requests import Request as AsgiRequest
from starlette.responses import Response as AsgiResponse

from watchword.core.ask import AnswerFailed, Steps
from watchword.core.beside import unavailable
from watchword.core.oauth_face import oauth_error
from watchword.http.message import Fields, Response
from watchword.http.oauth_error import CONTENT_TYPE, ErrorCode, OAuthError
from watchword.server.api.call import Call
from watchword.server.api.content import Content, content
from watchword.server.api.errors import Wrong, sent
from watchword.server.demand import refusal

T = TypeVar("T")
M = TypeVar("M", bound=Content)


class TokenError(Exception):
    """What is wrong, told with this status: 400, unless the decision table chose another."""

    def __init__(self, error: OAuthError, *, status: int = 400, fields: Fields = ()) -> None:
        super().__init__(error.error)
        self.error = error
        self.status = status
        self.fields = fields


def token_error(error: ErrorCode, description: str) -> TokenError:
    """What to raise where a request cannot be granted. The description holds nothing that was sent."""
    return TokenError(OAuthError(error, description))


def token_content(model: type[M]) -> Callable[[AsgiRequest], Awaitable[M]]:
    """A dependency that reads the content as this model, from a form or from JSON."""
    read = content(model, forms=True)

    async def reading(request: AsgiRequest) -> M:
        try:
            return await read(request)
        except Wrong as wrong:
            raise token_error("invalid_request", wrong.detail) from None

    return reading


async def run_for_client(call: Call, steps: Steps[T]) -> T:
    """Drive a use case to its end; an outage is told as C17 in these words.

    Raises:
        TokenError: where something did not answer.
    """
    try:
        return await call.run(steps)
    except AnswerFailed as failure:
        refused = (await refusal(call.service, call.request, unavailable(str(failure)))).answered.refused
        retry = (b"retry-after", str(refused.retry_after).encode())
        raise TokenError(oauth_error(refused), status=refused.status, fields=(retry,)) from None


def add_token_error_handler(api: FastAPI) -> None:
    """Have these errors told."""
    api.add_exception_handler(TokenError, _told)


async def _told(request: AsgiRequest, error: Exception) -> AsgiResponse:
    assert isinstance(error, TokenError)
    return sent(Response(error.status, ((b"content-type", CONTENT_TYPE), *error.fields), error.error.body()))
